"""The roofline in a terminal: a plot on logarithmic axes, and a table."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from simres.analysis.roofline import Roofline, RooflinePoint, layers_of
from simres.hardware.rates import formatted, quantity_of_rate
from simres.reporting.page import Page
from simres.reporting.text.amounts import NOTHING, percent, printable, scale
from simres.reporting.text.columns import Column
from simres.reporting.text.glyphs import Glyphs
from simres.reporting.text.styled import Text
from simres.result import Result
from simres.text import three_digits
from simres.units import format_bandwidth
from simres.workload.graph import Workload

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_MARGIN = 13
"""Cells to the left of the plot, for the scale."""
_EDGE = 6
"""Cells to the right of the plot, for layers that move no bytes."""
_WIDEST = 140
_ROWS = 20


def roofline_of(result: Result) -> Roofline:
    """Returns the chip's ceilings and every layer of the run that computes."""

    rows = [
        (
            layer.name,
            layer.kind,
            layer.macs,
            layer.vector_ops,
            layer.read_bytes + layer.written_bytes,
            layer.end_ps - layer.start_ps,
        )
        for layer in result.layers
    ]
    dtype = result.scheduled.data_type if isinstance(result.scheduled, Workload) else ""
    return Roofline(result.peak("bus"), result.peak("matrix"), result.peak("host"), layers_of(rows), dtype)


def classes(roofline: Roofline) -> dict[str, list[RooflinePoint]]:
    """Groups the layers by kind, the kind with the most operations first."""
    found: dict[str, list[RooflinePoint]] = {}
    for point in roofline.points:
        found.setdefault(point.kind, []).append(point)
    return dict(sorted(found.items(), key=lambda item: -sum(point.operations for point in item[1])))


def ceilings(roofline: Roofline) -> list[str]:
    """Names the peak rates that the chip states, each with its component."""
    found = (
        ("bus", roofline.bandwidth, format_bandwidth(roofline.bandwidth)),
        ("matrix", roofline.matrix_rate, formatted(roofline.matrix_rate, roofline.dtype)),
        ("host", roofline.host_rate, formatted(roofline.host_rate, roofline.dtype)),
    )
    return [f"{what} {text}" for what, peak, text in found if peak]


def report(result: Result, page: Page) -> Iterator[Text]:
    """Yields the lines of the plot and the table."""
    roofline = roofline_of(result)
    yield Text(f"{printable(result.name)}: roofline", "headline")
    for prose in (
        ", ".join(ceilings(roofline)),
        "where layers share a cell, the class with most operations shows",
    ):
        yield from page.prose(prose, "muted")
    yield Text()
    if any(point.rate for point in roofline.points):
        yield from plot(roofline, page)
        yield Text()
    yield from _table(roofline, page)


class _Axis:
    """A logarithmic axis over whole decades, `size` cells long."""

    def __init__(self, values: Sequence[float], size: int) -> None:
        self.low = math.floor(math.log10(min(values)))
        self.high = max(math.ceil(math.log10(max(values))), self.low + 1)
        self.size = size

    def cell(self, value: float) -> int:
        """Returns the cell that holds `value`."""
        place = (math.log10(value) - self.low) / (self.high - self.low)
        return min(self.size - 1, max(0, round(place * (self.size - 1))))

    def value(self, cell: int) -> float:
        """Returns the value in the middle of a cell."""
        return math.pow(10, self.low + cell / (self.size - 1) * (self.high - self.low))

    @property
    def decades(self) -> range:
        """The exponents of the ticks."""
        return range(self.low, self.high + 1)


def plot(roofline: Roofline, page: Page) -> Iterator[Text]:
    """Draws the plot; layers that take no time are left out."""
    glyphs = page.glyphs
    shown = [point for point in roofline.points if point.rate]
    inside = min(page.width, _WIDEST) - _MARGIN - _EDGE - 2
    peaks = [peak for peak in (roofline.matrix_rate, roofline.host_rate) if peak]
    ridges = [peak / roofline.bandwidth for peak in peaks if roofline.bandwidth]
    across = [point.intensity for point in shown if point.intensity is not None]
    x = _Axis([*across, *ridges] or [1.0], inside)
    y = _Axis([*(point.rate for point in shown), *map(float, peaks)], _ROWS)
    cells: dict[tuple[int, int], tuple[str, str]] = {}
    for role, flat in (("host", glyphs.dash), ("matrix", glyphs.line)):
        if roofline.peak(role):
            for column in range(inside + _EDGE):
                rate = roofline.roof(role, x.value(column)) if column < inside else roofline.peak(role)
                if rate >= 10.0**y.low:
                    sloped = rate < roofline.peak(role)
                    mark = glyphs.slope if sloped else flat
                    cells[y.cell(rate), column] = (mark, f"role.{'bus' if sloped else role}")
    marks = _marks(roofline, glyphs)
    for kind, points in reversed(classes(roofline).items()):
        for point in points:
            if point.rate:
                at = point.intensity
                column = inside + _EDGE - 3 if at is None else x.cell(at)
                cells[y.cell(point.rate), column] = (marks[kind], f"role.{point.role}")
    rates = quantity_of_rate(0, roofline.dtype)
    ticks = {y.cell(10.0**exponent): rates.format(10**exponent) for exponent in y.decades if exponent >= 0}
    for row in reversed(range(_ROWS)):
        text = Text(ticks.get(row, "").rjust(_MARGIN - 1) + " ", "muted").append(glyphs.edge, "muted")
        for column in range(inside + _EDGE):
            text.append(*cells.get((row, column), (" ", "")))
        yield text.rstrip()
    yield Text(" " * _MARGIN + glyphs.corner + glyphs.line * (inside + _EDGE), "muted")
    yield Text(_below(x, inside), "muted")
    yield Text("operations per byte on the bus".rjust(_MARGIN + 1 + inside), "muted")
    yield from _legend(roofline, marks, page)


def _below(x: _Axis, inside: int) -> str:
    """Draws the scale under the plot; the column at the right is for layers that move no bytes."""
    text = [" "] * (_MARGIN + 1 + inside + _EDGE)
    free = 0
    for exponent in x.decades:
        label = f"{10**exponent:,}".replace(",", " ") if exponent >= 0 else f"{10.0**exponent:g}"
        start = max(_MARGIN + 1 + x.cell(10.0**exponent) - len(label) // 2, 0)
        start = min(start, _MARGIN + 1 + inside - len(label))
        if start >= free:
            text[start : start + len(label)] = label
            free = start + len(label) + 2
    text[-_EDGE:] = "  none"
    return "".join(text)


def _marks(roofline: Roofline, glyphs: Glyphs) -> dict[str, str]:
    """Assigns a character to each class of layer."""
    supply = glyphs.marks + _LETTERS + _LETTERS.upper()
    kinds = list(classes(roofline))
    return {kind: supply[min(number, len(supply) - 1)] for number, kind in enumerate(kinds)}


def _legend(roofline: Roofline, marks: dict[str, str], page: Page) -> Iterator[Text]:
    return page.flow(
        Text(marks[kind], f"role.{points[0].role}").append(f" {printable(kind)} ({len(points)})")
        for kind, points in classes(roofline).items()
    )


def _table(roofline: Roofline, page: Page) -> list[Text]:
    points = roofline.points
    rates = [round(point.rate) for point in points]
    roofs = [round(roofline.roof(point.role, point.intensity)) for point in points]
    unit = scale(max([*rates, *roofs], default=0), quantity_of_rate(0, roofline.dtype).ladder)
    columns = [
        Column("layer", [point.name for point in points], right=False, elastic=True),
        Column("kind", [point.kind for point in points], right=False, rank=3, style="muted"),
        Column(
            "intensity",
            [NOTHING if (at := point.intensity) is None else three_digits(at) for point in points],
            "op/B",
        ),
        Column("reached", unit.texts(rates), unit.unit),
        Column("roof", unit.texts(roofs), unit.unit, rank=1),
        Column("", [percent(rate, roof) for rate, roof in zip(rates, roofs, strict=True)], "%"),
        Column("roof is", [_which(roofline, point) for point in points], right=False, rank=2),
    ]
    return page.table(columns)


def _which(roofline: Roofline, point: RooflinePoint) -> str:
    """Returns the roof over a layer: the bus's slope or its engine's peak."""
    peak, at = roofline.peak(point.role), point.intensity
    sloped = at is not None and roofline.bandwidth and (not peak or at * roofline.bandwidth < peak)
    return "the bus" if sloped else point.role if peak else NOTHING
