"""Which operators wait for all of another, and what still has to be done once it is complete.

Sets of operators are integers: bit i stands for operator i of the workload, bit n (of n operators) for the
end, at which all outputs are there. Everything follows from the reach of operators (`Workload.reaches`): a
schedule makes no part of an output before what its reach names is there. Where a reach is an overestimate,
as that of a kind that is not known, nothing is said.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from operator import ge

from simres.workload import reading
from simres.workload.boxes import Box, covered, elements, whole
from simres.workload.footprint import Reach, call_of
from simres.workload.graph import Workload
from simres.workload.kinds import kind_of
from simres.workload.operators import BITS, Op, Role, Unit
from simres.workload.reaches import SUMMED, Along, LookUp, Shape, touched
from simres.workload.views import through_view

Runs = tuple[int, ...]
"""A part of a tensor whose place is not known: so many elements in a row along each axis."""

Spread = Mapping[Runs, int]
"""By part of a tensor: operators s for which this holds. Whichever element of s is the last, some part of
this size depends on it."""

_LONGEST = 4096
"""Elements of an axis up to which windows are tried one by one."""
_MOST = 12
"""Parts of a tensor that are told apart; more are taken for the smallest along each axis."""
_FIRST = (reading.convolution, reading.pooling, reading.along_one, reading.over_last, reading.over_groups)
_KNOWN = {
    **dict.fromkeys((*_FIRST, reading.over_pixels, reading.reduction, reading.padding), 1),
    **dict.fromkeys((reading.elementwise, reading.concatenation), None),
    **dict.fromkeys((reading.linear, reading.matmul), 2),
}
"""Ways of reading that say exactly what is read, and of how many inputs (None: of all)."""


@dataclass(frozen=True, slots=True)
class Piece:
    """The multiply-accumulates and vector operations of an operator, or of one of those fused into it.

    `after` says how much of its output depends on the last element of others. `launches` says on which of
    the two engines it is counted as a task.
    """

    op: int
    macs: int
    vector_ops: int
    launches: tuple[int, int]
    shape: Shape
    after: Spread
    even: bool
    """Whether every element of the output takes the same work."""


@dataclass(frozen=True, slots=True)
class Dependence:
    """What operators depend on, of one workload.

    `wanted` has by operator those that need every element of it. `used` has by operator and weight those
    after whose last element all of the weight is still to be used. `stored` has by output the operators on
    whose last element it depends, as `Piece.after`; `read` has by operator the inputs and weights that it
    reads whole.
    """

    workload: Workload
    wanted: tuple[int, ...]
    pieces: tuple[Piece, ...]
    used: Mapping[tuple[int, str], int]
    stored: Mapping[str, Spread]
    read: tuple[tuple[str, ...], ...]

    @property
    def end(self) -> int:
        """The bit of the end."""
        return len(self.workload.ops)


def bits(found: int) -> Iterator[int]:
    """The members of a set."""
    return (place for place, digit in enumerate(bin(found)[:1:-1]) if digit == "1")


def dependence(workload: Workload) -> Dependence:
    """What the operators of a workload depend on."""
    consumers, read = _consumers(workload)
    wanted = _wanted(workload, consumers)
    pieces, used, masks = _forward(workload)
    stored = {name: masks[name] for name in workload.outputs if name in masks}
    return Dependence(workload, wanted, pieces, used, stored, read)


def _parts(workload: Workload, op: Op) -> Iterator[tuple[Op, tuple[Reach, ...]]]:
    """The operator and those fused into it, with the reach of each input."""
    if not op.fused:
        yield op, workload.reaches(op)
        return
    for part in op.parts():
        call = call_of(workload, part)
        yield part, tuple([Reach(workload, part, place, call) for place in range(len(part.inputs))])


def _consumers(
    workload: Workload,
) -> tuple[Mapping[str, list[tuple[int, Box]]], tuple[tuple[str, ...], ...]]:
    """By activation: who reads exactly which box of it. By operator: inputs and weights read whole."""
    found: dict[str, list[tuple[int, Box]]] = {}
    read: list[tuple[str, ...]] = []
    for number, op in enumerate(workload.ops):
        names = []
        for part, reaches in _parts(workload, op) if op.unit is not Unit.VIEW else ():
            for name, reach in zip(part.inputs, reaches, strict=True):
                box = _exactly(reach, whole(reach.made))
                there = None if box is None else _stored(workload, name, box)
                if there is None:
                    continue
                stored, box = there
                if workload.tensors[stored].role is Role.ACTIVATION:
                    found.setdefault(stored, []).append((number, box))
                elif box == whole(workload.tensors[stored].shape):
                    names.append(stored)
        read.append(tuple(dict.fromkeys(names)))
    return found, tuple(read)


def _exactly(reach: Reach, box: Box) -> Box | None:
    """The box that is read for a box of the output; None where it has gaps or is not known."""
    for rule, size in zip(reach.reads, reach.shape, strict=True):
        if isinstance(rule, LookUp):
            return None
        gaps = isinstance(rule, Along) and rule.times > rule.last - rule.first + rule.over
        if gaps and touched(rule, size, reach.made) < size:
            return None
    return reach(box)


def _stored(workload: Workload, name: str, box: Box) -> tuple[str, Box] | None:
    """The stored tensor and the box of it that exactly `box` of a view shows; None where it is no box."""
    tensors = workload.tensors
    while (base := tensors[name].view_of) is not None:
        op = workload.producer[name]
        if op.kind in ("unfold", "as_strided") or tensors[name].elements > tensors[base].elements:
            return None
        there = through_view(op, tensors[base].shape, tensors[name].shape, box)
        if elements(there) != elements(box):
            return None
        name, box = base, there
    return name, box


def _needed(workload: Workload) -> set[int]:
    """The operators every element of which the outputs need, as far as boxes tell."""
    boxes: dict[str, list[Box]] = {}

    def need(name: str, box: Box) -> None:
        there = _stored(workload, name, box)
        if there is not None:
            known = boxes.setdefault(there[0], [])
            if len(known) < _MOST and not covered(there[1], known):
                known.append(there[1])

    for name in workload.outputs:
        need(name, whole(workload.tensors[name].shape))
    found = set()
    for number in reversed(range(len(workload.ops))):
        op = workload.ops[number]
        if op.unit is Unit.VIEW:
            continue
        name = op.outputs[0]
        full = whole(workload.tensors[name].shape)
        wanted = boxes.get(name, [])
        if elements(full) and covered(full, wanted):
            found.add(number)
            wanted = [full]
        boxes[name] = wanted
        for part, reaches in reversed(list(_parts(workload, op))):
            for box in boxes.get(part.outputs[0], ()):
                for name, reach in zip(part.inputs, reaches, strict=True):
                    if (read := _exactly(reach, box)) is not None:
                        need(name, read)
    return found


def _wanted(workload: Workload, consumers: Mapping[str, list[tuple[int, Box]]]) -> tuple[int, ...]:
    """By operator: those that need every element of its first output, itself included; no view has any.

    Who needs all of an operator that reads all of this one, does; and who needs all of several whose boxes
    cover it.
    """
    count = len(workload.ops)
    needed = _needed(workload)
    wanted = [0] * (count + 1)
    wanted[count] = 1 << count
    for number in reversed(range(count)):
        op = workload.ops[number]
        tensor = workload.tensors[op.outputs[0]]
        if op.unit is Unit.VIEW or not tensor.elements:
            continue
        found, full = 1 << number | (number in needed) << count, whole(tensor.shape)
        partly: dict[Box, int] = {}
        for consumer, box in consumers.get(tensor.name, ()):
            others = wanted[consumer] & ~(1 << count)
            if box == full:
                found |= others
            else:
                partly[box] = partly.get(box, 0) | others
        if len(partly) > 1 and covered(full, list(partly)):
            together = -1
            for those in partly.values():
                together &= those
            found |= together
        wanted[number] = found
    return tuple(wanted)


def _forward(
    workload: Workload,
) -> tuple[tuple[Piece, ...], dict[tuple[int, str], int], dict[str, Spread]]:
    """The work that depends on last elements, the weights used on it, and how much of each tensor does."""
    spread: dict[str, Spread] = {}
    pieces: list[Piece] = []
    used: dict[tuple[int, str], int] = {}
    for number, op in enumerate(workload.ops):
        if op.unit is Unit.VIEW:
            for name in op.outputs:
                spread[name] = _through(workload, op, name, spread)
            continue
        parts = list(_parts(workload, op))
        for place, (part, reaches) in enumerate(parts):
            found: dict[Runs, int] = {}
            for index, (name, reach) in enumerate(zip(part.inputs, reaches, strict=True)):
                if not (given := spread.get(name)) or (step := _step(part, index, reach)) is None:
                    continue
                for runs, those in given.items():
                    if (after := step.after(runs)) is None:
                        continue
                    found[after] = found.get(after, 0) | those
                    for weight in _weights_used(workload, part, reaches, index, runs, after):
                        used[number, weight] = used.get((number, weight), 0) | those
            made = workload.tensors[part.outputs[0]]
            shape = made.shape
            last = place == len(parts) - 1
            after_all = _largest(found)
            launches = (int(part.macs > 0), int(op.vector_ops > 0 and last))
            even = not part.attributes.get("transposed") or part.kind != "conv"
            if part.macs or part.vector_ops:
                pieces.append(Piece(number, part.macs, part.vector_ops, launches, shape, after_all, even))
            if last and made.elements and len(op.outputs) == 1:
                after_all = {**after_all, (1,) * len(shape): 1 << number}
                if (own := (1,) * len(shape)) in found:
                    after_all[own] |= found[own]
            if len(part.outputs) == 1:
                spread[part.outputs[0]] = after_all
    return tuple(pieces), used, spread


def _largest(found: Mapping[Runs, int]) -> Spread:
    """The parts from the largest on, each with the operators for which no larger one holds."""
    kept: dict[Runs, int] = {}
    for runs in sorted(found, key=lambda runs: -prod(runs)):
        those = found[runs]
        for larger, others in kept.items():
            if all(map(ge, larger, runs)):
                those &= ~others
        if those:
            kept[runs] = those
    if len(kept) > _MOST:
        order = list(kept)
        rest = order[_MOST - 1 :]
        together = 0
        for runs in rest:
            together |= kept.pop(runs)
        least = tuple(map(min, *rest))
        kept[least] = kept.get(least, 0) | together
    return kept


@dataclass(frozen=True, slots=True)
class _Step:
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
            found[made] = _readers(rule, size, self.made[made], runs[axis])
            if not found[made]:
                return None
        return tuple(found)


def _step(op: Op, place: int, reach: Reach) -> _Step | None:
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
    return _Step(made, tuple(along))


@lru_cache(maxsize=8192)
def _readers(rule: Along, size: int, count: int, run: int) -> int:
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


def _weights_used(
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


def _through(workload: Workload, op: Op, name: str, spread: Mapping[str, Spread]) -> Spread:
    """The parts of a view. If all of its base depends on an element, so does all of the view."""
    view = workload.tensors[name]
    base = workload.tensors[view.view_of or name]
    found: dict[Runs, int] = {}
    for runs, those in spread.get(base.name, {}).items() if view.elements else ():
        after = view.shape if runs == base.shape else _view(op, base.shape, view.shape, runs)
        if after is not None:
            found[after] = found.get(after, 0) | those
    return _largest(found)


def _view(op: Op, base: Shape, shape: Shape, runs: Runs) -> Runs | None:
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


def bytes_of(count: int, dtype: str) -> int:
    """Whole bytes that so many elements have at least."""
    return count * BITS[dtype] // 8
