"""Sets of elements of small tensors, one by one."""

from __future__ import annotations

from itertools import product


def places(shape):
    return product(*(range(size) for size in shape))


def one(place):
    return tuple((at, at + 1) for at in place)


def longest(elements, shape, runs):
    """Whether a box of this size lies within a set of elements."""
    starts = product(*(range(size - run + 1) for size, run in zip(shape, runs, strict=True)))
    return any(
        all(
            tuple(first + more for first, more in zip(start, place, strict=True)) in elements
            for place in places(runs)
        )
        for start in starts
    )
