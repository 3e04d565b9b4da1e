"""Measured efficiency of an engine by shape of work, and interpolation between the shapes.

Points lie on a grid that may be ragged: the first axis has some positions, each of them has some on the
second axis, and so on. Between two positions of an axis the share is a power of the position (a line in
log-log coordinates, as times of real machines are plotted); beyond the ends it stays constant.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from math import exp, log
from typing import Annotated, Any

from pydantic import Field

Count = Annotated[int, Field(strict=True, ge=1, le=10**12)]
"""A position along an axis."""
Share = Annotated[float, Field(strict=True, gt=0, le=1)]
"""A share of a peak rate."""

PARTS = 10**6
"""Shares are rounded to multiples of 1 / PARTS, so that floating-point noise never changes a time."""


class Surface:
    """Shares at points, interpolated between them; all points have as many positions (1 or more)."""

    def __init__(self, points: Iterable[tuple[Sequence[int], float]]) -> None:
        """Raises `ValueError` if a point is given twice."""
        self._root: dict[int, Any] = {}
        for positions, share in points:
            level = self._root
            for position in positions[:-1]:
                level = level.setdefault(position, {})
            if positions[-1] in level:
                raise ValueError(f"the point {', '.join(map(str, positions))} is given twice")
            level[positions[-1]] = log(share)
        self._root = _ascending(self._root)
        self._known: dict[tuple[int, ...], int] = {}

    def parts(self, *positions: int) -> int:
        """The share at these positions in millionths, 1 to a million."""
        found = self._known.get(positions)
        if found is None:
            share = exp(_between(self._root, positions))
            found = self._known[positions] = max(1, min(PARTS, round(share * PARTS)))
        return found


def _ascending(level: dict[int, Any]) -> dict[int, Any]:
    return {
        position: _ascending(inner) if isinstance(inner, dict) else inner
        for position, inner in sorted(level.items())
    }


def _between(level: dict[int, Any] | float, positions: Sequence[int]) -> float:
    """The logarithm of the share under `level`, which has an axis for each of `positions`."""
    if not isinstance(level, dict):
        return level
    here, rest = positions[0], positions[1:]
    known = list(level)
    after = bisect_right(known, here)
    if after in (0, len(known)):
        return _between(level[known[max(0, after - 1)]], rest)
    low, high = known[after - 1], known[after]
    lower = _between(level[low], rest)
    if low == here:
        return lower
    upper = _between(level[high], rest)
    return lower + (upper - lower) * log(here / low) / log(high / low)
