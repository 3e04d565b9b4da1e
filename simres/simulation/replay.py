"""Replays Programs on engines in integer picoseconds, with one SimPy event per task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from simpy import Environment, Event, Timeout

from simres import jobs
from simres.hardware.engine import Engine
from simres.hardware.sram import Space
from simres.program.record import Launched, MemoryTotals, Record, RecordLevel
from simres.simulation.flattened import Launch
from simres.simulation.invariants import BrokenInvariant
from simres.simulation.lanes import NEVER, Lane, NoMoment, Run
from simres.units import format_duration

if TYPE_CHECKING:
    from simres.simulation.stream import Requests


class ReplayedTenant(NamedTuple):
    """The part of one tenant in a run: its launches, its view of the engines, its bytes of each memory, and
    the requests that follow these launches."""

    launches: Sequence[Launch]
    engines: Mapping[str, Engine]
    memories: Mapping[str, int]
    requests: Requests | None = None


def replay(
    launches: Sequence[Launch],
    engines: Mapping[str, Engine],
    memories: Mapping[str, int],
    environment: Environment,
    level: RecordLevel = RecordLevel.FULL,
) -> Record:
    """Runs every launch to its end and returns the Record.

    `engines` are named as in the FlatPrograms, in their order, and live in `environment`; `memories` are
    capacities in bytes. A run that cannot continue ends early, with `Record.unfinished` tasks. Raises
    `BrokenInvariant`, with the Record up to there, if an engine fails.
    """
    (record,) = replay_together([ReplayedTenant(launches, engines, memories)], environment, level)
    return record


def replay_together(
    tenancies: Sequence[ReplayedTenant], environment: Environment, level: RecordLevel = RecordLevel.FULL
) -> list[Record]:
    """Runs the launches of several tenants to their end and returns a Record for each; see `replay`.

    Tenants have separate lanes and space, so what one waits for is never held by another's order. They share
    only their engines. All Records end with the last of them.
    """
    runs = [_begun(tenancy, environment, level) for tenancy in tenancies]
    failure: Exception | None = None
    try:
        with _shown(runs):
            environment.run()
    except Exception as error:  # anything that a plugin's engine raises; the Record up to there is kept
        failure = error
    lanes = [lane for run in runs for lane in run.lanes]
    makespan = int(environment.now) if environment.now < NEVER else max(lane.granted for lane in lanes)
    if failure is None:  # an engine may have left an alarm that nothing waits for
        ends = [launch.at_ps for tenancy in tenancies for launch in tenancy.launches]
        ends += [lane.free_since for lane in lanes]
        makespan = int(max(ends, default=0))
    records = [
        _taken_down(run, tenancy, level, makespan) for run, tenancy in zip(runs, tenancies, strict=True)
    ]
    for run in runs:  # runs and lanes refer to each other, and keep the whole Program alive
        run.lanes, run.desk = [], None
    if isinstance(failure, NoMoment):
        who = list(tenancies[0].engines)[failure.args[0]]
        raise BrokenInvariant(f"a task of `{who}` ends after no whole picoseconds", records[0]) from failure
    if failure is not None:
        said = f"{type(failure).__name__}: {failure}"
        raise BrokenInvariant(f"an engine failed after {makespan} ps, {said}", records[0]) from failure
    return records


def _shown(runs: Sequence[Run]) -> AbstractContextManager[object]:
    """What goes on, as a job: requests served, if there are any, or else tasks."""
    desks = [run.desk for run in runs if run.desk is not None]
    if not desks:
        lanes = [lane for run in runs for lane in run.lanes]
        due = sum(run.due for run in runs)
        return jobs.job("tasks", due, done=lambda: sum(lane.tasks for lane in lanes))

    def found() -> str:
        known = [desk.p99_ps() for desk in desks]
        return f"p99 so far {', '.join(map(format_duration, known))}" if all(known) else ""

    return jobs.job(
        "requests",
        sum(desk.stream.requests for desk in desks),
        done=lambda: sum(desk.gone for desk in desks),
        found=found,
        can_end=lambda: all(desk.arrived > desk.stream.warmup for desk in desks),
    )


def _begun(tenancy: ReplayedTenant, environment: Environment, level: RecordLevel) -> Run:
    """The lanes and the space of a tenant, with its launches scheduled."""
    space = Space(list(tenancy.memories.values()))
    run = Run(environment, space, level, tenancy.launches)
    run.lanes = [Lane(run, number, engine) for number, engine in enumerate(tenancy.engines.values())]
    if tenancy.launches:  # a later launch finds in memory what the previous one left there
        space.take(tenancy.launches[0].plan.resident_in)
    for number, launch in enumerate(tenancy.launches):
        arrival = Timeout(environment, launch.at_ps)
        arrival.callbacks.append(partial(_arrive, run, number, launch))
    if tenancy.requests is not None:
        from simres.simulation.stream import Desk

        run.desk = Desk(tenancy.requests, run)
    return run


def _arrive(run: Run, number: int, launch: Launch, _event: Event) -> None:
    run.arrive(number, launch)


def _taken_down(run: Run, tenancy: ReplayedTenant, level: RecordLevel, makespan: int) -> Record:
    """The Record of a tenant."""
    engines, memories = tenancy.engines, tenancy.memories
    space, desk = run.space, run.desk
    by_layer = {
        name: tuple(sorted(lane.layer_ps.items()))
        for name, lane in zip(engines, run.lanes, strict=True)
        if lane.layer_ps
    }
    return Record(
        level=level,
        makespan_ps=makespan,
        engines={name: lane.totals(makespan) for name, lane in zip(engines, run.lanes, strict=True)},
        memories={
            name: MemoryTotals(capacity, capacity - least, capacity - free)
            for (name, capacity), least, free in zip(memories.items(), space.least, space.free, strict=True)
        },
        unfinished=run.due - sum(lane.tasks for lane in run.lanes) + (desk.missing if desk else 0),
        layer_working_ps=by_layer,
        rows=tuple(run.rows or ()),
        bus_holders=tuple(run.bus_holders),
        launches=tuple(
            Launched(launch.at_ps, end, launch.first, launch.first + len(launch.plan.lane))
            for launch, end in zip(run.logged, run.ends, strict=True)
        ),
        streams=() if desk is None else (desk.totals(),),
    )
