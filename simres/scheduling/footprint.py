"""The part of each input that an operator reads to make a part of its output.

Boxes are half-open ranges along each axis. Where an operator's reach is not known, all of the input is
needed: right, if wasteful.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import prod

from simres.program.tasks import Box
from simres.workload.graph import Op, Unit, Workload
from simres.workload.kinds import ELEMENTWISE, POOLING

ELEMENT_FOR_ELEMENT = ELEMENTWISE | {"copy", "identity"}
"""Kinds that make each element from the elements at its place, after broadcasting; copies are such too."""


def whole(shape: Sequence[int]) -> Box:
    """All of a tensor."""
    return tuple((0, size) for size in shape)


def reads(workload: Workload, op: Op, box: Box) -> Iterator[tuple[str, Box]]:
    """For a `box` of the operator's first output: each stored tensor it reads, and the part it needs.

    A tensor may come twice, with different parts. Views are followed to the tensor that has the bytes.
    """
    for place, name in enumerate(op.inputs):
        needed = reach(workload, op, place, box)
        if needed is not None:
            yield to_storage(workload, name, needed)


def to_storage(workload: Workload, name: str, box: Box) -> tuple[str, Box]:
    """The tensor whose bytes `name` is a view of, and the smallest box there that holds all of `box`."""
    while (base := workload.tensors[name].view_of) is not None:
        op = workload.producer[name]
        box = _through_view(op, workload.tensors[base].shape, workload.tensors[name].shape, box)
        name = base
    return name, box


def reach(workload: Workload, op: Op, place: int, box: Box) -> Box | None:
    """The part of input `place` that `box` of the output needs; None where it needs none of it."""
    shape = workload.tensors[op.inputs[place]].shape
    if op.kind in ELEMENT_FOR_ELEMENT:
        return box if len(shape) == len(box) and 1 not in shape else _broadcast(shape, box)
    out = workload.tensors[op.outputs[0]].shape
    if op.kind == "conv" and len(out) == 4:
        if place == 0:
            return _window(op, shape, _groups(op, shape[1], out[1], box))
        return ((box[1]), *whole(shape[1:])) if place == 1 else whole(shape)
    if op.kind == "linear" and place < 2:
        return (*box[:-1], (0, shape[-1])) if place == 0 else (box[-1], (0, shape[-1]))
    if op.kind == "matmul" and len(shape) == len(out) >= 2:
        lead = tuple((0, 1) if size == 1 else part for size, part in zip(shape[:-2], box[:-2], strict=True))
        return (*lead, box[-2], (0, shape[-1])) if place == 0 else (*lead, (0, shape[-2]), box[-1])
    if op.kind in POOLING and len(shape) == len(out) == 4:
        return _window(op, shape, box) if op.window else (*box[:2], *whole(shape[2:]))
    if op.kind == "softmax" and isinstance(dim := op.attributes.get("dim"), int):
        axis = dim % len(out)
        return (*box[:axis], (0, shape[axis]), *box[axis + 1 :])
    if op.kind == "layer_norm" and isinstance(norm := op.attributes.get("normalized_shape"), tuple):
        kept = len(out) - len(norm)
        return (*box[:kept], *whole(shape[kept:])) if place == 0 else whole(shape)
    if op.kind == "concat" and isinstance(dim := op.attributes.get("dim"), int):
        return _concatenated(workload, op, place, dim % len(out), box)
    if op.kind == "pad" and isinstance(pad := op.attributes.get("pad"), tuple):
        return _padded(shape, pad, box)
    return whole(shape)


def _groups(op: Op, channels: int, out_channels: int, box: Box) -> Box:
    """`box` of a convolution's output with its channels turned into those of the input it reads."""
    groups = op.loops.groups if op.loops else 1
    per_group = out_channels // groups
    first, last = box[1][0] // per_group, -(-box[1][1] // per_group)
    size = channels // groups
    return (box[0], (first * size, last * size), *box[2:])


def _window(op: Op, shape: Sequence[int], box: Box) -> Box:
    """The input rows and columns under the window of these outputs, clipped to the input."""
    window = op.window
    assert window is not None
    parts = []
    for axis in (0, 1):
        start, stop = box[2 + axis]
        step, before = window.stride[axis], window.padding[2 * axis]
        reach = (window.kernel[axis] - 1) * window.dilation[axis]
        first = min(max(0, start * step - before), shape[2 + axis] - 1)
        last = max(first + 1, min(shape[2 + axis], (stop - 1) * step - before + reach + 1))
        parts.append((first, last))
    return (*box[:2], *parts)


def _broadcast(shape: Sequence[int], box: Box) -> Box:
    """Trailing axes are matched; an axis of one element serves all, and so does a vector."""
    if len(shape) == 1 < len(box) or len(shape) > len(box):
        return whole(shape)
    tail = box[len(box) - len(shape) :]
    return tuple(
        (0, size) if size == 1 or stop > size else (start, stop)
        for size, (start, stop) in zip(shape, tail, strict=True)
    )


def _concatenated(workload: Workload, op: Op, place: int, axis: int, box: Box) -> Box | None:
    offset = sum(workload.tensors[name].shape[axis] for name in op.inputs[:place])
    shape = workload.tensors[op.inputs[place]].shape
    start, stop = max(0, box[axis][0] - offset), min(shape[axis], box[axis][1] - offset)
    return (*box[:axis], (start, stop), *box[axis + 1 :]) if start < stop else None


def _padded(shape: Sequence[int], pad: tuple[int, ...], box: Box) -> Box | None:
    """Pads are (before, after) pairs from the last axis backwards."""
    parts = list(box)
    for pair in range(len(pad) // 2):
        axis = len(shape) - 1 - pair
        before = pad[2 * pair]
        start, stop = max(0, box[axis][0] - before), min(shape[axis], box[axis][1] - before)
        if start >= stop:
            return None
        parts[axis] = (start, stop)
    return tuple(parts)


def _through_view(op: Op, base: Sequence[int], shape: Sequence[int], box: Box) -> Box:
    """The smallest box of a view's base that holds `box` of the view."""
    attributes: Mapping[str, object] = op.attributes
    dim = attributes.get("dim")
    if op.unit is not Unit.VIEW:
        return whole(base)
    if op.kind == "permute" and isinstance(dims := attributes.get("dims"), tuple):
        found: list[tuple[int, int]] = [(0, 0)] * len(base)
        for axis, source in enumerate(dims):
            found[source % len(base)] = box[axis]
        return tuple(found)
    if op.kind == "slice" and isinstance(dim, int):
        axis = dim % len(base)
        start = attributes.get("start", 0)
        step = attributes.get("step", 1)
        if isinstance(start, int) and isinstance(step, int):
            start = start % base[axis] if start < 0 else start
            first, last = (start + step * edge for edge in (box[axis][0], box[axis][1] - 1))
            if 0 <= first <= last < base[axis]:
                return (*box[:axis], (first, last + 1), *box[axis + 1 :])
    if op.kind == "select" and isinstance(dim, int) and isinstance(index := attributes.get("index"), int):
        axis = dim % len(base)
        index %= base[axis]
        return (*box[:axis], (index, index + 1), *box[axis:])
    if op.kind == "identity" and tuple(base) == tuple(shape):
        return box
    if prod(base) == prod(shape):
        return _reshaped(base, shape, box)
    return whole(base)


def _reshaped(base: Sequence[int], shape: Sequence[int], box: Box) -> Box:
    """Axes are matched in groups of equal size; inside a group the flat range decides."""
    found: list[tuple[int, int]] = []
    i = j = 0
    while i < len(base) or j < len(shape):
        first, second = i, j
        left = right = 1
        while True:
            if left <= right and i < len(base):
                left *= base[i]
                i += 1
            elif j < len(shape):
                right *= shape[j]
                j += 1
            elif i < len(base):
                left *= base[i]
                i += 1
            if left == right and (i > first or j > second):
                break
        found += _flat(base[first:i], shape[second:j], box[second:j])
    return tuple(found)


def _flat(base: Sequence[int], shape: Sequence[int], box: Box) -> list[tuple[int, int]]:
    low = high = 0
    for size, (start, stop) in zip(shape, box, strict=True):
        low, high = low * size + start, high * size + stop - 1
    corners = []
    for flat in (low, high):
        place = []
        for size in reversed(base):
            place.append(flat % size)
            flat //= size
        corners.append(place[::-1])
    found = []
    apart = False
    for size, first, last in zip(base, *corners, strict=True):
        found.append((0, size) if apart else (first, last + 1))
        apart = apart or first != last
    return found
