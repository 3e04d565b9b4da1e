"""One way to cut one operator: the reads and bytes of its tiles, and their steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from itertools import islice, product
from math import prod
from typing import Protocol

from simres.program.tasks import Box
from simres.scheduling.alike import taken_like
from simres.scheduling.cuts import LINES, Cut, in_lines, rows_of
from simres.scheduling.pieces import Grid, Pieces, box_bytes
from simres.scheduling.steps import Step, Taken, bytes_of
from simres.scheduling.tile_work import TileWork
from simres.workload.axes import summed
from simres.workload.boxes import whole
from simres.workload.footprint import Reach, call_of, is_elementwise, to_storage
from simres.workload.graph import Workload
from simres.workload.kinds import kind_of
from simres.workload.operators import Op, Role
from simres.workload.reaches import Along

Range = tuple[int, int]

AGAIN = 1.25
"""Maps that a stage streams are read in strips if shared pieces would load more than this many times their
bytes."""

MANY = 8
"""A tile that touches more pieces of a map than this is cheaper with a strip of its own."""

COLUMNS = 12
"""The approximate maximum of pieces in a row of the output."""

MOST_VISITS = 1 << 20
"""An operator whose tiles would read more pieces than this in total reads strips."""

FEW = 32
"""Up to this number of tiles, all are made and examined; beyond it, a sample is examined first."""


class Tiled(Protocol):
    """The parts of a tiling that a tile plan uses."""

    workload: Workload
    ops: tuple[Op, ...]
    pieces: Pieces
    grids: dict[str, Grid]
    pinned: frozenset[int]
    last_reader: dict[str, int]

    def tables(self, op: Op) -> set[str]:
        """Lookup tables of an operator: they stay off-chip except for the rows read."""


class TilePlan:
    """A cut of an operator, examined before it is used.

    `most` is the approximate size in bytes of the largest tile with its inputs, judged by a few tiles. With
    `strips`, inputs of which tiles need less than the pieces that they touch are read in strips.

    It depends only on how the operator's inputs are cut in the tiling, and on which of them it reads last.
    `like` is the same cut of an operator that is equal in both.
    """

    def __init__(
        self, tiling: Tiled, number: int, cut: Cut, *, strips: bool, like: TilePlan | None = None
    ) -> None:
        self.workload = workload = tiling.workload
        self.pieces = tiling.pieces
        self.pinned = tiling.pinned
        self.number = number
        self.op = op = tiling.ops[number]
        self.names = [*map(workload.storage, op.inputs), *op.outputs]
        """The stored tensors that it reads and makes."""
        self.grids = {name: tiling.grids[name] for name in self.names if name in tiling.grids}
        """Grids of the inputs that are already cut."""
        self.like = like
        self._loaded: dict[frozenset[str], tuple[bool, int]] = {}
        self.most: int = 0 if like is None else like.most
        """Approximate bytes of the largest tile with its inputs, judged by a few tiles."""
        if like is not None:
            return
        self.tensor = workload.tensors[op.outputs[0]]
        self.axes = workload.axes[op.name]
        self.reaches = workload.reaches(op)
        self.call = call_of(workload, op)
        self.elementwise = is_elementwise(workload, op)
        self.goes = {
            name for name in self.names if self.elementwise and tiling.last_reader.get(name) == number
        }
        """Inputs that the output may overwrite: elementwise, and without a later reader."""
        self.cut, parts = self._grouped(cut)
        self.tiles = Grid(self.tensor, self.cut.parts)
        self.grid = Grid(self.tensor, parts)
        """The pieces of the output: its tiles, or several of them together."""
        self.new: dict[str, Grid] = {}
        """Grids of inputs that are off-chip and not yet cut."""
        self.strips: set[str] = tiling.tables(op) if workload.tables else set()
        """Stored tensors that are read in strips."""
        total = summed(self.call)
        self.chunks = [
            (total * part // cut.chunks, total * (part + 1) // cut.chunks) for part in range(cut.chunks)
        ]
        self._cut_inputs()
        self.most = self._largest(strips) if strips or cut.tiles > FEW else 0

    def _grouped(self, cut: Cut) -> tuple[Cut, tuple[int, ...]]:
        """The cut, and the parts in which the output is kept: several tiles together, or parts of a tile.

        With many columns, several are kept together: a reader of many channels would otherwise read as many
        pieces for each of its tiles. With few rows, each is kept in parts, so that its reader can free them
        one by one.
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
        """Cuts weights with the output's columns and the sum, and off-chip maps with the output's rows."""
        op, shape, axes = self.op, self.tensor.shape, self.axes
        workload, weights = self.workload, kind_of(self.op).weights
        for place, name in enumerate(op.inputs):
            stored = workload.storage(name)
            if stored in self.grids or stored in self.new:
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
        """The axis of the bytes behind a view that follows one of the output, if there is exactly one."""
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
            parts.append(to_storage(self.workload, name, needed)[1])
        apart = [at for at, (one, other) in enumerate(zip(*parts, strict=True)) if one != other]
        return apart if len(apart) == 1 else []

    def _reads(self, box: Box, chunk: Range) -> Iterator[tuple[str, Box]]:
        """Each input of a tile, and the part that the tile reads."""
        for name, reach in zip(self.op.inputs, self.reaches, strict=True):
            needed = reach(box)
            if needed is None:
                continue
            if len(self.chunks) > 1 and reach.summed is not None:
                axis = reach.summed
                needed = (*needed[:axis], chunk, *needed[axis + 1 :])
            yield name, needed

    def _source(self, stored: str) -> Grid:
        return self.new[stored] if stored in self.new else self.grids[stored]

    def _samples(self) -> Iterator[tuple[Box, Range]]:
        """A few tiles, usually including the largest: the corners and middles of the grid."""
        ranges = []
        for cut in self.tiles.cuts:
            count = len(cut) - 1
            ranges.append([(cut[at], cut[at + 1]) for at in sorted({0, count // 2, count - 1})])
        chunk = self.chunks[len(self.chunks) // 2]
        for box in islice(product(*ranges), 27):
            yield box, chunk

    def _largest(self, strips: bool) -> int:
        """Bytes of the largest of a few tiles; chooses the inputs to read in strips, if allowed."""
        samples = []
        for box, chunk in self._samples():
            reads = [to_storage(self.workload, name, part) for name, part in self._reads(box, chunk)]
            samples.append((box, list(dict.fromkeys(reads))))
        if strips:
            most = MOST_VISITS // self.cut.tiles
            for _, parts in samples:
                for stored, part in parts:
                    source = self._source(stored)
                    if source.first not in self.pinned and (
                        box_bytes(source.tensor, part) < source.bytes_over(part)
                        or source.pieces_over(part) > (MANY if stored not in self.new else most)
                    ):
                        self.strips.add(stored)
        return max(self._together(box, parts) for box, parts in samples)

    def _together(self, box: Box, parts: list[tuple[str, Box]]) -> int:
        made = box_bytes(self.tensor, box)
        total, over = made, 0
        total += sum(self.workload.tensors[name].nbytes for name in self.op.outputs[1:])
        for stored, part in parts:
            source = self._source(stored)
            if stored in self.strips:
                total += box_bytes(source.tensor, part)
            elif source.first not in self.pinned:
                nbytes = source.bytes_over(part)
                total += nbytes
                if nbytes == made and part == box and stored in self.goes:
                    over = made
        return total - over

    @cached_property
    def visits(self) -> int:
        """The approximate number of pieces that its tiles read in total."""
        if self.like is not None:
            return self.like.visits
        *_, (box, chunk) = self._samples()
        reads = [to_storage(self.workload, name, part) for name, part in self._reads(box, chunk)]
        pieces = [1 if name in self.strips else self._source(name).pieces_over(part) for name, part in reads]
        return self.cut.tiles * sum(pieces)

    @cached_property
    def taken(self) -> Taken:
        """The steps of the cut; numbers the pieces of tensors that were not cut before."""
        like = self.like
        if like is None:
            return self._take()
        tensors = self.workload.tensors
        named = {name: tensors[mine] for name, mine in zip(like.names, self.names, strict=True)}
        return taken_like(like.taken, like.grids, self.op, self.number, named, self.grids, self.pieces)

    def _take(self) -> Taken:
        tensors, pieces, pinned = self.workload.tensors, self.pieces, self.pinned
        made_first = [name for name in self.new if name not in self.strips]
        self.grids |= {name: pieces.add(self.new[name]) for name in made_first}
        self.grid = pieces.add(self.grid)
        first = self.grid.first
        beside = [
            pieces.add(Grid(tensors[name], [1] * len(tensors[name].shape))) for name in self.op.outputs[1:]
        ]
        others = tuple([grid.first for grid in beside])
        forced: set[str] = set()
        known: dict[tuple[str, Box], list[int]] = {}
        """The pieces of input parts asked for so far, because many tiles read the same ones."""
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
                for read in self._reads(box, chunk):
                    over = known.get(read)
                    if over is None:
                        over = known[read] = self._pieces(*read, forced)
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
        grids = [(self.grids[name], False) for name in made_first]
        grids += [(self.grid, self.cut.columns_outer), *((grid, False) for grid in beside)]
        most = max([bytes_of(step, pieces.size) for step in steps])
        return Taken(steps, most, tuple(grids), frozenset(forced))

    def loads_again(self, inside: frozenset[str], room: int) -> bool:
        """Whether pieces would be loaded much more than once if each stayed for one visit only, or the pieces
        of one step take much more than the room for them; tensors made `inside` a stage are not loaded."""
        if self.like is not None:
            pairs = zip(self.like.names, self.names, strict=True)
            return self.like.loads_again(frozenset([there for there, name in pairs if name in inside]), room)
        if inside not in self._loaded:
            self._loaded[inside] = self._loads(inside)
        again, most = self._loaded[inside]
        return again or most > AGAIN * room

    def _loads(self, inside: frozenset[str]) -> tuple[bool, int]:
        """Whether pieces would be loaded much more than once, and the most bytes of maps of a step."""
        pieces, tensors = self.pieces, self.workload.tensors
        nbytes = pieces.nbytes
        visited = most = 0
        last: frozenset[int] = frozenset()
        seen: set[int] = set()
        for step in self.taken.steps:
            now = frozenset([piece for piece in step.inputs if pieces.tensor[piece] not in inside])
            visited += sum([nbytes[piece] for piece in now - last])
            maps = [piece for piece in now if tensors[pieces.tensor[piece]].role is not Role.WEIGHT]
            most = max(most, sum([nbytes[piece] for piece in maps]))
            seen |= now
            last = now
        again = visited > AGAIN * sum([nbytes[piece] for piece in seen])
        return again and visited > AGAIN * self._strip_bytes(inside), most

    def _strip_bytes(self, inside: frozenset[str]) -> int:
        """The bytes that all tiles read in parts that fit them, without tensors made `inside`."""
        boxes = self.tiles.boxes
        found = 0
        last: set[tuple[str, Box]] = set()
        for tile in self._in_order(boxes):
            for chunk in self.chunks:
                reads = [
                    to_storage(self.workload, name, part) for name, part in self._reads(boxes[tile], chunk)
                ]
                parts = {read for read in reads if read[0] not in inside}
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

    def _pieces(self, name: str, needed: Box, forced: set[str]) -> list[int]:
        """The pieces that a part of an input overlaps, or the strip for a part that is loaded separately; an
        activation has to be off-chip for that."""
        stored, part = to_storage(self.workload, name, needed)
        if stored not in self.strips:
            return self.grids[stored].over(part)
        tensor = self.workload.tensors[stored]
        if tensor.role is not Role.ACTIVATION:
            return [self.pieces.strip(tensor, part, ())]
        forced.add(stored)
        return [self.pieces.strip(tensor, part, tuple(self.grids[stored].over(part)))]

    def _over(self, box: Box, needed: dict[int, None], nbytes: int) -> int:
        """An input piece that the output can overwrite element by element; -1 for none."""
        pieces = self.pieces
        for piece in needed if self.elementwise else ():
            if (
                pieces.nbytes[piece] == nbytes
                and pieces.box[piece] == box
                and pieces.tensor[piece] in self.goes
            ):
                return piece
        return -1
