"""Stages of one group in tiles: rows, columns and chunks of the sum, in either order of the loops."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, prod

from simres.scheduling.cuts import Cut, in_lines, rows_of, split
from simres.scheduling.options import MOST_BANDS, MOST_COLUMNS, MOST_SUMS, MOST_TILES, Option, counts
from simres.scheduling.outline import Outline
from simres.workload.axes import summed

SMALLEST = 16
"""The operands of a chunk of a sum take at most as much as the tile, and at least this part of it."""


def in_tiles(outline: Outline, numbers: list[int]) -> Iterator[Option]:
    """One group in tiles: every number of rows, columns and chunks of the sum, in either order of the
    loops."""
    leader = numbers[0]
    op, axes, call = outline.ops[leader], outline.axes[leader], outline.calls[leader]
    if len(op.outputs) != 1 or not op.inputs:
        return
    most_columns = axes.most[axes.column] if axes.column is not None else 1
    sums = counts(summed(call), MOST_SUMS, fine=True)[1:]
    seen = set()
    for n_rows in counts(outline.rows[leader], MOST_BANDS, fine=True):
        for n_columns in counts(most_columns, MOST_COLUMNS, fine=True):
            parts = split(axes, n_rows, n_columns)
            if parts in seen or prod(parts) > MOST_TILES:
                continue
            seen.add(parts)
            tiles = _Tiles(outline, numbers, parts)
            for columns_outer in (False, True) if tiles.rows > 1 < tiles.columns else (False,):
                yield tiles.looped(columns_outer=columns_outer)
                if tiles.turns_change(columns_outer=columns_outer):
                    apart = tiles.looped(columns_outer=columns_outer, ahead=False)
                    if apart.apart:
                        yield apart
            tile, operands = tiles.tile, tiles.operands
            tried = [count for count in sums if operands <= count * tile <= SMALLEST * operands]
            for chunks in tried or sums[-1:]:
                if prod(parts) * chunks <= MOST_TILES:
                    yield tiles.summed(chunks)
                    if tiles.beside:
                        yield tiles.summed(chunks, by_lines=True)


class _Tiles:
    """A group cut into a number of parts by axis."""

    def __init__(self, outline: Outline, numbers: list[int], parts: tuple[int, ...]) -> None:
        self.outline = outline
        self.numbers = numbers
        self.parts = parts
        self.rows = rows_of(outline.axes[numbers[0]], parts)
        self.columns = prod(parts) // self.rows
        self.count = prod(parts)
        self.reads = outline.tile_reads(numbers[0], parts)
        self.tile = ceil(outline.tensors[outline.made[numbers[0]]].nbytes / self.count)
        self.beside = self.weights_beside = self.small = 0
        """Bytes of maps and of weights that the followers read per tile, and those of all these weights."""
        inside = {outline.made[number] for number in numbers}
        for number in numbers[1:]:
            for name, read in outline.tile_reads(number, parts).items():
                if name not in inside:
                    if read.weight:
                        self.weights_beside += read.nbytes
                        self.small += outline.weight_bytes[name]
                    else:
                        self.beside += read.nbytes
        self.operands = sum(read.nbytes for read in self.reads.values())
        """Bytes that a tile reads."""
        self.maps = outline.maps(numbers)

    def turns_change(self, *, columns_outer: bool) -> bool:
        """Whether anything is loaded for each turn of the outer loop and stays for the whole turn."""
        changes = [(read.by_column, read.by_row) for read in self.reads.values()]
        return ((True, False) if columns_outer else (False, True)) in changes

    def _followed(self, cut: Cut) -> tuple[tuple[Cut, ...], int, int]:
        """The cuts of all operators, the bytes that followers read at a time, and the followers' steps."""
        parts = in_lines(self.outline.axes[self.numbers[0]], cut) or self.parts
        followers = len(self.numbers) - 1
        cuts = (cut, *(Cut(parts, columns_outer=cut.columns_outer),) * followers)
        lines = prod(parts) // self.count
        return cuts, self.weights_beside + ceil(self.beside / lines), self.count * lines * followers

    def looped(self, *, columns_outer: bool, ahead: bool = True) -> Option:
        """Whole sums in two nested loops: data that the inner loop does not change stays for all its turns.

        With `ahead`, there is room to load this data for the next turns early; otherwise it is loaded when
        they begin.
        """
        turns = self.columns if columns_outer else self.rows
        cuts, beside, steps = self._followed(Cut(self.parts, columns_outer=columns_outer))
        held = beside + self.tile * (2 if self.count > 1 else 1)
        spare = self.tile if self.count > 1 else 0
        stream = early = whole = 0
        weights, first, reads = self.small, 0, 0
        apart = together = 0
        """The loads of weights, which are joined."""
        times, strips, to_end = 1.0, False, False
        streamed = []
        for name, read in self.reads.items():
            inner, outer = (read.by_row, read.by_column) if columns_outer else (read.by_column, read.by_row)
            loads = self.count if inner else turns if outer else 1
            space = read.nbytes * (2 if loads > 1 and (ahead or inner) else 1)
            if outer and not inner and not ahead:
                apart += read.nbytes * (loads - 1)
            if read.weight:
                together = max(together, loads)
                held += space
                spare += space - read.nbytes
                first += read.nbytes
                weights += self.outline.weight_bytes[name] * (turns if inner and not outer else 1)
                continue
            reads += loads
            streamed.append(self.maps.index(name))
            total = self.outline.tensors[name].nbytes
            if not inner and not outer:
                whole += total
                continue
            to_end = to_end or (inner and not outer)
            stream += space
            early += space - read.nbytes
            moved = read.nbytes * loads
            times = max(times, moved / max(1, total))
            strips = strips or moved > total or read.by_column
        return Option(
            held,
            spare,
            self.tile * (2 if self.count > 1 else 1),
            stream,
            whole,
            stream + whole,
            times,
            strips,
            tuple(streamed),
            weights,
            first,
            together,
            reads,
            2 * self.count,
            self.count,
            self.count,
            1 - (self.rows - 1) / self.count if columns_outer else 1 / self.rows,
            self.count + steps,
            cuts,
            apart,
            early,
            to_end,
        )

    def summed(self, chunks: int, *, by_lines: bool = False) -> Option:
        """A tile of sums stays until it is complete, while chunks of all operands are streamed.

        Other inputs of followers, such as a skip tensor, are loaded after the last chunk of the tile: as a
        whole, or `by_lines`.
        """
        own = spare = chunks_of_maps = 0
        weights, first, times = self.small, 0, 1.0
        streamed = []
        for name, read in self.reads.items():
            each = self.outline.chunk_bytes(self.numbers[0], self.parts, chunks, name)
            chunk = 2 * each
            if read.weight:
                own += chunk
                spare += chunk // 2
                first += chunk // 2
                again = (1 if read.by_row else self.rows) * (1 if read.by_column else self.columns)
                weights += self.outline.weight_bytes[name] * again
            else:
                chunks_of_maps += chunk
                moved = max(read.nbytes, each * chunks) * self.count
                times = max(times, moved / max(1, self.outline.tensors[name].nbytes))
                streamed.append(self.maps.index(name))
        cuts, beside, steps = self._followed(Cut(self.parts, chunks, columns_outer=by_lines))
        held = self.tile + max(beside, own)
        stream = self.tile + max(beside, own + chunks_of_maps) - held
        turns = self.count * chunks
        return Option(
            held,
            spare,
            self.tile,
            stream,
            0,
            stream,
            times,
            True,
            tuple(streamed),
            weights,
            first,
            turns if len(streamed) < len(self.reads) else 0,
            turns * len(streamed),
            self.count,
            turns,
            self.count,
            1 / self.rows,
            turns + steps,
            cuts,
            early=stream // 2,
            to_end=by_lines and self.columns > 1,
        )
