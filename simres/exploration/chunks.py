"""Splits the points of a sweep into chunks of neighbours, which share much of their evaluation."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from itertools import islice

LARGEST = 32
"""Points that a process gets at once; while there are few they are spread evenly."""

AHEAD = 3
"""Portions for each process that are under way, so that none waits for the next."""


def portions(points: Iterable[int], count: int, workers: int) -> Iterator[list[int]]:
    """`count` points in portions for whichever of `workers` is free: the last ones small."""
    following = iter(points)
    left = count
    while portion := list(islice(following, max(1, min(LARGEST, left // (4 * workers))))):
        left -= len(portion)
        yield portion


class Shares:
    """Points that are left, a stretch of neighbours for each worker.

    What evaluating makes for one point and keeps for its neighbours is so made in one process alone. A worker
    that is through with its stretch takes over half of what is left of the longest.
    """

    def __init__(self, points: Iterable[int], workers: int) -> None:
        self._points = array("Q", points)
        count = len(self._points)
        self._stretches = [range(count * at // workers, count * (at + 1) // workers) for at in range(workers)]

    def portion(self, worker: int) -> list[int]:
        """The next points of a worker, none where none are left. The last portions are small."""
        stretch = self._stretches[worker]
        if not stretch:
            longest = max(range(len(self._stretches)), key=lambda at: len(self._stretches[at]))
            other = self._stretches[longest]
            keeps = len(other) // 2
            self._stretches[longest], stretch = other[:keeps], other[keeps:]
        size = max(1, min(LARGEST, len(stretch) // 4))
        self._stretches[worker] = stretch[size:]
        return self._points[stretch.start : stretch.start + len(stretch[:size])].tolist()
