"""The `expect:` section of a scenario: figures that a result must have."""

from __future__ import annotations

import re
from fractions import Fraction

from simres import units
from simres.errors import SimresError
from simres.scenario.model import StatedExpectation
from simres.scenario.problems import Problems
from simres.scenario.source import Trail
from simres.text import describe

RESULT_PATH = r"[A-Za-z_][A-Za-z0-9_.-]*"
"""The pattern of paths that `expect:` may contain."""


def expectations_of(problems: Problems) -> tuple[StatedExpectation, ...]:
    """The figures that the document expects; what is wrong with an entry is added to `problems`."""
    entries = problems.document.data.get("expect", {})
    found = []
    for path, entry in entries.items() if isinstance(entries, dict) else ():
        trail = ("expect", path)
        if not isinstance(path, str) or not re.fullmatch(RESULT_PATH, path):
            problems.add(trail, "must be the path of a figure, such as `engines.ddr.working`", key=True)
            continue
        settings = entry if isinstance(entry, dict) else {"value": entry}
        for key in settings.keys() - {"value", "within"}:
            problems.add_unknown((*trail, key), ["value", "within"])
        if "value" not in settings:
            problems.add(trail, "`value` is missing")
            continue
        at: Trail = trail
        try:
            at = (*trail, "within") if entry is settings else trail
            within = units.parse_percent(settings["within"]) if "within" in settings else 0
            at = (*trail, "value") if entry is settings else trail
            value, unit = _figure(settings["value"])
            found.append(
                StatedExpectation(path, value, unit, Fraction(within), problems.document.place(trail))
            )
        except SimresError as error:
            problems.add_error(at, error)
    return tuple(found)


def _figure(value: object) -> tuple[int | float, str]:
    if isinstance(value, str):
        return units.parse_any(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise units.UnitError(f"must be a figure such as `1235 us`, `64 B` or `20`, got {describe(value)}")
    return value, ""
