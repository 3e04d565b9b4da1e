"""Objectives of a search, by the names used on the command line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from simres.errors import SimresError
from simres.exploration.pareto import front
from simres.exploration.point_figures import FigureRow
from simres.units import BANDWIDTH, DURATION, ENERGY, POWER, SIZE, Quantity


@dataclass(frozen=True, slots=True)
class Objective:
    """A column of a sweep's table, its label in a picture, and whether large is good.

    Its figures are in the base unit of `quantity`; a share has none.
    """

    name: str
    column: str
    title: str
    quantity: Quantity | None
    large: bool = False

    def of(self, row: FigureRow) -> float | None:
        """Returns the row's value, with the sign chosen so that small is good; None if the row has none."""
        value = row.get(self.column)
        if not isinstance(value, int | float):
            return None
        return -value if self.large else value


OBJECTIVES = {
    item.name: item
    for item in (
        Objective("latency", "image_ps", "latency per inference", DURATION),
        Objective("makespan", "makespan_ps", "makespan", DURATION),
        Objective("energy", "image_fj", "energy per inference", ENERGY),
        Objective("power", "power_uw", "average power", POWER),
        Objective("traffic", "moved_bytes", "bytes over the bus", SIZE),
        Objective("sram", "capacity_bytes", "on-chip memory", SIZE),
        Objective("bandwidth", "bandwidth_bytes_per_s", "bandwidth", BANDWIDTH),
        Objective("accuracy", "accuracy", "accuracy", None, large=True),
    )
}
"""Objectives by name. `latency` and `energy` are per inference."""


def objectives_of(text: str) -> Sequence[Objective]:
    """Parses objectives such as `latency,energy`. Raises `SimresError` for an unknown or repeated one."""
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in OBJECTIVES:
            close = get_close_matches(name, OBJECTIVES, n=1)
            hint = f"did you mean `{close[0]}`?" if close else f"there are {', '.join(OBJECTIVES)}"
            raise SimresError(f"unknown goal `{name}`", hint)
    if len(set(names)) < len(names):
        raise SimresError(f"a goal of `{text}` is there twice")
    return [OBJECTIVES[name] for name in names]


def best_of(
    rows: Sequence[FigureRow],
    objectives: Sequence[Objective],
    kept: Callable[[FigureRow], bool] = lambda _: True,
) -> list[int]:
    """Returns the numbers of the rows on the Pareto front of the `kept` rows that have all `objectives`."""
    places, points = [], []
    for number, row in enumerate(rows):
        values = [value for value in (objective.of(row) for objective in objectives) if value is not None]
        if len(values) == len(objectives) and kept(row):
            places.append(number)
            points.append(values)
    return [places[number] for number in front(points)]
