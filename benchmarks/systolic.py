"""How long ResNet-18 at 224 x 224 takes on a 32 x 32 systolic array, against SCALE-Sim 3.

    python benchmarks/systolic.py [--rounds 10]

The whole process is timed, from the command line to its last figure. SCALE-Sim 3.0.0 took 584 s for the same
layers on a two-core machine (numpy below 2; later ones it crashes with). The cycles of every layer are held
against those that it reported.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
PLUGIN = ROOT / "plugins" / "simres-systolic"
SCALESIM_S = 584.0
AT_LEAST = 500
COMMAND = [
    sys.executable,
    "-c",
    "from simres.commands import main; main()",
    "simulate",
    str(PLUGIN / "scenarios" / "resnet18-systolic.yaml"),
    "--set",
    "passes=[scalesim_shapes]",
    "--json",
]


def _children_s() -> float:
    """CPU seconds of all processes that this one has waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> int:
    """Prints seconds and the ratio; fails where a layer's cycles are not SCALE-Sim's."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    took, worked = [], []
    for _ in range(parser.parse_args().rounds + 1):
        start, before = time.perf_counter(), _children_s()
        done = subprocess.run(COMMAND, check=True, capture_output=True, cwd=ROOT)
        took.append(time.perf_counter() - start)
        worked.append(_children_s() - before)
    del took[0], worked[0]  # made the bytecode

    reference = json.loads((PLUGIN / "tests" / "reference" / "scalesim.json").read_text(encoding="utf-8"))
    expected = reference["resnet18"][0]["cycles"]
    layers = json.loads(done.stdout)["layers"]
    cycles = [layer["busy_ps"]["matrix"] // 1000 for layer in layers if "matrix" in layer["busy_ps"]]
    alike = sum(mine == theirs for mine, theirs in zip(cycles, expected, strict=True))
    print(f"compute cycles: {sum(cycles)}, {alike} of {len(expected)} layers as SCALE-Sim counts them")

    median, best = statistics.median(took), min(took)
    work = statistics.median(worked)
    print(f"simres: median {median:.3f} s ({work:.3f} s of a CPU), best {best:.3f} s")
    print(f"SCALE-Sim 3: {SCALESIM_S:.0f} s")
    ratio, limit = SCALESIM_S / median, SCALESIM_S / AT_LEAST
    print(f"{ratio:.0f} x as fast; at least {AT_LEAST} x wanted, which is {limit:.2f} s")
    return int(alike != len(expected))


if __name__ == "__main__":
    sys.exit(main())
