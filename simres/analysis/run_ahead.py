"""Bounds by cuts through a network: the work that must come before, and after, the end of an operator.

Let T(s) be when every element of operator s has existed, in every inference, and e its last element.

- Before T(s), the operators of which s needs every element have ended, and the inputs and weights that they
  read whole have been loaded.
- After T(s) comes all that depends on e. All weights still to be used must be on chip for it, and at T(s) at
  most one memory's worth of them is, outstanding transfers included: the others are loaded after T(s). The
  outputs that depend on e are stored after T(s).

So T >= before(s) + after(s) for every s, and T(t) >= T(s) + between(s, t) where t needs all of what s delays.
Which tiles a schedule makes, in which order, whether it fuses, recomputes or loads again does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from simres.analysis.amounts import Amounts, Sums

BUS = ""
"""Stands for the bus where components have names."""

SCALE = 1 << 16
"""Times are whole numbers of picoseconds / SCALE, rounded down."""


@dataclass(frozen=True, slots=True)
class Costs:
    """The least times on a chip, in picoseconds / SCALE.

    `compute` has them for work and its tasks, by the components that share it; `bus` takes bytes.
    """

    compute: Mapping[str, Callable[[Amounts], int]]
    bus: Callable[[int], int]
    capacity: int
    first: int
    """No operator starts before that."""
    last: int
    """And so much comes after the last operator."""

    def after(self, found: Amounts) -> dict[str, int]:
        """By engine: the least time for what is still to be done when an operator is complete."""
        nbytes = max(0, found.weights - self.capacity) + found.stored
        return {BUS: self.bus(nbytes)} | {
            name: least(found) + self.last for name, least in self.compute.items()
        }

    def between(self, found: Amounts) -> int:
        """The least time between two cuts."""
        return max(
            [self.bus(max(0, found.weights - self.capacity))]
            + [least(found) for least in self.compute.values()]
        )


@dataclass(frozen=True, slots=True)
class Cut:
    """A lower bound in picoseconds, the operators it cuts after, in order, and what limits both ends."""

    ps: int
    ops: tuple[str, ...] = ()
    before: str = ""
    after: str = ""
    nbytes: int = 0
    """Bytes over the bus after the last cut."""


class Cuts:
    """The bounds by cuts on one chip, `repeats` times with the tensors `kept` on chip."""

    def __init__(self, sums: Sums, costs: Costs, repeats: int = 1, kept: Mapping[str, int] | None = None):
        self.sums = sums
        self.costs = costs
        self._repeats = repeats
        spared = sums.spared(kept or {})
        self._before = [
            self._times_before(found, nbytes) for found, nbytes in zip(sums.before, spared, strict=True)
        ]

    def _times_before(self, found: Amounts, spared: int) -> dict[str, int]:
        """By engine: the least time before an operator is complete."""
        costs, repeats = self.costs, self._repeats
        times = {BUS: costs.bus(max(0, found.weights + found.inputs * repeats - spared))}
        for name, least in costs.compute.items():
            took = least(found.times(repeats))
            times[name] = took + costs.first if took else 0
        return times

    def ends(self) -> Cut:
        """First load and all work; or, with the last store, the work of which outputs need everything."""
        before, everything = self._before[-1], self._times_before(self.sums.everything, 0)
        found = [
            Cut(max(before[engine] + self.costs.last, everything[engine]) // SCALE, before=engine)
            for engine in self.costs.compute
            if everything[engine]
        ]
        return max(found, key=lambda cut: cut.ps, default=Cut(0))

    def single(self) -> Cut:
        """The best bound by one cut: limited run-ahead."""
        best = Cut(0)
        for number in self.sums.candidates:
            before, found = self._before[number], self.sums.after[number]
            after = self.costs.after(found)
            first, then = max(before, key=before.__getitem__), max(after, key=after.__getitem__)
            ps = (before[first] + after[then]) // SCALE
            if ps > best.ps:
                nbytes = max(0, found.weights - self.costs.capacity) + found.stored
                best = Cut(ps, (self.sums.names[number],), first, then, nbytes)
        return best

    def chained(self) -> Cut:
        """The best bound by several cuts in a row, each of which the next one needs in full."""
        chain = self.sums.chain
        starts = [max(self._before[number].values()) for number in chain]
        came_from: list[int | None] = [None] * len(chain)
        best, costs = Cut(0), self.costs
        for place, row in enumerate(self.sums.between):
            for at, found in enumerate(row, place + 1):
                then = starts[place] + costs.between(found)
                if at < len(chain):
                    if then > starts[at]:
                        starts[at], came_from[at] = then, place
                elif (ps := (then + costs.last) // SCALE) > best.ps:
                    best = Cut(ps, self._names(came_from, place))
        return best

    def _names(self, came_from: list[int | None], last: int) -> tuple[str, ...]:
        names = []
        at: int | None = last
        while at is not None:
            names.append(self.sums.names[self.sums.chain[at]])
            at = came_from[at]
        return tuple(reversed(names))
