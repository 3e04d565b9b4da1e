"""Collects the candidate Programs of a scenario's scheduler and of its baseline."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from simres.errors import AnswerIsNo, SimresError
from simres.hardware.chip import Chip
from simres.plugins.registry import Registry, resolve
from simres.program.tasks import Program
from simres.sharing.workbench import Workbench
from simres.workload.graph import Ledger, Workload

if TYPE_CHECKING:
    from pydantic import BaseModel

    from simres.plugins.hooks import Scheduler
    from simres.scenario.model import Scenario

BASELINE = "serial"
"""The scheduler whose Program is always a candidate, so that no result is worse."""


def candidate_programs(
    scenario: Scenario, workload: Workload | Ledger, chip: Chip, registry: Registry, bench: Workbench
) -> list[Program]:
    """The candidate Programs: the scheduler's and, if it leaves the choice, that of its baseline.

    Raises `SimresError` if the scheduler does not take such a workload or offers nothing, and like the
    scheduler itself.
    """
    scheduler = registry.scheduler(scenario.scheduler)
    form = "ledger" if isinstance(workload, Ledger) else "graph"
    if scheduler.takes != form:
        fitting = [name for name, other in registry.schedulers().items() if other.takes == form]
        raise SimresError(
            f"scheduler `{scheduler.name}` takes a {scheduler.takes}, and `{workload.name}` is a {form}",
            f"schedulers for a {form}: {', '.join(fitting)}",
        )

    def called(by: Scheduler, parameters: BaseModel) -> Any:
        return registry.call(by, workload, chip, parameters, *([bench] if by.shares else []))

    found = called(scheduler, scenario.parameters)
    programs = [found] if isinstance(found, Program) else list(found)
    if not programs:
        raise SimresError(f"scheduler `{scheduler.name}` offers no Program for `{workload.name}`")
    baseline = scheduler.baseline or ("" if isinstance(found, Program) or form != "graph" else BASELINE)
    if baseline and baseline not in (scheduler.name, *(program.scheduler for program in programs)):
        other = registry.scheduler(baseline)
        with suppress(AnswerIsNo):  # a Program that does not fit is no candidate
            made = called(other, resolve(other.parameters)())
            programs += [made] if isinstance(made, Program) else made
    return programs
