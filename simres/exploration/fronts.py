"""Data for plots of many designs: a Pareto front, or a heat map over two knobs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePath

from simres.errors import SimresError
from simres.exploration.objectives import Objective, best_of
from simres.exploration.pareto import front
from simres.exploration.point_figures import Cell, FigureRow
from simres.exploration.space import Knob
from simres.scenario.problems import suggestion
from simres.text import three_digits
from simres.units import SIZE, Quantity, parse_any, quantity_of

LOG_FROM = 4
"""An axis is logarithmic if its largest value is at least this many times its smallest."""
MOST_GROUPS = 8
"""The largest number of distinguishable colours."""
APART = 0.04
"""Designs within this share of every axis of each other share one label."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One figure of every design: its name, and the values in `unit`, in the order of designs.

    `log` marks a logarithmic axis, `large` a figure of which large values are good.
    """

    name: str
    unit: str
    values: tuple[float, ...]
    log: bool = False
    large: bool = False

    @property
    def title(self) -> str:
        """The label of the axis."""
        return f"{self.name} in {self.unit}" if self.unit else self.name


@dataclass(frozen=True, slots=True)
class Front:
    """Designs by their objectives, one axis each; a design is referred to by its number in `rows`.

    `best` are on the Pareto front of all goals, `named` those of them to label: the best in each goal, and
    the one nearest to the best in all. `groups` are designs with the same value of the knob `grouping` (one
    group without a name where there is no such knob). `pairs` has, for every axis but the first, the front of
    this axis and the first alone, from the first's best on.
    """

    rows: tuple[FigureRow, ...]
    knobs: tuple[Knob, ...]
    axes: tuple[Axis, ...]
    best: tuple[int, ...]
    named: tuple[int, ...]
    grouping: str
    groups: Mapping[str, tuple[int, ...]]
    pairs: tuple[tuple[int, ...], ...]

    @property
    def varied(self) -> tuple[str, ...]:
        """Describes the varied knobs briefly."""
        return tuple(map(short, self.knobs))

    def said(self, number: int) -> str:
        """Describes a design by its knobs."""
        return ", ".join(spoken(knob, value_in(self.rows[number], knob)) for knob in self.knobs)


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a heat map: its label, and the label of each of its cells."""

    title: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Heat:
    """A goal over two knobs: each cell has its best design over all other knobs.

    `cells` has the number in `rows` of that design by row and column of the map, None where every design of
    that cell failed; `tried` says whether one was evaluated, and `best` which cell is best.
    """

    rows: tuple[FigureRow, ...]
    knobs: tuple[Knob, ...]
    goal: Axis
    down: Side
    across: Side
    others: tuple[str, ...]
    cells: tuple[tuple[int | None, ...], ...]
    tried: tuple[tuple[bool, ...], ...]
    best: tuple[int, int]

    def said(self, number: int) -> str:
        """Describes a design by its knobs."""
        return ", ".join(spoken(knob, value_in(self.rows[number], knob)) for knob in self.knobs)


def front_of(
    rows: Sequence[FigureRow], knobs: Sequence[Knob], objectives: Sequence[Objective], *, whole: bool = False
) -> Front:
    """Returns the front of two or more objectives; `whole` labels every design on it.

    Raises `SimresError` for fewer objectives, or where no row has all of them.
    """
    names = ", ".join(objective.name for objective in objectives)
    if len(objectives) < 2:
        raise SimresError(
            f"a front needs two goals or more, and {names} is one", "such as `--goal latency,energy`"
        )
    good = tuple(row for row in rows if all(objective.of(row) is not None for objective in objectives))
    if not good:
        raise SimresError(f"no design has {names}", "such as `--goal latency,energy`")
    axes = tuple(axis_of(objective, good) for objective in objectives)
    best = tuple(best_of(good, objectives))
    varied = tuple(knob for knob in knobs if len(knob.values) > 1)
    grouping = _grouping(varied)
    groups: dict[str, tuple[int, ...]] = {"": tuple(range(len(good)))}
    if grouping:
        groups = {
            spoken(grouping, value): tuple(
                number for number, row in enumerate(good) if value_in(row, grouping) == value
            )
            for value in grouping.values
        }
    return Front(
        good,
        varied,
        axes,
        best,
        best if whole else _telling(axes, best),
        grouping.key if grouping else "",
        {name: numbers for name, numbers in groups.items() if numbers},
        tuple(_pair(axis, axes[0]) for axis in axes[1:]),
    )


def heat_of(
    rows: Sequence[FigureRow], knobs: Sequence[Knob], objective: Objective, over: Sequence[str] = ()
) -> Heat:
    """Returns a goal over the two knobs `over` (down and across), by default those with most values.

    Raises `SimresError` for unknown knobs, where fewer than two vary, or where no row has the goal.
    """
    varied = sorted((knob for knob in knobs if len(knob.values) > 1), key=lambda knob: len(knob.values))
    chosen = [_knob(key, knobs) for key in over] or varied[-2:]
    if len(chosen) != 2 or chosen[0] == chosen[1]:
        keys = ", ".join(knob.key for knob in varied) or "nothing"
        raise SimresError(
            f"a heat map needs two knobs, and only {keys} varies"
            if not over
            else "a heat map needs two knobs",
            "such as `--knobs hardware.sram.capacity,hardware.ddr.bandwidth`",
        )
    good = tuple(row for row in rows if objective.of(row) is not None)
    if not good:
        raise SimresError(f"no design has {objective.name}")
    down, across = chosen
    found: dict[tuple[str, str], int] = {}
    goal = axis_of(objective, good)
    sign = -1 if goal.large else 1
    for number, row in enumerate(good):
        place = value_in(row, down), value_in(row, across)
        if place not in found or sign * goal.values[number] < sign * goal.values[found[place]]:
            found[place] = number
    tried = {(value_in(row, down), value_in(row, across)) for row in rows}
    at = min(found, key=lambda place: sign * goal.values[found[place]])
    others = [knob for knob in varied if knob not in chosen]
    return Heat(
        good,
        (*chosen, *others),
        goal,
        _side(down),
        _side(across),
        tuple(map(short, others)),
        tuple(tuple(found.get((row, column)) for column in across.values) for row in down.values),
        tuple(tuple((row, column) in tried for column in across.values) for row in down.values),
        (down.values.index(at[0]), across.values.index(at[1])),
    )


def axis_of(objective: Objective, rows: Sequence[FigureRow]) -> Axis:
    """Returns the figures of an objective in a suitable unit; every row must have one."""
    values = [value for value in map(objective.figure, rows) if value is not None]
    if objective.formula is not None:
        return Axis(objective.title, "", tuple(values), _is_log(values), objective.large)
    if objective.quantity is None:
        return Axis(objective.title, "%", tuple(100 * value for value in values), large=objective.large)
    return _in_unit(objective.title, values, objective.quantity, objective.large)


def _side(knob: Knob) -> Side:
    """Returns a knob's values along a heat map."""
    name = short(knob)
    if knob.numbers is None:
        return Side(name, tuple(spoken(knob, value) for value in knob.values))
    if not knob.unit:
        return Side(name, tuple(map(three_digits, knob.numbers)))
    axis = _in_unit(name, knob.numbers, quantity_of(knob.unit), large=False)
    return Side(axis.title, tuple(map(three_digits, axis.values)))


def _in_unit(name: str, values: Sequence[float], quantity: Quantity, large: bool) -> Axis:
    """Returns an axis in the largest unit in which the least of the values (in base units) is not small."""
    binary = quantity is SIZE and all(value % 1024 == 0 for value in values)
    ladder = {"B": 1} | quantity.binary if binary else quantity.ladder
    least = min((value for value in values if value), default=1)
    fitting = [(unit, size) for unit, size in ladder.items() if least >= (size if binary else size / 10)]
    unit, size = (fitting or list(ladder.items()))[-1 if fitting else 0]
    unit = f"µ{unit[1:]}" if unit.startswith("u") else unit
    return Axis(name, unit, tuple(value / size for value in values), _is_log(values), large)


def short(knob: Knob) -> str:
    """Returns a knob's path without its redundant parts."""
    return knob.key.removeprefix("hardware.").replace(".", " ")


@lru_cache(maxsize=1 << 16)
def spoken(knob: Knob, value: str) -> str:
    """Returns a knob's value in short: a network's file by its name, a scheduler by its settings."""
    if value.endswith((".json", ".yaml", ".yml")):
        return PurePath(value).stem
    if value.startswith("{"):
        try:
            parts = json.loads(value)
        except ValueError:
            return value
        return " ".join(
            [str(parts.pop("name", "")), *(f"{key}={part}" for key, part in parts.items())]
        ).strip()
    if knob.numbers is not None and not knob.unit:
        return f"{short(knob)} {value}"
    return quantity_of(knob.unit).format(parse_any(value)[0]) if knob.unit else value


@lru_cache(maxsize=256)
def _texts(knob: Knob) -> Mapping[Cell, str]:
    """Returns a knob's values as it spells them, by their values in rows."""
    return dict(zip(knob.numbers or knob.values, knob.values, strict=True))


def value_in(row: FigureRow, knob: Knob) -> str:
    """Returns a row's value of a knob, as the knob spells it."""
    return _texts(knob)[row[knob.key]]


def _knob(key: str, knobs: Sequence[Knob]) -> Knob:
    known = {name: knob for knob in knobs for name in (knob.key, knob.key.removeprefix("hardware."))}
    if key not in known:
        raise SimresError(f"the table has no knob `{key}`{suggestion(key, [knob.key for knob in knobs])}")
    return known[key]


def _grouping(varied: Sequence[Knob]) -> Knob | None:
    """Returns the knob that determines a design's colour: a network first, otherwise a non-numeric one."""
    named = [knob for knob in varied if knob.numbers is None and len(knob.values) <= MOST_GROUPS]
    return min(named, key=lambda knob: not knob.key.endswith("workload"), default=None)


def _is_log(values: Sequence[float]) -> bool:
    return min(values) > 0 and max(values) / min(values) >= LOG_FROM


def _telling(axes: Sequence[Axis], best: Sequence[int]) -> tuple[int, ...]:
    """Returns the designs on a front to label: the best on each axis and the one nearest to the best on all;
    one of those that overlap in a picture."""
    places = [_places(axis, best) for axis in axes]
    numbers = range(len(best))
    wanted = [min(numbers, key=lambda at: (place[at], sum(p[at] for p in places))) for place in places]
    wanted.append(min(numbers, key=lambda at: math.hypot(*(place[at] for place in places))))
    whole = [_places(axis, range(len(axis.values))) for axis in axes]
    chosen: list[int] = []
    for at in (best[at] for at in wanted):
        if all(max(abs(place[at] - place[other]) for place in whole) > APART for other in chosen):
            chosen.append(at)
    return tuple(sorted(chosen, key=best.index))


def _places(axis: Axis, numbers: Sequence[int]) -> list[float]:
    """Returns the distance of each of these designs from the best of them on an axis: 0 to 1."""
    values = [math.log(axis.values[at]) if axis.log else axis.values[at] for at in numbers]
    low, high = min(values), max(values)
    wide = high - low or 1.0
    return [(high - value if axis.large else value - low) / wide for value in values]


def _pair(across: Axis, up: Axis) -> tuple[int, ...]:
    """Returns the front of two goals alone, from the best of `across` on."""
    points = [
        [-value if axis.large else value for axis, value in ((across, a), (up, b))]
        for a, b in zip(across.values, up.values, strict=True)
    ]
    return tuple(front(points))
