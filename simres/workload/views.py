"""Views: which part of the bytes that it shows does a part of a view lie in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

from simres.workload.boxes import Box, Range, whole
from simres.workload.operators import Op, Unit
from simres.workload.reaches import Shape

View = Callable[[Op, Shape, Shape, Box], Box | None]
"""The smallest box of a base that holds a box of its view, by the shapes of both; None where not known."""


def through_view(op: Op, base: Shape, shape: Shape, box: Box) -> Box:
    """The smallest box of a view's base that holds `box` of the view, which `op` makes; all where unknown."""
    if op.unit is not Unit.VIEW:
        return whole(base)
    found = VIEWS[op.kind](op, base, shape, box) if op.kind in VIEWS else None
    if found is not None:
        return found
    return reshaped(base, shape, box) if prod(base) == prod(shape) else whole(base)


def behind(op: Op, base: Shape, shape: Shape, count: int) -> int:
    """How many elements of a view's base are read, at least, for `count` different ones of the view.

    Where `through_view` does not know the view, each takes all of the base. Otherwise no two elements of a
    view are of one of its base, but for the two numbers of a complex one.
    """
    if not count or (op.kind not in VIEWS and prod(base) != prod(shape)):
        return prod(base) if count else 0
    if op.kind == "view_as_real":
        return -(-count // 2)
    return min(prod(base), 2 * count if op.kind == "view_as_complex" else count)


def _identity(op: Op, base: Shape, shape: Shape, box: Box) -> Box | None:  # noqa: ARG001 - a `View`
    return box if base == shape else None


def _permute(op: Op, base: Shape, shape: Shape, box: Box) -> Box | None:
    dims, rank = op.attributes.get("dims"), len(base)
    if not isinstance(dims, tuple) or sorted(axis % max(1, rank) for axis in dims) != list(range(rank)):
        return None
    if tuple([base[axis] for axis in dims]) != shape:
        return None
    found: list[Range] = [(0, 0)] * len(base)
    for axis, source in enumerate(dims):
        found[source % len(base)] = box[axis]
    return tuple(found)


def _slice(op: Op, base: Shape, shape: Shape, box: Box) -> Box | None:
    dim, start, step = (op.attributes.get(name, least) for name, least in _SLICE)
    if not isinstance(dim, int) or not isinstance(start, int) or not isinstance(step, int):
        return None
    if len(base) != len(shape) or not -len(base) <= dim < len(base):
        return None
    axis = dim % len(base)
    start = start % base[axis] if start < 0 and base[axis] else start
    first, last = (start + step * edge for edge in (box[axis][0], box[axis][1] - 1))
    if 0 <= first <= last < base[axis]:
        return (*box[:axis], (first, last + 1), *box[axis + 1 :])
    return None


_SLICE = (("dim", None), ("start", 0), ("step", 1))


def _select(op: Op, base: Shape, shape: Shape, box: Box) -> Box | None:
    dim, index = op.attributes.get("dim"), op.attributes.get("index")
    if not isinstance(dim, int) or not isinstance(index, int):
        return None
    if len(base) != len(shape) + 1 or not -len(base) <= dim < len(base):
        return None
    axis = dim % len(base)
    if not -base[axis] <= index < base[axis]:
        return None
    index %= base[axis]
    return (*box[:axis], (index, index + 1), *box[axis:])


def _as_real(op: Op, base: Shape, shape: Shape, box: Box) -> Box | None:  # noqa: ARG001 - a `View`
    return box[:-1] if shape == (*base, 2) else None


def _as_complex(op: Op, base: Shape, shape: Shape, box: Box) -> Box | None:  # noqa: ARG001 - a `View`
    return (*box, (0, 2)) if base == (*shape, 2) else None


VIEWS: Mapping[str, View] = {
    "view_as_real": _as_real,
    "view_as_complex": _as_complex,
    "permute": _permute,
    "slice": _slice,
    "select": _select,
    "identity": _identity,
}
"""Views by kind, in so far as they do more than give the elements another shape."""


def reshaped(base: Shape, shape: Shape, box: Box) -> Box:
    """Axes are matched in groups of equal size; inside a group the flat range decides."""
    found: list[Range] = []
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


def _flat(base: Shape, shape: Shape, box: Box) -> list[Range]:
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
