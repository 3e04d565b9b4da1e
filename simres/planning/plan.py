"""The whole chain for one scenario: passes, scheduling, checks, simulation and analysis."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import simpy

from simres.analysis.bounds import bounds, bounds_of, least_work
from simres.caching import Recent, Same
from simres.errors import InvalidFile, Problem, SimresError
from simres.hardware.chip import Chip
from simres.passes.batch import batch
from simres.planning.offers import offered
from simres.planning.requests import (
    alone_ps,
    capacity_per_ks,
    refuse_mixed,
    refuse_overload,
    refuse_overload_together,
    stream_of,
)
from simres.plugins.registry import Registry, resolve
from simres.program.record import Record, RecordLevel
from simres.program.tasks import SCHEMA_VERSION, Program
from simres.program.tenants import beside, joined, part, together
from simres.result.data import Candidate, Engine, Expectation, Origin, Result, Tenancy, together_of
from simres.result.json import program_document
from simres.result.summary import figure_at, summary
from simres.scenario.loader import resolved
from simres.scheduling.preload import filling
from simres.simulation.check import check
from simres.simulation.flattened import least_ps
from simres.simulation.proof import prove
from simres.simulation.run import Tenant, run_stream, run_tenants
from simres.workload.graph import Ledger, Workload

if TYPE_CHECKING:
    from simres.scenario.model import Scenario


def chip_of(scenario: Scenario, registry: Registry) -> Chip:
    """The scenario's hardware as schedulers see it."""
    roles = {name: registry.component(spec.kind).role for name, spec in scenario.hardware.items()}
    return Chip(scenario.hardware, roles)


@dataclass(frozen=True)
class Schedule:
    """What planning decided: the workload after the passes, the Program kept, and what else was tried.

    `starts` are the Programs to launch, each with its time in picoseconds: where the Program kept expects
    something in memory, first the one that brings it there, then that one for every image.
    """

    chip: Chip
    workload: Workload | Ledger
    program: Program
    starts: tuple[tuple[Program, int], ...]
    candidates: tuple[Candidate, ...] = ()
    ran: tuple[Record, int] | None = field(default=None, repr=False)
    """What came of it where it was tried: a Record without spans, and the longest chain of needs."""
    sizes: Mapping[int, Program] = field(default_factory=dict)
    """For a stream of requests the Program for each size of batch; `starts` is then what comes before."""

    @cached_property
    def joined(self) -> Program:
        """Everything that is launched as one Program."""
        launched = [*(program for program, _ in self.starts), *self.sizes.values()]
        return joined([*{id(program): program for program in launched}.values()])

    def to_json(self) -> str:
        """The JSON form as text: the Program with its tasks, buffers and regions, and the candidates."""
        document = {
            "schema_version": SCHEMA_VERSION,
            "program": program_document(self.program),
            "candidates": [asdict(candidate) for candidate in self.candidates],
        }
        return json.dumps(document, separators=(",", ":")) + "\n"


def plan(
    scenario: Scenario, workload: Workload | Ledger, registry: Registry, *, brief: bool = False
) -> Schedule:
    """The best Program that the scenario's scheduler offers for `workload`, checked.

    Where a scheduler leaves the choice by offering a list, the Program of `serial` is one more candidate;
    each is simulated, and the fastest kept (the first of equals). Raises `SimresError` when the scheduler
    does not take such a workload, `AnswerIsNo` when the network does not fit, `InvariantViolation` when
    the Program kept is wrong. If `brief`, what cannot be the fastest is not simulated, and no candidates are
    listed.
    """
    chip = chip_of(scenario, registry)
    workload = _rewritten(scenario, workload, registry)
    if scenario.load is None:
        return _plan(scenario, workload, chip, registry, brief=brief)
    found = {}
    for size in scenario.load.sizes:
        if size > 1 and isinstance(workload, Ledger):
            raise SimresError(f"`load.batch` needs a traced network, and `{workload.name}` is a ledger")
        grown = workload if isinstance(workload, Ledger) or size == 1 else batch(workload, size)
        found[size] = _plan(replace(scenario, load=None, images=_TRIED), grown, chip, registry)
    sizes = {size: schedule.program for size, schedule in found.items()}
    refuse_mixed(sizes)
    first = min(found)
    starts = tuple(start for start in found[first].starts if start[0] is not found[first].program)
    return replace(found[first], workload=workload, starts=starts, sizes=sizes)


_TRIED = 8
"""Images on which candidates for a stream are tried, so that filling the memory counts little."""


def _plan(
    scenario: Scenario,
    workload: Workload | Ledger,
    chip: Chip,
    registry: Registry,
    *,
    brief: bool = False,
) -> Schedule:
    programs = offered(scenario, workload, chip, registry)
    if len(programs) == 1:
        (program,) = programs
        return Schedule(chip, workload, program, _proven(program, chip, workload, scenario.images))
    behaviours = behaviours_of(chip, registry)
    tried = []
    best: tuple[int, Program, tuple[Record, int]] | None = None
    for program in programs:
        if brief and best is not None and least_ps(program, chip) >= best[0]:
            continue
        try:
            starts = _starts(program, chip, workload, scenario.images)
            ran = run_stream(starts, chip, behaviours, RecordLevel.NONE)
        except Exception:
            check(program, chip, workload)  # says what is wrong with the Program, if it is the Program
            raise
        makespan_ps = ran[0].makespan_ps
        tried.append(Candidate(program.scheduler, program.decisions, len(program.tasks), makespan_ps))
        if best is None or makespan_ps < best[0]:
            best = (makespan_ps, program, ran)
    assert best is not None
    _, program, ran = best
    starts = _proven(program, chip, workload, scenario.images)
    return Schedule(chip, workload, program, starts, () if brief else tuple(tried), ran)


def _starts(
    program: Program, chip: Chip, workload: Workload | Ledger, images: int
) -> tuple[tuple[Program, int], ...]:
    """The Program once for every image, after the one that brings what it expects in memory."""
    each = ((program, 0),) * images
    if not program.resident_in or isinstance(workload, Ledger):
        return each
    return ((filling(program, workload, chip), 0), *each)


def _proven(
    program: Program, chip: Chip, workload: Workload | Ledger, images: int
) -> tuple[tuple[Program, int], ...]:
    """What to launch, after a proof that it is sound."""
    if isinstance(workload, Workload):
        prove(program, chip, workload)
    else:
        check(program, chip, workload)
    starts = _starts(program, chip, workload, images)
    if starts[0][0] is not program:
        check(starts[0][0], chip, Ledger("", ()))
    return starts


def _rewritten(scenario: Scenario, workload: Workload | Ledger, registry: Registry) -> Workload | Ledger:
    """The workload after the scenario's passes."""
    if not scenario.passes:
        return workload
    from simres.passes.application import apply

    if isinstance(workload, Ledger):
        first = scenario.passes[0]
        raise SimresError(f"pass `{first}` needs a traced network, and `{workload.name}` is a ledger")
    network = workload
    key = (Same(network), scenario.passes, Same(registry))
    return _rewrites.get(key, lambda: apply(scenario.passes, network, registry))


_rewrites: Recent[Workload] = Recent(8)
"""Networks after passes, so that schedules of one can be told to be of the same."""


def behaviours_of(chip: Chip, registry: Registry) -> dict[str, Any]:
    """How each component of `chip` behaves in time."""
    return {name: resolve(registry.component(spec.kind).engine) for name, spec in chip.parts.items()}


def evaluate(
    scenario: Scenario,
    workload: Workload | Ledger | Mapping[str, Workload | Ledger],
    registry: Registry,
    level: RecordLevel | None = None,
) -> Result:
    """Simulates `workload`, or that of each tenant by name, as `scenario` says.

    Everything is taken down unless `level` says otherwise; of requests that come over time, sums.
    The same input gives the same Result.
    """
    if level is None:
        level = RecordLevel.AGGREGATE if scenario.loaded else RecordLevel.FULL
    if isinstance(workload, Mapping):
        result = _together(scenario, workload, registry, level)
    else:
        result = _alone(scenario, workload, registry, level)
    if scenario.overridden or not scenario.expect:
        return result
    return _with_expectations(result, scenario, result.record)


def _alone(scenario: Scenario, workload: Workload | Ledger, registry: Registry, level: RecordLevel) -> Result:
    schedule = plan(scenario, workload, registry, brief=level is RecordLevel.NONE)
    chip = schedule.chip
    behaviours = behaviours_of(chip, registry)
    stream, capacity, images = None, 0, scenario.images
    if scenario.load is not None:
        capacity = capacity_per_ks(schedule.sizes, schedule.starts, chip, behaviours)
        refuse_overload(scenario.load, capacity)
        stream, images = stream_of(scenario.load, schedule.sizes), scenario.load.images
    if level is RecordLevel.NONE and stream is None and schedule.ran is not None:
        record, chain_ps = schedule.ran
    else:
        tenant = Tenant(chip, schedule.starts, 0, stream)
        ((record, chain_ps),) = run_tenants([tenant], chip, behaviours, level)
    program = schedule.joined
    return Result(
        name=scenario.name,
        workload=workload,
        chip={name: _engine(chip, name) for name in chip.engines},
        program=program,
        record=record,
        bounds=bounds(schedule.workload, program, chip, chain_ps, images),
        origin=Origin(resolved(scenario), workload.digest, versions(scenario, registry), scenario.seed),
        warnings=_warnings(workload),
        rewritten=schedule.workload if scenario.passes and isinstance(schedule.workload, Workload) else None,
        candidates=schedule.candidates,
        repeats=images,
        capacity_per_ks=capacity,
    )


def plan_tenants(
    scenario: Scenario, workloads: Mapping[str, Workload | Ledger], registry: Registry
) -> dict[str, Schedule]:
    """For each tenant the best Program in its part of the chip; see `plan`."""
    schedules = {}
    for name, own in scenario.parts().items():
        workload = workloads[name]
        if isinstance(workload, Ledger):
            raise SimresError(
                f"tenant `{name}` is the ledger `{workload.name}`, and tenants are traced networks",
                "a ledger has no graph, so nothing is known of what it keeps in memory",
            )
        schedules[name] = plan(own, workload, registry)
    return schedules


def _together(
    scenario: Scenario, given: Mapping[str, Workload | Ledger], registry: Registry, level: RecordLevel
) -> Result:
    """Every tenant alone in its part of the chip, and then all of them at once."""
    chip = chip_of(scenario, registry)
    behaviours = behaviours_of(chip, registry)
    schedules = plan_tenants(scenario, given, registry)
    crew = [
        Tenant(
            schedules[name].chip,
            [(program, tenant.start_ps) for program, _ in schedules[name].starts],
            tenant.priority,
            None
            if tenant.load is None
            else stream_of(tenant.load, schedules[name].sizes, tenant.start_ps, name),
        )
        for name, tenant in scenario.tenants.items()
    ]
    loads = {name: tenant.load for name, tenant in scenario.tenants.items() if tenant.load is not None}
    refuse_overload_together(loads, {name: schedules[name].sizes for name in loads}, chip)
    ran = dict(zip(schedules, run_tenants(crew, chip, behaviours, level), strict=True))
    tenants = {}
    for name, schedule in schedules.items():
        tenant, (record, chain_ps) = scenario.tenants[name], ran[name]
        workload = given[name]
        assert isinstance(workload, Workload)
        assert isinstance(schedule.workload, Workload)
        images = tenant.images if tenant.load is None else tenant.load.images
        one = None if tenant.load is None else schedule.program
        tenants[name] = Tenancy(
            workload=workload,
            rewritten=schedule.workload if tenant.passes else None,
            scheduler=schedule.program.scheduler,
            repeats=images,
            priority=tenant.priority,
            start_ps=tenant.start_ps,
            end_ps=max(
                *(launched.end_ps for launched in record.launches),
                *(stream.until_ps for stream in record.streams),
                tenant.start_ps,
            ),
            alone_ps=alone_ps(schedule.starts, one, schedule.chip, behaviours),
            bounds=bounds(schedule.workload, schedule.joined, chip, chain_ps, images),
            candidates=schedule.candidates,
            request_ps=sum(one.counted_latency_ps // one.counted for one in record.streams),
        )
    programs = {name: schedule.joined for name, schedule in schedules.items()}
    whole, rewritten = together_of(tenants)
    works = [least_work(tenant.scheduled, programs[name], tenant.repeats) for name, tenant in tenants.items()]
    chains = [scenario.tenants[name].start_ps + chain_ps for name, (_, chain_ps) in ran.items()]
    return Result(
        name=scenario.name,
        workload=whole,
        chip={
            part(name, tenant): _engine(chip, name, others=number > 0)
            for number, tenant in enumerate(tenants)
            for name in chip.engines
        },
        program=beside(programs),
        record=together({name: record for name, (record, _) in ran.items()}, programs),
        bounds=bounds_of(works, chip, max(chains)),
        origin=Origin(resolved(scenario), whole.digest, versions(scenario, registry), scenario.seed),
        warnings=_warnings(whole),
        rewritten=rewritten,
        tenants=tenants,
    )


def _with_expectations(result: Result, scenario: Scenario, record: Record) -> Result:
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
    return replace(result, record=record, expectations=tuple(found))


def _engine(chip: Chip, name: str, *, others: bool = False) -> Engine:
    """What a result says of an engine. Of several that are one thing (the channels of a bus, what
    `others` than the first tenant have of it), the first stands for its static power; of tenants, for its
    peak too."""
    spec = chip.engines[name]
    component = chip.component_of(name)
    costs = spec.energy_costs()
    if others or name != chip.parts[component].lanes(component)[0]:
        costs = replace(costs, static_uw=0)
    return Engine(spec.kind, chip.roles[component].value, None if others else _peak(spec), costs)


def _peak(spec: object) -> int | None:
    peak = getattr(spec, "bandwidth", None) or getattr(spec, "rate", None)
    return peak if isinstance(peak, int) else None


def _warnings(workload: Workload | Ledger) -> tuple[str, ...]:
    if isinstance(workload, Workload) and workload.unmodelled:
        kinds = ", ".join(sorted({op.kind for op in workload.unmodelled}))
        missing = f"{len(workload.unmodelled)} of {len(workload.ops)} operators take no time: {kinds}"
        return tuple(dict.fromkeys((*workload.warnings, missing)))
    return workload.warnings


def versions(scenario: Scenario, registry: Registry) -> Mapping[str, str]:
    """Versions of simres and of every package whose parts a scenario uses."""
    planned = [*scenario.parts().values()] or [scenario]
    used = [
        *(registry.provider(registry.component(spec.kind)) for spec in scenario.hardware.values()),
        *(registry.provider(registry.scheduler(own.scheduler)) for own in planned),
        *(registry.provider(registry.pass_(name)) for own in planned for name in own.passes),
    ]
    return {provider.distribution: provider.version for provider in used} | {"simpy": simpy.__version__}
