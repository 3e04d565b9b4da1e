"""The outline of a network for the mapspace: shapes, readers and reaches of its operators."""

from __future__ import annotations

from collections.abc import Container
from math import prod
from typing import NamedTuple

from simres.scheduling.cuts import Cut, rows_of, split
from simres.scheduling.forms import forms_of
from simres.scheduling.groups import Groups
from simres.scheduling.pieces import box_bytes
from simres.workload.axes import summed
from simres.workload.boxes import Box, whole
from simres.workload.footprint import Reach, call_of, is_elementwise, to_storage
from simres.workload.operators import Role
from simres.workload.reaches import Shape

ALIKE = 16
"""After this number of chunks of a sum, all further ones are like the earlier ones."""


class BandRead(NamedTuple):
    """What the middle band of an operator reads: `nbytes` of bands `low` to `high` of a map, or a weight."""

    tensor: str
    weight: bool
    low: int
    high: int
    nbytes: int


class TileRead(NamedTuple):
    """The bytes of a tensor that a tile reads, and whether they change with its row and its column."""

    weight: bool
    nbytes: int
    by_row: bool
    by_column: bool


class Outline:
    """The operators of a network in groups. `pinned` weights are on chip and count as zero bytes. `like` is
    the outline of the same network in another order."""

    def __init__(self, groups: Groups, *, pinned: Container[str] = (), like: Outline | None = None) -> None:
        if like is not None:
            self.__dict__.update(like.__dict__)
            self.groups = groups
            self.last_reader = self._last_readers()
            return
        self.groups = groups
        self.workload = workload = groups.workload
        self.ops = groups.ops
        self.tensors = workload.tensors
        self.nbytes = {name: tensor.nbytes for name, tensor in self.tensors.items()}
        self.elementwise = [is_elementwise(workload, op) for op in self.ops]
        self.calls = [call_of(workload, op) for op in self.ops]
        self.axes = [workload.axes[op.name] for op in self.ops]
        self.rows = [prod(axes.most[axis] for axis in axes.rows) for axes in self.axes]
        """By operator: the most rows that its output can be cut into."""
        self.inputs = [tuple(map(workload.storage, op.inputs)) for op in self.ops]
        self.made = [op.outputs[0] for op in self.ops]
        self.maker = {name: number for number, op in enumerate(self.ops) for name in op.outputs}
        self.last_reader = self._last_readers()
        self.weight_bytes = {
            name: 0 if name in pinned else tensor.nbytes
            for name, tensor in self.tensors.items()
            if tensor.role is Role.WEIGHT
        }
        self._maps: dict[tuple[int, ...], list[str]] = {}
        self._cuts: dict[tuple[int, int, int], Cut | None] = {}
        self._bands: dict[tuple[int, int], list[BandRead] | None] = {}
        self._tiles: dict[tuple[int, tuple[int, ...]], dict[str, TileRead]] = {}
        self.forms = forms_of(workload, self.ops)
        """By operator: a number shared by equal operators."""

    def _last_readers(self) -> dict[str, int]:
        return {
            name: number for group in self.groups.members for number in group for name in self.inputs[number]
        }

    def numbers(self, first: int, end: int) -> list[int]:
        """The operators of groups `first` to `end` - 1."""
        return [number for group in self.groups.members[first:end] for number in group]

    def maps(self, numbers: list[int]) -> list[str]:
        """The maps that these operators read and other operators make, in the order of their first reader."""
        key = tuple(numbers)
        if key not in self._maps:
            inside = {self.made[number] for number in numbers}
            found = dict.fromkeys(name for number in numbers for name in self.inputs[number])
            self._maps[key] = [name for name in found if name not in inside and name not in self.weight_bytes]
        return self._maps[key]

    def form(self, numbers: list[int]) -> tuple[object, ...]:
        """Everything that the ways to run these operators depend on: their forms and their connections."""
        places: dict[str, int] = {}
        found: list[object] = []
        for number in numbers:
            found.append(self.forms[number])
            for name in self.inputs[number]:
                if name in self.weight_bytes:
                    continue
                if name not in places:
                    places[name] = len(places)
                    maker = self.maker.get(name)
                    found.append(None if maker is None else (self.axes[maker].rows, self.axes[maker].most))
                found.append((places[name], self.last_reader.get(name) == number))
            places[self.made[number]] = len(places)
            found.append(self.made[number] in self.last_reader)
        return tuple(found)

    def cut(self, number: int, bands: int, slices: int) -> Cut | None:
        """An operator in exactly so many bands of rows and slices of columns; None if impossible."""
        key = (self.forms[number], bands, slices)
        if key not in self._cuts:
            axes = self.axes[number]
            parts = split(axes, bands, slices) if bands * slices > 1 else (1,) * len(axes.most)
            fits = prod(parts) == bands * slices and rows_of(axes, parts) == bands
            self._cuts[key] = Cut(parts, columns_outer=slices > 1) if fits else None
        return self._cuts[key]

    def band_reads(self, number: int, bands: int) -> list[BandRead] | None:
        """The reads of the middle one of so many bands of an operator; None if impossible."""
        key = (number, bands)
        if key not in self._bands:
            self._bands[key] = self._band_reads(number, bands)
        return self._bands[key]

    def _band_reads(self, number: int, bands: int) -> list[BandRead] | None:
        op, shape = self.ops[number], self.calls[number].output
        parts = split(self.axes[number], bands, 1)
        if len(op.outputs) != 1 or prod(parts) != bands:
            return None
        box = part_of(shape, parts, bands // 2)
        found = []
        for name, reach in zip(op.inputs, self.workload.reaches(op), strict=True):
            needed = reach(box)
            if needed is None:
                continue
            stored, there = to_storage(self.workload, name, needed)
            if stored in self.weight_bytes:
                found.append(BandRead(stored, True, 0, 0, self.weight_bytes[stored]))
                continue
            maker = self.maker.get(stored)
            if maker is not None:
                cut = split(self.axes[maker], bands, 1)
            else:
                cut = self._input_parts(number, parts, box, name, reach)
            shape = self.tensors[stored].shape
            nbytes = box_bytes(self.tensors[stored], there)
            found.append(BandRead(stored, False, *_span(shape, cut, there, bands), nbytes))
        return found

    def _input_parts(
        self, number: int, parts: tuple[int, ...], box: Box, name: str, reach: Reach
    ) -> tuple[int, ...]:
        """The parts of an input of the network, if they follow those of an operator's output."""
        workload, shape = self.workload, self.calls[number].output
        stored, there = to_storage(workload, name, whole(reach.shape))
        found = [1] * len(there)
        for axis, count in enumerate(parts):
            if count > 1:
                ends = []
                for part in ((0, 1), (shape[axis] - 1, shape[axis])):
                    needed = reach((*box[:axis], part, *box[axis + 1 :]))
                    ends.append(there if needed is None else to_storage(workload, name, needed)[1])
                moved = [at for at, (one, other) in enumerate(zip(*ends, strict=True)) if one != other]
                if len(moved) == 1:
                    found[moved[0]] = min(count, self.tensors[stored].shape[moved[0]])
        return tuple(found)

    def in_place(self, number: int, read: str) -> bool:
        """Whether the output of an operator can replace a map that it reads."""
        return (
            self.elementwise[number]
            and self.nbytes[read] == self.nbytes[self.made[number]]
            and self.last_reader.get(read) == number
        )

    def tile_reads(self, number: int, parts: tuple[int, ...]) -> dict[str, TileRead]:
        """The reads of a large tile in the middle of an operator, by stored tensor."""
        key = (number, parts)
        found = self._tiles.get(key)
        if found is None:
            found = self._tiles[key] = self._tile_reads(number, parts)
        return found

    def _tile_reads(self, number: int, parts: tuple[int, ...]) -> dict[str, TileRead]:
        op, column, shape = self.ops[number], self.axes[number].column, self.calls[number].output
        box = largest_part(shape, parts)
        found: dict[str, TileRead] = {}
        for name, reach in zip(op.inputs, self.workload.reaches(op), strict=True):
            needed = reach(box)
            if needed is None:
                continue
            stored, there = to_storage(self.workload, name, needed)
            tensor = self.tensors[stored]
            by_row = by_column = False
            for axis, count in enumerate(parts):
                if count == 1 or (by_column if axis == column else by_row):
                    continue
                start, stop = box[axis]
                other = (0, stop - start) if start else (shape[axis] - (stop - start), shape[axis])
                elsewhere = reach((*box[:axis], other, *box[axis + 1 :]))
                if elsewhere is None or to_storage(self.workload, name, elsewhere)[1] != there:
                    by_row, by_column = by_row or axis != column, by_column or axis == column
            weight = stored in self.weight_bytes
            nbytes = 0 if weight and not self.weight_bytes[stored] else box_bytes(tensor, there)
            if (known := found.get(stored)) is not None:
                nbytes = min(tensor.nbytes, known.nbytes + nbytes)
                by_row, by_column = known.by_row or by_row, known.by_column or by_column
            found[stored] = TileRead(weight, nbytes, by_row, by_column)
        return found

    def chunk_bytes(self, number: int, parts: tuple[int, ...], chunks: int, stored: str) -> int:
        """The bytes of a stored tensor that a chunk of the sum of a large tile reads.

        Behind a view, this need not be an equal part of the bytes that the tile reads.
        """
        nbytes = self.tile_reads(number, parts)[stored].nbytes
        found = -(-nbytes // chunks)
        op = self.ops[number]
        if stored in op.inputs:
            return found
        total = summed(self.calls[number])
        box = largest_part(self.calls[number].output, parts)
        for name, reach in zip(op.inputs, self.workload.reaches(op), strict=True):
            if self.workload.storage(name) != stored or reach.summed is None:
                continue
            needed = reach(box)
            if needed is None:
                continue
            for chunk in range(min(chunks, ALIKE)):
                along = (total * chunk // chunks, total * (chunk + 1) // chunks)
                part = (*needed[: reach.summed], along, *needed[reach.summed + 1 :])
                there = to_storage(self.workload, name, part)[1]
                found = max(found, box_bytes(self.tensors[stored], there))
        return found


def _at(size: int, count: int, element: int) -> int:
    """The part, of `count` nearly equal ones of an axis, that an element lies in."""
    return ((element + 1) * count - 1) // size


def part_of(shape: Shape, parts: tuple[int, ...], number: int) -> Box:
    """Part number `number`, in row-major order."""
    found = []
    for size, count in zip(reversed(shape), reversed(parts), strict=True):
        number, at = divmod(number, count)
        found.append((size * at // count, size * (at + 1) // count))
    return tuple(reversed(found))


def largest_part(shape: Shape, parts: tuple[int, ...]) -> Box:
    """A part in the middle, as large as the largest."""
    found = []
    for size, count in zip(shape, parts, strict=True):
        most = -(-size // count)
        start = min(size * (count // 2) // count, size - most)
        found.append((start, start + most))
    return tuple(found)


def _span(shape: Shape, parts: tuple[int, ...], box: Box, bands: int) -> tuple[int, int]:
    """The first and the last band of a map that a box overlaps."""
    if prod(parts) != bands:
        return 0, bands - 1
    low = high = 0
    for size, count, (start, stop) in zip(shape, parts, box, strict=True):
        if count > 1:
            low = low * count + _at(size, count, start)
            high = high * count + _at(size, count, stop - 1)
    return low, high
