"""Builds the system that a scenario describes and runs Programs on it."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from simpy import Environment

from simres.errors import InvariantViolation
from simres.hardware.chip import Chip
from simres.hardware.engine import Engine
from simres.program import Program
from simres.record import MasterTotals, Record, RecordLevel
from simres.simulation.invariants import hold, hold_together
from simres.simulation.plan import Launch, Plan, flatten
from simres.simulation.replay import Tenancy, replay_together
from simres.simulation.sharing import shared

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
    (ran,) = run_tenants([Tenant(chip, starts)], chip, behaviours, level)
    return ran


@dataclass(frozen=True, slots=True)
class Tenant:
    """What runs for one of several on a chip.

    `chip` is the chip as it sees it, with its part of the memory; `starts` are as for `run_stream`. Of
    tasks that wait for an engine, those of a higher `priority` go first.
    """

    chip: Chip
    starts: Sequence[tuple[Program, int]]
    priority: int = 0


def run_tenants(
    tenants: Sequence[Tenant],
    chip: Chip,
    behaviours: Mapping[str, EngineFactory],
    level: RecordLevel = RecordLevel.FULL,
) -> list[tuple[Record, int]]:
    """Replays the Programs of several tenants on one `chip`; for each what `run_stream` returns.

    All Records are of the same length: to the end of the last tenant.
    """
    with _collector_paused():
        launches = [_launches(tenant) for tenant in tenants]
        environment = Environment()
        engines = build(chip, behaviours, environment)
        views: Sequence[Mapping[str, Engine]] = (
            [engines] if len(tenants) == 1 else shared(engines, [tenant.priority for tenant in tenants])
        )
        records = replay_together(
            [
                Tenancy(own, view, {name: part.capacity for name, part in tenant.chip.memories.items()})
                for own, view, tenant in zip(launches, views, tenants, strict=True)
            ],
            environment,
            level,
        )
        masters = {
            master: MasterTotals(chip.component_of(name), *work)
            for name, engine in engines.items()
            for master, work in engine.background(records[0].makespan_ps).items()
        }
        if masters:
            records = [replace(record, masters=masters) for record in records]
        found = []
        for record, own, tenant in zip(records, launches, tenants, strict=True):
            longest = hold(record, own, tenant.chip.engines, chip.shared)
            several = len({launch.first for launch in own}) > 1
            found.append((_numbered(record) if several else record, longest))
        if len(tenants) > 1:
            hold_together(records, launches, chip)
        return found


def _launches(tenant: Tenant) -> list[Launch]:
    """A tenant's Programs flattened, in order of their starts."""
    plans: dict[int, Plan] = {}
    firsts: dict[int, int] = {}
    tasks = 0
    launches: list[Launch] = []
    for program, at_ps in sorted(tenant.starts, key=lambda start: start[1]):
        plan = plans.get(id(program))
        if plan is None:
            plan = plans[id(program)] = flatten(program, tenant.chip.engines)
            firsts[id(program)] = tasks
            tasks += len(program.tasks)
        if launches and dict(plan.resident_in) != dict(launches[-1].plan.resident_out):
            raise InvariantViolation(
                f"the Program launched at {at_ps} ps expects other buffers than the one before leaves"
            )
        launches.append(Launch(plan, at_ps, firsts[id(program)]))
    return launches


def _numbered(record: Record) -> Record:
    """The Record with tasks numbered through all Programs, not each Program's from 0."""
    rows = []
    for launch, task, *times, holder, space_holder, engine in record.rows:
        first = record.launches[launch].first
        others = (by if by < 0 else by + first for by in (holder, space_holder))
        rows.append((launch, task + first, *times, *others, engine))
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
