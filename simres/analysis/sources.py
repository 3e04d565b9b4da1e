"""Which elements of an earlier tensor, the *base*, cannot be spared for those of a later one.

A `Source` says it in a form that goes on through operators and views: along each axis of the later tensor,
`runs` neighbours may need the same elements of the base, others need different ones. If the elements that
share some are at most as many as these, each has one of the base for itself (Hall's condition); if there are
`each` times as many, so many share one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import prod

from simres.analysis.spread import step_of
from simres.workload.boxes import Box, whole
from simres.workload.footprint import Reach
from simres.workload.operators import Op
from simres.workload.reaches import Along, Shape

_LONGEST = 4096
"""Elements of an axis up to which windows are looked at one by one."""


@dataclass(frozen=True, slots=True)
class Source:
    """Each element in `box` of a tensor needs `block` elements of `base`.

    Along an axis the box is divided into `runs` of so many neighbours, from its start on. Elements of
    different runs, along any axis, need different elements of the base.
    """

    base: str
    box: Box
    runs: tuple[int, ...]
    block: int = 1

    @property
    def each(self) -> Fraction:
        """So many elements, at most, can be made of each element of the base."""
        return Fraction(prod(self.runs), max(1, self.block))


def own(name: str, shape: Shape) -> tuple[Source, ...]:
    """A tensor as a base of its own."""
    return (Source(name, whole(shape), (1,) * len(shape)),)


def through_part(part: Op, place: int, reach: Reach, sources: Iterable[Source]) -> tuple[Source, ...]:
    """The sources of an operator's result, by those of its input number `place`.

    None where it is not known exactly what it reads.
    """
    if step_of(part, place, reach) is None:
        return ()
    return tuple(found for source in sources if (found := _through(reach, source)) is not None)


def _through(reach: Reach, source: Source) -> Source | None:
    box, runs, block = list(whole(reach.made)), list(reach.made), source.block
    followed: set[int] = set()
    for (low, high), run, rule, size in zip(source.box, source.runs, reach.reads, reach.shape, strict=True):
        if not isinstance(rule, Along):
            block *= (high - low) // run
            continue
        axis, count = rule.axis, reach.made[rule.axis]
        if axis in followed:
            return None
        followed.add(axis)
        if (rule.times, rule.over, rule.each, rule.outside) == (1, 1, 1, "skip") and rule.first == rule.last:
            start, stop = low - rule.first, high - rule.first
            if start < 0 or stop > count:
                return None
            box[axis], runs[axis] = (start, stop), run
        elif run == 1 and (low, high) == (0, size) and (own_each := _apart(rule, size, count)):
            runs[axis] = 1
            block *= own_each
        else:
            return None
    return Source(source.base, tuple(box), tuple(runs), block)


@lru_cache(maxsize=4096)
def _apart(rule: Along, size: int, count: int) -> int:
    """How many elements of an axis of `size` each of `count` elements that follow it has for itself: as many
    as it moves on by, or one, or 0 if not even that."""
    if max(size, count) > _LONGEST:
        return 0
    reads = [rule.of((place, place + 1), size) for place in range(count)]
    for each in sorted({max(1, rule.times // rule.over * rule.each), 1}, reverse=True):
        next_free = 0
        for read in reads:
            if read is None or max(next_free, read[0]) + each > read[1]:
                break
            next_free = max(next_free, read[0]) + each
        else:
            return each
    return 0


def of_concatenation(ways: Sequence[tuple[Source, ...]]) -> tuple[Source, ...]:
    """The sources of tensors that lie one after the other; none if two have the same base."""
    found = tuple(source for way in ways for source in way)
    return found if len({source.base for source in found}) == len(found) else ()


def through_view(op: Op, sources: Iterable[Source], base: Shape, shape: Shape) -> tuple[Source, ...]:
    """The sources of a view, by those of the tensor it shows."""
    return tuple(found for source in sources if (found := _view(op, source, base, shape)) is not None)


def _view(op: Op, source: Source, base: Shape, shape: Shape) -> Source | None:
    if op.kind == "permute":
        return _permuted(op, source, base, shape)
    if op.kind in ("slice", "select"):
        return _part_shown(op, source, base, shape)
    if prod(base) == prod(shape) and op.kind not in ("unfold", "as_strided", "flip"):
        return _reshaped(source, base, shape)
    return None


def _permuted(op: Op, source: Source, base: Shape, shape: Shape) -> Source | None:
    dims = op.attributes.get("dims")
    if not isinstance(dims, tuple) or sorted(axis % len(base) for axis in dims) != list(range(len(base))):
        return None
    order = [axis % len(base) for axis in dims]
    if tuple([base[axis] for axis in order]) != shape:
        return None
    box, runs = [source.box[axis] for axis in order], [source.runs[axis] for axis in order]
    return Source(source.base, tuple(box), tuple(runs), source.block)


def _part_shown(op: Op, source: Source, base: Shape, shape: Shape) -> Source | None:
    """A slice of one axis, or one place of it, which then is no axis any more."""
    dim, start = op.attributes.get("dim"), op.attributes.get("start", op.attributes.get("index", 0))
    if not isinstance(dim, int) or not isinstance(start, int) or op.attributes.get("step", 1) != 1:
        return None
    axis = dim % len(base)
    start %= max(1, base[axis])
    count = 1 if op.kind == "select" else shape[axis]
    (low, high), run = source.box[axis], source.runs[axis]
    low, high = max(low, start), min(high, start + count)
    if low >= high or start + count > base[axis] or ((low - source.box[axis][0]) % run and high - low > 1):
        return None
    box, runs = list(source.box), list(source.runs)
    box[axis], runs[axis] = (low - start, high - start), min(run, high - low)
    if op.kind == "select":
        del box[axis], runs[axis]
    return Source(source.base, tuple(box), tuple(runs), source.block)


def _reshaped(source: Source, base: Shape, shape: Shape) -> Source | None:
    """Axes are matched in groups of equal size."""
    box: list[tuple[int, int]] = []
    runs: list[int] = []
    i = j = 0
    while i < len(base) or j < len(shape):
        first, second = i, j
        left = right = 1
        while left != right or (i == first and j == second):
            if i < len(base) and (left <= right or j == len(shape)):
                left, i = left * base[i], i + 1
            elif j < len(shape):
                right, j = right * shape[j], j + 1
            else:
                return None
        if base[first:i] == shape[second:j]:
            box += source.box[first:i]
            runs += source.runs[first:i]
            continue
        if source.box[first:i] != whole(base[first:i]):
            return None
        split = _split(base[first:i], source.runs[first:i], shape[second:j])
        if split is None:
            return None
        box += whole(shape[second:j])
        runs += split
    return Source(source.base, tuple(box), tuple(runs), source.block)


def _split(base: Shape, runs: Sequence[int], shape: Shape) -> list[int] | None:
    """The runs of axes that show the same elements in the same order; None where these are no runs there."""
    inner = together = 1
    for size, run in zip(reversed(base), reversed(runs), strict=True):
        if together == inner:
            together *= run
        elif run > 1:
            return None
        inner *= size
    found = []
    for size in reversed(shape):
        if together % size and size % together:
            return None
        run = min(size, together)
        found.append(run)
        together //= run
    return found[::-1]
