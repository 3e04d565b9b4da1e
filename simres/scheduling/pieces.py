"""Pieces of tensors: the units in which a schedule loads, keeps, evicts and stores.

Pieces have numbers, and their properties are in parallel lists, because schedules read them very often.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise, product

from simres.hardware.specs import MemorySpec
from simres.program.tasks import Box
from simres.workload.operators import BITS, Role, Tensor


@lru_cache(maxsize=4096)
def _positions(size: int, count: int) -> tuple[int, ...]:
    """The starts of `count` nearly equal parts of an axis, and its end."""
    return tuple(size * part // count for part in range(count + 1)) if size else (0, 0)


def box_bytes(tensor: Tensor, box: Box) -> int:
    """Bytes of a part of a tensor."""
    bits = BITS[tensor.dtype]
    for start, stop in box:
        bits *= stop - start
    return -(-bits // 8)


class Grid:
    """A tensor cut along its axes into nearly equal parts; pieces are in row-major order.

    `cuts` has for each axis the starts of the pieces, and the end. `first` is the number of the first piece,
    once `Pieces.add` has numbered them.
    """

    __slots__ = ("count", "cuts", "first", "tensor")

    def __init__(self, tensor: Tensor, parts: Sequence[int]) -> None:
        self.tensor = tensor
        self.cuts = tuple(map(_positions, tensor.shape, parts))
        self.count = 1
        """Number of pieces."""
        for cut in self.cuts:
            self.count *= len(cut) - 1
        self.first = -1

    @property
    def parts(self) -> tuple[int, ...]:
        """Number of pieces along each axis."""
        return tuple([len(cut) - 1 for cut in self.cuts])

    @property
    def boxes(self) -> list[Box]:
        """The box of every piece, in order."""
        return list(product(*[list(pairwise(cut)) for cut in self.cuts]))

    def over(self, box: Box) -> list[int]:
        """The numbers of the pieces that share an element with `box`."""
        found = [0]
        if self.count > 1:
            for cut, (start, stop) in zip(self.cuts, box, strict=True):
                count = len(cut) - 1
                if count > 1:
                    parts = range(bisect_right(cut, start) - 1, min(bisect_left(cut, stop), count))
                    found = [piece * count + part for piece in found for part in parts]
        start = self.first
        return [start + piece for piece in found]

    def pieces_over(self, box: Box) -> int:
        """The number of pieces that share an element with `box`."""
        found = 1
        for cut, (start, stop) in zip(self.cuts, box, strict=True):
            count = len(cut) - 1
            if count > 1:
                found *= min(bisect_left(cut, stop), count) - bisect_right(cut, start) + 1
        return found

    def bytes_over(self, box: Box) -> int:
        """Bytes of all the pieces that share an element with `box`."""
        if self.count == 1:
            return self.tensor.nbytes
        hull = []
        for cut, (start, stop) in zip(self.cuts, box, strict=True):
            if len(cut) == 2:
                hull.append(cut)
            else:
                hull.append(
                    (cut[bisect_right(cut, start) - 1], cut[min(bisect_left(cut, stop), len(cut) - 1)])
                )
        return box_bytes(self.tensor, tuple(hull))


class Pieces:
    """The properties of every piece, by its number.

    `nbytes` are its bytes, `size` is the space that it takes in memory. `whole` means that it is all of its
    tensor, `made` that an operator makes it. `sources` are, for a strip of an activation, the pieces that it
    overlaps.
    """

    def __init__(self, spec: MemorySpec) -> None:
        self.spec = spec
        self.tensor: list[str] = []
        self.box: list[Box] = []
        self.nbytes: list[int] = []
        self.size: list[int] = []
        self.whole: list[bool] = []
        self.made: list[bool] = []
        self.sources: dict[int, tuple[int, ...]] = {}
        self._grids: dict[tuple[str, tuple[int, ...]], Grid] = {}
        self._strips: dict[tuple[str, Box, tuple[int, ...]], int] = {}

    def __len__(self) -> int:
        return len(self.tensor)

    def _append(self, tensor: Tensor, box: Box, nbytes: int, *, whole: bool) -> None:
        self.tensor.append(tensor.name)
        self.box.append(box)
        self.nbytes.append(nbytes)
        self.size.append(self.spec.occupied(nbytes))
        self.whole.append(whole)
        self.made.append(tensor.role is Role.ACTIVATION)

    def add(self, grid: Grid) -> Grid:
        """Numbers the pieces of a grid; returns the equal grid whose pieces are already numbered, if any."""
        found = self._grids.setdefault((grid.tensor.name, grid.parts), grid)
        if found is not grid:
            return found
        grid.first = len(self.tensor)
        if grid.count == 1:
            self._append(grid.tensor, tuple(grid.cuts), grid.tensor.nbytes, whole=True)  # type: ignore[arg-type]
        else:
            for box in grid.boxes:
                self._append(grid.tensor, box, box_bytes(grid.tensor, box), whole=False)
        return grid

    def add_like(self, grid: Grid, tensor: Tensor) -> Grid:
        """A tensor cut like another one of equal shape, type and role whose pieces are numbered."""
        own = Grid(tensor, grid.parts)
        found = self._grids.setdefault((tensor.name, grid.parts), own)
        if found is own:
            own.first, there = len(self.tensor), slice(grid.first, grid.first + grid.count)
            self.tensor += [tensor.name] * grid.count
            self.box += self.box[there]
            self.nbytes += self.nbytes[there]
            self.size += self.size[there]
            self.whole += self.whole[there]
            self.made += self.made[there]
        return found

    def strip(self, tensor: Tensor, box: Box, sources: tuple[int, ...]) -> int:
        """The number of a part that is loaded separately, whatever else of the tensor is on chip."""
        key = (tensor.name, box, sources)
        found = self._strips.get(key)
        if found is None:
            found = self._strips[key] = len(self.tensor)
            self._append(tensor, box, box_bytes(tensor, box), whole=False)
            if sources:
                self.sources[found] = sources
        return found
