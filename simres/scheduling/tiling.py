"""Operators cut into tiles, each small enough for on-chip memory, and the order in which they run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil, prod

from simres.errors import AnswerIsNo
from simres.hardware.specs import MemorySpec
from simres.program import Box, Work
from simres.regions import elements
from simres.scheduling.footprint import ELEMENT_FOR_ELEMENT, reads
from simres.scheduling.pieces import Grid
from simres.units import format_bytes
from simres.workload import Loops, Op, Unit, Workload

MOST_TILES = 1024
"""An operator that would have to be cut finer than this counts as one that does not fit."""

MOST_STEPS = 20_000
"""A network that would come to more tiles than this counts as one that does not fit."""

Piece = tuple[str, int]
"""A stored tensor and the number of one of its pieces."""


@dataclass(frozen=True, slots=True)
class Step:
    """One tile of one operator: what it reads, what it makes, and how much work that is.

    `op` counts the operators that are no views. `over` is an input piece of equal size that the output
    may overwrite, where this step is the last to need it.
    """

    op: int
    work: Work
    inputs: tuple[Piece, ...]
    outputs: tuple[Piece, ...]
    over: Piece | None = None


class Tiling:
    """Cuts every tensor of a workload for a memory, and every operator into steps.

    Maps aim at pieces of `capacity / share` bytes, weights at four times that; what is smaller stays
    whole. Raises `AnswerIsNo`, with the memory that this cut would need, when an operator's smallest
    tile does not fit.
    """

    def __init__(self, workload: Workload, memory: str, spec: MemorySpec, share: int) -> None:
        self.workload = workload
        self.memory = memory
        self.spec = spec
        self.aim = max(1, spec.capacity // share)
        self.weight_aim = 4 * self.aim
        self.grids: dict[str, Grid] = {}
        self._owner: dict[str, str] = {}
        """The operator for whose sake a tensor was cut."""
        self.ops = tuple(op for op in workload.ops if op.unit is not Unit.VIEW)
        self.tiles: list[list[Step]] = []
        """The steps of each operator, in their order."""
        steps = 0
        for number, op in enumerate(self.ops):
            self.tiles.append(self._tiles(number, op))
            steps += len(self.tiles[-1])
            if steps > MOST_STEPS:
                raise AnswerIsNo(
                    f"up to `{op.name}`, the network would have to be cut into {steps} tiles to fit into "
                    f"`{memory}` of {format_bytes(spec.capacity)}; the most that is tried is {MOST_STEPS}",
                    f"give it more memory: `--set hardware.{memory}.capacity=...`",
                )

    def nbytes(self, piece: Piece) -> int:
        """Bytes of a piece."""
        return self.grids[piece[0]].nbytes[piece[1]]

    def box(self, piece: Piece) -> Box:
        """The part of its tensor that a piece is."""
        return self.grids[piece[0]].boxes[piece[1]]

    def cut_box(self, piece: Piece) -> Box | None:
        """The same, None for a tensor in one piece."""
        boxes = self.grids[piece[0]].boxes
        return boxes[piece[1]] if len(boxes) > 1 else None

    def _tiles(self, number: int, op: Op) -> list[Step]:
        """The steps of an operator, its output cut as finely as need be."""
        shape = self.workload.tensors[op.outputs[0]].shape
        rows, columns = _axes(op, shape)
        least: int | None = None
        for parts, outer in self._cuts(op, shape, rows, columns):
            steps = self._cut(number, op, parts, outer)
            most = max(self._together(step) for step in steps)
            if most <= self.spec.capacity:
                return steps
            least = most if least is None else min(least, most)
            self._forget(op)
        capacity = self.spec.capacity
        if least is None:
            raise AnswerIsNo(
                f"`{op.name}` ({op.kind}) would have to be cut into more than {MOST_TILES} tiles for "
                f"`{self.memory}` of {format_bytes(capacity)}",
                f"give it more memory: `--set hardware.{self.memory}.capacity=...`",
            )
        raise AnswerIsNo(
            f"`{op.name}` ({op.kind}) does not fit: its smallest tile takes {least} B, `{self.memory}` "
            f"holds {capacity} B ({format_bytes(capacity)}), short by {least - capacity} B",
            f'with `--set hardware.{self.memory}.capacity="{least} B"` this operator would fit',
        )

    def _together(self, step: Step) -> int:
        pieces = dict.fromkeys((*step.inputs, *step.outputs))
        pieces.pop(step.over, None)  # type: ignore[arg-type]
        return sum(self.spec.occupied(self.nbytes(piece)) for piece in pieces)

    def _forget(self, op: Op) -> None:
        """Takes back the grids made for this operator's output and its own weights."""
        for name in (*op.outputs, *op.inputs):
            stored = self.workload.storage(name)
            if self._owner.get(stored) == op.name:
                del self.grids[stored], self._owner[stored]

    def _cuts(
        self, op: Op, shape: Sequence[int], rows: Sequence[int], columns: int | None
    ) -> Iterator[tuple[list[int], bool]]:
        """Ways to cut the output, coarse to fine: parts by axis, and whether columns are the outer loop."""
        inherited = self._inherited(op, shape)
        if inherited is not None:
            yield inherited, False
        yield from self._fresh(op, shape, rows, columns)

    def _fresh(
        self, op: Op, shape: Sequence[int], rows: Sequence[int], columns: int | None
    ) -> Iterator[tuple[list[int], bool]]:
        """The same, whatever its inputs' cuts."""
        tensors = self.workload.tensors
        weights = sum(tensors[name].nbytes for name in op.inputs[1:]) if op.unit is Unit.MATRIX else 0
        inputs = tensors[op.inputs[0]].nbytes if op.inputs else 0
        made = tensors[op.outputs[0]].nbytes
        most_rows = prod(shape[axis] for axis in rows)
        most_columns = shape[columns] if columns is not None else 1
        if op.unit is Unit.MATRIX and op.loops is not None and op.loops.groups > 1 and columns == 1:
            most_columns = op.loops.groups  # cut between groups only
        n_columns = max(1, min(most_columns, ceil(weights / self.weight_aim)))
        n_rows = max(1, min(most_rows, max(ceil(made / n_columns / self.aim), ceil(inputs / 2 / self.aim))))
        if n_columns > 1 and n_rows > 1:
            if 2 * inputs <= self.spec.capacity:
                n_rows = max(1, min(n_rows, ceil(made / n_columns / self.aim)))
            elif 2 * weights <= self.spec.capacity:
                n_columns = 1
        while True:
            kept = 0 if 2 * inputs <= self.spec.capacity else inputs
            outer = (n_columns - 1) * kept <= (n_rows - 1) * weights
            parts = _split(shape, rows, n_rows, columns, n_columns)
            if prod(parts) > MOST_TILES:
                return
            yield parts, outer
            if n_rows < most_rows and (n_rows <= n_columns or n_columns == most_columns):
                n_rows = min(most_rows, 2 * n_rows)
            elif n_columns < most_columns:
                n_columns = min(most_columns, 2 * n_columns)
            else:
                return

    def _inherited(self, op: Op, shape: Sequence[int]) -> list[int] | None:
        """The cut of an input of the same shape, for operators that work element by element."""
        if op.kind not in ELEMENT_FOR_ELEMENT:
            return None
        for name in op.inputs:
            tensor = self.workload.tensors[name]
            if tensor.shape == tuple(shape) and tensor.view_of is None and name in self.grids:
                return list(self.grids[name].parts)
        return None

    def _cut(self, number: int, op: Op, parts: list[int], outer: bool) -> list[Step]:
        """The steps for one way to cut the output."""
        tensors = self.workload.tensors
        if len(op.outputs) != 1:
            parts = [1] * len(parts)
        for name in op.outputs:
            own = parts if name == op.outputs[0] else [1] * len(tensors[name].shape)
            self.grids[name] = Grid(tensors[name], own)
            self._owner[name] = op.name
        self._cut_inputs(op, parts)
        grid = self.grids[op.outputs[0]]
        order = list(range(len(grid.boxes)))
        if outer and len(parts) > 1:
            column = _axes(op, tensors[op.outputs[0]].shape)[1]
            if column is not None:
                order.sort(key=lambda tile: (grid.boxes[tile][column], tile))
        total = tensors[op.outputs[0]].elements
        steps = []
        done = 0
        for tile in order:
            box = grid.boxes[tile]
            needed: dict[Piece, None] = {}
            for stored, part in reads(self.workload, op, box):
                source = self.grids.get(stored)
                if source is None:
                    source = self.grids[stored] = Grid(tensors[stored], [1] * len(tensors[stored].shape))
                for piece in source.over(part):
                    needed[stored, piece] = None
            outputs = tuple((name, tile if name == op.outputs[0] else 0) for name in op.outputs)
            work = _work(op, box, sum(map(self.nbytes, outputs)), total, done)
            done += elements(box)
            steps.append(Step(number, work, tuple(needed), outputs, self._over(op, needed, outputs)))
        return steps

    def _cut_inputs(self, op: Op, parts: list[int]) -> None:
        """Weights are cut with the output's columns; inputs that lie off-chip, with its rows."""
        tensors = self.workload.tensors
        shape = tensors[op.outputs[0]].shape
        if op.unit is Unit.MATRIX and len(op.inputs) > 1 and op.kind in {"conv", "linear"}:
            stored = self.workload.storage(op.inputs[1])
            if stored == op.inputs[1] and stored not in self.grids:
                column = 1 if op.kind == "conv" else len(shape) - 1
                cut = [1] * len(tensors[stored].shape)
                cut[0] = parts[column]
                self.grids[stored] = Grid(tensors[stored], cut)
                self._owner[stored] = op.name
        for name in op.inputs:
            stored = self.workload.storage(name)
            tensor = tensors[stored]
            if (
                stored not in self.grids
                and len(tensor.shape) == len(shape) == 4
                and tensor.shape[0] == shape[0]
            ):
                self.grids[stored] = Grid(tensor, [parts[0], 1, min(parts[2], tensor.shape[2]), 1])
                self._owner[stored] = op.name

    def _over(self, op: Op, needed: dict[Piece, None], outputs: tuple[Piece, ...]) -> Piece | None:
        """An input piece that the output can take the place of, element for element."""
        if op.kind not in ELEMENT_FOR_ELEMENT or len(outputs) != 1:
            return None
        box, nbytes = self.box(outputs[0]), self.nbytes(outputs[0])
        for piece in needed:
            if self.box(piece) == box and self.nbytes(piece) == nbytes:
                return piece
        return None


def _axes(op: Op, shape: Sequence[int]) -> tuple[list[int], int | None]:
    """The axes to cut as rows, outermost first, and the one to cut as columns."""
    rank = len(shape)
    if rank == 4 and op.kind != "matmul":
        return [0, 2], 1
    if rank == 0:
        return [], None
    return list(range(rank - 1)), rank - 1


def _split(
    shape: Sequence[int], rows: Sequence[int], n_rows: int, columns: int | None, n_columns: int
) -> list[int]:
    """Parts by axis: `n_rows` spread over the row axes, the outer ones first."""
    parts = [1] * len(shape)
    for axis in rows:
        parts[axis] = min(shape[axis], n_rows)
        n_rows = ceil(n_rows / parts[axis])
    if columns is not None:
        parts[columns] = min(shape[columns], n_columns)
    return parts


def _work(op: Op, box: Box, nbytes: int, total: int, done: int) -> Work:
    """The work of one tile, before which `done` of `total` elements were made.

    Shares are differences of rounded running sums, so that the tiles of an operator add up to it.
    """
    upto = done + elements(box)

    def share(amount: int) -> int:
        return amount * upto // total - amount * done // total if total else 0

    if op.unit is Unit.HOST:
        return Work(vector_ops=share(op.vector_ops), op=op)
    if op.unit is Unit.MATRIX:
        return Work(macs=share(op.macs), loops=_loops(op, box), op=op)
    return Work(nbytes=nbytes if op.unit is Unit.MOVE else 0, op=op)


def _loops(op: Op, box: Box) -> Loops | None:
    """The loop nest of a tile: fewer images, channels or pixels. None where the operator states none."""
    loops = op.loops
    lengths = [stop - start for start, stop in box]
    if loops is None:
        return None
    if op.kind == "conv" and len(box) == 4:
        n, m, p, q = lengths
        if loops.groups == 1:
            return replace(loops, n=n, m=m, p=p, q=q)
        return replace(loops, n=n, groups=max(1, m // loops.m), p=p, q=q)
    if op.kind == "linear":
        return replace(loops, n=prod(lengths[:-1]), m=lengths[-1])
    if op.kind == "matmul" and len(lengths) >= 2:
        return replace(loops, groups=prod(lengths[:-2]), n=lengths[-2], m=lengths[-1])
    return loops
