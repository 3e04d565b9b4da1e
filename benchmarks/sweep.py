"""How fast a sweep is: `python benchmarks/sweep.py [--points 10000]`.

ResNet-20 with the scheduler `overlapped` on a grid of bandwidth x on-chip memory x matrix rate. Printed are
processor seconds of all processes (the machine may have other work), points a second, the same for fewer
points and what each further one costs (linear?), what one process and two take, in turn (efficiency, and the
median of the pairs: single ones differ by several percent), and the peak of memory of any process. The table
has a row for each point, and who draws it at the end reads all of it.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIDES = {
    40_000: (50, 40, 20),
    10_000: (25, 20, 20),
    4_000: (20, 20, 10),
    2_000: (20, 10, 10),
    1_000: (10, 10, 10),
    500: (10, 10, 5),
    200: (10, 5, 4),
}


def run(points: int, workers: int) -> tuple[float, float, float]:
    """Seconds by the clock, of the processors, and MiB of the largest process so far."""
    a, b, c = SIDES[points]
    vary = [
        f"hardware.ddr.bandwidth=0.25..8 GB/s log {a}",
        f"hardware.sram.capacity=128 KiB..4 MiB log {b}",
        f"hardware.matrix.rate=0.25..8 TFLOP/s log {c}",
    ]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "simres", "sweep", "resnet20", "--set", "scheduler=overlapped"]
        for knob in vary:
            command += ["--vary", knob]
        command += ["--workers", str(workers), "-o", str(Path(folder) / "t.jsonl")]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        clock = time.perf_counter() - started
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = len((Path(folder) / "t.jsonl").read_text().splitlines())
        if done != points:
            raise SystemExit(f"{done} rows of {points} points")
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return clock, spent, after.ru_maxrss / 1024


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--points", type=int, default=2_000, choices=SIDES)
    parser.add_argument(
        "--pairs", type=int, default=3, help="runs by one and by two processes that are compared"
    )
    parser.add_argument("--alone", action="store_true", help="the two-process run only")
    options = parser.parse_args()
    points = options.points
    clock, spent, peak = run(points, 2)
    print(
        f"{points} points, 2 processes: {clock:.1f} s ({points / clock:.0f} points/s), "
        f"{spent:.1f} s of processors ({1000 * spent / points:.1f} ms a point), {peak:.0f} MiB at most"
    )
    print(f"  at this rate 10,000 points take {10_000 * clock / points:.0f} s  (limit 60 on two free cores)")
    if options.alone:
        return
    half = {40_000: 10_000, 10_000: 4_000, 4_000: 2_000, 2_000: 1_000, 1_000: 500, 500: 200}[points]
    _, less, small = run(half, 2)
    print(
        f"{half} points, 2 processes: {less:.1f} s of processors ({1000 * less / half:.1f} ms a point), "
        f"{small:.0f} MiB at most"
    )
    print(f"  each of the other {points - half} points: {1000 * (spent - less) / (points - half):.1f} ms")
    efficiencies = []
    for _ in range(options.pairs):
        single, one, _ = run(half, 1)
        double, two, _ = run(half, 2)
        efficiencies.append(single / (2 * double))
        print(
            f"{half} points by 1 and by 2 processes: {single:.1f} and {double:.1f} s, "
            f"efficiency {efficiencies[-1]:.1%} by the clock, {one / two:.1%} by processor time"
        )
    if efficiencies:
        print(f"  median of {options.pairs}: {statistics.median(efficiencies):.1%}  (limit 95%)")


if __name__ == "__main__":
    main()
