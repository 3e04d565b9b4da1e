"""How much of later tensors depends on the last element of an earlier one, wherever that element lies.

Where a reach is an overestimate, as that of a kind that is not known, nothing is said.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from operator import ge

from simres.workload import reading
from simres.workload.footprint import Reach
from simres.workload.graph import Workload
from simres.workload.kinds import kind_of
from simres.workload.operators import Op, Role
from simres.workload.reaches import SUMMED, Along, LookUp, Shape, touched

Runs = tuple[int, ...]
"""A part of a tensor at an unknown place: a number of consecutive elements along each axis."""

Spread = Mapping[Runs, int]
"""By part of a tensor: operators s for which this holds. Whichever element of s is the last, some part of
this size depends on it."""

_LONGEST = 4096
"""Elements of an axis up to which windows are tried one by one."""
MOST = 12
"""The number of parts of a tensor that are distinguished; beyond it the smallest along each axis is used."""
_FIRST = (reading.convolution, reading.pooling, reading.along_one, reading.over_last, reading.over_groups)
_KNOWN = {
    **dict.fromkeys((*_FIRST, reading.over_pixels, reading.reduction, reading.padding), 1),
    **dict.fromkeys((reading.elementwise, reading.concatenation), None),
    **dict.fromkeys((reading.linear, reading.matmul), 2),
}
"""Ways of reading that say exactly what is read, and of how many inputs (None: of all)."""


def largest(found: Mapping[Runs, int]) -> Spread:
    """The parts from the largest on, each with the operators for which no larger one holds."""
    kept: dict[Runs, int] = {}
    for runs in sorted(found, key=lambda runs: -prod(runs)):
        those = found[runs]
        for larger, others in kept.items():
            if all(map(ge, larger, runs)):
                those &= ~others
        if those:
            kept[runs] = those
    if len(kept) > MOST:
        order = list(kept)
        rest = order[MOST - 1 :]
        together = 0
        for runs in rest:
            together |= kept.pop(runs)
        least = tuple(map(min, *rest))
        kept[least] = kept.get(least, 0) | together
    return kept


@dataclass(frozen=True, slots=True)
class Step:
    """How dependence goes on from an input to the output.

    An element of the output depends on a part of the input if what it reads meets the part, axis by axis.
    `made` is the output's shape; along axes that the reach of this input does not follow, all of it depends.
    The others have the axis of the input, that of the output, the rule, and the input's size.
    """

    made: Shape
    along: tuple[tuple[int, int, Along, int], ...]

    def after(self, runs: Runs) -> Runs | None:
        """The part of the output; None where it may be none of it."""
        found = list(self.made)
        for axis, made, rule, size in self.along:
            found[made] = readers(rule, size, self.made[made], runs[axis])
            if not found[made]:
                return None
        return tuple(found)


def step_of(op: Op, place: int, reach: Reach) -> Step | None:
    kind = kind_of(op)
    if op.reads or kind.reads not in _KNOWN:
        return None
    inputs = _KNOWN[kind.reads]
    if inputs is not None and place >= inputs:
        return None
    reads, made = reach.reads, reach.made
    windowed = kind.reads is reading.convolution or (kind.reads is reading.pooling and op.attributes)
    if windowed and op.window is None:
        return None
    if prod(reach.shape) > 1 and all(rule is None for rule in reads) and prod(made) > 1:
        return None  # what is read where nothing is known, too
    along: list[tuple[int, int, Along, int]] = []
    for axis, (rule, size) in enumerate(zip(reads, reach.shape, strict=True)):
        if isinstance(rule, LookUp):
            return None
        if isinstance(rule, Along):
            if any(rule.axis == followed for _, followed, _, _ in along):
                return None
            along.append((axis, rule.axis, rule, size))
    return Step(made, tuple(along))


@lru_cache(maxsize=8192)
def readers(rule: Along, size: int, count: int, run: int) -> int:
    """How many elements in a row, of `count`, read some of any `run` elements in a row of `size`; 0 if none.

    The fewest, wherever these lie.
    """
    if rule == Along(rule.axis) and size == count:
        return run
    if max(size, count) > _LONGEST or not size:
        return 0
    found = [(place, read) for place in range(count) if (read := rule.of((place, place + 1), size))]
    if not found or found[-1][0] - found[0][0] != len(found) - 1:
        return 0
    starts, stops = [start for _, (start, _) in found], [stop for _, (_, stop) in found]
    if starts != sorted(starts) or stops != sorted(stops):
        return 0
    return min(
        max(0, bisect_right(starts, first + run - 1) - bisect_right(stops, first))
        for first in range(size - run + 1)
    )


def weights_used(
    workload: Workload, op: Op, reaches: tuple[Reach, ...], data: int, before: Runs, after: Runs
) -> Iterator[str]:
    """Weights all of which are used on a part `before` of input `data`, to make the part `after`.

    If that has all output channels, it takes all rows of a weight. Sums can be made in chunks, so all of a
    row is still to be used only if all elements that it is multiplied with are late.
    """
    summed = reaches[data].summed
    late = summed is not None and before[summed] == reaches[data].shape[summed]
    for place, name in enumerate(op.inputs):
        stored = workload.storage(name)
        tensor = workload.tensors[stored]
        if place == data or tensor.role is not Role.WEIGHT or tensor.elements != prod(reaches[place].shape):
            continue
        reads, shape, made = reaches[place].reads, reaches[place].shape, reaches[place].made
        if all(rule is None for rule in reads):
            if _vector_used(shape, made, after):
                yield stored
        elif all(
            rule is None
            or (rule == SUMMED and late)
            or (
                isinstance(rule, Along)
                and after[rule.axis] == made[rule.axis]
                and touched(rule, size, made) == size
            )
            for rule, size in zip(reads, shape, strict=True)
        ):
            yield stored


def _vector_used(shape: Shape, made: Shape, after: Runs) -> bool:
    """Whether all of a vector, such as a bias, is used: `after` has all of any axis that it may lie along."""
    for size in shape:
        axes = [axis for axis, other in enumerate(made) if other == size]
        if size > 1 and not (axes and all(after[axis] == size for axis in axes)):
            return False
    return True


def through_view_op(workload: Workload, op: Op, name: str, spread: Mapping[str, Spread]) -> Spread:
    """The parts of a view. If all of its base depends on an element, so does all of the view."""
    view = workload.tensors[name]
    base = workload.tensors[view.view_of or name]
    found: dict[Runs, int] = {}
    for runs, those in spread.get(base.name, {}).items() if view.elements else ():
        after = view.shape if runs == base.shape else of_view(op, base.shape, view.shape, runs)
        if after is not None:
            found[after] = found.get(after, 0) | those
    return largest(found)


def of_view(op: Op, base: Shape, shape: Shape, runs: Runs) -> Runs | None:
    """The part of a view that shows a part of its base; None where the view may show others."""
    if op.kind == "permute":
        dims = op.attributes.get("dims")
        if not isinstance(dims, tuple) or len(dims) != len(base):
            return None
        return tuple([runs[source % len(base)] for source in dims])
    if op.kind in ("slice", "select"):
        dim = op.attributes.get("dim")
        if not isinstance(dim, int) or runs[dim % len(base)] != base[dim % len(base)]:
            return None
        dim %= len(base)
        after = (*runs[:dim], *shape[dim : dim + (op.kind == "slice")], *runs[dim + 1 :])
        return after if len(after) == len(shape) else None
    if op.kind in ("expand", "unfold", "as_strided") or prod(base) != prod(shape):
        return runs if base == shape else None
    return _reshaped(base, shape, runs)


def _reshaped(base: Shape, shape: Shape, runs: Runs) -> Runs:
    """Axes are matched in groups of equal size: the part of a group is known if it lies in a row there."""
    found: list[int] = []
    i = j = 0
    while i < len(base) and j < len(shape):
        first, second = i, j
        left, right = base[i], shape[j]
        i, j = i + 1, j + 1
        while left != right:
            if left < right:
                left, i = left * base[i], i + 1
            else:
                right, j = right * shape[j], j + 1
        found += _group(base[first:i], runs[first:i], shape[second:j])
    return (*found, *[1] * (len(shape) - len(found)))


def _group(base: Shape, runs: Runs, shape: Shape) -> Runs:
    """The part of axes that show the same elements in the same order as others.

    Elements of the last axis that is not whole, with all of the axes behind it, lie in a row.
    """
    if runs == base:
        return shape
    if len(shape) > 1:
        return (1,) * len(shape)
    last = max(place for place, (size, run) in enumerate(zip(base, runs, strict=True)) if size != run)
    return (prod(runs[last:]),)
