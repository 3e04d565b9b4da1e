"""What lies near a box, among very many boxes of one tensor, without looking at all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from simres.workload.boxes import Box

T = TypeVar("T")

FEW = 32
"""Up to so many are looked at one by one."""
WIDE = 8
"""What lies in more slabs than this is looked at each time."""


class Nearby(Generic[T]):
    """Things that lie in boxes of one tensor; None is all of it.

    They are kept by where they lie along one axis, in slabs as wide as the widest of them. The axis is that
    along which most of them differ, chosen anew whenever there are twice as many.
    """

    __slots__ = ("_axis", "_outgrown", "_slabs", "_sorted", "_wide", "_width", "all")

    def __init__(self) -> None:
        self.all: list[tuple[Box | None, T]] = []
        """All of them, in the order in which they were added."""
        self._outgrown = FEW
        self._sorted = self._axis = 0
        self._width = 1
        self._slabs: dict[int, list[tuple[Box | None, T]]] = {}
        self._wide: list[tuple[Box | None, T]] = []

    def add(self, box: Box | None, thing: T) -> None:
        """Adds a thing that lies there."""
        self.all.append((box, thing))

    def near(self, box: Box | None) -> Sequence[tuple[Box | None, T]]:
        """All that may share an element with the box, and perhaps others; in no order, some of them twice."""
        if not box or len(self.all) <= FEW:
            return self.all
        if len(self.all) > self._outgrown:
            self._choose()
        for one in self.all[self._sorted :]:
            self._sort(one)
        self._sorted = len(self.all)
        over = self._over(box)
        if len(over) > len(self._slabs):
            return self.all
        found = self._wide.copy()
        for slab in over:
            found += self._slabs.get(slab, ())
        return found

    def _over(self, box: Box) -> range:
        start, stop = box[self._axis]
        return range(start // self._width, (stop - 1) // self._width + 1)

    def _choose(self) -> None:
        boxes = [box for box, _ in self.all if box]
        starts = [len({start for start, _ in axis}) for axis in zip(*boxes, strict=True)] or [0]
        self._axis = starts.index(max(starts))
        self._width = max([1, *[box[self._axis][1] - box[self._axis][0] for box in boxes]])
        self._slabs, self._wide, self._sorted = {}, [], 0
        self._outgrown = 2 * len(self.all)

    def _sort(self, one: tuple[Box | None, T]) -> None:
        box = one[0]
        over = self._over(box) if box else range(WIDE + 1)
        if len(over) > WIDE:
            self._wide.append(one)
            return
        for slab in over:
            self._slabs.setdefault(slab, []).append(one)
