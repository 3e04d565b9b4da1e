"""Which tasks use which parts of a place."""

from __future__ import annotations

from collections.abc import Iterable

from simres.program.tasks import Box, Region
from simres.workload.nearby import Nearby

Place = int | str
"""A buffer by its index, or off-chip memory by the tensor stored there."""


def place_of(region: Region) -> Place:
    """Where a region lies."""
    return region.tensor if region.buffer is None else region.buffer


class Uses:
    """The readers or the writers of a place: all of them, the last of each engine, and the last by box."""

    __slots__ = ("_mixed", "_parts", "by_box", "last", "tensor")

    def __init__(self) -> None:
        self.tensor: str | None = None
        """The tensor stored there."""
        self.last: dict[str, int] = {}
        self.by_box: dict[Box | None, int] = {}
        self._parts: Nearby[tuple[int, Region]] = Nearby()
        self._mixed = False

    def __len__(self) -> int:
        return len(self._parts.all)

    def add(self, number: int, engine: str, region: Region) -> None:
        """Adds a use of the place by a task; -1 stands for before all of them."""
        self._mixed |= self.tensor not in (None, region.tensor)
        self.tensor = region.tensor
        self._parts.add(region.box, (number, region))
        self.last[engine] = number
        self.by_box[region.box] = number

    def near(self, box: Box | None) -> Iterable[tuple[int, Region]]:
        """All uses that may share an element with that part, and perhaps others; some of them twice."""
        return [use for _, use in (self._parts.all if self._mixed else self._parts.near(box))]


class Accesses:
    """The writers of a place, and the readers of its contents."""

    __slots__ = ("reads", "writes")

    def __init__(self) -> None:
        self.reads = Uses()
        self.writes = Uses()
