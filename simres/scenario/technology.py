"""The process of a chip: the technology that its areas and costs are of."""

from __future__ import annotations

from typing import Any

from simres.errors import SimresError
from simres.hardware import area_costs
from simres.scenario.problems import Problems
from simres.units import FEATURE


def technology_of(problems: Problems, given: Any) -> int:
    """The technology given, in nanometres, with its problem recorded; 45 nm where none is."""
    if given is None:
        return area_costs.USUAL_NM
    try:
        nm = FEATURE.parse(given, positive=True)
        area_costs.technology(nm)
    except SimresError as error:
        problems.add_error(("technology",), error)
        return area_costs.USUAL_NM
    return nm
