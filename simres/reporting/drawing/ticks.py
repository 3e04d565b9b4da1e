"""Tick positions of an axis: round numbers, evenly spaced or in the ratios 1, 2, 5."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

FEW = 8
"""Up to this many distinct short values each get a mark, and nothing else does."""
MOST = 9
"""The maximum number of chosen marks on an axis."""


def ticks(values: Sequence[float], *, log: bool) -> list[float]:
    """Returns the marks of an axis for `values` (at least one), in order."""
    distinct = sorted(set(values))
    if len(distinct) <= FEW and all(map(_is_short, distinct)) and _apart(distinct, log=log):
        return distinct
    return _ratios(distinct[0], distinct[-1]) if log else _steps(distinct[0], distinct[-1])


def limits(values: Sequence[float], *, log: bool) -> tuple[float, float]:
    """Returns the ends of an axis for `values`, with some room on both sides."""
    low, high = min(values), max(values)
    if log:
        room = max((high / low) ** 0.1, 1.08)
        return low / room, high * room
    room = 0.1 * (high - low) or 0.05 * abs(high) or 1.0
    return low - room, high + room


def share(value: float, ends: tuple[float, float], *, log: bool) -> float:
    """Returns the position of a value along an axis between `ends`: 0 to 1."""
    low, high = ends
    if log:
        return math.log(value / low) / math.log(high / low)
    return (value - low) / (high - low)


def _is_short(value: float) -> bool:
    return value == int(value) or value == float(f"{value:.2g}")


def _apart(distinct: Sequence[float], *, log: bool) -> bool:
    """Returns whether marks at all of these values can be told apart."""
    if len(distinct) < 2:
        return True
    ends = distinct[0], distinct[-1]
    places = [share(value, ends, log=log) for value in distinct]
    return min(b - a for a, b in pairwise(places)) > 1 / (MOST + 2)


def _ratios(low: float, high: float) -> list[float]:
    """Returns marks between two positive numbers, in the coarsest ratios that give enough marks."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    found: list[float] = []
    for digits in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7)):
        every = [digit * 10.0**power for power in range(first, last + 1) for digit in digits]
        found = [value for value in every if low * 0.999 <= value <= high * 1.001]
        if len(found) >= 4:
            break
    found = found if len(found) >= 3 else _steps(low, high)
    return found[:: -(-len(found) // MOST)]


def _steps(low: float, high: float) -> list[float]:
    """Returns marks at equal steps of 1, 2, 2.5 or 5 times a power of ten."""
    if high <= low:
        return [low]
    rough = (high - low) / (MOST - 3)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(number * step, 12) for number in range(first, math.floor(high / step + 1e-9) + 1)]
