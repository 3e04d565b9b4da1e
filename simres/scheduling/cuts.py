"""Ways to cut an operator into tiles: rows and columns of its output, and chunks of its sum."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import ceil, prod, sqrt

from simres.workload.axes import Axes
from simres.workload.kinds import kind_of
from simres.workload.operators import Op, Role, Tensor, Unit

MOST_TILES = 1 << 15
"""An operator that would have to be cut finer than this counts as one that does not fit."""

MANY = 24
"""Weights are not cut into more parts than this for the sake of small ones."""

BLOCK = 0.4
"""The share of the memory that an operand may take which stays while the other streams by."""


FULL = 0.8
"""The share that a map may take which stays with hardly anything beside it."""

KEPT = 0.6
"""The share of the memory in which a map survives from its making to its reader, about."""


@dataclass(frozen=True, slots=True)
class Cut:
    """One way to cut: parts of the output by axis, chunks of the sum, and which loop is the outer one.

    With `columns_outer` the tiles go down a column (all rows for some output channels, whose weights are
    then needed no more) before the next; otherwise along the rows.
    """

    parts: tuple[int, ...]
    chunks: int = 1
    columns_outer: bool = False

    @property
    def tiles(self) -> int:
        """Number of steps."""
        return prod(self.parts) * self.chunks

    def rows_only(self, axes: Axes) -> bool:
        """Whether each tile has all its columns and its whole sum."""
        return self.chunks == 1 and (axes.column is None or self.parts[axes.column] == 1)


def cuts(op: Op, axes: Axes, tensors: Mapping[str, Tensor], capacity: int, aim: int) -> Iterator[Cut]:
    """Cuts of an operator, coarse to fine; maps aim at pieces of `aim` bytes, weights at four times that."""
    shape = tensors[op.outputs[0]].shape
    if len(op.outputs) != 1:
        yield Cut((1,) * len(shape))
        return
    most_rows = prod(axes.most[axis] for axis in axes.rows)
    most_columns = axes.most[axes.column] if axes.column is not None else 1
    n_rows, n_columns, outer = _start(op, tensors, capacity, aim)
    n_rows, n_columns = max(1, min(n_rows, most_rows)), max(1, min(n_columns, most_columns))
    while True:
        cut = Cut(_split(axes, n_rows, n_columns), columns_outer=outer)
        if cut.tiles > MOST_TILES:
            return
        yield cut
        if n_rows < most_rows and (n_rows <= n_columns or n_columns == most_columns):
            n_rows = min(most_rows, 2 * n_rows)
        elif n_columns < most_columns:
            n_columns = min(most_columns, 2 * n_columns)
        else:
            return


def in_rows(op: Op, axes: Axes, tensors: Mapping[str, Tensor], aim: int) -> Iterator[Cut]:
    """Cuts into rows alone, of about `aim` bytes each and then ever finer."""
    tensor = tensors[op.outputs[0]]
    if len(op.outputs) != 1:
        axes = replace(axes, rows=())
    most = prod(axes.most[axis] for axis in axes.rows)
    count = max(1, min(most, ceil(tensor.nbytes / aim)))
    while True:
        cut = Cut(_split(axes, count, 1))
        if cut.tiles > MOST_TILES:
            return
        yield cut
        if count == most:
            return
        count = min(most, 2 * count)


def chunked(cut: Cut, most: int) -> Iterator[Cut]:
    """The cut itself, then with what is summed over in 2, 4, ... chunks, up to `most`."""
    chunks = 1
    while True:
        found = replace(cut, chunks=min(chunks, most))
        if found.tiles > MOST_TILES:
            return
        yield found
        if chunks >= most:
            return
        chunks *= 2


def stationary(
    op: Op, axes: Axes, most: int, tensors: Mapping[str, Tensor], capacity: int, aim: int
) -> Cut | None:
    """A cut whose output tiles stay while chunks of both operands stream by, where that moves less.

    It sums over `most` elements. None where an operand can stay instead. A tile has a quarter of the memory,
    and so has a chunk of what it reads, so that the next one can come in meanwhile. Of n tiles in R rows and
    C columns, the data are read C times and the weights R times: least for R = sqrt(n data / weights).
    """
    if most == 1 or not kind_of(op).weights:
        return None
    data, weights = tensors[op.inputs[0]], sum(tensors[name].nbytes for name in op.inputs[1:])
    block, quarter = max(1, int(BLOCK * capacity)), max(1, capacity // 4)
    if data.nbytes <= block or weights <= block:
        return None
    tiles = max(1, ceil(tensors[op.outputs[0]].nbytes / quarter))
    most_rows = prod(axes.most[axis] for axis in axes.rows)
    n_rows = max(1, min(most_rows, round(sqrt(tiles * data.nbytes / weights))))
    n_columns = ceil(tiles / n_rows)
    spilled = data.nbytes if data.role is Role.ACTIVATION else 0
    moved = n_columns * data.nbytes + n_rows * weights + spilled
    row_blocks, column_blocks = ceil(data.nbytes / block), ceil(weights / block)
    overflow = 2 * max(0, data.nbytes - int(KEPT * capacity)) if spilled else data.nbytes
    stays = overflow + weights if data.nbytes <= FULL * capacity else overflow + row_blocks * weights
    if moved >= min(stays, weights + column_blocks * data.nbytes + spilled):
        return None
    parts = _split(axes, n_rows, n_columns)
    chunks = min(most, ceil((data.nbytes / n_rows + weights / n_columns) / min(quarter, 4 * aim)))
    return Cut(parts, chunks)


def _start(op: Op, tensors: Mapping[str, Tensor], capacity: int, aim: int) -> tuple[int, int, bool]:
    """Rows and columns of the coarsest cut worth trying, and whether columns are the outer loop."""
    made = tensors[op.outputs[0]].nbytes
    inputs = [tensors[name].nbytes for name in op.inputs]
    data = max(inputs[:1], default=0)
    if op.unit is not Unit.MATRIX:
        most = max(inputs, default=0)
        return max(ceil(made / aim), ceil(most / 2 / aim)), 1, False
    if not kind_of(op).weights:
        return ceil((sum(inputs) + made) / 2 / aim), 1, False
    weights = sum(inputs[1:])
    block = max(1, int(BLOCK * capacity))
    chunk = min(max(4 * aim, weights // MANY), max(aim, capacity // 8))
    columns = max(1, ceil(weights / chunk))
    if data <= block:
        rows = ceil(made / columns / aim)
        return rows, columns, rows > 1 or columns > 1
    if weights <= block:
        return max(ceil(made / aim), ceil(data / 2 / aim)), 1, False
    row_blocks, column_blocks = ceil(data / block), ceil(weights / block)
    if data <= FULL * capacity:
        return row_blocks * max(1, ceil(made / row_blocks / columns / aim)), columns, True
    if data + row_blocks * weights <= weights + column_blocks * data:
        return row_blocks * max(1, ceil(made / row_blocks / columns / aim)), columns, False
    rows = max(ceil(data / aim), ceil(made / column_blocks / aim))
    return rows, column_blocks, True


def inherited(op: Op, tensors: Mapping[str, Tensor], cut_as: Mapping[str, Cut]) -> Cut | None:
    """The cut of an input of the same shape, for operators that work element by element."""
    if len(op.outputs) == 1:
        shape = tensors[op.outputs[0]].shape
        for name in op.inputs:
            tensor = tensors[name]
            if tensor.shape == shape and tensor.view_of is None and name in cut_as:
                return cut_as[name]
    return None


def _split(axes: Axes, n_rows: int, n_columns: int) -> tuple[int, ...]:
    """Parts by axis: `n_rows` spread over the row axes, the outer ones first."""
    parts = [1] * len(axes.most)
    for axis in axes.rows:
        parts[axis] = axes.parts(axis, n_rows)
        n_rows = ceil(n_rows / parts[axis])
    if axes.column is not None:
        parts[axes.column] = axes.parts(axes.column, n_columns)
    return tuple(parts)
