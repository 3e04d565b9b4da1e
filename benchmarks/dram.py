"""What DRAM at the level of rows costs to simulate: a stream by the megabyte, and whole networks.

    python benchmarks/dram.py [--rounds 3]

Needs the package `plugins/simres-dram`. A stream costs by the row, so its price a megabyte falls with the
size of a row; random lines cost by the line. `ddr` is the built-in bus, which has no rows.
Times are of the processor.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from pathlib import Path

from simpy import Environment
from simres_dram.controller import Controller, Lines
from simres_dram.engine import Dram
from simres_dram.spec import DramSpec

import simres
from simres.hardware.bus import Bus
from simres.hardware.specs import BusSpec
from simres.program import Work

MB = 10**6
SCENARIO = Path(__file__).parents[1] / "plugins/simres-dram/scenarios/resnet20-ddr3-1600.yaml"
DEVICES = (("DDR3-1600K-x8", 8), ("DDR3-1600K-x8", 64), ("DDR4-2400T-x8", 64))
NETWORKS = (("resnet20", "serial"), ("resnet20", "overlapped"), ("resnet18", "overlapped"))


def dram(device: str, width: int) -> DramSpec:
    """A DRAM of one channel."""
    return DramSpec.model_validate({"kind": "dram", "device": device, "width": width})


def decisions(spec: DramSpec, lines: list[Lines]) -> tuple[float, int]:
    """Seconds that a channel takes for these lines, and how many decisions it made for them."""
    controller = Controller(spec.clocks, spec.addresses, spec.queues)
    controller.add(0, {0: lines})
    start = time.process_time()
    controller.run()
    return time.process_time() - start, controller.counts["steps"]


def stream(spec: DramSpec) -> tuple[float, int]:
    """Ten megabytes, one after the other."""
    return decisions(spec, [(0, 10 * MB // spec.line, False)])


def scattered(spec: DramSpec) -> tuple[float, int]:
    """Twenty thousand lines all over the memory, a third of them written."""
    chance = random.Random(1)
    lines = [chance.randrange(spec.addresses.lines) for _ in range(20_000)]
    return decisions(spec, [(line, line + 1, number % 3 == 2) for number, line in enumerate(lines)])


def transfers(make: Callable[[Environment], Bus | Dram], count: int) -> float:
    """Seconds for so many transfers of 64 KB on an engine, one after the other."""
    env = Environment()
    engine = make(env)

    def port() -> object:
        for number in range(count):
            start = number * 65_536
            yield engine.begin(Work(nbytes=65_536, extents=((start, start + 65_536),)), 0, number > 0)

    env.process(port())  # type: ignore[arg-type]
    start = time.process_time()
    env.run()
    return time.process_time() - start


def network(name: str, scheduler: str, device: str = "", width: int = 64) -> float:
    """Seconds for a whole simulation, file and schedule included; on the built-in bus by default."""
    overrides: dict[str, str | int] = {"workload": name, "scheduler": scheduler}
    if device:
        overrides |= {"hardware.ddr.device": device, "hardware.ddr.width": width}
    start = time.process_time()
    simres.simulate(SCENARIO if device else "resnet20", overrides=overrides)
    return time.process_time() - start


def main() -> None:
    """Prints the best of some rounds of each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = range(parser.parse_args().rounds)
    print(f"{'':22} {'stream':>24} {'scattered lines':>24} {'64 KB transfers':>18}")
    print(f"{'':22} {'ms/MB':>12} {'steps/MB':>11} {'us/line':>12} {'steps/line':>11} {'us each':>18}")
    for device, width in DEVICES:
        spec = dram(device, width)
        took, steps = min(stream(spec) for _ in rounds)
        each, found = min(scattered(spec) for _ in rounds)
        moved = min(transfers(lambda env, spec=spec: Dram(env, spec), 50) for _ in rounds) / 50  # type: ignore[misc]
        print(
            f"{device + ', ' + str(width) + ' bits':22} {took * 100:12.2f} {steps / 10:11.0f} "
            f"{each / 20_000 * 1e6:12.1f} {found / 20_000:11.2f} {moved * 1e6:18.0f}"
        )
    bus = BusSpec.model_validate({"kind": "ddr", "bandwidth": "12.8 GB/s"})
    moved = min(transfers(lambda env: Bus(env, bus), 1000) for _ in rounds) / 1000
    print(f"{'ddr':22} {'':12} {'':11} {'':12} {'':11} {moved * 1e6:18.1f}")
    print()
    print(
        f"{'whole simulations, ms':30}"
        + "".join(f"{device + ' x ' + str(width):>20}" for device, width in DEVICES)
        + f"{'ddr':>20}"
    )
    for name, scheduler in NETWORKS:
        row = [min(network(name, scheduler, *device) for _ in rounds) for device in DEVICES]
        row.append(min(network(name, scheduler) for _ in rounds))
        print(f"{name + ', ' + scheduler:30}" + "".join(f"{took * 1e3:20.0f}" for took in row))


if __name__ == "__main__":
    main()
