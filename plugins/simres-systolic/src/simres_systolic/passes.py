"""Writes the passes of a convolution on a row-stationary array, and of what follows on its sums."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from simres.hardware.chip import Chip
from simres.program import Box, Program, Region, TaskKind
from simres.program.draft import Draft, work_of
from simres.program.roles import ComponentRole
from simres.workload import BITS, Op, Tensor, Workload
from simres.workload.boxes import elements
from simres.workload.footprint import to_storage
from simres_systolic.blocking import Blocking, ranges

Range = tuple[int, int]


@dataclass(slots=True)
class _Pass:
    """A pass: the `box` of the output that it makes or adds to, and `kept`, that of all filters whose sums
    are kept; the channels it sums, and the buffers of these filters' sums.
    """

    box: Box
    kept: Box
    channels: Range
    new: bool
    """Whether it needs another part of the input than the pass before."""
    last: bool
    """Whether its sums are then complete."""
    sums: dict[Range, Region]
    reads: list[Region] = field(default_factory=list)
    """What was brought in for it."""


class Passes:
    """Writes the passes of a convolution, and what follows it."""

    def __init__(self, workload: Workload, chip: Chip, ops: Sequence[Op]) -> None:
        self.workload = workload
        self.chip = chip
        self.op, *self.followers = ops
        self.memory, _ = chip.scratchpad()
        self.draft = Draft(chip)
        for op in ops:
            self.draft.layer(op.name, op.kind, op.block)
        self.reaches = workload.reaches(self.op)
        self.made = workload.tensors[self.op.outputs[0]]
        self.done = dict.fromkeys((op.name for op in ops), 0)
        """Elements of each follower's output that are made."""

    def program(self, blocking: Blocking) -> Program:
        """The Program of the layer alone. Filters of the next pass come before a pass, so that they are
        there when it ends; its part of the input comes when there is room."""
        waiting: _Pass | None = None
        inputs: Region | None = None
        for one in self._passes(blocking):
            filters = self._load(1, one.box, one.channels)
            if waiting is not None:
                self._compute(waiting)
            if one.new:
                inputs = self._load(0, one.kept, one.channels)
            one.reads = [part for part in (inputs, filters) if part is not None]
            waiting = one
        if waiting is not None:
            self._compute(waiting)
        return self.draft.freeze("row_stationary", "")

    def _passes(self, blocking: Blocking) -> Iterator[_Pass]:
        """In order: filters, then channels, strips, images, and groups of filters."""
        loops = self.op.loops
        assert loops is not None
        images, _, rows, columns = self.made.shape
        for group in range(loops.groups):
            start = group * loops.m
            for kept in ranges(start, start + loops.m, blocking.filters):
                for batch in ranges(0, images, blocking.images):
                    for strip in ranges(0, rows, blocking.rows):
                        sums: dict[Range, Region] = {}
                        for channels in ranges(0, loops.c, blocking.channels):
                            for number, filters in enumerate(ranges(*kept, blocking.at_once)):
                                yield _Pass(
                                    (batch, filters, strip, (0, columns)),
                                    (batch, kept, strip, (0, columns)),
                                    channels,
                                    number == 0,
                                    channels[1] == loops.c,
                                    sums,
                                )

    def _bytes(self, tensor: Tensor, box: Box) -> int:
        return -(-elements(box) * BITS[tensor.dtype] // 8)

    def _load(self, place: int, box: Box, channels: Range | None = None) -> Region | None:
        """Brings in what a part of the output needs of an input; None where that is nothing."""
        needed = self.reaches[place](box)
        if needed is None:
            return None
        if channels is not None:  # those of the group, along the second axis of both maps and weights
            first = needed[1][0]
            needed = (needed[0], (first + channels[0], first + channels[1]), *needed[2:])
        name, needed = to_storage(self.workload, self.op.inputs[place], needed)
        tensor = self.workload.tensors[name]
        region = self.draft.buffer(name, self._bytes(tensor, needed), self.memory, needed)
        self.draft.load(region, layer=0)
        return region

    def _compute(self, one: _Pass) -> None:
        """A pass; where it is the last for its sums, what follows, and their way out."""
        batch, filters, strip, columns = one.box
        sums = one.sums.get(filters)
        again = sums is not None
        if sums is None:
            nbytes = self._bytes(self.made, one.box)
            sums = one.sums[filters] = self.draft.buffer(self.made.name, nbytes, self.memory, one.box)
        beside = [self._load(place, one.box) for place in range(2, len(self.op.inputs))] if one.last else []
        loops = self.op.loops
        assert loops is not None
        loops = replace(
            loops,
            groups=1,
            n=batch[1] - batch[0],
            m=filters[1] - filters[0],
            c=one.channels[1] - one.channels[0],
            p=strip[1] - strip[0],
            q=columns[1] - columns[0],
        )
        work = replace(work_of(self.op, self.workload)[2], macs=loops.macs, loops=loops)
        reads = [*one.reads, *(part for part in beside if part is not None)]
        self.draft.task(
            self.chip.fastest(ComponentRole.MATRIX, work),
            TaskKind.MATRIX,
            work,
            reads=[*reads, sums] if again else reads,
            writes=[sums],
            layer=0,
        )
        if one.last:
            self._leave(sums, one.box)

    def _leave(self, region: Region, box: Box) -> None:
        for number, op in enumerate(self.followers, 1):
            done = self.done[op.name]
            upto = self.done[op.name] = done + elements(box)
            share = op.vector_ops * upto // self.made.elements - op.vector_ops * done // self.made.elements
            work = replace(work_of(op, self.workload)[2], vector_ops=share)
            after = Region(op.outputs[0], region.buffer, box)
            engine = self.chip.fastest(ComponentRole.HOST, work)
            self.draft.task(engine, TaskKind.HOST, work, reads=[region], writes=[after], layer=number)
            region = after
        self.draft.store(region, layer=len(self.followers))
