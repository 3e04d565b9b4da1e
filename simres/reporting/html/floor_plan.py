"""The floor of a chip as SVG: a rectangle for each component, as large as its area.

It shows sizes only: the places of components on a die, and the space between them, are not known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from simres.analysis.area import ChipArea, ComponentArea
from simres.reporting.html.markup import escaped, section, table
from simres.reporting.tables import area_table
from simres.result import Result
from simres.units import format_area

_WIDE, _HIGH = 420, 300
_LETTER, _LINE = 7.5, 16
"""Widths of a letter, and heights of a line, in the drawing's units."""


class Place(NamedTuple):
    """A rectangle: left, top, width and height."""

    x: float
    y: float
    wide: float
    high: float


def floor(result: Result) -> str:
    """Returns the section of the chip's area; empty if the result has none."""
    area = result.area
    if area is None or not area.um2:
        return ""
    said = [area_table.caption(area) + "."]
    if area.defaults:
        said.append(area_table.LOWER)
    return section(
        "area",
        "Area",
        f'<div class="drawing">{drawing(area)}</div>',
        table("Area and cost by component", area_table.columns(area)),
        lead=escaped(" ".join(said)),
    )


def drawing(area: ChipArea) -> str:
    """Returns the SVG; every component with an area has a rectangle, largest first."""
    parts = sorted((one for one in area.components if one.um2), key=lambda one: -one.um2)
    whole = Place(0, 0, _WIDE, _HIGH)
    shapes = zip(parts, laid_out([one.um2 for one in parts], whole), strict=True)
    label = f"Floor of the chip: {area_table.caption(area)}"
    return (
        f'<svg viewBox="0 0 {_WIDE} {_HIGH}" role="img" aria-label="{escaped(label)}" '
        f'style="max-width:{_WIDE}px" font-size="13">'
        + "".join(_shape(one, place) for one, place in shapes)
        + "</svg>"
    )


def laid_out(sizes: Sequence[int], place: Place) -> Iterator[Place]:
    """Yields a rectangle in `place` for each of these falling sizes: split into two halves of about equal
    size along the longer side, and so on in each."""
    if len(sizes) == 1:
        yield place
        return
    cut, first, whole = 1, sizes[0], sum(sizes)
    while cut < len(sizes) - 1 and 2 * (first + sizes[cut]) <= whole:
        first += sizes[cut]
        cut += 1
    share = first / whole
    x, y, wide, high = place
    if wide >= high:
        halves = Place(x, y, wide * share, high), Place(x + wide * share, y, wide * (1 - share), high)
    else:
        halves = Place(x, y, wide, high * share), Place(x, y + high * share, wide, high * (1 - share))
    yield from laid_out(sizes[:cut], halves[0])
    yield from laid_out(sizes[cut:], halves[1])


def _shape(one: ComponentArea, place: Place) -> str:
    x, y, wide, high = place
    named = f"{one.component}: {format_area(one.um2)}"
    text = ""
    if high >= 2 * _LINE and wide >= _LETTER * max(len(one.component), len(format_area(one.um2))):
        text = "".join(
            f'<text x="{x + wide / 2:.1f}" y="{y + high / 2 + line:.1f}" text-anchor="middle" '
            f'fill="currentColor">{escaped(said)}</text>'
            for line, said in ((-2, one.component), (_LINE - 2, format_area(one.um2)))
        )
    return (
        f'<g><title>{escaped(named)}</title><rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" '
        f'height="{high:.1f}" class="r-{escaped(one.role)}" fill="var(--role)" fill-opacity=".35" '
        f'stroke="currentColor" stroke-opacity=".5"/>{text}</g>'
    )
