"""Outcomes of a what-if analysis: the effect of each change, and the change that a target needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from simres.analysis.explanation import explain
from simres.hardware.resources import Resource
from simres.program.record import Record
from simres.program.tasks import Program


class How(StrEnum):
    """The change of a resource."""

    DOUBLED = "doubled"
    HALVED = "halved"
    FREE = "free"
    """An unlimited rate, a delay of zero, a memory with room for everything."""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run in short. `bottleneck` is the component with most of the critical path: `on_path_ps` of it."""

    makespan_ps: int
    bottleneck: str
    on_path_ps: int


@dataclass(frozen=True, slots=True)
class _OfResource:
    """Something about one resource of one component."""

    component: str
    resource: Resource

    @property
    def name(self) -> str:
        """The resource as a scenario names it, below `hardware`."""
        return f"{self.component}.{self.resource.field}"


@dataclass(frozen=True, slots=True)
class Change(_OfResource):
    """One changed resource and the outcome: an impossible run is None, and `refused` gives the reasons.

    `value` is in base units, None for no limit. `replayed` is the same schedule on the changed chip,
    `scheduled` the best one for it: the scheduler's, the same one, or of an unlimited resource the one for
    twice as much of it. `in_order_ps` is the makespan with every grant in its earlier order; it is
    computed for an unlimited resource whose replay takes longer than before (`WhatIf.anomalies`).
    """

    how: How
    value: int | None
    replayed: RunSummary | None
    scheduled: RunSummary | None
    refused: tuple[str, ...] = ()
    in_order_ps: int | None = None

    @property
    def better(self) -> bool:
        """Whether the chip has more of it (or less of a delay)."""
        return self.how is How.FREE or (self.how is How.HALVED) == self.resource.is_delay

    @property
    def best(self) -> RunSummary | None:
        """The faster of the two runs; on a tie, the replay. None where neither is possible."""
        found = [one for one in (self.replayed, self.scheduled) if one is not None]
        return min(found, key=lambda one: one.makespan_ps, default=None)


@dataclass(frozen=True, slots=True)
class Need(_OfResource):
    """The amount of a resource that a target requires, one resource at a time.

    `value` is the smallest tried value with which the simulated run meets the target (None: no limit),
    `factor` its ratio to the present value, or for a delay the inverse ratio (infinite for a delay of zero,
    or no limit). If `met` is false, no value meets the target, and both are of the best one. `outcome` is the
    run with it, `same_schedule` says that it needs no new schedule; `tried` counts the simulated values.
    """

    met: bool
    value: int | None
    factor: float
    outcome: RunSummary
    same_schedule: bool
    tried: int


@dataclass(frozen=True, slots=True)
class MakespanTarget:
    """A target makespan in picoseconds and the single changes that may meet it; empty where the scenario
    meets it as it is. Changes that meet it come first, smallest change first."""

    ps: int
    needs: tuple[Need, ...]

    @property
    def enough(self) -> tuple[Need, ...]:
        """The changes that meet the target."""
        return tuple(need for need in self.needs if need.met)


@dataclass(frozen=True, slots=True)
class Adopted(_OfResource):
    """The chip with less of one resource whose schedule is faster on the chip as it is than its own.

    `own_ps` is the makespan of its own, which `simres simulate` gives.
    """

    value: int
    own_ps: int


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A scenario as it is, and with each change. `target` is present if one was given.

    `adopted` says which chip's schedule `base` is, where that is another one.
    """

    name: str
    scheduler: str
    base: RunSummary
    changes: tuple[Change, ...]
    target: MakespanTarget | None = None
    adopted: Adopted | None = None

    @property
    def met(self) -> bool:
        """Whether the target, if any, is met by the scenario as it is or by a single change."""
        target = self.target
        return target is None or self.base.makespan_ps <= target.ps or bool(target.enough)

    def anomalies(self) -> Iterator[Change]:
        """Yields the changes after which the same schedule is slower on a better chip, or faster on a worse
        one (Graham, 1969)."""
        for change in self.changes:
            found = change.replayed
            if found is None or found.makespan_ps == self.base.makespan_ps:
                continue
            if change.better == (found.makespan_ps > self.base.makespan_ps):
                yield change

    def gain_ps(self, change: Change) -> int:
        """Returns the picoseconds that a change saves; negative if it costs time, 0 if it is impossible."""
        return 0 if change.best is None else self.base.makespan_ps - change.best.makespan_ps

    def helps(self, change: Change) -> bool:
        """Whether a better chip saves at least a hundredth of the time."""
        return change.better and 100 * self.gain_ps(change) >= self.base.makespan_ps > 0


def outcome(program: Program, record: Record) -> RunSummary:
    """Summarises a full Record. Raises `SimresError` as `critical_path` does."""
    busiest, ps = next(iter(explain(program, record).components.items()), ("", 0))
    return RunSummary(record.makespan_ps, busiest, ps)
