"""Ways to cut an operator into tiles: rows and columns of its output, and chunks of its sum."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from math import ceil, prod

from simres.workload.axes import Axes
from simres.workload.operators import Op, Tensor

MOST_TILES = 1 << 15
"""An operator that needs more tiles than this is treated as one that does not fit."""


@dataclass(frozen=True, slots=True)
class Cut:
    """One way to cut: parts of the output by axis, chunks of the sum, and which loop is the outer one.

    With `columns_outer`, tiles go down a column before the next column: all rows for some output channels,
    whose weights are then no longer needed. Otherwise they go along the rows.
    """

    parts: tuple[int, ...]
    chunks: int = 1
    columns_outer: bool = False

    @property
    def tiles(self) -> int:
        """Number of steps."""
        return prod(self.parts) * self.chunks


def split(axes: Axes, n_rows: int, n_columns: int) -> tuple[int, ...]:
    """Parts by axis: `n_rows` spread over the row axes, the outer ones first."""
    parts = [1] * len(axes.most)
    for axis in axes.rows:
        parts[axis] = axes.parts(axis, n_rows)
        n_rows = ceil(n_rows / parts[axis])
    if axes.column is not None:
        parts[axes.column] = axes.parts(axes.column, n_columns)
    return tuple(parts)


def rows_of(axes: Axes, parts: tuple[int, ...]) -> int:
    """Number of parts along the rows."""
    return prod([parts[axis] for axis in axes.rows])


LINES = 4
"""A map is kept in so many bands of rows at least, so that its reader can give it back bit by bit; and so is
each tile of sums that goes down the columns."""


def in_lines(axes: Axes, cut: Cut) -> tuple[int, ...] | None:
    """The parts of an output whose tiles are kept in several bands of rows; None if each is one piece.

    The bands of a tile are consecutive only if the tiles go down the columns.
    """
    rows = rows_of(axes, cut.parts)
    each = LINES if cut.chunks > 1 and cut.columns_outer else LINES // rows
    if each < 2:
        return None
    columns = 1 if axes.column is None else cut.parts[axes.column]
    most = prod(axes.most[axis] for axis in axes.rows)
    if most <= rows or (rows > 1 < columns and not cut.columns_outer):
        return None
    parts = split(axes, min(most, rows * each), columns)
    return parts if all(new % old == 0 for new, old in zip(parts, cut.parts, strict=True)) else None


def finer(cut: Cut, axes: Axes, sums: int) -> Iterator[Cut]:
    """The cut itself, then finer and finer ones, each with its sum in 1, 2, 4, ... chunks, up to `sums`."""
    most_rows = prod(axes.most[axis] for axis in axes.rows)
    most_columns = axes.most[axes.column] if axes.column is not None else 1
    n_rows, n_columns = rows_of(axes, cut.parts), 1 if axes.column is None else cut.parts[axes.column]
    found = cut
    while True:
        chunks = found.chunks
        while found.tiles <= MOST_TILES:
            yield found
            if chunks >= sums:
                break
            chunks = min(sums, 2 * chunks)
            found = replace(found, chunks=chunks)
        if n_rows < most_rows and (n_rows <= n_columns or n_columns == most_columns):
            n_rows = min(most_rows, 2 * n_rows)
        elif n_columns < most_columns:
            n_columns = min(most_columns, 2 * n_columns)
        else:
            return
        found = replace(cut, parts=split(axes, n_rows, n_columns))
        if found.tiles > MOST_TILES:
            return


def inherited(
    op: Op, tensors: Mapping[str, Tensor], cut_as: Mapping[str, Cut], nearest: Collection[str] = ()
) -> Cut | None:
    """The cut of an input of the same shape, one of the `nearest` if there is any, for operators that work
    element by element."""
    if len(op.outputs) == 1:
        shape = tensors[op.outputs[0]].shape
        for name in sorted(op.inputs, key=lambda name: name not in nearest):
            tensor = tensors[name]
            if tensor.shape == shape and tensor.view_of is None and name in cut_as:
                return cut_as[name]
    return None
