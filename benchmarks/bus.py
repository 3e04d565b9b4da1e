"""What a shared bus costs: the same traffic in bursts of 16 B and of 4 KiB must take the same wall time.

    python benchmarks/bus.py [--transfers 3000] [--rounds 5]

Loads and stores on two channels, each transfer about as large as a tile. `plain` is one channel that
nothing else is on, which needs no arbitration. The windows bind with bursts of 16 B only, as a large burst
takes longer than a latency: there the last column is what a binding window costs. In the `late` cases the
latency is such that they bind with both, and transfers are long enough for several windows of large bursts.
"""

from __future__ import annotations

import argparse
import gc
import random
import time

from simres.hardware.specs import BackgroundSpec, BusSpec, ComponentSpec
from simres.program import Layer, Program, Task, TaskKind, Work
from simres.program.record import RecordLevel
from simres.simulation.run import run
from simres.testing import behaviours, chip

BURSTS = ("16 B", "4 KiB")
MOST = 1.2

BASE: dict[str, object] = {"channels": 2, "latency": "60 ns"}
REFRESH: dict[str, object] = {"refresh_interval": "7.8 us", "refresh_time": "350 ns"}
CASES: dict[str, dict[str, object]] = {
    "plain": {"channels": 1},
    "round robin": {},
    "fifo": {"arbitration": "fifo"},
    "priority": {"arbitration": "priority"},
    "turnaround": {"turnaround": "15 ns"},
    "turnaround, refresh": {"turnaround": "15 ns", **REFRESH},
    "with a camera": {},
    "with a busy camera": {},
    "window of 8": {"outstanding": 8},
    "window of 64": {"outstanding": 64},
    "window, fifo": {"outstanding": 8, "arbitration": "fifo"},
    "window, priority": {"outstanding": 8, "arbitration": "priority"},
    "window, turnaround": {"outstanding": 8, "turnaround": "15 ns", **REFRESH},
    "window, with a camera": {"outstanding": 8},
    "late window of 8": {"outstanding": 8, "latency": "10 us"},
    "late window of 4, fifo": {"outstanding": 4, "latency": "5 us", "arbitration": "fifo"},
}


def traffic(transfers: int, lanes: tuple[str, str], scale: int) -> Program:
    """Loads and stores of `scale` times 20 to 60 KB; every store waits for a load long past."""
    chance = random.Random(1)
    tasks: list[Task] = []
    for number in range(transfers):
        store = number % 2
        kind = TaskKind.STORE if store else TaskKind.LOAD
        after = (number - 5,) if store and number > 5 else ()
        tasks.append(
            Task(lanes[store], kind, Work(nbytes=scale * chance.randrange(20_000, 60_000)), 0, after)
        )
    return Program("benchmark", "", tuple(tasks), (), (Layer("tiles", "test"),))


def seconds(case: str, burst: str, transfers: int) -> float:
    """Seconds that one run takes."""
    spec = BusSpec.model_validate(
        {"kind": "ddr", "bandwidth": "19.2 GB/s", "burst": burst} | BASE | CASES[case]
    )
    parts: dict[str, ComponentSpec] = {"ddr": spec}
    if case.endswith("camera"):
        request = "64 B" if "busy" in case else "4 KiB"
        parts["camera"] = BackgroundSpec.model_validate(
            {"kind": "background", "bus": "ddr", "bandwidth": "200 MB/s", "burst": request, "write": True}
        )
    machine = chip(parts)
    lanes = machine.load_and_store(Work(nbytes=1))
    program = traffic(transfers, lanes, 20 if case.startswith("late") else 1)
    engines = behaviours(machine)
    start = time.perf_counter()
    run(program, machine, engines, RecordLevel.FULL)
    return time.perf_counter() - start


def main() -> None:
    """Prints the wall time of a transfer for each case and burst, and how they compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--transfers", type=int, default=3_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    best: dict[tuple[str, str], float] = {}
    gc.disable()
    for _ in range(options.rounds):
        for case in CASES:
            for burst in BURSTS:
                took = seconds(case, burst, options.transfers)
                best[case, burst] = min(best.get((case, burst), took), took)
    print(f"{options.transfers} transfers of about 40 KB; us a transfer, best of {options.rounds} rounds")
    print(f"  {'':22} " + " ".join(f"{burst:>8}" for burst in BURSTS) + f"  16 B / 4 KiB (at most {MOST})")
    for case in CASES:
        each = [best[case, burst] / options.transfers * 1e6 for burst in BURSTS]
        print(f"  {case:22} " + " ".join(f"{took:8.2f}" for took in each) + f"  {each[0] / each[1]:8.2f}")


if __name__ == "__main__":
    main()
