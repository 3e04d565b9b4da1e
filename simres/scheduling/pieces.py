"""Tensors cut into pieces: the units in which a tiled schedule loads, keeps, evicts and stores."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise, product

from simres.program import Box
from simres.regions import elements
from simres.workload import BITS, Tensor


class Grid:
    """A tensor cut along its axes; pieces are numbered in row-major order.

    `cuts` has for each axis the positions where pieces begin, and the end.
    """

    __slots__ = ("boxes", "cuts", "nbytes", "tensor")

    def __init__(self, tensor: Tensor, parts: Sequence[int]) -> None:
        self.tensor = tensor.name
        self.cuts = tuple(
            tuple(size * part // count for part in range(count + 1)) if size else (0, 0)
            for size, count in zip(tensor.shape, parts, strict=True)
        )
        ranges = [list(pairwise(cut)) for cut in self.cuts]
        self.boxes: list[Box] = list(product(*ranges))
        bits = BITS[tensor.dtype]
        self.nbytes = [-(-elements(box) * bits // 8) for box in self.boxes]

    @property
    def parts(self) -> tuple[int, ...]:
        """Number of pieces along each axis."""
        return tuple(len(cut) - 1 for cut in self.cuts)

    def over(self, box: Box) -> list[int]:
        """The pieces that share an element with `box`."""
        found = [0]
        for cut, (start, stop) in zip(self.cuts, box, strict=True):
            count = len(cut) - 1
            if count == 1:
                continue
            first, last = bisect_right(cut, start) - 1, bisect_left(cut, stop)
            found = [piece * count + part for piece in found for part in range(first, min(last, count))]
        return found
