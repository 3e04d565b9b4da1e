"""The whole chain for one scenario: passes, schedule, check, run, and what it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import simpy

from simres.analysis.bounds import bounds
from simres.errors import InvalidFile, Problem, SimresError
from simres.hardware.chip import Chip
from simres.hardware.energy import EnergyCosts
from simres.plugins import Registry, resolve
from simres.program import Program
from simres.record import Record, RecordLevel
from simres.result import Engine, Expectation, Origin, Result, summary
from simres.scenario.loader import resolved
from simres.simulation.check import check
from simres.simulation.run import run
from simres.workload import Ledger, Workload

if TYPE_CHECKING:
    from simres.scenario.model import Scenario


def chip_of(scenario: Scenario, registry: Registry) -> Chip:
    """The scenario's hardware as schedulers see it."""
    roles = {name: registry.component(spec.kind).role for name, spec in scenario.hardware.items()}
    return Chip(scenario.hardware, roles)


def candidates(
    scenario: Scenario, workload: Workload | Ledger, chip: Chip, registry: Registry
) -> tuple[Workload | Ledger, list[Program]]:
    """The workload after the scenario's passes, and the Programs that the scheduler offers, checked.

    Raises `SimresError` when the scheduler does not take such a workload.
    """
    if scenario.passes:
        from simres.passes.application import apply

        if isinstance(workload, Ledger):
            first = scenario.passes[0]
            raise SimresError(f"pass `{first}` needs a traced network, and `{workload.name}` is a ledger")
        workload = apply(scenario.passes, workload, registry)
    scheduler = registry.scheduler(scenario.scheduler)
    form = "ledger" if isinstance(workload, Ledger) else "graph"
    if scheduler.takes != form:
        fitting = [name for name, other in registry.schedulers().items() if other.takes == form]
        raise SimresError(
            f"scheduler `{scheduler.name}` takes a {scheduler.takes}, and `{workload.name}` is a {form}",
            f"schedulers for a {form}: {', '.join(fitting)}",
        )
    offered = registry.call(scheduler, workload, chip, scenario.parameters)
    programs = [offered] if isinstance(offered, Program) else list(offered)
    for program in programs:
        check(program, chip, workload)
    return workload, programs


def evaluate(
    scenario: Scenario,
    workload: Workload | Ledger,
    registry: Registry,
    level: RecordLevel = RecordLevel.FULL,
) -> Result:
    """Simulates `workload` as `scenario` says. The same input gives the same Result."""
    chip = chip_of(scenario, registry)
    given = workload
    workload, programs = candidates(scenario, workload, chip, registry)
    behaviours = {name: resolve(registry.component(spec.kind).engine) for name, spec in chip.parts.items()}
    program = (
        programs[0]
        if len(programs) == 1
        else min(
            programs, key=lambda program: run(program, chip, behaviours, RecordLevel.NONE)[0].makespan_ps
        )
    )
    record, chain_ps = run(program, chip, behaviours, level)
    result = Result(
        name=scenario.name,
        workload=given,
        chip={
            name: Engine(
                spec.kind,
                chip.roles[chip.component_of(name)].value,
                _peak(spec),
                _energy_costs(chip, name),
            )
            for name, spec in chip.engines.items()
        },
        program=program,
        record=record,
        bounds=bounds(workload, program, chip, chain_ps),
        origin=Origin(resolved(scenario), given.digest, _versions(scenario, registry), scenario.seed),
        warnings=_warnings(given),
        rewritten=workload if scenario.passes and isinstance(workload, Workload) else None,
    )
    if scenario.overridden or not scenario.expect:
        return result
    return _with_expectations(result, scenario, record)


def _with_expectations(result: Result, scenario: Scenario, record: Record) -> Result:
    document = summary(result)
    found, problems = [], []
    for item in scenario.expect:
        try:
            figure = _found(document, item.path)
        except SimresError as error:
            problems.append(Problem(*item.place, error.message))
        else:
            found.append(Expectation(item.path, item.value, figure, float(item.within)))
    if problems:
        raise InvalidFile("scenario", str(scenario.path or scenario.name), problems)
    return replace(result, record=record, expectations=tuple(found))


def _found(document: Mapping[str, Any], path: str) -> int | float:
    """The number at a dotted path of the JSON form, whose keys may end in their unit (`_ps`, `_bytes`)."""
    at: Any = document
    parts = path.split(".")
    while parts:
        part = parts.pop(0)
        if parts and isinstance(at, dict) and part not in at and f"{part}.{parts[0]}" in at:
            part = f"{part}.{parts.pop(0)}"  # one channel of a bus
        named = (part, *(f"{part}_{unit}" for unit in ("ps", "bytes", "fj", "uw")))
        keys = [key for key in named if isinstance(at, dict) and key in at]
        if not keys:
            known = sorted(at) if isinstance(at, dict) else []
            more = f"; known there: {', '.join(known)}" if known else ""
            raise SimresError(f"expect.{path}: a result has no `{part}` there{more}")
        at = at[keys[0]]
    if not isinstance(at, int | float) or isinstance(at, bool):
        raise SimresError(f"expect.{path}: is no number of a result")
    return at


def _energy_costs(chip: Chip, engine: str) -> EnergyCosts:
    """What work and time on an engine cost; of several channels the first stands for the idle bus."""
    costs = chip.engines[engine].energy_costs()
    component = chip.component_of(engine)
    first = chip.parts[component].lanes(component)[0]
    return costs if engine == first else replace(costs, static_uw=0)


def _peak(spec: object) -> int | None:
    peak = getattr(spec, "bandwidth", None) or getattr(spec, "rate", None)
    return peak if isinstance(peak, int) else None


def _warnings(workload: Workload | Ledger) -> tuple[str, ...]:
    if isinstance(workload, Workload) and workload.unmodelled:
        kinds = ", ".join(sorted({op.kind for op in workload.unmodelled}))
        missing = f"{len(workload.unmodelled)} of {len(workload.ops)} operators take no time: {kinds}"
        return tuple(dict.fromkeys((*workload.warnings, missing)))
    return workload.warnings


def _versions(scenario: Scenario, registry: Registry) -> Mapping[str, str]:
    used = [
        *(registry.provider(registry.component(spec.kind)) for spec in scenario.hardware.values()),
        registry.provider(registry.scheduler(scenario.scheduler)),
        *(registry.provider(registry.pass_(name)) for name in scenario.passes),
    ]
    return {provider.distribution: provider.version for provider in used} | {"simpy": simpy.__version__}
