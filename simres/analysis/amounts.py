"""How much work and how many bytes come before and after an operator is complete, on whatever chip.

See `simres.analysis.run_ahead` for what follows from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from math import prod

from simres.analysis.dependence import Dependence, bits, bytes_of
from simres.analysis.spread import Runs, Spread
from simres.workload.operators import Role

_CUTS = 24
"""Cuts that are chained at most; more would find little and take their square in time."""


@dataclass(slots=True)
class Amounts:
    """Work, the tasks that it takes at least, and bytes; `inputs` move once for each inference."""

    macs: int = 0
    matrix_tasks: int = 0
    vector_ops: int = 0
    host_tasks: int = 0
    weights: int = 0
    inputs: int = 0
    stored: int = 0

    def add(self, macs: int, matrix_tasks: int, vector_ops: int, host_tasks: int) -> None:
        """Adds work."""
        self.macs += macs
        self.matrix_tasks += matrix_tasks
        self.vector_ops += vector_ops
        self.host_tasks += host_tasks

    def times(self, repeats: int) -> Amounts:
        """So often the amounts."""
        if repeats == 1:
            return self
        return Amounts(*[getattr(self, name) * repeats for name in self.__slots__])

    def __add__(self, other: Amounts) -> Amounts:
        return Amounts(*[getattr(self, name) + getattr(other, name) for name in self.__slots__])


@dataclass(frozen=True, slots=True)
class Sums:
    """The amounts of one workload, by the number of the operator: `before` has that of the end last.

    `between` has for each place of the `chain` the amounts up to each later place, and up to the end.
    """

    names: tuple[str, ...]
    candidates: tuple[int, ...]
    before: tuple[Amounts, ...]
    after: tuple[Amounts, ...]
    everything: Amounts
    chain: tuple[int, ...]
    between: tuple[tuple[Amounts, ...], ...]
    readers: Mapping[str, int] = field(repr=False)
    """By input and weight: the operators that must end after all of it has been read."""

    def spared(self, kept: Mapping[str, int]) -> list[int]:
        """By operator: the bytes that need not be loaded before it is complete, as they lie on chip."""
        found = [0] * len(self.before)
        for name, nbytes in kept.items():
            for number in bits(self.readers.get(name, 0)):
                found[number] += nbytes
        return found


def sums(found: Dependence) -> Sums:
    """The amounts of a workload."""
    candidates = [number for number, wanted in enumerate(found.wanted[:-1]) if wanted >> found.end & 1]
    readers: dict[str, int] = {}
    for names, wanted in zip(found.read, found.wanted[:-1], strict=True):
        for name in names:
            readers[name] = readers.get(name, 0) | wanted
    everything = Amounts()
    for piece in found.pieces:
        everything.add(piece.macs, piece.launches[0], piece.vector_ops, piece.launches[1])
    chain = _chain(found, candidates)
    return Sums(
        names=tuple([op.name for op in found.workload.ops]),
        candidates=tuple(candidates),
        before=_before(found, readers),
        after=_after(found),
        everything=everything,
        chain=tuple(chain),
        between=_between(found, chain),
        readers=readers,
    )


def _before(found: Dependence, readers: Mapping[str, int]) -> tuple[Amounts, ...]:
    sums = [Amounts() for _ in range(found.end + 1)]
    for piece in found.pieces:
        for number in bits(found.wanted[piece.op]):
            sums[number].add(piece.macs, piece.launches[0], piece.vector_ops, piece.launches[1])
    for name, wanted in readers.items():
        tensor = found.workload.tensors[name]
        nbytes, again = tensor.nbytes, tensor.role is Role.INPUT
        for number in bits(wanted):
            if again:
                sums[number].inputs += nbytes
            else:
                sums[number].weights += nbytes
    return tuple(sums)


def _after(found: Dependence) -> tuple[Amounts, ...]:
    sums = [Amounts() for _ in range(found.end)]
    tensors, end = found.workload.tensors, found.end
    used: dict[str, int] = {}
    for (op, name), those in found.used.items():
        if found.wanted[op] >> end & 1:
            used[name] = used.get(name, 0) | those
    for name, those in used.items():
        nbytes = tensors[name].nbytes
        for number in bits(those):
            sums[number].weights += nbytes
    for name, spread in found.stored.items():
        for runs, those in _once_each(spread):
            nbytes = bytes_of(prod(runs), tensors[name].dtype)
            for number in bits(those):
                sums[number].stored += nbytes
    for index, piece in enumerate(found.pieces):
        if found.wanted[piece.op] >> end & 1:
            for runs, those in _once_each(piece.after):
                if any(share := _share(found, index, runs)):
                    for number in bits(those):
                        sums[number].add(*share)
    return tuple(sums)


def _share(found: Dependence, index: int, runs: Runs) -> tuple[int, int, int, int]:
    """The work and the tasks that make a part of a piece's output."""
    piece = found.pieces[index]
    macs, vector_ops = piece.macs, piece.vector_ops
    if runs != piece.shape:
        count, of = prod(runs) if piece.even else 0, prod(piece.shape)
        macs, vector_ops = macs * count // of, vector_ops * count // of
    return macs, piece.launches[0] if macs else 0, vector_ops, piece.launches[1] if vector_ops else 0


def _between(found: Dependence, chain: list[int]) -> tuple[tuple[Amounts, ...], ...]:
    levels = [_level(found, op, chain) for op in range(found.end)]
    users: dict[str, int] = {}
    for _, name in found.used:
        users[name] = users.get(name, 0) + 1
    rows = []
    for place, number in enumerate(chain):
        sums = [Amounts() for _ in range(len(chain) - place)]
        for index, piece in enumerate(found.pieces):
            if (at := levels[piece.op] - place - 1) >= 0:
                parts = [runs for runs, those in piece.after.items() if those >> number & 1]
                if parts:
                    sums[at].add(*_share(found, index, max(parts, key=prod)))
        for (op, name), those in found.used.items():
            if those >> number & 1 and (at := levels[op] - place - 1) >= 0 and users[name] == 1:
                sums[at].weights += found.workload.tensors[name].nbytes
        rows.append(tuple(accumulate(sums)))
    return tuple(rows)


def _chain(found: Dependence, candidates: list[int]) -> list[int]:
    """Operators in order, each of which the next one needs in full: a longest row, thinned out evenly."""
    longest: dict[int, tuple[int, int | None]] = {}
    for number in reversed(candidates):
        after = max(
            (other for other in bits(found.wanted[number]) if other in longest),
            key=lambda other: longest[other][0],
            default=None,
        )
        longest[number] = (1 if after is None else longest[after][0] + 1, after)
    row: list[int] = []
    at = max(longest, key=lambda number: longest[number][0], default=None)
    while at is not None:
        row.append(at)
        at = longest[at][1]
    if len(row) <= _CUTS:
        return row
    return [row[place * (len(row) - 1) // (_CUTS - 1)] for place in range(_CUTS)]


def _level(found: Dependence, op: int, chain: list[int]) -> int:
    """The place of the first cut that needs all of an operator; behind the chain if only the end does."""
    wanted = found.wanted[op]
    if not wanted >> found.end & 1:
        return -1
    return next((place for place, number in enumerate(chain) if wanted >> number & 1), len(chain))


def _once_each(spread: Spread) -> list[tuple[Runs, int]]:
    """The parts from the largest on, each with the operators that none before it has."""
    found, known = [], 0
    for runs in sorted(spread, key=lambda runs: -prod(runs)):
        found.append((runs, spread[runs] & ~known))
        known |= spread[runs]
    return found
