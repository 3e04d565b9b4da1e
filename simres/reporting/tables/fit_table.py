"""The tables of a fit: the figures, and each measurement as predicted with and without itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from simres.calibration.calibrated_chip import Free
from simres.calibration.fit import Fit, Row
from simres.reporting.emit import VERSIONS
from simres.reporting.page import Page
from simres.reporting.text.amounts import TIME, scale
from simres.reporting.text.columns import Column
from simres.reporting.text.styled import Text

ROWS_EACH = 10
"""Measurements that a free figure should have."""


def report(found: Fit, free: Sequence[Free], names: Sequence[str], page: Page) -> Iterator[Text]:
    """Yields the lines: the errors in a sentence, then the figures, then the measurements."""
    yield from page.prose(summary(found), "headline")
    if len(names) < ROWS_EACH * len(free):
        said = (
            f"{len(names)} measurements for {len(free)} free figures: with fewer than {ROWS_EACH} for each, "
            "trust the errors of rows left out, not the fitted ones."
        )
        yield from page.prose(said, "warning")
    yield Text()
    columns = [
        Column("figure", [str(one) for one in free], right=False, elastic=True, style="title"),
        Column("was", [one.resource.format(value) for one, value in zip(free, found.start, strict=True)]),
        Column("calibrated", [_value(found, free, number) for number in range(len(free))]),
        Column("with a row left out", [_others(found, free, number) for number in range(len(free))], rank=1),
    ]
    yield from page.table(columns)
    yield Text()
    unit = scale(max(row.measured for row in found.rows), TIME)
    columns = [
        Column("network", list(names), right=False, elastic=True, style="title"),
        Column("measured", unit.texts(row.measured for row in found.rows), unit.unit),
        Column("before", [_error(row, row.start) for row in found.rows], "%", rank=2),
        Column("fitted", [_error(row, row.fitted) for row in found.rows], "%"),
        Column("left out", [_error(row, row.left_out) for row in found.rows], "%"),
    ]
    yield from page.table(columns)


def summary(found: Fit) -> str:
    """The errors in a sentence."""

    def said(which: str) -> str:
        mean, median = 100 * found.mean_error(which), 100 * found.median_error(which)
        return f"{mean:.1f} % in the mean and {median:.1f} % in the median"

    return (
        f"Each measurement predicted from the others is off by {said('left_out')}; fitted to all of them, by "
        f"{said('fitted')}; before, by {said('start')}."
    )


def document(found: Fit, free: Sequence[Free], names: Sequence[str]) -> dict[str, Any]:
    """The JSON form as plain data: times end in `_ps`, figures are spelled with their units."""
    errors = {
        which: {"mean": found.mean_error(which), "median": found.median_error(which)}
        for which in ("start", "fitted", "left_out")
    }
    return {
        "schema_version": VERSIONS["fit"],
        "simulations": found.trials,
        "errors": errors,
        "figures": {
            str(one): {
                "was": one.resource.spell(found.start[number]),
                "calibrated": one.resource.spell(found.values[number]),
                "with_a_row_left_out": [one.resource.spell(values[number]) for values in found.others],
                "has_effect": not found.fixed(number),
            }
            for number, one in enumerate(free)
        },
        "measurements": [
            {
                "network": name,
                "measured_ps": row.measured,
                "start_ps": row.start,
                "fitted_ps": row.fitted,
                "left_out_ps": row.left_out,
            }
            for name, row in zip(names, found.rows, strict=True)
        ],
    }


def _value(found: Fit, free: Sequence[Free], number: int) -> str:
    if found.fixed(number):
        return "has no effect"
    return free[number].resource.format(found.values[number])


def _others(found: Fit, free: Sequence[Free], number: int) -> str:
    """The range of a figure over the fits that leave a row out."""
    values = [values[number] for values in found.others]
    spelled = [free[number].resource.format(value) for value in (min(values), max(values))]
    return " to ".join(dict.fromkeys(spelled))


def _error(row: Row, simulated: int) -> str:
    return f"{100 * (simulated / row.measured - 1):+.1f}"
