"""Address mapping: the bits of an address as channel, rank, bank group, bank, row and column.

A line is what one burst moves, such as 64 B of eight bytes side by side.
"""

from __future__ import annotations

from dataclasses import dataclass, field

FIELDS = ("ro", "ra", "ba", "bg", "co", "ch")
"""The parts of an address as maps name them: row, rank, bank, bank group, column, channel."""


def _bits(count: int) -> int:
    return count.bit_length() - 1


@dataclass(frozen=True, slots=True)
class AddressMap:
    """How many there are of each (all powers of two), and `order`: the fields from high bits to low.

    `columns` counts lines in a row. What lies below the column are the `lanes` through which consecutive
    lines go in turn; a `block` is as many lines as their rows hold. Lines of a channel are numbered by
    themselves, without the channel's bits.
    """

    order: tuple[str, ...] = FIELDS
    channels: int = 1
    ranks: int = 1
    groups: int = 1
    banks: int = 8
    rows: int = 65536
    columns: int = 128
    lanes: int = field(init=False)
    shifts: dict[str, tuple[int, int]] = field(init=False)
    """The lowest bit of a field in a channel's line number, and its mask."""
    below: int = field(init=False)
    """Bits below the channel's."""

    def __post_init__(self) -> None:
        counts = self.counts
        shifts, at = {}, 0
        below = 0
        for name in reversed(self.order):
            if name == "ch":
                below = at
                continue
            shifts[name] = (at, counts[name] - 1)
            at += _bits(counts[name])
        object.__setattr__(self, "shifts", shifts)
        object.__setattr__(self, "below", below)
        object.__setattr__(self, "lanes", 1 << shifts["co"][0])

    @property
    def counts(self) -> dict[str, int]:
        """How many there are of each field."""
        found = (self.rows, self.ranks, self.banks, self.groups, self.columns, self.channels)
        return dict(zip(FIELDS, found, strict=True))

    @property
    def block(self) -> int:
        """Lines of one row in every lane."""
        return self.lanes * self.columns

    @property
    def lines(self) -> int:
        """Lines of one channel."""
        return self.ranks * self.groups * self.banks * self.rows * self.columns

    def place(self, line: int) -> tuple[int, int, int, int]:
        """Rank, bank group, bank and row of a channel's line."""
        shifts = self.shifts
        rank, group, bank, row = (
            (line >> shifts[name][0]) & shifts[name][1] for name in ("ra", "bg", "ba", "ro")
        )
        return rank, group, bank, row

    def of_channel(self, channel: int, line: int) -> int:
        """How many lines before `line` are the channel's: the number of the next one that is."""
        low, bits = self.below, _bits(self.channels)
        rest = line & ((1 << low) - 1)
        at = (line >> low) & (self.channels - 1)
        whole = line >> (low + bits) << low
        return whole + (rest if at == channel else (1 << low) if at > channel else 0)
