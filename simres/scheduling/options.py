"""Options: single ways to run a stage, and the selection among them."""

from __future__ import annotations

from bisect import bisect_right, insort
from math import inf
from operator import le
from typing import NamedTuple

from simres.scheduling.cuts import Cut

MOST_BANDS, MOST_COLUMNS, MOST_SUMS = 512, 512, 256
"""The finest cuts that are tried."""

MOST_TILES = 1 << 14
"""The most tiles of an operator."""

LEFT, ALIKE = 0.9, 1.02
"""An option with more steps than another is kept only if the other leaves less than this share of the room
that it leaves, or moves more bytes by this factor."""


class Option(NamedTuple):
    """One way to run a stage.

    `held` are the bytes that it occupies beside maps on chip: weights and tiles in transit. Without `spare`
    of these it would still run, but nothing would overlap; `result` of these belong to its result, and become
    part of the map if the whole result stays on chip.

    Of the maps that it reads, those `streamed` (by number, in the order of `Outline.maps`) need `stream` more
    bytes if they are not all on chip, `early` of these to be loaded ahead of use, and are then loaded `times`
    times; `whole` bytes of them must be on chip at once; `room` is the space for maps at a time. Other maps
    are read once, piece by piece. With `to_end`, each turn of the outer loop reads streamed maps again, so
    none of those on chip is freed before the last turn. With `strips`, streamed maps are read in parts that
    fit the reader, all of them from off-chip.

    `weights` are the bytes of weights loaded, in `loads` transfers; `first` of them must arrive before the
    stage begins. There are `reads` more transfers if not all streamed maps are on chip, and `stores` if not
    all of the result stays. Nothing is computed while `apart` bytes are loaded: they need the space of data
    that is used before them.

    The outer loop has `turns`; the result has `tiles`, and the option `steps`. `wait` is the share of its
    work that comes after all of its input must be available, and before any of its result can be used. `cuts`
    are those of its operators, in order.
    """

    held: int
    spare: int
    result: int
    stream: int
    whole: int
    room: int
    times: float
    strips: bool
    streamed: tuple[int, ...]
    weights: int
    first: int
    loads: int
    reads: int
    stores: int
    turns: int
    tiles: int
    wait: float
    steps: int
    cuts: tuple[Cut, ...]
    apart: int = 0
    early: int = 0
    to_end: bool = False

    def transfers(self, *, reads: bool, stores: bool) -> int:
        """The number of transfers, including reads and stores of maps."""
        return self.loads + (self.reads if reads else 0) + (self.stores if stores else 0)


OVERLAP = 4
"""Up to this number of tiles, an option with more tiles overlaps better and is kept beside one with fewer."""


def counts(most: int, limit: int, *, fine: bool = False) -> list[int]:
    """Numbers of parts: such that a part has 1, 2, 4, ... (`fine`: and 3, 6, 12, ...) of `most` units."""
    found, size = {1}, 1
    while size < most:
        for each in (size, size + size // 2) if fine else (size,):
            if (count := -(-most // each)) <= limit:
                found.add(count)
        size *= 2
    return sorted(found)


class Priced(NamedTuple):
    """An option with its picoseconds on the matrix unit and on the host."""

    option: Option
    matrix: int
    host: int


def thinned(priced: list[Priced], capacity: int) -> list[Priced]:
    """Drops options that move the same bytes, take no less time and overlap no better than another one: for
    each size of the space left of the capacity, those with the fewest steps stay."""
    priced.sort(key=lambda one: (one[0].steps, one[1] + one[2], one[0].held + one[0].stream))
    found: list[Priced] = []
    beating: list[tuple[float, ...]] = []
    """The costs of the options found, in ascending order of space."""
    for candidate in priced:
        option, matrix, host = candidate
        room = option.held + option.stream, option.held, option.held + option.whole
        overlap = -min(option.tiles, OVERLAP)
        takes = (*room, matrix, host, option.times, option.weights, option.apart, overlap)
        space, held, whole = [capacity - (capacity - nbytes) * LEFT for nbytes in room]
        moved = option.times * ALIKE, option.weights * ALIKE
        most = (space, held, whole, matrix, host, *moved, option.apart, overlap)
        for its in beating[: bisect_right(beating, (space, inf))]:
            if all(map(le, its, most)):
                break
        else:
            found.append(candidate)
            insort(beating, takes)
    return found
