"""Splits the points of a sweep into chunks of neighbours, which share much of their evaluation."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from itertools import islice

LARGEST = 32
"""The largest chunk of points that a process gets at once; small sweeps are divided evenly."""

AHEAD = 3
"""Chunks queued per process, so that no process idles between chunks."""


def chunks(points: Iterable[int], count: int, workers: int) -> Iterator[list[int]]:
    """Splits `count` points into portions for whichever worker is free; the last portions are small."""
    following = iter(points)
    left = count
    while portion := list(islice(following, max(1, min(LARGEST, left // (4 * workers))))):
        left -= len(portion)
        yield portion


class Shares:
    """The remaining points, in one contiguous range per worker.

    What an evaluation caches for one point and its neighbours is thereby computed in one process alone. A
    worker that has finished its range takes over half of the longest remaining one.
    """

    def __init__(self, points: Iterable[int], workers: int) -> None:
        self._points = array("Q", points)
        count = len(self._points)
        self._stretches = [range(count * at // workers, count * (at + 1) // workers) for at in range(workers)]

    def portion(self, worker: int) -> list[int]:
        """Returns the next points of a worker; empty when none are left. The last portions are small."""
        stretch = self._stretches[worker]
        if not stretch:
            longest = max(range(len(self._stretches)), key=lambda at: len(self._stretches[at]))
            other = self._stretches[longest]
            keeps = len(other) // 2
            self._stretches[longest], stretch = other[:keeps], other[keeps:]
        size = max(1, min(LARGEST, len(stretch) // 4))
        self._stretches[worker] = stretch[size:]
        return self._points[stretch.start : stretch.start + len(stretch[:size])].tolist()
