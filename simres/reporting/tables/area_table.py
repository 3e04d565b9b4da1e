"""The area table: square millimetres and dollars by component."""

from __future__ import annotations

from simres.analysis.area import ChipArea, ComponentArea
from simres.reporting.text.amounts import percent, scale
from simres.reporting.text.columns import Column
from simres.units import AREA, COST, format_area, format_cost

LOWER = "Defaults are the area of cells alone; chips are larger (docs/area.md)."
"""What defaults are."""


def caption(area: ChipArea) -> str:
    """Returns the area and cost of a chip in words."""
    return f"{format_area(area.um2)} in {area.nm} nm, {format_cost(area.uusd)} of silicon"


def columns(area: ChipArea) -> list[Column]:
    """Returns the area and cost of each component that has any, and where they are from."""
    parts = [one for one in area.components if one.um2 or one.uusd]
    size, price = scale(area.um2, AREA.ladder), scale(area.uusd, COST.ladder)
    return [
        Column("component", [one.component for one in parts], total="total", right=False),
        Column("area", [size.text(one.um2) for one in parts], size.unit, size.text(area.um2)),
        Column("share", [percent(one.um2, area.um2) for one in parts], "%", "100.0" if area.um2 else ""),
        Column("cost", [price.text(one.uusd) for one in parts], price.unit, price.text(area.uusd), rank=1),
        Column("from", [_source(one) for one in parts], right=False, rank=2, style="muted"),
    ]


def _source(one: ComponentArea) -> str:
    match one.area_stated, one.cost_stated:
        case True, True:
            return "stated"
        case True, False:
            return "stated, cost by default"
        case False, True:
            return "default, cost stated"
        case _:
            return "default"
