"""Outcomes of a what-if analysis: the effect of each change, and the change that a target needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from simres.analysis.critical_path import Why, critical_path
from simres.hardware.resources import Resource
from simres.program.names import EngineName
from simres.program.record import Record
from simres.program.tasks import Program


class How(StrEnum):
    """What becomes of a resource."""

    DOUBLED = "doubled"
    HALVED = "halved"
    FREE = "free"
    """A rate without end, a delay of nothing, a memory for everything."""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run in short. `bottleneck` is the component with most of the critical path, `on_path_ps` of it."""

    makespan_ps: int
    bottleneck: str
    on_path_ps: int


@dataclass(frozen=True, slots=True)
class Change:
    """One resource changed, and what comes of it: what is None could not be, and `refused` says why.

    `value` is in base units, None for no limit. `replayed` is the same schedule on the changed chip,
    `scheduled` a new one for it. `in_order_ps` is the makespan with every grant in the order that it had
    before; it is worked out for what is free where the replay takes longer than before (`WhatIf.anomalies`).
    """

    component: str
    resource: Resource
    how: How
    value: int | None
    replayed: RunSummary | None
    scheduled: RunSummary | None
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
    def best(self) -> RunSummary | None:
        """The faster of the two runs; the replay, of equals. None where neither could be."""
        found = [one for one in (self.replayed, self.scheduled) if one is not None]
        return min(found, key=lambda one: one.makespan_ps, default=None)


@dataclass(frozen=True, slots=True)
class Need:
    """How much of a resource a target takes, one resource at a time.

    `value` is the least of those tried with which the run was simulated to meet the target (None: no limit),
    `factor` how many times what there is that is, of a delay how many times less (infinite for nothing of a
    delay, or no limit). Where `met` is false, none of them did, and both are of the best reached. `outcome`
    is the run with it, `same_schedule` says that it needs no new one; `tried` counts the values simulated.
    """

    component: str
    resource: Resource
    met: bool
    value: int | None
    factor: float
    outcome: RunSummary
    same_schedule: bool
    tried: int

    @property
    def name(self) -> str:
        """The resource as a scenario names it, below `hardware`."""
        return f"{self.component}.{self.resource.field}"


@dataclass(frozen=True, slots=True)
class MakespanTarget:
    """A wanted makespan in picoseconds and what single changes would do; none are looked for where the
    scenario meets it as it is. Those that do come first, the smallest change before the others."""

    ps: int
    needs: tuple[Need, ...]

    @property
    def enough(self) -> tuple[Need, ...]:
        """The changes that meet it."""
        return tuple(need for need in self.needs if need.met)


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A scenario as it is, and with each change. A `target` is there where one was asked for."""

    name: str
    scheduler: str
    base: RunSummary
    changes: tuple[Change, ...]
    target: MakespanTarget | None = None

    @property
    def met(self) -> bool:
        """Whether the target, if any, is met by the scenario as it is or by a single change."""
        target = self.target
        return target is None or self.base.makespan_ps <= target.ps or bool(target.enough)

    def anomalies(self) -> Iterator[Change]:
        """The changes after which the same schedule takes longer though the chip is better, or less long
        though it is worse (Graham, 1969)."""
        for change in self.changes:
            found = change.replayed
            if found is None or found.makespan_ps == self.base.makespan_ps:
                continue
            if change.better == (found.makespan_ps > self.base.makespan_ps):
                yield change

    def gain_ps(self, change: Change) -> int:
        """Picoseconds that a change saves; negative where it costs, 0 where it could not be."""
        return 0 if change.best is None else self.base.makespan_ps - change.best.makespan_ps

    def helps(self, change: Change) -> bool:
        """Whether a better chip saves at least a hundredth of the time."""
        return change.better and 100 * self.gain_ps(change) >= self.base.makespan_ps > 0


def on_path(program: Program, record: Record) -> dict[str, int]:
    """Picoseconds of the critical path by component; time spent waiting for space is the memory's.

    Raises `SimresError` when the Record has no spans (its level is not full).
    """
    found: dict[str, int] = {}
    for stretch in critical_path(program, record):
        if stretch.cause is Why.IDLE:
            continue
        name = stretch.engine
        if stretch.cause is Why.SPACE:
            name = program.buffers[program.tasks[stretch.task].reserves[0]].memory
        component = EngineName.parse(name).component
        found[component] = found.get(component, 0) + stretch.took_ps
    return found


def outcome(program: Program, record: Record) -> RunSummary:
    """A full Record in short."""
    parts = on_path(program, record)
    busiest = max(parts, key=lambda name: parts[name], default="")
    return RunSummary(record.makespan_ps, busiest, parts.get(busiest, 0))
