"""The share of each tile in an operator's work."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from simres.program.tasks import Box, Work
from simres.workload.axes import counts_of
from simres.workload.boxes import whole
from simres.workload.kinds import kind_of
from simres.workload.operators import Loops, Op, Unit
from simres.workload.reaches import Shape
from simres.workload.reading import Call


class TileWork:
    """Divides the work of an operator, which sums over `summed` elements, among its tiles.

    Shares are differences of rounded running sums, so that they add up to the whole. Equal tiles share one
    `Work`.
    """

    def __init__(self, call: Call, summed: int) -> None:
        self.call = call
        self.op = op = call.op
        self.summed = summed
        self.total = prod(counts_of(call, whole(call.output))) * summed
        """The loop counts along the axes of the output, times the elements summed for each."""
        self.amount = op.macs if op.unit is Unit.MATRIX else op.vector_ops if op.unit is Unit.HOST else 0
        self._extended = (
            kind_of(op).extents is not None and counts_of(call, whole(call.output)) != call.output
        )
        self._done = 0
        self._alike: dict[tuple[object, ...], Work] = {}

    def next(self, box: Box, length: int, nbytes: int) -> Work:
        """The work of the next tile: a `box` of the output, with `length` elements of the sum.

        `nbytes` are the bytes of the box, which are the cost of a copy.
        """
        op = self.op
        counts = counts_of(self.call, box) if self._extended else tuple([stop - start for start, stop in box])
        done = self._done
        upto = self._done = done + prod(counts) * length
        total = self.total
        amount = self.amount * upto // total - self.amount * done // total if total else 0
        key = (counts, length, amount, nbytes)
        work = self._alike.get(key)
        if work is None:
            if op.unit is Unit.MATRIX:
                all_of_it = prod(counts) * length == total
                loops = op.loops if all_of_it else self._loops(counts, length if length < self.summed else 0)
                work = Work(macs=amount, loops=loops, op=op, dtype=self.call.dtype)
            else:
                work = untiled(op, amount, nbytes, self.call.dtype)
            self._alike[key] = work
        return work

    def _loops(self, counts: Shape, summed: int) -> Loops | None:
        """The loop nest of a tile, with a shorter sum if `summed` is not 0; None if it is unknown."""
        loops, of_tile = self.op.loops, kind_of(self.op).loops
        if loops is None or of_tile is None:
            return None
        return of_tile(self.call, replace(loops, c=summed) if summed else loops, counts)


def untiled(op: Op, amount: int, nbytes: int, dtype: str) -> Work:
    """The work of a whole operator, or `amount` of its vector operations; `nbytes` is its output."""
    if op.unit is Unit.MATRIX:
        return Work(macs=amount, loops=op.loops, op=op, dtype=dtype)
    if op.unit is Unit.HOST:
        return Work(vector_ops=amount, op=op, dtype=dtype)
    return Work(nbytes=nbytes if op.unit is Unit.MOVE else 0, op=op)
