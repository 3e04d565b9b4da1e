"""The whole chain for one scenario: passes, scheduling, checks, simulation and analysis."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import simpy

from simres import jobs
from simres.analysis.area import chip_area
from simres.analysis.bounds import (
    LowerBound,
    bounds,
    bounds_of,
    compulsory_bytes,
    kept,
    least_work,
    shared,
    with_calls,
)
from simres.errors import InvalidFile, Problem, SimresError
from simres.hardware.chip import Chip
from simres.planning.compression import bounding, bytes_term
from simres.planning.crew import Crew, alone_ps, plan_crew, record_of, run_crew
from simres.planning.data_types import wider_than_unit
from simres.planning.timed_part import timed_bound, untimed_bytes
from simres.plugins.registry import Registry
from simres.program.record import Record, RecordLevel
from simres.program.tenants import ONLY, combined_workload, view_name
from simres.result import Result
from simres.result.data import EngineDescription, Expectation, Origin, Tenancy
from simres.result.summary import figure_at, summary
from simres.scenario.loader import resolved
from simres.sharing.workbench import Workbench
from simres.workload.graph import Ledger, Workload
from simres.workload.operators import Role

if TYPE_CHECKING:
    from simres.scenario.model import Scenario
    from simres.scenario.protocol import Protocol


def evaluate(
    scenario: Scenario,
    workloads: Mapping[str, Workload | Ledger],
    registry: Registry,
    level: RecordLevel | None = None,
    crew: Crew | None = None,
    bench: Workbench | None = None,
) -> Result:
    """Simulates the networks of `scenario`: `workloads` are by tenant; a single network has the empty name.

    Everything is recorded unless `level` says otherwise; for requests that arrive over time, only sums. A
    `crew` that is given, such as one handed on (`simres.planning.handed_on`), is run instead of a new one.
    The same input gives the same Result. What simulations share is on the `bench`.
    """
    bench = bench or Workbench()
    if level is None:
        level = RecordLevel.AGGREGATE if scenario.loaded else RecordLevel.FULL
    if crew is None:
        brief = level is RecordLevel.NONE and not scenario.tenants
        crew = plan_crew(scenario, workloads, registry, bench, brief=brief)
    capacity = 0
    if crew.loads:
        from simres.planning.capacity import capacity_per_ks, refuse_overload

        capacity = capacity_per_ks(crew)
        refuse_overload(crew, capacity)
    ran = run_crew(crew, level)
    crew = _as_far_as(ran, crew)
    result = _result(scenario, workloads, registry, crew, ran, capacity, bench)
    if scenario.overridden or not scenario.expect:
        return result
    return _with_expectations(result, scenario)


def _as_far_as(ran: Mapping[str, tuple[Record, int]], crew: Crew) -> Crew:
    """The crew with the requests that came: fewer than asked for where a person ended the run early."""
    if not jobs.end_asked():
        return crew
    came = {name: ran[name][0].streams[0].arrived for name in crew.loads}
    asked = sum(load.images for load in crew.loads.values())
    if sum(came.values()) < asked:
        jobs.cut_short(f"after {sum(came.values())} of {asked} requests")
    members = {
        name: member if member.load is None else replace(member, load=replace(member.load, images=came[name]))
        for name, member in crew.members.items()
    }
    return replace(crew, members=members)


def _result(
    scenario: Scenario,
    workloads: Mapping[str, Workload | Ledger],
    registry: Registry,
    crew: Crew,
    ran: Mapping[str, tuple[Record, int]],
    capacity: int,
    bench: Workbench,
) -> Result:
    given = {name: workloads[name] for name in crew.members}
    whole = combined_workload(given)
    scheduled = {
        name: workload
        for name, member in crew.members.items()
        if isinstance(workload := member.schedule.workload, Workload)
    }
    changed = {
        name: bool(own.passes) or crew.members[name].schedule.workload is not given[name]
        for name, own in scenario.parts().items()
    }
    only = crew.members.get(ONLY)
    works = [
        work
        for name, member in crew.members.items()
        for work in least_work(member.schedule.workload, crew.programs[name], member.repeats)
    ]
    if only and (untimed := only.repeats * untimed_bytes(only.schedule.workload, scenario.protocol)):
        works = [replace(work, nbytes=max(0, work.nbytes - untimed)) for work in works]
    chains_ps = [member.start_ps + ran[name][1] for name, member in crew.members.items()]
    lower = {name: _lower_bound(crew, name, scenario.protocol, bench) for name in crew.members}
    chip = bounding(crew.chip, only.schedule.workload if only else whole)
    types = {
        dtype
        for member in crew.members.values()
        if isinstance(workload := member.schedule.workload, Workload)
        for dtype in workload.amounts
    }
    return Result(
        name=scenario.name,
        workload=whole,
        chip={
            view_name(engine, name): _engine(crew.chip, engine, types, others=number > 0)
            for number, name in enumerate(crew.members)
            for engine in crew.chip.engines
        },
        program=crew.program,
        record=record_of(crew, ran),
        bounds=bounds_of(works, chip, max(chains_ps), lower[ONLY] if only else _together(crew, lower)),
        origin=Origin(
            resolved(scenario), whole.digest, versions(scenario, registry), scenario.seed, scenario.chip
        ),
        warnings=_warnings(whole, crew),
        rewritten=combined_workload(scheduled) if any(changed.values()) else None,
        candidates=only.schedule.candidates if only else (),
        repeats=only.repeats if only else 1,
        area=chip_area(crew.chip, scenario.technology),
        capacity_per_ks=capacity,
        tenants={
            name: _tenancy(
                crew, name, workload, scheduled[name] if changed[name] else None, *ran[name], lower[name]
            )
            for name, workload in given.items()
            if name != ONLY and isinstance(workload, Workload)
        },
    )


def _lower_bound(crew: Crew, name: str, protocol: Protocol, bench: Workbench) -> LowerBound:
    """What no schedule of a network can beat; of a ledger, and of requests over time, only work counts.

    Requests that are served together share launches and loads.
    """
    member = crew.members[name]
    workload = member.schedule.workload
    if isinstance(workload, Ledger) or member.load is not None:
        return LowerBound()
    from simres.analysis.lower_bound import lower_bound  # a ledger never loads the table of operators

    chip = bounding(crew.chip, workload)
    there = kept(crew.programs[name])
    found = lower_bound(workload, chip, there, member.repeats, bench)
    if chip is not crew.chip:
        nbytes = compulsory_bytes(workload, there, member.repeats)
        compressed = bytes_term(crew.chip, workload, nbytes, member.repeats)
        found = LowerBound((*found.terms, *([compressed] if compressed.ps else [])))
    if untimed := untimed_bytes(workload, protocol):
        nbytes = compulsory_bytes(workload, there, member.repeats) - member.repeats * untimed
        found = timed_bound(found, chip, max(0, nbytes))
    call_ps = protocol.call
    if not call_ps:
        return found
    weights = {
        tensor: nbytes
        for tensor, nbytes in workload.needed_bytes.items()
        if workload.tensors[tensor].role is Role.WEIGHT
    }
    last = lower_bound(workload, chip, weights, bench=bench)
    if untimed:
        last = timed_bound(last, chip, 0)
    return with_calls(found, last.makespan_ps, member.repeats, call_ps)


def _together(crew: Crew, lower: Mapping[str, LowerBound]) -> LowerBound:
    """That of all tenants: each has its own to do from its start."""
    return shared({name: (crew.members[name].start_ps, own) for name, own in lower.items()})


def _tenancy(
    crew: Crew,
    name: str,
    workload: Workload,
    rewritten: Workload | None,
    record: Record,
    chain_ps: int,
    lower: LowerBound,
) -> Tenancy:
    member = crew.members[name]
    schedule = member.schedule
    ends_ps = [launched.end_ps for launched in record.launches]
    ends_ps += [stream.until_ps for stream in record.streams]
    return Tenancy(
        workload=workload,
        rewritten=rewritten,
        scheduler=schedule.program.scheduler,
        repeats=member.repeats,
        priority=member.priority,
        start_ps=member.start_ps,
        end_ps=max([member.start_ps, *ends_ps]),
        alone_ps=alone_ps(member, crew.behaviours),
        bounds=bounds(
            schedule.workload,
            crew.programs[name],
            bounding(crew.chip, schedule.workload),
            chain_ps,
            member.repeats,
            lower,
        ),
        candidates=schedule.candidates,
        request_ps=sum(one.counted_latency_ps // one.counted for one in record.streams),
    )


def _with_expectations(result: Result, scenario: Scenario) -> Result:
    document = summary(result)
    found, problems = [], []
    for item in scenario.expect:
        try:
            figure = figure_at(document, item.path, item.unit)
        except SimresError as error:
            problems.append(Problem(*item.place, error.message))
        else:
            found.append(Expectation(item.path, item.value, figure, float(item.within)))
    if problems:
        raise InvalidFile("scenario", str(scenario.path or scenario.name), problems)
    return replace(result, expectations=tuple(found))


def _engine(chip: Chip, name: str, types: Collection[str], *, others: bool = False) -> EngineDescription:
    """The description of an engine in a result. If several engines are one thing (the channels of a bus, the
    views of tenants), the first has the static power; for tenants, also the peak. Each of several equal units
    has its own."""
    spec = chip.engines[name]
    component = chip.component_of(name)
    costs = spec.energy_costs()
    shared = chip.units(component) == 1
    if others or (shared and name != chip.parts[component].lanes(component)[0]):
        costs = replace(costs, static_uw=0)
    peak = None if others else _peak(spec, types)
    return EngineDescription(spec.kind, chip.roles[component].value, peak, costs)


def _peak(spec: object, types: Collection[str]) -> int | None:
    """The bytes or operations per second that it states; of rates by data type, the best that is used."""
    peak = getattr(spec, "bandwidth", None) or getattr(spec, "rate", None)
    if isinstance(peak, Mapping):
        return max([rate for dtype, rate in peak.items() if dtype in types], default=None)
    return peak if isinstance(peak, int) else None


def _warnings(workload: Workload | Ledger, crew: Crew) -> tuple[str, ...]:
    found = [
        said
        for member in crew.members.values()
        if (said := wider_than_unit(member.schedule.workload, crew.chip))
    ]
    found += workload.warnings
    if isinstance(workload, Workload) and workload.unmodelled:
        kinds = ", ".join(sorted({op.kind for op in workload.unmodelled}))
        found.append(f"{len(workload.unmodelled)} of {len(workload.ops)} operators take no time: {kinds}")
    return tuple(dict.fromkeys(found))


def versions(scenario: Scenario, registry: Registry) -> Mapping[str, str]:
    """Versions of simres and of every package whose parts a scenario uses."""
    planned = scenario.parts().values()
    used = [
        *(registry.provider(registry.component(spec.kind)) for spec in scenario.hardware.values()),
        *(registry.provider(registry.scheduler(own.scheduler)) for own in planned),
        *(registry.provider(registry.pass_(name)) for own in planned for name in own.passes),
    ]
    return {provider.distribution: provider.version for provider in used} | {"simpy": simpy.__version__}
