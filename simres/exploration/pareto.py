"""Pareto fronts, and the hypervolume that a front dominates.

All objectives are minimised; to maximise one, give its negative.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

Objectives = Sequence[float]
"""The values of one point, one per objective."""


def front(points: Sequence[Objectives]) -> list[int]:
    """Returns the numbers of the points that none dominates, in order of the first objective.

    A point dominates another if it is nowhere larger and somewhere smaller. Of equal points the first is
    kept.
    """
    kept: list[int] = []
    few = len(points[0]) <= 3 if points else True
    stairs = _Stairs()
    for number in sorted(range(len(points)), key=lambda number: (*points[number], number)):
        here = points[number]
        # Points that dominate a point precede it in this order: the first objective needs no comparison.
        if few:
            if stairs.add(*[*here[1:], 0, 0][:2]):
                kept.append(number)
        elif not any(all(a <= b for a, b in zip(points[other], here, strict=True)) for other in kept):
            kept.append(number)
    return kept


class _Stairs:
    """The front of the pairs added so far, the first value rising and the second falling."""

    def __init__(self) -> None:
        self._first: list[float] = []
        self._second: list[float] = []

    def add(self, first: float, second: float) -> bool:
        """Adds a pair unless an earlier one is as small in both; drops those that it dominates. True if
        added."""
        at = bisect_right(self._first, first)
        if at and self._second[at - 1] <= second:
            return False
        begin = bisect_left(self._first, first)
        end = begin
        while end < len(self._second) and self._second[end] >= second:
            end += 1
        self._first[begin:end] = [first]
        self._second[begin:end] = [second]
        return True


def hypervolume(points: Sequence[Objectives], reference: Objectives) -> float:
    """Returns the volume between `points` and `reference` that a point dominates, exact but for rounding.

    Points that are not below the reference everywhere contribute nothing. Computed by slices along the last
    objective (HSO: While et al. 2006, IEEE Transactions on Evolutionary Computation 10(1)).
    """
    below = [point for point in points if all(a < b for a, b in zip(point, reference, strict=True))]
    return _volume([tuple(below[number]) for number in front(below)], tuple(reference))


def _volume(points: list[tuple[float, ...]], reference: tuple[float, ...]) -> float:
    if not points:
        return 0.0
    if len(reference) == 1:
        return reference[0] - min(point[0] for point in points)
    points.sort(key=lambda point: point[-1])
    total = 0.0
    for number, point in enumerate(points):
        until = points[number + 1][-1] if number + 1 < len(points) else reference[-1]
        if until > point[-1]:
            slab = [other[:-1] for other in points[: number + 1]]
            best = [slab[at] for at in front(slab)]
            total += (until - point[-1]) * _volume(best, reference[:-1])
    return total
