"""Constraints on a design: `energy=2 mJ`, `sram=512 KiB`, `accuracy=91 %`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from simres.errors import SimresError
from simres.exploration.figures import FigureRow
from simres.exploration.objectives import Objective, objectives_of
from simres.units import UnitError, parse_percent


@dataclass(frozen=True, slots=True)
class Constraint:
    """The most that an objective may come to; the least, where large is good. In the column's unit."""

    objective: Objective
    bound: Fraction

    def excess(self, row: FigureRow) -> float:
        """By what share of the bound a row is beyond it: 0 or less where it keeps to it.

        A row that has no such value does not keep to it.
        """
        value = self.objective.of(row)
        if value is None:
            return 1.0
        over = Fraction(value) + self.bound if self.objective.large else Fraction(value) - self.bound
        return float(over / self.bound) if self.bound else float(over)


def limits_of(texts: Mapping[str, str]) -> tuple[Constraint, ...]:
    """The limits by objective's name. Raises `SimresError` for an objective or a value that is none."""
    found = []
    for name, text in texts.items():
        (objective,) = objectives_of(name.replace(",", " "))
        quantity = objective.quantity
        try:
            bound = Fraction(quantity.parse(text)) if quantity else parse_percent(text)
        except UnitError as error:
            raise SimresError(f"--limit {name}: {error}", "such as `--limit energy=2mJ`") from None
        found.append(Constraint(objective, bound))
    return tuple(found)
