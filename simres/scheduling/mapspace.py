"""The mapspace: every way to run a few groups of operators as one stage, with what it takes, in closed form.

A stage runs in *bands* or in *tiles*. In bands, all its operators are cut into rows; of a map between them only
the rows exist that are still to be read, and the weights of all stay for as long as the stage runs. That is fusion
by line buffers (Alwani et al., "Fused-layer CNN accelerators", MICRO 2016). In tiles, one group is cut into rows,
columns and chunks of its sum; what the inner loop does not change stays, the rest is loaded again.

All bytes are those of the largest tile, halos included. Nothing here knows the memory or the speed of a chip.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, prod
from typing import NamedTuple

from simres.scheduling.cuts import Cut, rows_of, split
from simres.scheduling.outline import BandRead, Outline
from simres.workload.axes import summed

MOST_BANDS, MOST_COLUMNS, MOST_SUMS = 512, 512, 256
"""The finest cuts that are tried."""

MOST_TILES = 1 << 14
"""The most tiles of an operator."""

SLICES = (2, 4, 8, 16, 32)
"""In how many slices of channels a stage of several groups is tried."""

CHUNKS = (1.0, 0.25, 0.0625)
"""How large a chunk of a sum's operands is tried, as a share of the tile."""

LONGEST = 10
"""The most groups in a stage."""

SMALLER, ALIKE = 0.75, 1.02
"""An option of more steps than another is kept only if it takes this share of its space, or if the other moves more
by this factor."""


class Option(NamedTuple):
    """One way to run a stage.

    `held` are the bytes that it occupies beside maps on chip: weights, and tiles on their way. Of the maps that it
    reads, those `streamed` (by number, in the order of `Outline.maps`) need `stream` bytes more if they are not all on
    chip, and are then loaded `times` times; `whole` bytes of them must be on chip at once. Other maps are read once,
    piece by piece. With `strips`, streamed maps are read in parts of the reader's measure, all of them from off-chip.
    `weights` are the bytes of weights loaded, `transfers` the number of loads and stores. It turns `turns` times and has
    so many `steps`. `cuts` are those of its operators, in order.
    """

    held: int
    stream: int
    whole: int
    times: float
    strips: bool
    streamed: tuple[int, ...]
    weights: int
    transfers: int
    turns: int
    steps: int
    cuts: tuple[Cut, ...]


class Mapspace:
    """The options of every stage of a network for memories of at most `capacity` bytes; alike stages share them."""

    def __init__(self, outline: Outline, capacity: int) -> None:
        self.outline = outline
        self.capacity = capacity
        self._known: dict[object, list[Option]] = {}

    def options(self, first: int, end: int) -> list[Option]:
        """The options of the stage of groups `first` up to, not with, `end`."""
        numbers = self.outline.numbers(first, end)
        members = self.outline.groups.members[first:end]
        key = (tuple(map(len, members)), self.outline.form(numbers))
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = _thinned(
                [option for option in self._all(numbers, list(members)) if option.held <= self.capacity]
            )
        return found

    def _all(self, numbers: list[int], members: list[tuple[int, ...]]) -> Iterator[Option]:
        from simres.scheduling.slices import in_slices

        outline, single = self.outline, len(members) == 1
        weights = {
            name for number in numbers for name in outline.inputs[number] if name in outline.weight_bytes
        }
        if single or sum(outline.weight_bytes[name] for name in weights) <= self.capacity:
            rows = min(outline.rows[number] for number in numbers)
            axes = outline.axes[numbers[0]]
            for bands in sorted(
                {prod(split(axes, count, 1)) for count in counts(rows, MOST_BANDS, fine=True)}
            ):
                if (option := in_bands(outline, numbers, bands)) is not None:
                    yield option
                for slices in () if single or len(members) > 4 else SLICES:
                    if (option := in_bands(outline, numbers, bands, slices)) is not None:
                        yield option
        if single:
            yield from in_tiles(outline, numbers)
        elif len(members) <= 4:
            yield from in_slices(outline, members)


def in_bands(outline: Outline, numbers: list[int], bands: int, slices: int = 1) -> Option | None:
    """All operators in so many bands of rows, for one slice of channels after the other; None if they cannot be.

    Going back from the last operator, a map's maker must lead its readers by as many bands as these reach ahead, and
    a band stays until the reader that lags most has done with it. An elementwise operator's result takes the place
    of what it reads, if nobody else does.
    """
    inside = {outline.made[number] for number in numbers}
    cuts = _cuts(outline, numbers, bands, slices)
    if cuts is None:
        return None
    middle = bands // 2
    held = 0
    times, strips = 1.0, False
    weights: dict[str, int] = {}
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
                continue
            if bands > 1 and read.high - read.low + 1 == bands and read.tensor in inside:
                return None
            ahead, since = lead + read.high - middle, lead + read.low - middle
            before = spans.get(read.tensor, (ahead, since))
            spans[read.tensor] = (max(before[0], ahead), min(before[1], since))
            parts[read.tensor] = parts.get(read.tensor, 0) + read.nbytes
            if live >= each and read.tensor in inside and _in_place(outline, number, read.tensor):
                live -= each
        held += live
    stream = whole = 0
    transfers = (len(weights) + bands) * slices
    maps = outline.maps(numbers)
    for name in maps:
        if name not in spans:
            continue
        nbytes = outline.tensors[name].nbytes
        lead, back = spans[name]
        if bands > 1 and lead - back + 1 >= bands and 2 * parts[name] < nbytes:
            stream += 2 * parts[name]
            transfers += bands * slices
            times, strips = max(times, parts[name] * bands / nbytes), True
        elif bands == 1 or lead - back + 1 >= bands:
            whole += nbytes
            transfers += 1
        else:
            stream += min(nbytes, (lead - back + 2) * ceil(nbytes / bands))
            transfers += bands * slices
    loaded = sum(weights.values())
    at_once = loaded if slices == 1 else 2 * ceil(loaded / slices)
    turns = bands * slices
    return Option(
        held=held + at_once,
        stream=stream,
        whole=whole,
        times=times,
        strips=strips,
        streamed=tuple(range(len(maps))),
        weights=loaded,
        transfers=transfers,
        turns=turns,
        steps=turns * len(numbers),
        cuts=cuts,
    )


def _cuts(outline: Outline, numbers: list[int], bands: int, slices: int) -> tuple[Cut, ...] | None:
    found = []
    for number in numbers:
        axes = outline.axes[number]
        if bands == slices == 1:
            parts = (1,) * len(outline.calls[number].output)
        else:
            parts = split(axes, bands, slices)
            columns = 1 if axes.column is None else parts[axes.column]
            if columns != slices or rows_of(axes, parts) != bands:
                return None
        found.append(Cut(parts, columns_outer=slices > 1))
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


def _in_place(outline: Outline, number: int, read: str) -> bool:
    tensors = outline.tensors
    return (
        outline.elementwise[number]
        and tensors[read].nbytes == tensors[outline.made[number]].nbytes
        and outline.last_reader.get(read) == number
    )


def in_tiles(outline: Outline, numbers: list[int]) -> Iterator[Option]:
    """One group in tiles: every number of rows, columns and chunks of the sum, in either order of the loops."""
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
            yield tiles.looped(columns_outer=False)
            if tiles.rows > 1 and tiles.columns > 1:
                yield tiles.looped(columns_outer=True)
            for share in CHUNKS if sums else ():
                count = next(
                    (count for count in sums if tiles.operands <= count * tiles.tile * share), sums[-1]
                )
                if prod(parts) * count <= MOST_TILES:
                    yield tiles.summed(count)


class _Tiles:
    """A group cut into so many parts by axis."""

    def __init__(self, outline: Outline, numbers: list[int], parts: tuple[int, ...]) -> None:
        self.outline = outline
        self.numbers = numbers
        self.parts = parts
        self.rows = rows_of(outline.axes[numbers[0]], parts)
        self.columns = prod(parts) // self.rows
        self.count = prod(parts)
        self.reads = outline.tile_reads(numbers[0], parts)
        self.tile = ceil(outline.tensors[outline.made[numbers[0]]].nbytes / self.count)
        self.beside = self.small = 0
        """Bytes that the followers read for a tile, and those of their weights."""
        inside = {outline.made[number] for number in numbers}
        for number in numbers[1:]:
            for name, read in outline.tile_reads(number, parts).items():
                if name not in inside:
                    self.beside += read.nbytes
                    self.small += outline.weight_bytes[name] if read.weight else 0
        self.operands = sum(read.nbytes for read in self.reads.values())
        """Bytes that a tile reads."""
        self.maps = outline.maps(numbers)

    def looped(self, *, columns_outer: bool) -> Option:
        """Whole sums, one loop inside the other: what the inner one does not change stays for all its turns."""
        turns = self.columns if columns_outer else self.rows
        held = self.beside + self.tile * (2 if self.count > 1 else 1)
        stream = whole = 0
        weights, transfers = self.small, 2 * self.count
        times, strips = 1.0, False
        streamed = []
        for name, read in self.reads.items():
            inner, outer = (read.by_row, read.by_column) if columns_outer else (read.by_column, read.by_row)
            loads = self.count if inner else turns if outer else 1
            space = read.nbytes * (2 if loads > 1 else 1)
            transfers += loads
            if read.weight:
                held += space
                weights += self.outline.weight_bytes[name] * (turns if inner and not outer else 1)
                continue
            streamed.append(self.maps.index(name))
            total = self.outline.tensors[name].nbytes
            if not inner and not outer:
                whole += total
                continue
            stream += space
            moved = read.nbytes * loads
            times = max(times, moved / max(1, total))
            strips = strips or moved > total or read.by_column
        cuts = (Cut(self.parts, columns_outer=columns_outer),) * len(self.numbers)
        steps = self.count * len(self.numbers)
        return Option(
            held, stream, whole, times, strips, tuple(streamed), weights, transfers, self.count, steps, cuts
        )

    def summed(self, chunks: int) -> Option:
        """A tile of sums stays until it is complete, while chunks of all operands stream by."""
        held, stream = self.beside + self.tile, 0
        weights, times = self.small, 1.0
        streamed = []
        for name, read in self.reads.items():
            chunk = 2 * ceil(read.nbytes / chunks)
            if read.weight:
                held += chunk
                again = (1 if read.by_row else self.rows) * (1 if read.by_column else self.columns)
                weights += self.outline.weight_bytes[name] * again
            else:
                stream += chunk
                times = max(times, read.nbytes * self.count / max(1, self.outline.tensors[name].nbytes))
                streamed.append(self.maps.index(name))
        transfers = self.count * (1 + chunks * len(self.reads))
        followers = len(self.numbers) - 1
        cuts = (Cut(self.parts, chunks), *(Cut(self.parts),) * followers)
        turns = self.count * chunks
        steps = turns + self.count * followers
        return Option(held, stream, 0, times, True, tuple(streamed), weights, transfers, turns, steps, cuts)


def counts(most: int, limit: int, *, fine: bool = False) -> list[int]:
    """Numbers of parts: such that a part has 1, 2, 4, ... (`fine`: and 3, 6, 12, ...) of `most` units."""
    found, size = {1}, 1
    while size < most:
        for each in (size, size + size // 2) if fine else (size,):
            if (count := -(-most // each)) <= limit:
                found.add(count)
        size *= 2
    return sorted(found)


def _thinned(options: list[Option]) -> list[Option]:
    """Of options that move the same bytes, that of the fewest steps, and one for each time that the space shrinks."""
    options.sort(key=lambda one: (one.steps, one.held + one.stream))
    found: list[Option] = []
    for one in options:
        held, space, whole = one.held / SMALLER, (one.held + one.stream) / SMALLER, one.whole / SMALLER
        times, weights = one.times * ALIKE, one.weights * ALIKE
        for other in found:
            if (
                other.held + other.stream <= space
                and other.held <= held
                and other.whole <= whole
                and other.times <= times
                and other.weights <= weights
            ):
                break
        else:
            found.append(one)
    return found
