"""The dataflow of a Program by layer: how tensors are tiled, loaded, kept and reloaded.

Everything is derived from the tasks and their regions, so it holds for any scheduler's Program.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from simres.program.tasks import Box, Program, Task, TaskKind
from simres.workload.graph import Ledger, Workload
from simres.workload.operators import BITS, Role, Tensor

MOVERS = (TaskKind.LOAD, TaskKind.STORE)
_NO_REGIONS: Mapping[str, Tensor] = {}


@dataclass(frozen=True, slots=True)
class Handling:
    """The dataflow of one layer of a Program; all amounts but the counts are bytes.

    The result is computed in `tiles` pieces, cut into `rows` x `channels`. `weights` and `inputs` are loaded
    over the bus for the layer, `again` of them not for the first time; `weights_kept` and `inputs_kept` are
    already on chip. Neighbouring tiles share rows of their input, the halo: `halo_kept` stays on chip for the
    next tile, `halo_again` is loaded again. `stored` goes off-chip, `spilled` of it only to make room.
    Without a graph, all loaded bytes count as inputs.
    """

    name: str
    kind: str
    engines: tuple[str, ...]
    tasks: int
    tiles: int
    rows: int
    channels: int
    weights: int
    weights_kept: int
    inputs: int
    inputs_kept: int
    again: int
    halo_kept: int
    halo_again: int
    stored: int
    spilled: int


def handling(program: Program, workload: Workload | Ledger) -> tuple[Handling, ...]:
    """The dataflow of every layer of `program`, in its order; the Program was made from `workload`."""
    tasks: list[list[Task]] = [[] for _ in program.layers]
    for task in program.tasks:
        tasks[task.layer].append(task)
    return tuple(_Layer(program, workload, number, own).handling() for number, own in enumerate(tasks))


class _Layer:
    def __init__(self, program: Program, workload: Workload | Ledger, number: int, tasks: list[Task]) -> None:
        self.layer = program.layers[number]
        self.tasks = tasks
        self.computes = [task for task in tasks if task.kind not in MOVERS]
        graph = isinstance(workload, Workload)
        self.tensors = workload.tensors if isinstance(workload, Workload) else _NO_REGIONS
        self.outputs = {workload.storage(name) for name in workload.outputs} if graph else set()  # type: ignore[union-attr]
        self.made = {region.tensor for task in self.computes for region in task.writes}

    def handling(self) -> Handling:
        loads: dict[bool, int] = {True: 0, False: 0}
        stored = spilled = 0
        for task in self.tasks:
            if task.kind is TaskKind.LOAD:
                loads[bool(task.reads) and self.is_weight(task.reads[0].tensor)] += task.work.nbytes
            elif task.kind is TaskKind.STORE:
                stored += task.work.nbytes
                if task.reads and self.tensors and task.reads[0].tensor not in self.outputs:
                    spilled += task.work.nbytes
        came = self.boxes(task for task in self.tasks if task.kind is TaskKind.LOAD)
        read = self.boxes(self.computes, inside=True)
        once = {name: _union(boxes, self.tensors[name]) for name, boxes in came.items()}
        again = {
            name: sum(_bytes(box, self.tensors[name]) for box in boxes) - once[name]
            for name, boxes in came.items()
        }
        kept = {True: 0, False: 0}
        halo_kept = halo_again = 0
        for name, boxes in read.items():
            if name not in self.made:
                kept[self.is_weight(name)] += max(0, _union(boxes, self.tensors[name]) - once.get(name, 0))
            if not self.is_weight(name):
                halo = self.halo(name)
                reloaded = min(halo, again.get(name, 0))
                halo_kept += halo - reloaded
                halo_again += reloaded
        tiles, rows, channels = self.cut()
        return Handling(
            name=self.layer.name,
            kind=self.layer.kind,
            engines=tuple(dict.fromkeys(task.engine for task in self.computes)),
            tasks=len(self.tasks),
            tiles=tiles,
            rows=rows,
            channels=channels,
            weights=loads[True],
            weights_kept=kept[True],
            inputs=loads[False],
            inputs_kept=kept[False],
            again=sum(again.values()),
            halo_kept=halo_kept,
            halo_again=halo_again,
            stored=stored,
            spilled=spilled,
        )

    def is_weight(self, name: str) -> bool:
        tensor = self.tensors.get(name)
        return tensor is not None and tensor.role is Role.WEIGHT

    def boxes(self, tasks: Iterable[Task], *, inside: bool = False) -> dict[str, list[Box]]:
        """The parts of each tensor that the tasks read: off-chip, or `inside` on-chip memory."""
        found: dict[str, list[Box]] = {}
        for task in tasks:
            for region in task.reads:
                tensor = self.tensors.get(region.tensor)
                if tensor is not None and (region.buffer is not None) is inside:
                    found.setdefault(region.tensor, []).append(region.box or _whole(tensor))
        return found

    def cut(self) -> tuple[int, int, int]:
        """The tiles of the most finely cut result, and the numbers of rows and channels of the cut."""
        made: dict[str, set[Box]] = {}
        for task in self.computes:
            for region in task.writes:
                if (tensor := self.tensors.get(region.tensor)) is not None:
                    made.setdefault(region.tensor, set()).add(region.box or _whole(tensor))
        if not made:
            return len(self.computes), 1, 1
        finest = max(made.values(), key=len)
        dimensions = len(next(iter(finest)))
        if not dimensions:
            return len(finest), 1, 1
        rows = len({box[_row_axis(dimensions)] for box in finest})
        channels = len({box[_channel_axis(dimensions)] for box in finest}) if dimensions > 1 else 1
        return len(finest), rows, channels

    def halo(self, name: str) -> int:
        """Bytes of the input rows that a tile shares with the previous tile."""
        tensor = self.tensors[name]
        if not tensor.shape:
            return 0
        axis = _row_axis(len(tensor.shape))
        spans = set()
        for task in self.computes:
            ranges = [
                (region.box or _whole(tensor))[axis]
                for region in task.reads
                if region.tensor == name and region.buffer is not None
            ]
            if ranges:
                spans.add((min(first for first, _ in ranges), max(past for _, past in ranges)))
        ordered = sorted(spans)
        shared = sum(max(0, min(one[1], other[1]) - other[0]) for one, other in pairwise(ordered))
        return shared * tensor.nbytes // tensor.shape[axis] if tensor.shape[axis] else 0


def _whole(tensor: Tensor) -> Box:
    return tuple((0, size) for size in tensor.shape)


def _row_axis(dimensions: int) -> int:
    """The axis of the rows of an image (batch, channels, rows, columns); of tokens or images if flatter."""
    return max(0, dimensions - 2)


def _channel_axis(dimensions: int) -> int:
    return 1 if dimensions == 4 else dimensions - 1


def _bytes(box: Box, tensor: Tensor) -> int:
    elements = 1
    for first, past in box:
        elements *= past - first
    return -(-elements * BITS[tensor.dtype] // 8)


def _union(boxes: Iterable[Box], tensor: Tensor) -> int:
    """Bytes that boxes cover together; exact if boxes that differ in more than rows do not overlap."""
    if not tensor.shape:
        return tensor.nbytes
    axis = _row_axis(len(tensor.shape))
    strips: dict[Box, set[tuple[int, int]]] = {}
    for box in boxes:
        strips.setdefault((*box[:axis], *box[axis + 1 :]), set()).add(box[axis])
    total = 0
    for strip, ranges in strips.items():
        reached = covered = 0
        for first, past in sorted(ranges):
            covered += max(0, past - max(first, reached))
            reached = max(reached, past)
        total += _bytes((*strip, (0, covered)), tensor)
    return total
