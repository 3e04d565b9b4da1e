"""Times before and after the last element of an operator: bounds by cuts through the network.

Let T(s) be when every element of operator s has existed, in every inference, and e its last element.

- Before T(s), the operators of which s needs every element have ended, and the inputs and weights that they
  read whole have been loaded.
- After T(s) comes all that depends on e. All weights that are then still to be used must be on chip for it,
  and at T(s) no more than a memory's worth of them is, transfers under way included: the others are loaded
  after T(s). The outputs that depend on e are stored after T(s).

So T >= before(s) + after(s) for every s, and T(t) >= T(s) + between(s, t) where t needs all of what s delays.
Which tiles a schedule makes, in which order, whether it fuses, recomputes or loads again does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod

from simres.analysis.dependence import Dependence, bits, bytes_of
from simres.analysis.spread import Runs, Spread
from simres.workload.graph import Workload
from simres.workload.operators import Role

SCALE = 1 << 16
"""Times are whole numbers of picoseconds / SCALE, rounded down."""
_CUTS = 24
"""Cuts that are chained at most; more would find little and take their square in time."""


@dataclass(frozen=True, slots=True)
class Costs:
    """The least times on a chip, in picoseconds / SCALE.

    `matrix` and `host` take an amount of work and a number of tasks and must add up: the sum over tasks is a
    lower bound of them together. `bus` takes bytes.
    """

    matrix: Callable[[int, int], int]
    host: Callable[[int, int], int]
    bus: Callable[[int], int]
    capacity: int
    first: int
    """No operator starts before that."""
    last: int
    """And so much comes after the last operator."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A lower bound in picoseconds, the operators it cuts after, in order, and what limits the last part."""

    ps: int
    ops: tuple[str, ...]
    before: str = ""
    after: str = ""
    nbytes: int = 0
    """Bytes over the bus after the last cut."""


class Cuts:
    """The bounds by cuts, of one workload on one chip, `repeats` times with the tensors `kept` on chip."""

    def __init__(
        self, found: Dependence, costs: Costs, repeats: int = 1, kept: Mapping[str, int] | None = None
    ) -> None:
        self._found = found
        self.costs = costs
        self._repeats = repeats
        self._kept = kept or {}
        self._workload: Workload = found.workload
        self._shares: dict[tuple[int, Runs], tuple[int, int]] = {}
        self._candidates = [
            number for number, wanted in enumerate(found.wanted[:-1]) if wanted >> found.end & 1
        ]

    @cached_property
    def _times(self) -> list[tuple[int, int]]:
        """By piece: its time on the matrix unit and on the host."""
        costs = self.costs
        return [
            (
                costs.matrix(piece.macs, piece.launches[0]) if piece.macs else 0,
                costs.host(piece.vector_ops, piece.launches[1]) if piece.vector_ops else 0,
            )
            for piece in self._found.pieces
        ]

    @cached_property
    def _before(self) -> list[dict[str, int]]:
        """By operator, the end last: the least time before its last element exists, by engine."""
        count = self._found.end + 1
        matrix, host, nbytes = [0] * count, [0] * count, [0] * count
        for piece, (on_matrix, on_host) in zip(self._found.pieces, self._times, strict=True):
            for number in bits(self._found.wanted[piece.op]):
                matrix[number] += on_matrix
                host[number] += on_host
        read: dict[str, int] = {}
        for names, wanted in zip(self._found.read, self._found.wanted[:-1], strict=True):
            for name in names:
                read[name] = read.get(name, 0) | wanted
        for name, wanted in read.items():
            tensor = self._workload.tensors[name]
            again = self._repeats if tensor.role is Role.INPUT else 1
            size = max(0, tensor.nbytes * again - self._kept.get(name, 0))
            for number in bits(wanted) if size else ():
                nbytes[number] += size
        first, repeats, bus = self.costs.first, self._repeats, self.costs.bus
        return [
            {
                "matrix": matrix[number] * repeats + first if matrix[number] else 0,
                "host": host[number] * repeats + first if host[number] else 0,
                "bus": bus(nbytes[number]),
            }
            for number in range(count)
        ]

    @property
    def ends(self) -> Cut:
        """First load and all work; or, with the last store, the work of which outputs need everything."""
        before, found = self._before[-1], []
        for place, engine in enumerate(("matrix", "host")):
            if work := self._repeats * sum(times[place] for times in self._times):
                ps = max(before[engine] + self.costs.last, self.costs.first + work)
                found.append(Cut(ps // SCALE, (), engine))
        return max(found, key=lambda cut: cut.ps, default=Cut(0, ()))

    @cached_property
    def _used(self) -> Mapping[str, int]:
        """By weight: the operators after whose last element all of it is still to be used."""
        found: dict[str, int] = {}
        end = self._found.end
        for (op, name), those in self._found.used.items():
            if self._found.wanted[op] >> end & 1:
                found[name] = found.get(name, 0) | those
        return found

    def single(self) -> Cut:
        """The best bound by one cut: limited run-ahead.

        Work that the bus cannot hide, before the cut, and bytes that could not come earlier, behind it.
        """
        count, found = self._found.end, self._found
        weights, stored, matrix, host = [0] * count, [0] * count, [0] * count, [0] * count
        for name, those in self._used.items():
            nbytes = self._workload.tensors[name].nbytes
            for number in bits(those):
                weights[number] += nbytes
        for name, spread in found.stored.items():
            dtype = self._workload.tensors[name].dtype
            for runs, those in _once_each(spread):
                nbytes = bytes_of(prod(runs), dtype)
                for number in bits(those):
                    stored[number] += nbytes
        for index, piece in enumerate(found.pieces):
            if found.wanted[piece.op] >> found.end & 1:
                for runs, those in _once_each(piece.after):
                    times = self._share(index, runs)
                    if any(times):
                        for number in bits(those):
                            matrix[number] += times[0]
                            host[number] += times[1]
        best = Cut(0, ())
        costs = self.costs
        for number in self._candidates:
            nbytes = max(0, weights[number] - costs.capacity) + stored[number]
            after = {
                "bus": costs.bus(nbytes),
                "matrix": matrix[number] + costs.last,
                "host": host[number] + costs.last,
            }
            before = self._before[number]
            first, last = max(before, key=before.__getitem__), max(after, key=after.__getitem__)
            ps = (before[first] + after[last]) // SCALE
            if ps > best.ps:
                best = Cut(ps, (self._workload.ops[number].name,), first, last, nbytes)
        return best

    def _share(self, index: int, runs: Runs) -> tuple[int, int]:
        """The least time of the part of a piece that makes a part of its output."""
        found = self._shares.get((index, runs))
        if found is None:
            found = self._shares[index, runs] = self._share_of(index, runs)
        return found

    def _share_of(self, index: int, runs: Runs) -> tuple[int, int]:
        piece, costs = self._found.pieces[index], self.costs
        if runs == piece.shape:
            return self._times[index]
        if not piece.even:
            return 0, 0
        count, of = prod(runs), prod(piece.shape)
        macs, vector_ops = piece.macs * count // of, piece.vector_ops * count // of
        return (
            costs.matrix(macs, piece.launches[0]) if macs else 0,
            costs.host(vector_ops, piece.launches[1]) if vector_ops else 0,
        )

    def chained(self) -> Cut:
        """The best bound by several cuts in a row, each of which the next one needs in full."""
        chain = self._chain()
        found, end = self._found, self._found.end
        if not chain:
            return Cut(0, ())
        starts = [max(self._before[number].values()) for number in chain]
        limits = [max(self._before[number], key=self._before[number].__getitem__) for number in chain]
        came_from: list[int | None] = [None] * len(chain)
        level = [self._level(op, chain) for op in range(end)]
        best = Cut(0, ())
        for place, number in enumerate(chain):
            sums = [[0, 0, 0] for _ in range(len(chain) + 1)]
            for index, piece in enumerate(found.pieces):
                if (at := level[piece.op]) > place:
                    shares = [
                        self._share(index, axes) for axes, those in piece.after.items() if those >> number & 1
                    ]
                    for engine in (0, 1):
                        sums[at][engine] += max((share[engine] for share in shares), default=0)
            for (op, name), those in found.used.items():
                if those >> number & 1 and (at := level[op]) > place and self._once(name):
                    sums[at][2] += self._workload.tensors[name].nbytes
            total = [0, 0, 0]
            for at in range(place + 1, len(chain) + 1):
                total = [one + more for one, more in zip(total, sums[at], strict=True)]
                bus = self.costs.bus(max(0, total[2] - self.costs.capacity))
                then = starts[place] + max(total[0], total[1], bus)
                if at < len(chain):
                    if then > starts[at]:
                        starts[at], came_from[at] = then, place
                elif (ps := (then + self.costs.last) // SCALE) > best.ps:
                    best = Cut(ps, self._names(chain, came_from, place), limits[place])
        return best

    def _once(self, name: str) -> bool:
        """Whether one operator alone uses a weight."""
        return len(self._users[name]) == 1

    @cached_property
    def _users(self) -> Mapping[str, set[int]]:
        found: dict[str, set[int]] = {}
        for op, name in self._found.used:
            found.setdefault(name, set()).add(op)
        return found

    def _chain(self) -> list[int]:
        """Operators in order, each of which the next one needs in full: a longest row, thinned out evenly."""
        candidates = set(self._candidates)
        longest: dict[int, tuple[int, int | None]] = {}
        for number in reversed(self._candidates):
            following = (other for other in bits(self._found.wanted[number]) if other != number)
            after = max(
                (other for other in following if other in candidates),
                key=lambda other: longest[other][0],
                default=None,
            )
            longest[number] = (1 if after is None else longest[after][0] + 1, after)
        found: list[int] = []
        at = max(longest, key=lambda number: longest[number][0], default=None)
        while at is not None:
            found.append(at)
            at = longest[at][1]
        if len(found) <= _CUTS:
            return found
        return [found[place * (len(found) - 1) // (_CUTS - 1)] for place in range(_CUTS)]

    def _level(self, op: int, chain: list[int]) -> int:
        """The place of the first cut that needs all of an operator; behind the chain if only the end does."""
        wanted = self._found.wanted[op]
        if not wanted >> self._found.end & 1:
            return -1
        return next((place for place, number in enumerate(chain) if wanted >> number & 1), len(chain))

    def _names(self, chain: list[int], came_from: list[int | None], last: int) -> tuple[str, ...]:
        names = []
        at: int | None = last
        while at is not None:
            names.append(self._workload.ops[chain[at]].name)
            at = came_from[at]
        return tuple(reversed(names))


def _once_each(spread: Spread) -> list[tuple[Runs, int]]:
    """The parts from the largest on, each with the operators that none before it has."""
    found, known = [], 0
    for runs in sorted(spread, key=lambda runs: -prod(runs)):
        found.append((runs, spread[runs] & ~known))
        known |= spread[runs]
    return found
