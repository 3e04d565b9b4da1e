"""Builds the system that a scenario describes and runs Programs on it."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from simpy import Environment

from simres.errors import InvariantViolation
from simres.hardware.chip import Chip
from simres.hardware.engine import Engine
from simres.program.record import MasterTotals, Record, RecordLevel
from simres.program.tasks import Program
from simres.simulation.flattened import FlatProgram, Launch, flatten
from simres.simulation.invariants import hold, hold_together
from simres.simulation.replay import ReplayedTenant, replay_together

if TYPE_CHECKING:
    from simres.simulation.stream import Requests, Stream

EngineFactory = Callable[[Environment, Any], Engine]
"""Makes the behaviour of one component in an environment, from its spec."""


def run(
    program: Program,
    chip: Chip,
    behaviours: Mapping[str, EngineFactory],
    level: RecordLevel = RecordLevel.FULL,
) -> tuple[Record, int]:
    """Replays `program` once; returns its Record and the picoseconds of its longest chain of dependencies.

    This is the simplest case of `run_stream`.
    """
    return run_stream([(program, 0)], chip, behaviours, level)


def run_stream(
    starts: Sequence[tuple[Program, int]],
    chip: Chip,
    behaviours: Mapping[str, EngineFactory],
    level: RecordLevel = RecordLevel.FULL,
) -> tuple[Record, int]:
    """Replays Programs, each from its start in picoseconds, in order of start.

    The memory contents that the first expects are there; those that a later one expects must be what the
    previous one leaves. `behaviours` gives the behaviour of each component by name. Returns the Record, in
    which tasks are numbered as `concatenated` numbers them, and the longest chain of dependencies of
    any Program. Raises `BrokenInvariant`, with the Record attached, if the run contradicts the Programs.
    """
    (ran,) = run_tenants([RunningTenant(chip, starts)], chip, behaviours, level)
    return ran


@dataclass(frozen=True, slots=True)
class RunningTenant:
    """The part of one of several tenants in a run.

    `chip` is the tenant's view of the chip, with its part of the memory; `starts` are as for `run_stream`.
    If several tasks wait for an engine, those of a higher `priority` go first.
    """

    chip: Chip
    starts: Sequence[tuple[Program, int]]
    priority: int = 0
    stream: Stream | None = None
    """Requests that follow these starts."""


def run_tenants(
    tenants: Sequence[RunningTenant],
    chip: Chip,
    behaviours: Mapping[str, EngineFactory],
    level: RecordLevel = RecordLevel.FULL,
) -> list[tuple[Record, int]]:
    """Replays the Programs of several tenants on one `chip`; for each, what `run_stream` returns.

    All Records have the same length: to the end of the last tenant.
    """
    with _collector_paused():
        prepared = [_prepared(tenant, level) for tenant in tenants]
        launches = [own for own, _ in prepared]
        environment = Environment()
        engines = build(chip, behaviours, environment)
        views: Sequence[Mapping[str, Engine]] = [engines]
        if len(tenants) > 1:
            from simres.simulation.shared_engine import shared

            views = shared(engines, [tenant.priority for tenant in tenants])
        records = replay_together(
            [
                ReplayedTenant(
                    own, view, {name: part.capacity for name, part in tenant.chip.memories.items()}, requests
                )
                for (own, requests), view, tenant in zip(prepared, views, tenants, strict=True)
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
        for record, (own, requests), tenant in zip(records, prepared, tenants, strict=True):
            longest = hold(record, own, tenant.chip.engines, chip.shared, requests)
            asked = requests.plans.values() if requests else ()
            several = len({launch.first for launch in (*own, *asked)}) > 1
            found.append((_numbered(record) if several else record, longest))
        if len(tenants) > 1:
            hold_together(records, launches, chip, [requests for _, requests in prepared])
        return found


def _prepared(tenant: RunningTenant, level: RecordLevel) -> tuple[list[Launch], Requests | None]:
    """A tenant's Programs flattened, in order of their starts, and its requests."""
    renumbered = level is not RecordLevel.FULL  # otherwise spans name tasks by number
    plans: dict[int, FlatProgram] = {}
    firsts: dict[int, int] = {}
    tasks = 0

    def launch(program: Program, at_ps: int) -> Launch:
        nonlocal tasks
        plan = plans.get(id(program))
        if plan is None:
            plan = plans[id(program)] = flatten(program, tenant.chip.engines, renumbered=renumbered)
            firsts[id(program)] = tasks
            tasks += len(program.tasks)
        return Launch(plan, at_ps, firsts[id(program)])

    def follows(later: Launch, earlier: Launch) -> None:
        pair = (id(earlier.plan), id(later.plan))
        if pair not in known and dict(later.plan.resident_in) != dict(earlier.plan.resident_out):
            raise InvariantViolation(
                f"the Program launched at {later.at_ps} ps expects other buffers than the one before leaves"
            )
        known.add(pair)

    known: set[tuple[int, int]] = set()
    launches = [launch(*start) for start in sorted(tenant.starts, key=lambda start: start[1])]
    for earlier, later in pairwise(launches):
        follows(later, earlier)
    stream = tenant.stream
    if stream is None:
        return launches, None
    from simres.simulation.stream import Requests

    asked = {size: launch(stream.programs[size], stream.start_ps) for size in sorted(stream.programs)}
    for later in asked.values():
        for earlier in (*launches[-1:], *asked.values()):
            follows(later, earlier)
    return launches, Requests(stream, asked)


def _numbered(record: Record) -> Record:
    """The Record with tasks numbered through all Programs, not from 0 in each."""
    firsts = [launched.first for launched in record.launches]
    return replace(record, rows=tuple(span.shifted(task=firsts[span.launch]) for span in record.spans))


def build(chip: Chip, behaviours: Mapping[str, EngineFactory], environment: Environment) -> dict[str, Engine]:
    """The engines of `chip`, by name and in its order, in `environment`."""
    engines: dict[str, Engine] = {}
    for name, spec in chip.parts.items():
        lanes = spec.lanes(name)
        made: Sequence[Engine]
        if chip.units(name) > 1:
            made = [behaviours[name](environment, spec) for _ in lanes]
        else:
            made = behaviours[name](environment, spec).channels(lanes, chip.masters(name))
        engines.update(zip(lanes, made, strict=True))
    return engines


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Pauses the garbage collector: a run makes no cycles, only rows and events."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
