"""Searches for the least change of one resource that reaches a wanted makespan.

What the run does with each value is simulated, so what is found holds, whatever anomalies there are. That
nothing less would do is not proven: the search halves the interval between a value that does and one that
does not, as if there were one border.
"""

from __future__ import annotations

from collections.abc import Sequence

from simres.exploration.trial import MIB, Trial
from simres.exploration.whatif_outcomes import Change, How, Need, RunSummary
from simres.hardware.resources import UNBOUNDED, Resource
from simres.units import SIZE

DOUBLINGS = 20
"""How often what there is is doubled (or halved, of a delay) before only no limit is left: a millionfold."""

NEAR = 0.01
"""The search ends where a value this share smaller would not do."""

HALVINGS = 12
"""Most values tried between one that does and one that does not."""


def search(trial: Trial, component: str, resource: Resource, target_ps: int, known: Sequence[Change]) -> Need:
    """What it takes of a resource to end by `target_ps`; `known` are changes of it that were simulated."""
    return _Search(trial, component, resource, target_ps, known).need()


class _Search:
    """Values of one resource that were tried, with the best run of each."""

    def __init__(
        self, trial: Trial, component: str, resource: Resource, target_ps: int, known: Sequence[Change]
    ) -> None:
        self.trial = trial
        self.component = component
        self.resource = resource
        self.target_ps = target_ps
        self.tried: dict[int | None, Change] = {one.value: one for one in known if one.better}

    def need(self) -> Need:
        """The least value that does, or the best of those tried."""
        free = self.trial.value(self.component, self.resource, How.FREE)
        if not any(self.met(value) for value in list(self.tried)):
            return self.of(min(self.tried, key=self.makespan_ps), met=False)
        reached = self.first(free)
        if reached is None:
            return self.of(free, met=True)
        low, high = reached
        for _ in range(HALVINGS):
            middle = self.between(low, high)
            if middle is None:
                break
            if self.met(middle):
                high = middle
            else:
                low = middle
        return self.of(high, met=True)

    def first(self, free: int | None) -> tuple[int, int] | None:
        """The first doubling that does, after the one before it; None where only no limit does."""
        low = self.resource.value
        for _ in range(DOUBLINGS):
            high = low // 2 if self.resource.is_delay else 2 * low
            if high == low:
                break
            if free is not None and not self.resource.better(free, high):
                return (low, free) if self.met(free) else None
            if self.met(high):
                return low, high
            low = high
        return None

    def between(self, low: int, high: int) -> int | None:
        """A value between, of few digits; None where they are near enough."""
        if abs(high - low) <= NEAR * max(high, low):
            return None
        middle = self.rounded((low + high) // 2)
        return middle if min(low, high) < middle < max(low, high) else None

    def rounded(self, value: int) -> int:
        """A value of few digits, in decimal or binary units as the present one is."""
        binary = self.resource.quantity is SIZE and self.resource.value % 1000
        if not binary:
            step = int("1".ljust(len(str(value)) - 2, "0"))
        elif value > 8 * MIB:
            step = MIB
        else:
            step = 1 << max(0, value.bit_length() - 8)
        return value // step * step

    def run(self, value: int | None) -> Change:
        """What comes of a value; each is simulated once."""
        if value not in self.tried:
            how = How.HALVED if self.resource.is_delay else How.DOUBLED
            self.tried[value] = self.trial.with_value(self.component, self.resource, value, how)
        return self.tried[value]

    def met(self, value: int | None) -> bool:
        """Whether the run ends in time with it."""
        best = self.run(value).best
        return best is not None and best.makespan_ps <= self.target_ps

    def makespan_ps(self, value: int | None) -> float:
        best = self.run(value).best
        return best.makespan_ps if best else float("inf")

    def of(self, value: int | None, *, met: bool) -> Need:
        change = self.run(value)
        best: RunSummary = change.best or self.trial.base
        return Need(
            self.component,
            self.resource,
            met,
            value,
            self.factor(value),
            best,
            change.replayed is not None and change.replayed.makespan_ps <= best.makespan_ps,
            len(self.tried),
        )

    def factor(self, value: int | None) -> float:
        now = self.resource.value
        if value is None or value >= UNBOUNDED or (self.resource.is_delay and not value):
            return float("inf")
        return now / value if self.resource.is_delay else value / now
