"""Constraints on a design: `energy=2 mJ`, `sram=512 KiB`, `accuracy=91 %`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction

from simres.errors import SimresError
from simres.exploration.objectives import Objective, objectives_of
from simres.exploration.point_figures import FigureRow
from simres.text import shorten
from simres.units import UnitError, parse_percent


@dataclass(frozen=True, slots=True)
class Constraint:
    """The upper limit of an objective, or the lower limit where large is good. In the column's unit."""

    objective: Objective
    bound: Fraction

    def excess(self, row: FigureRow) -> float:
        """Returns the relative excess of a row over the limit: 0 or less where the row satisfies it.

        A row without the value does not satisfy the limit.
        """
        value = self.objective.of(row)
        if value is None:
            return 1.0
        over = Fraction(value) + self.bound if self.objective.large else Fraction(value) - self.bound
        return float(over / self.bound) if self.bound else float(over)


def limits_of(texts: Mapping[str, str], knobs: Collection[str] | None = None) -> tuple[Constraint, ...]:
    """Returns the limits by objective; expressions may name `knobs`, as in `objectives_of`.

    Raises `SimresError` for an unknown objective or an invalid value.
    """
    found = []
    for name, text in texts.items():
        objectives = objectives_of(name, knobs)
        if len(objectives) > 1:
            raise SimresError(f"--limit {name}: a limit applies to one goal", "`--limit` once for each")
        (objective,) = objectives
        quantity = objective.quantity
        try:
            if objective.formula is not None:
                bound = _number(text)
            else:
                bound = Fraction(quantity.parse(text)) if quantity else parse_percent(text)
        except UnitError as error:
            raise SimresError(f"--limit {name}: {error}", "such as `--limit energy=2mJ`") from None
        found.append(Constraint(objective, bound))
    return tuple(found)


def _number(text: str) -> Fraction:
    """The bound of an expression, which is a plain number. Raises `UnitError`."""
    try:
        return Fraction(float(text))
    except (ValueError, OverflowError):
        raise UnitError(
            f"must be a plain number, as an expression has no unit, got `{shorten(text)}`"
        ) from None
