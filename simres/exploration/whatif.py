"""What if a chip had more or less of one thing: each of its resources doubled, halved and free.

Every change is simulated twice: the same Program replayed on the changed chip, and a new one that the
scheduler makes for it. What serves a scenario best is the faster of the two, for nobody is made to give up a
schedule that still runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

from pydantic import ValidationError

from simres.errors import SimresError
from simres.exploration.replaying import (
    DoesNotFit,
    Given,
    Outcome,
    Schedules,
    fit,
    outcome,
    run,
    schedules_for,
)
from simres.hardware.resources import Resource, with_value
from simres.hardware.specs import MemorySpec
from simres.planning import chip_of
from simres.plugins import Registry
from simres.program import Program
from simres.record import Record
from simres.scenario.model import Scenario
from simres.simulation.in_order import can_follow, run_in_order
from simres.workload import Ledger, Workload


class How(StrEnum):
    """What becomes of a resource."""

    DOUBLED = "doubled"
    HALVED = "halved"
    FREE = "free"
    """A rate without end, a delay of nothing, a memory for everything."""


@dataclass(frozen=True, slots=True)
class Change:
    """One resource changed, and what comes of it: what is None could not be, and `refused` says why.

    `value` is in base units, None for no limit. `in_order_ps` is the makespan with every grant of the buses in
    the order that it had before; it is worked out where the replay contradicts the change (see `anomaly`).
    """

    component: str
    resource: Resource
    how: How
    value: int | None
    replayed: Outcome | None
    scheduled: Outcome | None
    refused: tuple[str, ...] = ()
    in_order_ps: int | None = None

    @property
    def name(self) -> str:
        """The resource as a scenario names it, below `hardware`."""
        return f"{self.component}.{self.resource.field}"

    @property
    def better(self) -> bool:
        """Whether the chip has more of it (or less of a delay)."""
        return self.how is How.FREE or (self.how is How.HALVED) == self.resource.is_delay

    @property
    def best(self) -> Outcome | None:
        """The faster of the two runs; the replay, of equals. None where neither could be."""
        found = [one for one in (self.replayed, self.scheduled) if one is not None]
        return min(found, key=lambda one: one.makespan_ps, default=None)


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A scenario as it is, and with each change."""

    name: str
    scheduler: str
    base: Outcome
    changes: tuple[Change, ...]

    def anomalies(self) -> Iterator[Change]:
        """The changes after which the same schedule takes longer though the chip is better, or less long
        though it is worse (Graham, 1969)."""
        for change in self.changes:
            found = change.replayed
            if found is not None and found.makespan_ps != self.base.makespan_ps:
                if change.better == (found.makespan_ps > self.base.makespan_ps):
                    yield change

    def gain_ps(self, change: Change) -> int:
        """Picoseconds that a change saves; negative where it costs."""
        return 0 if change.best is None else self.base.makespan_ps - change.best.makespan_ps


class Trial:
    """A scenario with its schedule, ready to be tried on other chips."""

    def __init__(self, scenario: Scenario, given: Given, registry: Registry) -> None:
        self.scenario = replace(scenario, expect=(), overridden=True)
        self.given = given
        self.registry = registry
        self.schedules: Schedules = schedules_for(self.scenario, given, registry)
        self.program: Program
        self.record: Record
        self.program, self.record = run(self.schedules, self.scenario, registry)

    @property
    def resources(self) -> list[tuple[str, Resource]]:
        """What the chip could have more or less of, with its component."""
        return [(name, one) for name, spec in self.scenario.hardware.items() for one in spec.resources()]

    @cached_property
    def base(self) -> Outcome:
        """The scenario as it is."""
        return outcome(self.program, self.record, chip_of(self.scenario, self.registry))

    def changed(self, component: str, resource: Resource, value: int | None) -> Scenario:
        """The scenario on a chip with another value of a resource; tenants keep their shares of a memory.

        Raises `SimresError` where there is no such component.
        """
        scenario = self.scenario
        try:
            spec = with_value(scenario.hardware[component], resource, value)
        except ValidationError as error:
            said = error.errors()[0]["msg"].removeprefix("Value error, ")
            raise SimresError(f"there is no such `{component}`: {said}") from None
        tenants = scenario.tenants
        if resource.field == "capacity" and tenants and value is not None:
            tenants = {
                name: replace(tenant, sram=max(1, tenant.sram * value // resource.value))
                for name, tenant in tenants.items()
            }
        return replace(scenario, hardware={**scenario.hardware, component: spec}, tenants=tenants)

    def value(self, component: str, resource: Resource, how: How) -> int | None:
        """The value of a resource after a change; of a memory that is free, room for everything."""
        if how is How.DOUBLED:
            return 2 * resource.value
        if how is How.HALVED:
            return max(0 if resource.is_delay else 1, resource.value // 2)
        spec = self.scenario.hardware[component]
        if resource.field == "capacity" and isinstance(spec, MemorySpec):
            return max(resource.value, self._everything(spec, component))
        return resource.unlimited

    def _everything(self, spec: MemorySpec, name: str) -> int:
        """Bytes of all tensors, and of all buffers of all launches: nothing ever waits for space then."""
        most = 0
        shares = self.scenario.tenants
        for tenant, schedule in self.schedules.items():
            workload = schedule.workload
            whole = 0
            if isinstance(workload, Workload):
                whole = sum(spec.occupied(tensor.nbytes) for tensor in workload.tensors.values())
            reserved = sum(
                spec.occupied(buffer.nbytes)
                for program, _ in schedule.starts
                for buffer in program.buffers
                if buffer.memory == name
            )
            own = max(whole, reserved)
            if tenant:  # each has its share of the memory
                capacity = spec.capacity
                own = -(-own * capacity // max(1, shares[tenant].sram))
            most = max(most, own)
        return most

    def replay(self, scenario: Scenario) -> Outcome:
        """The same schedule on the chip of `scenario`. Raises `DoesNotFit`, or `SimresError`."""
        fit(self.schedules, self.record, scenario, self.registry)
        chip = chip_of(scenario, self.registry)
        return outcome(*run(self.schedules, scenario, self.registry), chip)

    def reschedule(self, scenario: Scenario) -> Outcome:
        """A new schedule for the chip of `scenario`. Raises `SimresError`, `AnswerIsNo` if nothing fits."""
        chip = chip_of(scenario, self.registry)
        schedules = schedules_for(scenario, self.given, self.registry)
        return outcome(*run(schedules, scenario, self.registry), chip)

    def in_order_ps(self, scenario: Scenario) -> int | None:
        """The makespan of the same schedule with all grants in the order that they have on the scenario's
        own chip; None where that order cannot be prescribed."""
        chip, other = chip_of(self.scenario, self.registry), chip_of(scenario, self.registry)
        if len(self.schedules) > 1 or not can_follow(chip):
            return None
        (schedule,) = self.schedules.values()
        return run_in_order(schedule.starts, chip, other, self._behaviours()).makespan_ps

    def _behaviours(self) -> dict[str, object]:
        from simres.planning import behaviours_of

        return behaviours_of(chip_of(self.scenario, self.registry), self.registry)

    def change(self, component: str, resource: Resource, how: How) -> Change:
        """One change and what comes of it."""
        value = self.value(component, resource, how)
        refused: list[str] = []
        replayed = scheduled = None
        found = Change(component, resource, how, value, None, None)
        try:
            scenario = self.changed(component, resource, value)
        except SimresError as error:
            return replace(found, refused=(error.message,))
        try:
            replayed = self.replay(scenario)
        except DoesNotFit as error:
            refused.append(f"the same schedule does not fit: {error}")
        except SimresError as error:
            refused.append(f"the same schedule does not run: {error.message}")
        try:
            scheduled = self.reschedule(scenario)
        except SimresError as error:
            refused.append(f"no new schedule: {error.message}")
        found = replace(found, replayed=replayed, scheduled=scheduled, refused=tuple(refused))
        if replayed is not None and found.better and replayed.makespan_ps > self.base.makespan_ps:
            found = replace(found, in_order_ps=self.in_order_ps(scenario))
        return found


def what_if(scenario: Scenario, given: Given, registry: Registry) -> WhatIf:
    """Every resource of the scenario's chip doubled, halved and free.

    Raises as `simres.planning.plan` does for the scenario as it is. The `expect:` is not looked at.
    """
    return what_if_of(Trial(scenario, given, registry))


def what_if_of(trial: Trial) -> WhatIf:
    """The same for a scenario that has been scheduled already."""
    changes = [
        trial.change(component, resource, how) for component, resource in trial.resources for how in How
    ]
    schedulers = dict.fromkeys(schedule.program.scheduler for schedule in trial.schedules.values())
    return WhatIf(trial.scenario.name, ", ".join(schedulers), trial.base, tuple(changes))


def is_ledger(given: Given) -> bool:
    """Whether what runs is a ledger."""
    return isinstance(given, Ledger)
