"""Which operators wait for all of another, and what still has to be done once it is complete.

Sets of operators are integers: bit i stands for operator i of the workload, bit n (of n operators) for the
end, at which all outputs are there. Everything follows from the reach of operators (`Workload.reaches`): a
schedule makes no part of an output before what its reach names is there. Where a reach is an overestimate,
as that of a kind that is not known, nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod

from simres.workload import reading
from simres.workload.boxes import Box, covered, elements, whole
from simres.workload.footprint import Reach, call_of
from simres.workload.graph import Workload
from simres.workload.kinds import kind_of
from simres.workload.operators import BITS, Op, Role, Unit
from simres.workload.reaches import SUMMED, Along, LookUp, Shape, touched
from simres.workload.views import through_view

Masks = Mapping[int, int]
"""By set of axes of a tensor: the operators s for which this holds. Whichever element of s is the last: there
is a place along the other axes where all elements along these depend on it."""

_MOST = 4096
"""Elements of an axis up to which windows are tried one by one."""
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
    after: Masks
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
    stored: Mapping[str, Masks]
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
                box = _exactly(reach)
                there = None if box is None else _stored(workload, name, box)
                if there is None:
                    continue
                stored, box = there
                if workload.tensors[stored].role is Role.ACTIVATION:
                    found.setdefault(stored, []).append((number, box))
                elif box == whole(workload.tensors[stored].shape):
                    names.append(stored)
        read.append(tuple(dict.fromkeys(names)))
    for name in workload.outputs:
        there = _stored(workload, name, whole(workload.tensors[name].shape))
        if there is not None:
            found.setdefault(there[0], []).append((len(workload.ops), there[1]))
    return found, tuple(read)


def _exactly(reach: Reach) -> Box | None:
    """The box that is read for all of the output; None where it has gaps or is not known."""
    if any(isinstance(rule, LookUp) for rule in reach.reads):
        return None
    box = reach(whole(reach.made))
    if box is None:
        return None
    count = prod(touched(rule, size, reach.made) for rule, size in zip(reach.reads, reach.shape, strict=True))
    return box if count == elements(box) else None


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


def _wanted(workload: Workload, consumers: Mapping[str, list[tuple[int, Box]]]) -> tuple[int, ...]:
    """By operator: those that need every element of its first output, itself included; no view has any.

    Who needs all of an operator that reads all of this one, does; and who needs all of several whose boxes
    cover it.
    """
    count = len(workload.ops)
    wanted = [0] * (count + 1)
    wanted[count] = 1 << count
    for number in reversed(range(count)):
        op = workload.ops[number]
        tensor = workload.tensors[op.outputs[0]]
        if op.unit is Unit.VIEW or not tensor.elements:
            continue
        found, full = 1 << number, whole(tensor.shape)
        partly: dict[Box, int] = {}
        for consumer, box in consumers.get(tensor.name, ()):
            if box == full:
                found |= wanted[consumer]
            else:
                partly[box] = partly.get(box, 0) | wanted[consumer]
        if len(partly) > 1 and covered(full, list(partly)):
            together = -1
            for those in partly.values():
                together &= those
            found |= together
        wanted[number] = found
    return tuple(wanted)


def _forward(
    workload: Workload,
) -> tuple[tuple[Piece, ...], dict[tuple[int, str], int], dict[str, dict[int, int]]]:
    """The work that depends on last elements, the weights used on it, and how much of each tensor does."""
    masks: dict[str, dict[int, int]] = {}
    pieces: list[Piece] = []
    used: dict[tuple[int, str], int] = {}
    for number, op in enumerate(workload.ops):
        if op.unit is Unit.VIEW:
            for name in op.outputs:
                masks[name] = _through(workload, op, name, masks)
            continue
        parts = list(_parts(workload, op))
        for place, (part, reaches) in enumerate(parts):
            found: dict[int, int] = {}
            for index, (name, reach) in enumerate(zip(part.inputs, reaches, strict=True)):
                if not (given := masks.get(name)) or (step := _step(part, index, reach)) is None:
                    continue
                for axes, those in given.items():
                    if (after := step.after(axes)) is None:
                        continue
                    found[after] = found.get(after, 0) | those
                    for weight in _weights_used(workload, part, reaches, index, axes, after):
                        used[number, weight] = used.get((number, weight), 0) | those
            shape = workload.tensors[part.outputs[0]].shape
            launches = (int(part.macs > 0), int(op.vector_ops > 0 and place == len(parts) - 1))
            even = not part.attributes.get("transposed") or part.kind != "conv"
            if part.macs or part.vector_ops:
                pieces.append(Piece(number, part.macs, part.vector_ops, launches, shape, dict(found), even))
            if place == len(parts) - 1 and prod(shape) and len(op.outputs) == 1:
                own = _ones(shape)
                found[own] = found.get(own, 0) | 1 << number
            if len(part.outputs) == 1:
                masks[part.outputs[0]] = found
    return tuple(pieces), used, masks


def _ones(shape: Shape) -> int:
    """The axes that have one element, all of which are always at hand."""
    return sum(1 << axis for axis, size in enumerate(shape) if size == 1)


@dataclass(frozen=True, slots=True)
class _Step:
    """How dependence goes on from an input to the output: see `Masks`.

    An element of the output depends on a set of elements of the input if its reach meets the set. `free` are
    the axes of the output that this input's reach does not follow. For each axis that it follows: the axis of
    the input and that of the output, whether every element is read by somebody, and whether nobody reads
    nothing.
    """

    free: int
    along: tuple[tuple[int, int, bool, bool], ...]

    def after(self, axes: int) -> int | None:
        """The axes of the output; None where it may not depend on the input's elements at all."""
        found = self.free
        for axis, made, every, never_none in self.along:
            if axes >> axis & 1:
                if never_none:
                    found |= 1 << made
                elif not every:
                    return None
            elif not every:
                return None
        return found


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
    free, along, followed = (1 << len(made)) - 1, [], set()
    for axis, (rule, size) in enumerate(zip(reads, reach.shape, strict=True)):
        if isinstance(rule, LookUp):
            return None
        if not isinstance(rule, Along):
            continue
        if rule.axis in followed:
            return None
        followed.add(rule.axis)
        free &= ~(1 << rule.axis)
        every = touched(rule, size, made) == size
        along.append((axis, rule.axis, every, _never_none(rule, size, made[rule.axis])))
    return _Step(free | _ones(made), tuple(along))


def _never_none(rule: Along, size: int, count: int) -> bool:
    """Whether every element of the output reads some element of this axis."""
    if rule == Along(rule.axis) and size == count:
        return True
    if rule.over == 1 and rule.last >= rule.first and rule.times:
        return bool(count and rule.of((0, 1), size) and rule.of((count - 1, count), size))
    return 0 < count <= _MOST and all(rule.of((place, place + 1), size) for place in range(count))


def _weights_used(
    workload: Workload, op: Op, reaches: tuple[Reach, ...], data: int, before: int, after: int
) -> Iterator[str]:
    """Weights all of which are used with elements of input `data` along `before`, to make those of `after`.

    The output's channels among `after` take all rows of a weight. Sums can be made in chunks, so all of a row
    is still to be used only if all elements that it is multiplied with are late.
    """
    summed = reaches[data].summed
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
            (isinstance(rule, Along) and after >> rule.axis & 1 and touched(rule, size, made) == size)
            or rule is None
            or (rule == SUMMED and summed is not None and before >> summed & 1)
            for rule, size in zip(reads, shape, strict=True)
        ):
            yield stored


def _vector_used(shape: Shape, made: Shape, after: int) -> bool:
    """Whether all of a vector, such as a bias, is used: whichever axis it lies along is among `after`."""
    for size in shape:
        axes = [axis for axis, other in enumerate(made) if other == size]
        if size > 1 and not (axes and all(after >> axis & 1 for axis in axes)):
            return False
    return True


def _through(workload: Workload, op: Op, name: str, masks: Mapping[str, Mapping[int, int]]) -> dict[int, int]:
    """The masks of a view. Where all of its base depends on an element, so does all of the view."""
    view = workload.tensors[name]
    base = workload.tensors[view.view_of or name]
    found: dict[int, int] = {}
    if not view.elements:
        return found
    every, everything = (1 << len(base.shape)) - 1, (1 << len(view.shape)) - 1
    for axes, those in masks.get(base.name, {}).items():
        after = everything if axes == every else _view(op, base.shape, view.shape, axes)
        if after is not None:
            after |= _ones(view.shape)
            found[after] = found.get(after, 0) | those
    return found


def _view(op: Op, base: Shape, shape: Shape, axes: int) -> int | None:
    """The axes of a view that are whole where those of its base are; None where the view may show others."""
    if op.kind == "permute":
        dims = op.attributes.get("dims")
        if not isinstance(dims, tuple) or len(dims) != len(base):
            return None
        return sum(1 << axis for axis, source in enumerate(dims) if axes >> source % len(base) & 1)
    if op.kind in ("slice", "select"):
        dim = op.attributes.get("dim")
        if not isinstance(dim, int) or not axes >> dim % len(base) & 1:
            return None
        dim %= len(base)
        if op.kind == "slice":
            return axes if len(shape) == len(base) else None
        return axes & (1 << dim) - 1 | (axes >> dim + 1) << dim
    if op.kind in ("expand", "unfold", "as_strided") or prod(base) != prod(shape):
        return axes if base == shape else None
    return _reshaped(base, shape, axes)


def _reshaped(base: Shape, shape: Shape, axes: int) -> int:
    """Axes are matched in groups of equal size; a group is whole if all of its axes are."""
    found = i = j = 0
    while i < len(base) and j < len(shape):
        first, second = i, j
        left, right = base[i], shape[j]
        i, j = i + 1, j + 1
        while left != right:
            if left < right:
                left, i = left * base[i], i + 1
            else:
                right, j = right * shape[j], j + 1
        if all(axes >> axis & 1 for axis in range(first, i)):
            found |= sum(1 << axis for axis in range(second, j))
    return found


def dependent(shape: Shape, axes: int) -> int:
    """Elements along these axes of a tensor."""
    return prod(size for axis, size in enumerate(shape) if axes >> axis & 1)


def bytes_of(count: int, dtype: str) -> int:
    """Whole bytes that so many elements have at least."""
    return count * BITS[dtype] // 8
