"""How fast the event loop is: a Program of 100,000 tasks against as many bare SimPy timeouts.

    python benchmarks/engine.py [--tasks 100000] [--rounds 7]

Both run in one process, in turns; the figures are ratios of the best rounds, so they mean the same on a
busy machine. The Program is a pipeline of loads, matrix and host tasks with a buffer for every tensor, so
that dependencies, reservations and frees are all part of the price.

`check` and `flatten` happen once per Program, however often it is replayed; `replay` is the event loop
with its Record and all invariants; `run` is flatten and replay together.
"""

from __future__ import annotations

import argparse
import gc
import time
import tracemalloc
from collections.abc import Callable, Generator
from functools import partial
from typing import Any

import simpy

from simres.program import Buffer, Layer, Program, Region, Task, TaskKind, Work
from simres.program.record import RecordLevel
from simres.simulation.check import check
from simres.simulation.flattened import Launch, flatten
from simres.simulation.invariants import hold
from simres.simulation.replay import replay
from simres.simulation.run import build, run
from simres.testing import behaviours, paper_chip
from simres.workload import Ledger

TARGET = {RecordLevel.FULL: 6.0, RecordLevel.AGGREGATE: 4.0}


def bare(count: int) -> None:
    """One process that waits `count` times."""
    environment = simpy.Environment()

    def process() -> Generator[simpy.Event, None, None]:
        for _ in range(count):
            yield environment.timeout(1)

    environment.process(process())
    environment.run()


def pipeline(count: int) -> Program:
    """`count` tasks: load a tile, multiply, post-process, again and again."""
    tasks: list[Task] = []
    buffers: list[Buffer] = []
    load, matrix, host = Work(nbytes=1000), Work(macs=450_000), Work(vector_ops=9_000)
    for tile in range(count // 3):
        first, held = 3 * tile, 2 * tile
        x, y = (Region("x", held),), (Region("y", held + 1),)
        tasks += [
            Task("ddr", TaskKind.LOAD, load, 0, writes=x, reserves=(held,)),
            Task("matrix", TaskKind.MATRIX, matrix, 0, (first,), (), x, y, (held + 1,)),
            Task("host", TaskKind.HOST, host, 0, (first + 1,), (), y),
        ]
        buffers += [Buffer("x", 1000, "sram", (first + 1,)), Buffer("y", 1000, "sram", (first + 2,))]
    return Program("benchmark", "", tuple(tasks), tuple(buffers), (Layer("tiles", "test"),))


def seconds(action: Callable[[], Any]) -> float:
    """Seconds that `action` takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def main() -> None:
    """Prints the ratios and the memory a task takes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()

    program = pipeline(options.tasks)
    count = len(program.tasks)
    chip = paper_chip()
    engines = behaviours(chip)
    actions: dict[str, Callable[[], Any]] = {
        "bare timeouts": lambda: bare(count),
        "check": lambda: check(program, chip, Ledger("none", ())),
    }
    actions["flatten"] = lambda: flatten(program, chip.engines)
    launches = [Launch(flatten(program, chip.engines))]

    def replayed(level: RecordLevel) -> None:
        environment = simpy.Environment()
        made = build(chip, engines, environment)
        capacities = {name: memory.capacity for name, memory in chip.memories.items()}
        hold(replay(launches, made, capacities, environment, level), launches, chip.engines)

    for level in RecordLevel:
        actions[f"replay, record {level.value}"] = partial(replayed, level)
    for level in RecordLevel:
        actions[f"run, record {level.value}"] = partial(run, program, chip, engines, level)
    best = dict.fromkeys(actions, float("inf"))
    gc.disable()  # as `run` does for itself
    for _ in range(options.rounds):
        for name, action in actions.items():
            best[name] = min(best[name], seconds(action))

    gc.enable()
    base = best["bare timeouts"]
    print(f"{count} tasks on three engines, invariants on; best of {options.rounds} rounds")
    targets = {f"replay, record {level.value}": target for level, target in TARGET.items()}
    for name, took in best.items():
        target = f"  (at most {targets[name]})" if name in targets else ""
        print(
            f"  {name:24} {took * 1e3:8.1f} ms {took / count * 1e6:6.2f} us a task "
            f"{took / base:6.2f} x{target}"
        )

    for level in RecordLevel:
        tracemalloc.start()
        record, _ = run(program, chip, engines, level)
        held, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        print(
            f"  memory, record {level.value:10} {held / count:6.0f} B a task kept, "
            f"{peak / count:6.0f} B a task at the peak"
        )
        del record


if __name__ == "__main__":
    main()
