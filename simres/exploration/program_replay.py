"""Replays a schedule made for one chip on that chip or on another."""

from __future__ import annotations

from collections.abc import Mapping

from simres.errors import InvariantViolation
from simres.planning import plan as planning
from simres.planning.plan import Schedule, behaviours_of, chip_of
from simres.plugins.registry import Registry
from simres.program.record import Record, RecordLevel
from simres.program.tasks import Program
from simres.program.tenants import beside, part, together
from simres.scenario.model import Scenario
from simres.simulation.check import check
from simres.simulation.run import Tenant, run_tenants
from simres.units import format_bytes
from simres.workload.graph import Ledger, Workload

Given = Workload | Ledger | Mapping[str, Workload | Ledger]
"""What a scenario runs: its workload, or that of each tenant by name."""

Schedules = Mapping[str, Schedule]
"""The schedule of each tenant by name; of a scenario with one network, under the empty name."""


class DoesNotFit(Exception):
    """A schedule needs more of a memory than there is; the message says how much, for people."""


def schedules_for(scenario: Scenario, given: Given, registry: Registry) -> Schedules:
    """What the scenario's scheduler makes for its chip; raises as `simres.planning.plan` does."""
    if isinstance(given, Mapping):
        return planning.plan_tenants(scenario, given, registry)
    return {"": planning.plan(scenario, given, registry)}


def run(
    schedules: Schedules,
    scenario: Scenario,
    registry: Registry,
    level: RecordLevel = RecordLevel.FULL,
) -> tuple[Program, Record]:
    """Runs schedules, whatever chip they were made for, on that of `scenario`; what ran, and what happened.

    Raises `SimresError` where there can be no such chip, and `InvariantViolation` where the schedules cannot
    run on it.
    """
    chip = chip_of(scenario, registry)
    parts = scenario.parts() or {"": scenario}
    crew = []
    for name, schedule in schedules.items():
        tenant = scenario.tenants.get(name)
        later_ps, priority = (tenant.start_ps, tenant.priority) if tenant else (0, 0)
        starts = [(program, at_ps + later_ps) for program, at_ps in schedule.starts]
        crew.append(Tenant(chip_of(parts[name], registry), starts, priority))
    ran = run_tenants(crew, chip, behaviours_of(chip, registry), level)
    programs = {name: schedule.joined for name, schedule in schedules.items()}
    records = {name: record for name, (record, _) in zip(schedules, ran, strict=True)}
    if len(programs) == 1:
        (program,), (record,) = programs.values(), records.values()
        return program, record
    return beside(programs), together(records, programs)


def fit(schedules: Schedules, before: Record, scenario: Scenario, registry: Registry) -> None:
    """Raises `DoesNotFit` unless the schedules fit the memories of `scenario`; `before` is a run of them
    elsewhere."""
    parts = scenario.parts() or {"": scenario}
    for name, schedule in schedules.items():
        chip = chip_of(parts[name], registry)
        for memory, spec in chip.memories.items():
            peak = before.memories[part(memory, name) if name else memory].peak
            if peak <= spec.capacity:
                continue  # it never has more there, so nothing changes
            try:
                for program in {id(program): program for program, _ in schedule.starts}.values():
                    check(program, chip, Ledger("", ()))
            except InvariantViolation:
                had, has = format_bytes(peak), format_bytes(spec.capacity)
                who = f"`{name}`" if name else "it"
                raise DoesNotFit(f"{who} keeps {had} in `{memory}` at once, more than {has}") from None
