"""Addresses of a Program's tensors in off-chip memory, for components that depend on them.

Tensors lie one after the other in the order of their first transfer, each aligned to `ALIGNMENT`, their
elements packed in row-major order. A transfer without a tensor (a row of a ledger) gets a place of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product

from simres.program.tasks import Box, Program, Region, Task
from simres.workload.boxes import elements

ALIGNMENT = 64
"""In bytes: a line of most caches, and one burst of eight on an eight-byte bus."""

Extent = tuple[int, int]
"""A stretch of memory: its first byte, and one past its last."""


class _Extents:
    """The known properties of a tensor, from the parts that are transferred."""

    __slots__ = ("base", "bits", "shape", "whole")

    def __init__(self) -> None:
        self.whole = 0
        self.shape: tuple[int, ...] = ()
        self.bits = 64
        """Bits of an element; no data type has more."""
        self.base = 0

    def learn(self, box: Box | None, nbytes: int | None) -> None:
        """Takes in a region, and its bytes if known."""
        if box is None:
            self.whole = max(self.whole, nbytes or 0)
            return
        stops = tuple(stop for _, stop in box)
        self.shape = tuple(map(max, self.shape, stops)) if len(self.shape) == len(stops) else stops
        count = elements(box)
        if nbytes and count:  # bytes are rounded up, so the smallest value is the nearest
            self.bits = max(1, min(self.bits, 8 * nbytes // count))

    @property
    def nbytes(self) -> int:
        count = 1
        for size in self.shape:
            count *= size
        return max(self.whole, -(-count * self.bits // 8) if self.shape else 0)

    def of(self, box: Box | None, nbytes: int) -> Iterator[Extent]:
        """The extents of a region."""
        if box is None:
            yield self.base, self.base + nbytes
            return
        for first, last in _runs(box, self.shape):
            yield self.base + first * self.bits // 8, self.base - (-last * self.bits // 8)


def _runs(box: Box, shape: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The elements of a part of a row-major array as ranges of consecutive ones, in order."""
    inner, axis = 1, len(shape)
    while axis and box[axis - 1] == (0, shape[axis - 1]):
        axis -= 1
        inner *= shape[axis]
    if not axis:
        yield 0, inner
        return
    start, stop = box[axis - 1]
    row = inner * shape[axis - 1]
    strides = [row]
    for size in reversed(shape[1 : axis - 1]):
        strides.append(strides[-1] * size)
    for index in product(*(range(*ends) for ends in box[: axis - 1])):
        base = sum(at * stride for at, stride in zip(reversed(index), strides, strict=False))
        yield base + start * inner, base + stop * inner


def lay_out(program: Program, engines: Iterable[str]) -> dict[int, tuple[Extent, ...]]:
    """The extents of off-chip memory that each task on one of `engines` transfers, by task number."""
    named = set(engines)
    moved: list[tuple[int, Task, list[Region]]] = []
    known: dict[str, _Extents] = {}
    order: list[tuple[int, _Extents]] = []
    for number, task in enumerate(program.tasks):
        if task.engine not in named:
            continue
        regions = [region for region in (*task.reads, *task.writes) if region.buffer is None]
        moved.append((number, task, regions))
        nbytes = task.work.nbytes
        for region, amount in zip(regions, _bytes_of(program, task, regions), strict=True):
            tensor = known.get(region.tensor)
            if tensor is None:
                tensor = known[region.tensor] = _Extents()
                order.append((number, tensor))
            tensor.learn(region.box, amount)
        if not regions and nbytes:
            alone = _Extents()
            alone.learn(None, nbytes)
            order.append((number, alone))
    at = 0
    own: dict[int, _Extents] = {}
    for number, tensor in order:
        tensor.base = at
        at += -(-tensor.nbytes // ALIGNMENT) * ALIGNMENT
        own[number] = tensor
    found: dict[int, tuple[Extent, ...]] = {}
    for number, task, regions in moved:
        nbytes = task.work.nbytes
        if not nbytes:
            found[number] = ()
        elif regions:
            found[number] = tuple(
                extent
                for region, amount in zip(regions, _bytes_of(program, task, regions), strict=True)
                for extent in known[region.tensor].of(region.box, nbytes if amount is None else amount)
            )
        else:
            found[number] = tuple(own[number].of(None, nbytes))
    return found


def _bytes_of(program: Program, task: Task, regions: Sequence[Region]) -> list[int | None]:
    """The bytes of each region off-chip that a task transfers; None where that is not known.

    A transfer of several tensors has a buffer on chip for each.
    """
    if len(regions) == 1:
        return [task.work.nbytes]
    inside = [region.buffer for region in (*task.reads, *task.writes) if region.buffer is not None]
    if len(inside) != len(regions):
        return [None] * len(regions)
    return [program.buffers[buffer].nbytes for buffer in inside]
