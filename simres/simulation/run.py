"""Builds the system that a scenario describes and runs Programs on it."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from simpy import Environment

from simres.errors import InvariantViolation
from simres.hardware.chip import Chip
from simres.hardware.engine import Engine
from simres.program import Program
from simres.record import MasterTotals, Record, RecordLevel
from simres.simulation.invariants import hold
from simres.simulation.plan import Launch, Plan, flatten
from simres.simulation.replay import replay

EngineFactory = Callable[[Environment, Any], Engine]
"""Makes the behaviour of one component in an environment, from its spec."""


def run(
    program: Program,
    chip: Chip,
    behaviours: Mapping[str, EngineFactory],
    level: RecordLevel = RecordLevel.FULL,
) -> tuple[Record, int]:
    """Replays `program` once; its Record, and the picoseconds of its longest chain of needs.

    See `run_stream`, of which this is the simplest case.
    """
    return run_stream([(program, 0)], chip, behaviours, level)


def run_stream(
    starts: Sequence[tuple[Program, int]],
    chip: Chip,
    behaviours: Mapping[str, EngineFactory],
    level: RecordLevel = RecordLevel.FULL,
) -> tuple[Record, int]:
    """Replays Programs, each from its start in picoseconds, in order of these.

    What the first expects in memory is there; what a later one expects must be what the one before
    leaves. `behaviours` gives the behaviour of each component by name. Returns the Record, in which tasks
    are numbered as in `simres.joint.joined`, and the longest chain of needs of any Program. Raises
    `BrokenInvariant`, with the Record attached, when what happened contradicts the Programs.
    """
    specs = chip.engines
    with _collector_paused():
        plans: dict[int, Plan] = {}
        firsts: dict[int, int] = {}
        tasks = 0
        launches: list[Launch] = []
        for program, at_ps in sorted(starts, key=lambda start: start[1]):
            plan = plans.get(id(program))
            if plan is None:
                plan = plans[id(program)] = flatten(program, specs)
                firsts[id(program)] = tasks
                tasks += len(program.tasks)
            if launches and dict(plan.resident_in) != dict(launches[-1].plan.resident_out):
                raise InvariantViolation(
                    f"the Program launched at {at_ps} ps expects other buffers than the one before leaves"
                )
            launches.append(Launch(plan, at_ps, firsts[id(program)]))
        environment = Environment()
        engines = build(chip, behaviours, environment)
        capacities = {name: memory.capacity for name, memory in chip.memories.items()}
        record = replay(launches, engines, capacities, environment, level)
        masters = {
            master: MasterTotals(chip.component_of(name), *work)
            for name, engine in engines.items()
            for master, work in engine.background(record.makespan_ps).items()
        }
        if masters:
            record = replace(record, masters=masters)
        longest = hold(record, launches, specs, chip.shared)
        return (record if len(plans) < 2 else _numbered(record)), longest


def _numbered(record: Record) -> Record:
    """The Record with tasks numbered through all Programs, not each Program's from 0."""
    rows = []
    for launch, task, *times, holder, space_holder in record.rows:
        first = record.launches[launch].first
        others = (by if by < 0 else by + first for by in (holder, space_holder))
        rows.append((launch, task + first, *times, *others))
    return replace(record, rows=tuple(rows))


def build(chip: Chip, behaviours: Mapping[str, EngineFactory], environment: Environment) -> dict[str, Engine]:
    """The engines of `chip`, by name and in its order, living in `environment`."""
    engines: dict[str, Engine] = {}
    for name, spec in chip.parts.items():
        lanes = spec.lanes(name)
        made = behaviours[name](environment, spec).channels(lanes, chip.masters(name))
        engines.update(zip(lanes, made, strict=True))
    return engines


@contextmanager
def _collector_paused() -> Iterator[None]:
    """A run makes no cycles, only rows and events that the garbage collector would scan in vain."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
