"""Stages in linked parts: each part of the last map depends only on one part of every map before it.

Attention thus runs head by head: only the queries, keys, values and scores of one head exist at a time, and
none of them goes off-chip.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, prod

from simres.scheduling.cuts import Cut
from simres.scheduling.options import MOST_TILES, Option
from simres.scheduling.outline import Outline, largest_part
from simres.workload.boxes import Box, hull
from simres.workload.footprint import to_storage
from simres.workload.operators import Unit

Parts = tuple[int, ...]


def in_links(outline: Outline, numbers: list[int]) -> Iterator[Option]:
    """The operators in as many parts as the last one has along an axis; the axis may differ in the others.

    Only for stages with a product of two maps, or that move a map: bands and slices cover the others.
    """
    if not any(_joins(outline, number) for number in numbers):
        return
    last = numbers[-1]
    for axis, most in enumerate(outline.axes[last].most):
        if 1 < most < MOST_TILES:
            option = _option(outline, numbers, axis, most)
            if option is not None:
                yield option


def _joins(outline: Outline, number: int) -> bool:
    op = outline.ops[number]
    maps = [name for name in outline.inputs[number] if name not in outline.weight_bytes]
    return op.unit is Unit.MOVE or (op.unit is Unit.MATRIX and len(maps) > 1)


def _option(outline: Outline, numbers: list[int], axis: int, count: int) -> Option | None:
    parts = _parts(outline, numbers, axis, count)
    if parts is None:
        return None
    inside = {outline.made[number] for number in numbers}
    maps = outline.maps(numbers)
    held = begun = weights = stream = whole = loads = reads = steps = 0
    times, strips = 1.0, False
    streamed: dict[str, None] = {}
    for number, own in parts.items():
        tiles = prod(own)
        steps += tiles
        made = ceil(outline.tensors[outline.made[number]].nbytes / count)
        in_place = any(name in inside and outline.in_place(number, name) for name in outline.inputs[number])
        held += 0 if in_place else made
        together = 0
        for name, read in outline.tile_reads(number, own).items():
            changes = read.by_row or read.by_column
            if name in inside:
                continue
            if read.weight:
                together = max(together, tiles if changes else 1)
                held += read.nbytes * (2 if changes else 1)
                begun += read.nbytes
                weights += outline.weight_bytes[name]
                continue
            reads += tiles if changes else 1
            if name in streamed:
                continue
            if changes:
                stream += 2 * read.nbytes * tiles // count
                times = max(times, read.nbytes * tiles / max(1, outline.tensors[name].nbytes))
                strips = True
                streamed[name] = None
            else:
                whole += outline.tensors[name].nbytes
                streamed[name] = None
        loads += together
    result = ceil(outline.tensors[outline.made[numbers[-1]]].nbytes / count)
    return Option(
        held=held,
        spare=begun,
        result=result,
        stream=stream,
        whole=whole,
        room=held + stream + whole,
        times=times,
        strips=strips,
        streamed=tuple(map(maps.index, streamed)),
        weights=weights,
        first=begun,
        loads=loads,
        reads=reads,
        stores=count,
        turns=count,
        tiles=count,
        wait=1 / count,
        steps=steps,
        cuts=tuple(Cut(parts[number]) for number in numbers),
        early=stream // 2,
    )


def _parts(outline: Outline, numbers: list[int], axis: int, count: int) -> dict[int, Parts] | None:
    """A cut of each operator for which a part of the last one needs whole parts of the others that no other
    part needs; None if there is none."""
    last = numbers[-1]
    made = {outline.made[number]: number for number in numbers}
    shape = outline.calls[last].output
    if shape[axis] % count:
        return None
    found = {last: tuple(count if at == axis else 1 for at in range(len(shape)))}
    for number in reversed(numbers):
        own = found.get(number)
        if own is None or len(outline.ops[number].outputs) != 1:
            return None
        for name, there in _needed(outline, number, own).items():
            maker = made.get(name)
            if maker is None:
                continue
            whole = outline.calls[maker].output
            parts = []
            for size, (start, stop), most in zip(whole, there, outline.axes[maker].most, strict=True):
                length = stop - start
                if not length or size % length or start % length or size // length > most:
                    return None
                parts.append(size // length)
            known = found.get(maker)
            if known is not None and known != tuple(parts):
                return None
            if prod(parts) % count or prod(parts) > MOST_TILES:
                return None
            found[maker] = tuple(parts)
    return found if len(found) == len(numbers) else None


def _needed(outline: Outline, number: int, parts: Parts) -> dict[str, Box]:
    """The part of each stored tensor that a middle part reads."""
    op, workload = outline.ops[number], outline.workload
    box = largest_part(outline.calls[number].output, parts)
    found: dict[str, Box] = {}
    for name, reach in zip(op.inputs, workload.reaches(op), strict=True):
        needed = reach(box)
        if needed is not None:
            stored, there = to_storage(workload, name, needed)
            found[stored] = hull(found.get(stored, there), there)
    return found
