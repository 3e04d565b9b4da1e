"""Numbers of a table column in one common unit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from simres.text import printable as printable
from simres.units import DURATION, SIZE

COUNT = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
"""Unit steps for counts."""
BYTES = SIZE.ladder
TIME = DURATION.ladder
NOTHING = "-"
_LARGEST = 10**5


def escaped(text: object) -> str:
    """Escapes `text` for use in an element or an attribute of a page or a picture."""
    return escape(printable(str(text)))


@dataclass(frozen=True, slots=True)
class Scale:
    """A unit for a whole column: three decimals, or none for the smallest unit."""

    unit: str
    size: int

    def text(self, value: int) -> str:
        """Formats `value`, given in the smallest unit, rounded to the nearest; `-` for 0."""
        if not value:
            return NOTHING
        if self.size == 1:
            return str(value)
        thousandths = (abs(value) * 1000 + self.size // 2) // self.size
        return f"{'-' if value < 0 else ''}{thousandths // 1000}.{thousandths % 1000:03d}"

    def texts(self, values: Iterable[int]) -> list[str]:
        """Formats each of `values`."""
        return [self.text(value) for value in values]


def scale(largest: int, ladder: dict[str, int]) -> Scale:
    """Returns the smallest unit of `ladder` in which `largest` has at most five digits before the point."""
    for unit, size in ladder.items():
        if abs(largest) < _LARGEST * size:
            return Scale(unit, size)
    unit, size = list(ladder.items())[-1]
    return Scale(unit, size)


def percent(part: int, whole: int) -> str:
    """Formats a share in per cent: `12.3`, `-` for 0; `<0.1` or `>99.9` if it would only round to an end."""
    if not part or not whole:
        return NOTHING
    tenths = (part * 2000 + whole) // (2 * whole)
    if tenths == 1000 and part < whole:
        return ">99.9"
    return f"{tenths // 10}.{tenths % 10}" if tenths else "<0.1"


def times(value: int, reference: int) -> str:
    """Formats the ratio of `value` to `reference`: `1.13`; `-` if the reference is 0."""
    return f"{value / reference:.2f}" if reference else NOTHING
