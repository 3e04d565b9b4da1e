"""Objectives of a search, by the names used on the command line, or by an expression over them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from simres.errors import SimresError
from simres.exploration.formula import Formula, formula_of, is_formula
from simres.exploration.pareto import front
from simres.exploration.point_figures import FIGURES, FigureRow
from simres.exploration.table import TEXTS
from simres.scenario.sweep_section import goals_in
from simres.units import AREA, BANDWIDTH, COST, DURATION, ENERGY, POWER, SIZE, Quantity


@dataclass(frozen=True, slots=True)
class Objective:
    """A goal: its name, its label in a picture, and whether large is good.

    Its figures are those of `column`, in the base unit of `quantity`; a share has none. A goal by expression
    has a `formula` instead, whose value is a plain number.
    """

    name: str
    column: str
    title: str
    quantity: Quantity | None
    large: bool = False
    formula: Formula | None = None

    def figure(self, row: FigureRow) -> float | None:
        """Returns the row's figure; None if the row has none."""
        if self.formula is None:
            value = row.get(self.column)
            return value if isinstance(value, int | float) else None
        values = {}
        for name in self.formula.names:
            found = _spelled_out(name, row)
            if found is None:
                return None
            values[name] = found
        return self.formula.of(values)

    def of(self, row: FigureRow) -> float | None:
        """Returns the row's figure, with the sign chosen so that small is good; None if the row has none."""
        value = self.figure(row)
        return -value if self.large and value is not None else value

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that its figures come from."""
        if self.formula is None:
            return (self.column,)
        return tuple(OBJECTIVES[name].column if name in OBJECTIVES else name for name in self.formula.names)


OBJECTIVES = {
    item.name: item
    for item in (
        Objective("latency", "image_ps", "latency per inference", DURATION),
        Objective("makespan", "makespan_ps", "makespan", DURATION),
        Objective("energy", "image_fj", "energy per inference", ENERGY),
        Objective("power", "power_uw", "average power", POWER),
        Objective("area", "area_um2", "area", AREA),
        Objective("cost", "cost_uusd", "cost", COST),
        Objective("traffic", "moved_bytes", "bytes over the bus", SIZE),
        Objective("sram", "capacity_bytes", "on-chip memory", SIZE),
        Objective("bandwidth", "bandwidth_bytes_per_s", "bandwidth", BANDWIDTH),
        Objective("accuracy", "accuracy", "accuracy", None, large=True),
    )
}
"""Objectives by name. `latency` and `energy` are per inference."""

USUAL = "latency,energy"
"""The default goals."""

UNITS = {DURATION: 10**12, ENERGY: 10**15, POWER: 10**6, AREA: 10**6, COST: 10**6}
"""What the goals are divided by in an expression: they are in s, J, W, mm2 and USD there, and sizes in B."""
_COUNTED = {figure.name for figure in FIGURES} - set(TEXTS)


def objectives_of(text: str, knobs: Collection[str] | None = None) -> Sequence[Objective]:
    """Parses objectives such as `latency,energy` or `latency * area`.

    Expressions may name objectives, columns of the table, and `knobs` (None: any path of a scenario). Raises
    `SimresError` for an unknown or repeated one.
    """
    names = goals_in(text)
    if len(set(names)) < len(names):
        raise SimresError(f"a goal of `{text}` is given twice")
    return [_objective(name, knobs) for name in names]


def _objective(name: str, knobs: Collection[str] | None) -> Objective:
    if name in OBJECTIVES:
        return OBJECTIVES[name]
    if not is_formula(name):
        raise _unknown(name, OBJECTIVES)
    formula = formula_of(name)
    for own in formula.names:
        known = own in OBJECTIVES or own in _COUNTED
        if not known and (own not in knobs if knobs is not None else "." not in own):
            raise _unknown(own, [*OBJECTIVES, *(knobs or ())], f" in `{formula.text}`")
    return Objective(formula.text, "", formula.text, None, formula=formula)


def _unknown(name: str, known: Collection[str], where: str = "") -> SimresError:
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean `{close[0]}`?" if close else f"there are {', '.join(known)}"
    return SimresError(f"unknown goal `{name}`{where}", hint)


def _spelled_out(name: str, row: FigureRow) -> float | None:
    """Returns what a name in an expression stands for in a row: goals in units without prefix, the rest as in
    the table."""
    goal = OBJECTIVES.get(name)
    value = row.get(goal.column if goal else name)
    if not isinstance(value, int | float):
        return None
    divided = UNITS.get(goal.quantity, 1) if goal and goal.quantity else 1
    return value / divided


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
