"""Options: single ways to run a stage, and what they have in common."""

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
"""An option of more steps than another is kept only if the other leaves less than this share of the room that
it leaves, or moves more by this factor."""


class Option(NamedTuple):
    """One way to run a stage.

    `held` are the bytes that it occupies beside maps on chip: weights, and tiles on their way; without
    `spare` of these it would still run, but nothing would overlap; `result` of these are of what it makes,
    and become part of the map if all of that stays on chip. Of the maps that it reads, those `streamed` (by
    number, in the order of `Outline.maps`) need `stream` bytes more if they are not all on chip, `early` of
    these to be loaded before they are used, and are then loaded `times` times; `whole` bytes of them must be
    on chip at once; it has `room` for so many bytes of maps at a time. Other maps are read once, piece by
    piece. `to_end` says that each turn of the outer loop reads streamed maps again, so that none of what is
    on chip goes before the last one. With `strips`, streamed maps are read in parts of the reader's measure,
    all of them from off-chip.

    `weights` are the bytes of weights loaded, in so many `loads`; `first` of them are there before it can
    begin. There are `reads` more if not all of the streamed maps are on chip, and `stores` if not all of its
    result stays there. Nothing is computed while `apart` bytes are loaded: they take the room of what is used
    before them.

    It turns `turns` times, makes its result in so many `tiles`, and has so many `steps`. `wait` is the share
    of its work that comes after all of its input must be there, and before which none of its result is of
    use. `cuts` are those of its operators, in order.
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
        """How many there are, with what it reads and stores."""
        return self.loads + (self.reads if reads else 0) + (self.stores if stores else 0)


OVERLAP = 4
"""Up to so many tiles, an option of more tiles overlaps better, and is kept beside one of fewer."""


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
    """Of options that move the same bytes, take no less time and overlap no better, those of the fewest steps
    for each size of the space that they leave of the capacity."""
    priced.sort(key=lambda one: (one[0].steps, one[1] + one[2], one[0].held + one[0].stream))
    found: list[Priced] = []
    beating: list[tuple[float, ...]] = []
    """What those found take, the least space first."""
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
