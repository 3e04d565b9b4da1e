"""One way to cut one operator: the reads and bytes of its tiles, and their steps."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from itertools import islice, product
from math import prod
from typing import NamedTuple, Protocol

from simres.program.tasks import Box, Work
from simres.scheduling.cuts import LINES, Cut, in_lines, rows_of, split
from simres.scheduling.pieces import Grid, Pieces, box_bytes
from simres.scheduling.tile_work import TileWork
from simres.workload.axes import summed
from simres.workload.boxes import whole
from simres.workload.footprint import Reach, call_of, is_elementwise, to_storage
from simres.workload.graph import Workload
from simres.workload.kinds import kind_of
from simres.workload.operators import Op, Role
from simres.workload.reaches import Along

Range = tuple[int, int]

MANY = 8
"""A tile that touches more pieces than this of a map comes off better with a strip of its own."""

COLUMNS = 12
"""A row of the output is kept in about so many pieces at most."""

FEW = 32
"""Up to so many tiles are made at once and looked at, instead of looking at some of them first."""


class Step(NamedTuple):
    """One tile of one operator: what it reads, what it makes, and how much work that is.

    `op` counts the operators that are no views; `inputs` and `outputs` are pieces. A step whose output is
    among its inputs adds to it. `over` is an input piece that the output may take the place of (-1: none),
    where this step is the last to need it. `pinned` are pieces that it reads and that never leave. `part`
    is the part of its output piece that it makes where others make the rest; it then reads nothing of it,
    though the piece is among its inputs, so that it stays.
    """

    op: int
    work: Work
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    over: int = -1
    pinned: tuple[int, ...] = ()
    part: Box | None = None


class Tiled(Protocol):
    """What a plan needs of the tiling that it is made for."""

    workload: Workload
    ops: tuple[Op, ...]
    pieces: Pieces
    grids: dict[str, Grid]
    forced: set[str]
    pinned: frozenset[int]
    last_reader: dict[str, int]

    def register(self, grid: Grid, *, columns_outer: bool = False) -> int:
        """Gives a grid's pieces their numbers, and says the first of them."""

    def tables(self, op: Op) -> set[str]:
        """Tables in which an operator looks rows up, which stay off-chip but for those rows."""


class TilePlan:
    """A cut of an operator, looked at before it is taken.

    `most` are about the bytes of its largest tile and of what that reads, as far as a few tiles tell. With
    `strips`, inputs of which tiles need less than the pieces they touch come in strips.
    """

    def __init__(self, tiling: Tiled, number: int, cut: Cut, *, strips: bool) -> None:
        self.tiling = tiling
        self.number = number
        self.op = op = tiling.ops[number]
        tensors = tiling.workload.tensors
        self.tensor = tensors[op.outputs[0]]
        self.axes = tiling.workload.axes[op.name]
        self.reaches = tiling.workload.reaches(op)
        self.call = call_of(tiling.workload, op)
        self.elementwise = is_elementwise(tiling.workload, op)
        self.cut, parts = self._grouped(cut)
        self.tiles = Grid(self.tensor, self.cut.parts)
        self.grid = Grid(self.tensor, parts)
        """The pieces of the output: its tiles, or several of them together."""
        self.new: dict[str, Grid] = {}
        """Grids of inputs that lie off-chip and were not cut before."""
        self.strips: set[str] = tiling.tables(op) if tiling.workload.tables else set()
        """Stored tensors that are read in strips."""
        total = summed(self.call)
        self.chunks = [
            (total * part // cut.chunks, total * (part + 1) // cut.chunks) for part in range(cut.chunks)
        ]
        self._cut_inputs()
        self.most = self._largest(strips) if strips or cut.tiles > FEW else 0

    def _grouped(self, cut: Cut) -> tuple[Cut, tuple[int, ...]]:
        """The cut, and the parts in which the output is kept: several tiles together, or parts of a tile.

        Of many columns several are kept together, as who reads many channels would else read as many pieces,
        for each of as many tiles. Of few rows each is kept in parts, so that its reader can give them back
        bit by bit.
        """
        axes, column = self.axes, self.axes.column
        if len(self.op.outputs) != 1 or prod(cut.parts) * cut.chunks == 1:
            return cut, cut.parts
        columns = 1 if column is None else cut.parts[column]
        lines = in_lines(axes, cut)
        if lines is not None:
            return replace(cut, columns_outer=columns > 1), lines  # part by part of one tile
        rows, most = rows_of(axes, cut.parts), prod(axes.most[axis] for axis in axes.rows)
        if rows < LINES and most > rows:
            return cut, cut.parts
        if column is None or cut.chunks > 1 or not kind_of(self.op).weights or axes.blocks[column] > 1:
            return cut, cut.parts
        if columns < 2 * COLUMNS or (cut.columns_outer and cut.tiles > columns):
            return cut, cut.parts
        each = columns // COLUMNS

        def with_columns(count: int) -> tuple[int, ...]:
            return (*cut.parts[:column], count, *cut.parts[column + 1 :])

        pieces = columns // each
        return replace(cut, parts=with_columns(pieces * each)), with_columns(pieces)

    def _cut_inputs(self) -> None:
        """Weights are cut with the output's columns and the sum; maps that lie off-chip, with its rows."""
        op, tiling, shape, axes = self.op, self.tiling, self.tensor.shape, self.axes
        workload, weights = tiling.workload, kind_of(self.op).weights
        for place, name in enumerate(op.inputs):
            stored = workload.storage(name)
            if stored in tiling.grids or stored in self.new:
                continue
            tensor = workload.tensors[stored]
            parts = [1] * len(tensor.shape)
            if place == 1 and stored == name and weights:
                for axis, rule in enumerate(self.reaches[place].reads):
                    if isinstance(rule, Along) and rule.axis == axes.column:
                        parts[axis] = self.cut.parts[rule.axis]
                if (summing := self.reaches[place].summed) is not None:
                    parts[summing] = len(self.chunks)
            elif axes.maps and len(tensor.shape) == len(shape) and tensor.shape[0] == shape[0]:
                for axis in axes.rows:
                    parts[axis] = min(self.cut.parts[axis], tensor.shape[axis])
            elif kind_of(op).maps and stored != name and len(tensor.shape) != len(shape):
                for axis in axes.rows:
                    for there in self._follows(name, self.reaches[place], axis):
                        parts[there] = min(self.cut.parts[axis], tensor.shape[there])
            self.new[stored] = Grid(tensor, parts)

    def _follows(self, name: str, reach: Reach, axis: int) -> list[int]:
        """The axis of the bytes behind a view that follows one of the output, if there is just one."""
        if self.cut.parts[axis] < 2:
            return []
        cut = self.tiles.cuts[axis]
        parts = []
        for start, stop in (cut[:2], cut[1:3]):
            needed = reach(
                (*whole(self.tensor.shape[:axis]), (start, stop), *whole(self.tensor.shape)[axis + 1 :])
            )
            if needed is None:
                return []
            parts.append(to_storage(self.tiling.workload, name, needed)[1])
        apart = [at for at, (one, other) in enumerate(zip(*parts, strict=True)) if one != other]
        return apart if len(apart) == 1 else []

    def _reads(self, box: Box, chunk: Range) -> Iterator[tuple[str, Box]]:
        """Each stored tensor that a tile reads, and the part it needs."""
        workload = self.tiling.workload
        for name, reach in zip(self.op.inputs, self.reaches, strict=True):
            needed = reach(box)
            if needed is None:
                continue
            if len(self.chunks) > 1 and reach.summed is not None:
                axis = reach.summed
                needed = (*needed[:axis], chunk, *needed[axis + 1 :])
            yield to_storage(workload, name, needed)

    def _source(self, stored: str) -> Grid:
        return self.new[stored] if stored in self.new else self.tiling.grids[stored]

    def _samples(self) -> Iterator[tuple[Box, Range]]:
        """A few tiles, the largest among them as a rule: the corners of the grid and its middles."""
        ranges = []
        for cut in self.tiles.cuts:
            count = len(cut) - 1
            ranges.append([(cut[at], cut[at + 1]) for at in sorted({0, count // 2, count - 1})])
        chunk = self.chunks[len(self.chunks) // 2]
        for box in islice(product(*ranges), 27):
            yield box, chunk

    def _largest(self, strips: bool) -> int:
        """Bytes of the largest of a few tiles; chooses what is read in strips, if anything may."""
        samples = [(box, list(dict.fromkeys(self._reads(box, chunk)))) for box, chunk in self._samples()]
        if strips:
            for _, parts in samples:
                for stored, part in parts:
                    source = self._source(stored)
                    if source.first not in self.tiling.pinned and (
                        box_bytes(source.tensor, part) < source.bytes_over(part)
                        or (stored not in self.new and source.pieces_over(part) > MANY)
                    ):
                        self.strips.add(stored)
        return max(self._together(box, parts) for box, parts in samples)

    def _together(self, box: Box, parts: list[tuple[str, Box]]) -> int:
        tiling = self.tiling
        made = box_bytes(self.tensor, box)
        total, over = made, 0
        total += sum(tiling.workload.tensors[name].nbytes for name in self.op.outputs[1:])
        for stored, part in parts:
            source = self._source(stored)
            if stored in self.strips:
                total += box_bytes(source.tensor, part)
            elif source.first not in tiling.pinned:
                nbytes = source.bytes_over(part)
                total += nbytes
                if nbytes == made and part == box and self._may_go(stored):
                    over = made
        return total - over

    def take(self) -> list[Step]:
        """The steps; the pieces of what was not cut before get their numbers."""
        op, tiling = self.op, self.tiling
        tensors, pieces, pinned = tiling.workload.tensors, tiling.pieces, tiling.pinned
        for grid in self.new.values():
            if grid.tensor.name not in self.strips:
                tiling.register(grid)
        first = tiling.register(self.grid, columns_outer=self.cut.columns_outer)
        others = tuple(
            tiling.register(Grid(tensors[name], [1] * len(tensors[name].shape))) for name in op.outputs[1:]
        )
        grouped = self.tiles.count > self.grid.count
        split_up = self.tiles.count < self.grid.count
        boxes = self.tiles.boxes if grouped or split_up else pieces.box[first : first + self.grid.count]
        tiles = self._in_order(boxes)
        summing = self.chunks[-1][1]
        work = TileWork(self.call, summing)
        steps: list[Step] = []
        for tile in tiles:
            box = boxes[tile]
            made = tuple(self.grid.over(box)) if grouped or split_up else (first + tile,)
            outputs = (*made, *others)
            nbytes = sum(pieces.nbytes[piece] for piece in outputs)
            for chunk in self.chunks:
                needed: dict[int, None] = {}
                fixed: list[int] = []
                for stored, part in self._reads(box, chunk):
                    if stored in self.strips:
                        needed[self._strip(stored, part)] = None
                        continue
                    over = tiling.grids[stored].over(part)
                    if over[0] in pinned:
                        fixed += over
                    else:
                        needed.update(dict.fromkeys(over))
                length = chunk[1] - chunk[0]
                amount = work.next(box, length, nbytes)
                place = self._over(box, needed, pieces.nbytes[outputs[0]]) if len(outputs) == 1 else -1
                if chunk[0]:
                    needed.update(dict.fromkeys(made))
                    place = -1
                if grouped and steps and steps[-1].outputs == outputs:
                    needed[made[0]] = None
                steps.append(
                    Step(
                        self.number,
                        amount,
                        tuple(needed),
                        outputs,
                        place,
                        tuple(fixed),
                        box if grouped else None,
                    )
                )
        return steps

    def strip_bytes(self, inside: Collection[str]) -> int:
        """The bytes of what all tiles read, those of `inside` apart, if each reads parts of its own measure."""
        boxes = self.tiles.boxes
        found = 0
        last: set[tuple[str, Box]] = set()
        for tile in self._in_order(boxes):
            for chunk in self.chunks:
                parts = {part for part in self._reads(boxes[tile], chunk) if part[0] not in inside}
                found += sum([box_bytes(self._source(name).tensor, box) for name, box in parts - last])
                last = parts
        return found

    def _in_order(self, boxes: list[Box]) -> list[int]:
        """The tiles by number: column by column, or row by row."""
        tiles = list(range(len(boxes)))
        rows, column = self.axes.rows, self.axes.column
        if len(boxes) > 1 and column is not None and self.cut.columns_outer:
            tiles.sort(key=lambda tile: (boxes[tile][column], tile))
        elif len(boxes) > 1 and column is not None:
            tiles.sort(key=lambda tile: ([boxes[tile][axis] for axis in rows], tile))
        return tiles

    def _strip(self, stored: str, part: Box) -> int:
        """The piece for a part that is loaded by itself; an activation has to be off-chip for it."""
        tiling = self.tiling
        tensor = tiling.workload.tensors[stored]
        if tensor.role is not Role.ACTIVATION:
            return tiling.pieces.strip(tensor, part, ())
        tiling.forced.add(stored)
        return tiling.pieces.strip(tensor, part, tiling.grids[stored].over(part))

    def _may_go(self, stored: str) -> bool:
        """Whether the output may take the place of this input: element for element, and its last reader."""
        return self.elementwise and self.tiling.last_reader.get(stored) == self.number

    def _over(self, box: Box, needed: dict[int, None], nbytes: int) -> int:
        """An input piece that the output can take the place of, element for element; -1 for none."""
        pieces = self.tiling.pieces
        for piece in needed if self.elementwise else ():
            if (
                pieces.nbytes[piece] == nbytes
                and pieces.box[piece] == box
                and self._may_go(pieces.tensor[piece])
            ):
                return piece
        return -1
