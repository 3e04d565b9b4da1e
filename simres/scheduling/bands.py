"""Stages in bands of rows: fusion by line buffers (Alwani et al., "Fused-layer CNN accelerators", 2016)."""

from __future__ import annotations

from math import ceil

from simres.scheduling.cuts import Cut
from simres.scheduling.options import Option
from simres.scheduling.outline import BandRead, Outline


def in_bands(outline: Outline, numbers: list[int], bands: int, slices: int = 1) -> Option | None:
    """All operators in bands of rows, one slice of channels after the other; None if that is impossible.

    Going back from the last operator, the producer of a map must lead its readers by as many bands as they
    reach ahead, and a band stays until its last reader has finished with it. The result of an elementwise
    operator is written in place if its input has no other reader.
    """
    inside = {outline.made[number] for number in numbers}
    cuts = _cuts(outline, numbers, bands, slices)
    if cuts is None:
        return None
    middle = bands // 2
    held = spare = 0
    largest: list[int] = []
    times, strips = 1.0, False
    weights: dict[str, int] = {}
    weighing: set[int] = set()
    """The operators with weights, each of which come in one transfer."""
    parts: dict[str, int] = {}
    spans: dict[str, tuple[int, int]] = {}
    """By map: how many bands ahead of the stage's end it is made, and from which band on it is still read."""
    for number, cut in zip(reversed(numbers), reversed(cuts), strict=True):
        reads = _reads(outline, number, bands)
        made = outline.made[number]
        if reads is None:
            return None
        if slices > 1:
            by_column = outline.tile_reads(number, cut.parts)
            for name, tile in by_column.items():
                if not tile.by_column and not tile.weight:
                    if name in inside:
                        return None
                    times = float(slices)
        each = ceil(outline.tensors[made].nbytes / bands / slices)
        lead, back = spans.get(made, (0, 0))
        live = (lead - back + 1) * each
        for read in reads:
            if read.weight:
                weights[read.tensor] = outline.weight_bytes[read.tensor]
                weighing.add(number)
                continue
            if bands > 1 and read.high - read.low + 1 == bands and read.tensor in inside:
                return None
            ahead, since = lead + read.high - middle, lead + read.low - middle
            before = spans.get(read.tensor, (ahead, since))
            spans[read.tensor] = (max(before[0], ahead), min(before[1], since))
            parts[read.tensor] = parts.get(read.tensor, 0) + read.nbytes
            if live >= each and read.tensor in inside and outline.in_place(number, read.tensor):
                live -= each
        held += live
        if live >= each:
            spare += each
            largest = sorted([*largest, each])[-2:]
    stream = whole = 0
    map_loads = 0
    maps = outline.maps(numbers)
    for name in maps:
        if name not in spans:
            continue
        nbytes = outline.tensors[name].nbytes
        lead, back = spans[name]
        if bands > 1 and lead - back + 1 >= bands and 2 * parts[name] < nbytes:
            stream += 2 * parts[name]
            map_loads += bands * slices
            times, strips = max(times, parts[name] * bands / nbytes), True
        elif bands == 1 or lead - back + 1 >= bands:
            whole += nbytes
            map_loads += 1
        else:
            stream += min(nbytes, (lead - back + 2) * ceil(nbytes / bands))
            map_loads += bands * slices
    loaded = sum(weights.values())
    at_once = loaded if slices == 1 else 2 * ceil(loaded / slices)
    turns = bands * slices
    return Option(
        held=held + at_once,
        spare=spare - sum(largest),
        result=ceil(outline.tensors[outline.made[numbers[-1]]].nbytes / turns),
        stream=stream,
        whole=whole,
        room=stream + whole,
        times=times,
        strips=strips,
        streamed=tuple(range(len(maps))),
        weights=loaded,
        first=loaded if slices == 1 else ceil(loaded / slices),
        loads=len(weighing) * slices,
        reads=map_loads,
        stores=turns,
        turns=turns,
        tiles=turns,
        wait=1 / bands if slices == 1 else 1 - (bands - 1) / turns,
        steps=turns * len(numbers),
        cuts=cuts,
        early=stream // 2,
    )


def _cuts(outline: Outline, numbers: list[int], bands: int, slices: int) -> tuple[Cut, ...] | None:
    found = []
    for number in numbers:
        cut = outline.cut(number, bands, slices)
        if cut is None:
            return None
        found.append(cut)
    return tuple(found)


def _reads(outline: Outline, number: int, bands: int) -> list[BandRead] | None:
    reads = outline.band_reads(number, bands)
    if reads is None and bands == 1:
        nbytes = [outline.tensors[name].nbytes for name in outline.inputs[number]]
        return [
            BandRead(name, name in outline.weight_bytes, 0, 0, size)
            for name, size in zip(outline.inputs[number], nbytes, strict=True)
        ]
    return reads
