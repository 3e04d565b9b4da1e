"""Fits a few figures of a chip to measured times, and says what each row would be without it.

Hooke and Jeeves's pattern search makes the sum of squares of log(simulated / measured) small ("Direct search
solution of numerical and statistical problems", JACM 8(2), 1961). A simulated time has steps and kinks, so it
has no gradient to follow. Every figure is its start times a power of 2^(1/64), in steps of about 1 %: no
measurement is better than that, and fits that leave a row out share most of their simulations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log
from statistics import mean, median

MOST_FREE = 6
"""Figures that may be free."""
GRAIN = 64
"""Steps in a factor of two."""
STEPS = (64, 32, 16, 8, 4, 2, 1)
FARTHEST = 10 * GRAIN
"""A figure stays within a factor of 1024 of its start."""
MOST_TRIALS = 400
"""Sets of figures that a fit tries at most."""

Point = tuple[int, ...]
"""A figure's distance from its start in grains, by figure."""
Simulated = Callable[[int, Sequence[int]], int]
"""The simulated picoseconds of a row, by number, with these figures."""


@dataclass(frozen=True, slots=True)
class Row:
    """A measurement and what was simulated for it, in picoseconds: at the start, fitted, and left out."""

    measured: int
    start: int
    fitted: int
    left_out: int


@dataclass(frozen=True, slots=True)
class Fit:
    """Figures in base units, at the `start` and fitted, and `others`: from fits that each leave a row out.

    `trials` counts the simulations.
    """

    start: Sequence[int]
    values: Sequence[int]
    others: Sequence[Sequence[int]]
    rows: Sequence[Row]
    trials: int

    def errors(self, which: str) -> list[float]:
        """|simulated / measured - 1| by row; `which` is `start`, `fitted` or `left_out`."""
        return [abs(getattr(row, which) / row.measured - 1) for row in self.rows]

    def mean_error(self, which: str) -> float:
        """The mean of `errors`."""
        return mean(self.errors(which))

    def median_error(self, which: str) -> float:
        """The median of `errors`."""
        return median(self.errors(which))

    def fixed(self, figure: int) -> bool:
        """Whether a figure has no effect: no fit moved it."""
        return {self.start[figure]} == {values[figure] for values in (self.values, *self.others)}


def fit(start: Sequence[int], measured: Sequence[int], simulated: Simulated) -> Fit:
    """Fits figures, from their values at the `start`, to times in picoseconds. Every row is then left out in
    turn, and predicted by a fit to the others that begins at the same start.

    Raises `ValueError` with no more rows than figures, without figures, or with one that is not above 0.
    """
    if not 0 < len(start) <= MOST_FREE or len(measured) <= len(start) or min(start) <= 0:
        raise ValueError(f"{len(start)} figures from {len(measured)} rows")
    known: dict[tuple[int, Point], int] = {}

    def ps(row: int, point: Point) -> int:
        if (row, point) not in known:
            known[row, point] = max(1, simulated(row, _values(start, point)))
        return known[row, point]

    def fitted(rows: Sequence[int]) -> Point:
        return _search(
            len(start), lambda point: sum(log(ps(row, point) / measured[row]) ** 2 for row in rows)
        )

    rows = range(len(measured))
    origin: Point = (0,) * len(start)
    best = fitted(rows)
    others = [fitted([other for other in rows if other != row]) for row in rows]
    return Fit(
        start,
        _values(start, best),
        [_values(start, point) for point in others],
        [Row(measured[row], ps(row, origin), ps(row, best), ps(row, others[row])) for row in rows],
        len(known),
    )


def _values(start: Sequence[int], point: Point) -> list[int]:
    """The figures at a point, to four digits where they have moved."""
    return [
        value if not at else max(1, int(float(f"{value * 2 ** (at / GRAIN):.4g}")))
        for value, at in zip(start, point, strict=True)
    ]


def _search(count: int, cost: Callable[[Point], float]) -> Point:
    """The point of least cost that the search finds from the origin."""
    known: dict[Point, float] = {}

    def of(point: Point) -> float:
        if point not in known:
            within = max(map(abs, point)) <= FARTHEST and len(known) < MOST_TRIALS
            known[point] = cost(point) if within else float("inf")
        return known[point]

    def explored(point: Point, step: int) -> Point:
        for axis in range(count):
            moved = (tuple(at + sign * step * (n == axis) for n, at in enumerate(point)) for sign in (1, -1))
            point = min((point, *moved), key=of)
        return point

    best: Point = (0,) * count
    for step in STEPS:
        while of(found := explored(best, step)) < of(best):
            further = tuple(2 * now - before for now, before in zip(found, best, strict=True))
            best = min((found, explored(further, step)), key=of)
    return best
