"""Stages in slices of channels: a wide map is made and summed slice by slice, and never exists as a whole.

An expanding operator makes some channels, the following operators process these, and a projecting operator
adds them to its sums, which stay on chip. The wide map of an inverted residual or of a perceptron thus needs
no off-chip traffic.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, prod

from simres.scheduling.cuts import Cut, rows_of, split
from simres.scheduling.options import MOST_COLUMNS, MOST_TILES, Option, counts
from simres.scheduling.outline import Outline
from simres.workload.operators import Unit


def in_slices(outline: Outline, members: list[tuple[int, ...]]) -> Iterator[Option]:
    """The groups in slices of the channels between the first and the last, and in blocks of rows if these do
    not overlap."""
    first, last = members[0][0], members[-1][0]
    ops, axes = outline.ops, outline.axes
    column = axes[first].column
    if column is None or any(ops[number].unit is not Unit.MATRIX for number in (first, last)):
        return
    made = {outline.made[number] for group in members[:-1] for number in group}
    within = [number for group in members[:-1] for number in group]
    shape = outline.calls[first].output
    reach = outline.workload.reaches(ops[last])[0]
    sliced = ops[last].inputs[0]
    if reach.summed != column or sliced not in made or len(outline.tensors[sliced].shape) != len(shape):
        return
    if any(outline.last_reader.get(name) not in (*within, *members[-1]) for name in made):
        return
    for number in within:
        if len(ops[number].outputs) != 1 or outline.axes[number].column != column:
            return
        if outline.calls[number].output[column] != shape[column]:
            return
    pointwise = all(_pointwise(outline, number) for number in (*within, last))
    for rows in counts(min(outline.rows[number] for number in (*within, last)), 64) if pointwise else (1,):
        for slices in counts(axes[first].most[column], MOST_COLUMNS):
            if slices > 1 and rows * slices <= MOST_TILES:
                found = _option(outline, members, within, rows, slices, made)
                if found is not None:
                    yield found


def _pointwise(outline: Outline, number: int) -> bool:
    """Whether a row needs only the same row of every map."""
    reads = outline.band_reads(number, outline.rows[number])
    return reads is not None and all(read.weight or read.low == read.high for read in reads)


def _option(
    outline: Outline,
    members: list[tuple[int, ...]],
    within: list[int],
    rows: int,
    slices: int,
    made: set[str],
) -> Option | None:
    last = members[-1]
    held = stream = whole = weights = begun = 0
    loads = reads = 0
    maps = outline.maps([*within, *last])
    streamed = []
    cuts = []
    for number in within:
        parts = split(outline.axes[number], rows, slices)
        if prod(parts) != rows * slices or rows_of(outline.axes[number], parts) != rows:
            return None
        cuts.append(Cut(parts))
        if not any(name in made and outline.in_place(number, name) for name in outline.inputs[number]):
            held += ceil(outline.tensors[outline.made[number]].nbytes / rows / slices)
        together = 0
        for name, read in outline.tile_reads(number, parts).items():
            if read.weight:
                held += read.nbytes * (2 if read.by_column or read.by_row else 1)
                begun += read.nbytes
                weights += outline.weight_bytes[name] * (rows if read.by_column and not read.by_row else 1)
                together = rows * slices
            elif name in made:
                if not read.by_column:
                    return None
            elif rows == 1:
                whole += outline.tensors[name].nbytes
                streamed.append(maps.index(name))
            else:
                stream += 2 * read.nbytes
                streamed.append(maps.index(name))
                reads += rows
        loads += together
    beside = {outline.made[number] for number in last} | {maps[place] for place in streamed}
    for place, number in enumerate(last):
        parts = split(outline.axes[number], rows, 1)
        cuts.append(Cut(parts, slices if not place else 1))
        together = 0
        for name, read in outline.tile_reads(number, parts).items():
            if read.weight:
                held += read.nbytes if place else 2 * ceil(read.nbytes / slices)
                weights += outline.weight_bytes[name] * (1 if place or read.by_row else rows)
                together = rows * (1 if place else slices)
            elif place and name not in beside:
                held += read.nbytes
        loads += together
    result = ceil(outline.tensors[outline.made[last[0]]].nbytes / rows)
    held += result
    turns = rows * slices
    steps = turns * (len(within) + 1) + rows * (len(last) - 1)
    return Option(
        held,
        begun,
        result,
        stream,
        whole,
        held + stream + whole,
        1.0,
        False,
        tuple(dict.fromkeys(streamed)),
        weights,
        begun,
        loads,
        reads,
        2 * rows,
        turns,
        rows,
        1 / rows,
        steps,
        tuple(cuts),
        early=stream // 2,
    )
