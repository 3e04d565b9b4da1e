"""What a stream of requests costs: `python benchmarks/streams.py [--requests 100000]`.

The shipped scenario `stream` (ResNet-20, Poisson arrivals at 8250/s, 70 % of what the chip serves, every
task of every request an event) through `simres.simulate`: 2,000 requests, and as many as asked for. Each
number of them has a process of its own, so that its peak of memory is its own; times are of the processor, as
the machine may have other work.
"""

from __future__ import annotations

import argparse
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import NamedTuple

FEW = 2_000
RATE = "8250/s"
LIMIT_S = 180


class Cost(NamedTuple):
    """Processor seconds of the simulation with planning, MiB of the whole process, and what came out."""

    seconds: float
    peak_mib: float
    tasks: int
    load: float
    p99_us: float
    one_in: int


def run(requests: int) -> Cost:
    """Simulates so many requests."""
    import simres
    from simres.units import PS_PER_S

    started = time.process_time()
    result = simres.simulate("stream", overrides={"load.images": requests, "load.rate": RATE})
    seconds = time.process_time() - started
    (stream,) = result.record.streams
    if (stream.arrived, stream.stayed_ps) != (requests, stream.present_ps):
        raise SystemExit(f"{stream.arrived} of {requests} requests, and Little's law does not hold")
    per_ks = (requests - 1) * 1000 * PS_PER_S // (stream.last_ps - stream.first_ps)
    return Cost(
        seconds,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        sum(engine.tasks for engine in result.record.engines.values()),
        per_ks / result.capacity_per_ks,
        stream.latency_ps["p99"] / 1e6,
        stream.one_in,
    )


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--requests", type=int, default=100_000, help="(default: %(default)s)")
    requests = parser.parse_args().requests
    found = {}
    for number in (FEW, requests):
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            found[number] = cost = pool.submit(run, number).result()
        error = f"within one part in {cost.one_in}" if cost.one_in else "exact"
        print(
            f"{number:7,} requests at {cost.load:.1%} load: {cost.seconds:.1f} s of the processor "
            f"({cost.tasks / cost.seconds / 1000:.0f} k tasks/s), {cost.peak_mib:.1f} MiB at most; "
            f"p99 {cost.p99_us:.1f} us, {error}"
        )
    few, many = found[FEW], found[requests]
    if requests > FEW:
        each = (many.seconds - few.seconds) / (requests - FEW)
        print(
            f"  a request more takes {1e6 * each:.0f} us, 100,000 of them {1e5 * each:.0f} s "
            f"(limit {LIMIT_S}); {many.peak_mib - few.peak_mib:+.1f} MiB"
        )


if __name__ == "__main__":
    main()
