"""Arithmetic of boxes: parts of tensors, as half-open ranges along each axis."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod

Range = tuple[int, int]
"""Elements of an axis: the first, and one past the last."""

Box = tuple[Range, ...]
"""A part of a tensor: a range along each axis."""


def whole(shape: Sequence[int]) -> Box:
    """All of a tensor."""
    return tuple((0, size) for size in shape)


def elements(box: Box) -> int:
    """Number of elements in a box; 0 when a range is empty."""
    return prod(max(0, stop - start) for start, stop in box)


def within(box: Box, shape: Sequence[int]) -> bool:
    """Whether a box, possibly empty, is a part of a tensor of this shape."""
    if len(box) != len(shape):
        return False
    for (start, stop), size in zip(box, shape, strict=True):  # noqa: SIM110  (called very often)
        if not 0 <= start <= stop <= size:
            return False
    return True


def meet(one: Box, other: Box) -> bool:
    """Whether two boxes share an element."""
    for (a, b), (c, d) in zip(one, other, strict=True):  # noqa: SIM110  (called very often)
        if b <= c or d <= a or a >= b or c >= d:
            return False
    return True


def overlap(one: Box, other: Box) -> Box | None:
    """The intersection of two boxes, None if it is empty."""
    shared = tuple((max(a, c), min(b, d)) for (a, b), (c, d) in zip(one, other, strict=True))
    return shared if all(start < stop for start, stop in shared) else None


def hull(one: Box, other: Box) -> Box:
    """The smallest box that holds two boxes."""
    return tuple((min(a, c), max(b, d)) for (a, b), (c, d) in zip(one, other, strict=True))


def subtract(box: Box, cut: Box) -> list[Box]:
    """The rest of `box` without `cut`, as boxes that do not overlap (at most two per axis)."""
    shared = overlap(box, cut)
    if shared is None:
        return [box] if elements(box) else []
    left = []
    inner = list(box)
    for axis, ((start, stop), (first, last)) in enumerate(zip(box, shared, strict=True)):
        for side in ((start, first), (last, stop)):
            if side[0] < side[1]:
                left.append((*inner[:axis], side, *box[axis + 1 :]))
        inner[axis] = (first, last)
    return left


def covered(box: Box, parts: Iterable[Box]) -> bool:
    """Whether the parts together hold every element of `box`."""
    missing = [box] if elements(box) else []
    for part in parts:
        missing = [piece for whole in missing for piece in subtract(whole, part)]
        if not missing:
            return True
    return not missing
