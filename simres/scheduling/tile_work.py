"""The share of an operator's work that each of its tiles does."""

from __future__ import annotations

from dataclasses import replace
from math import gcd, prod

from simres.program.tasks import Box, Work
from simres.workload.graph import Loops, Op, Unit


class TileWork:
    """Hands out an operator's work tile by tile.

    Shares are differences of rounded running sums, so that the tiles of an operator add up to it. Tiles
    that are alike share one `Work`.
    """

    def __init__(self, op: Op, total: int) -> None:
        self.op = op
        self.total = total
        """Elements of the output, times what each sums over."""
        self.amount = op.macs if op.unit is Unit.MATRIX else op.vector_ops if op.unit is Unit.HOST else 0
        self._done = 0
        self._alike: dict[tuple[object, ...], Work] = {}

    def next(self, box: Box, summed: int, length: int, nbytes: int) -> Work:
        """The work of the next tile: a `box` of the output, over `length` of `summed` input channels.

        `nbytes` are the bytes it makes, which is what a copy costs.
        """
        op = self.op
        lengths = tuple([stop - start for start, stop in box])
        done = self._done
        upto = self._done = done + prod(lengths) * length
        total = self.total
        amount = self.amount * upto // total - self.amount * done // total if total else 0
        key = (lengths, length, amount, nbytes)
        work = self._alike.get(key)
        if work is None:
            if op.unit is Unit.MATRIX:
                whole = prod(lengths) * length == total
                loops = op.loops if whole else _loops(op, lengths, length if length < summed else 0)
                work = Work(macs=amount, loops=loops, op=op)
            elif op.unit is Unit.HOST:
                work = Work(vector_ops=amount, op=op)
            else:
                work = Work(nbytes=nbytes if op.unit is Unit.MOVE else 0, op=op)
            self._alike[key] = work
        return work


def _loops(op: Op, lengths: tuple[int, ...], channels: int) -> Loops | None:
    """The loop nest of a tile: fewer images, output channels, pixels or (where not 0) input channels.

    Its multiply-accumulates are the tile's share of the operator's. None where the operator states no nest,
    and where its kind does not say which part of the nest a part of the output is.
    """
    loops = op.loops
    if loops is None:
        return None
    if channels:
        loops = replace(loops, c=channels)
    if op.kind == "conv" and len(lengths) > 2 and not op.attributes.get("transposed"):
        n, m, *pixels = lengths
        p, q = prod(pixels[:-1]), pixels[-1]
        if loops.groups == 1:
            return replace(loops, n=n, m=m, p=p, q=q)
        each = gcd(loops.m, m)  # a tile may end inside a group
        return replace(loops, n=n, groups=m // each, m=each, p=p, q=q)
    if op.kind not in {"linear", "matmul"} or not lengths:
        return None
    if len(lengths) == 1:
        return replace(loops, n=lengths[0]) if loops.m == 1 else replace(loops, m=lengths[0])
    if op.kind == "linear" and loops.groups == 1:
        return replace(loops, n=prod(lengths[:-1]), m=lengths[-1])
    return replace(loops, groups=prod(lengths[:-2]), n=lengths[-2], m=lengths[-1])
