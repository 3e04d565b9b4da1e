"""The picture of a roofline: logarithmic axes, one mark per layer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from simres.analysis.roofline import Roofline, RooflinePoint
from simres.hardware.rates import formatted, quantity_of_rate
from simres.reporting.drawing.roofline_drawing import ceilings, classes, roofline_of
from simres.reporting.pictures import chart
from simres.reporting.pictures.chart import Block, Entry, Panel, Scale
from simres.reporting.text.amounts import escaped, percent
from simres.result import Result
from simres.text import three_digits
from simres.units import format_duration

_NONE = 72
"""The width at the right for layers that move no bytes."""


def picture(result: Result) -> Block:
    """Returns the whole picture: name, ceilings, layers and legend."""
    roofline = roofline_of(result)
    said = chart.written([result.name, ", ".join(ceilings(roofline))], "title")
    panel = _panel(roofline)
    return chart.below(said, _drawn(roofline, panel), chart.legend(_entries(roofline), panel.wide))


def embedded(roofline: Roofline) -> str:
    """Returns the picture for a page; empty if no layer takes time."""
    if not any(point.rate for point in roofline.points):
        return ""
    panel = _panel(roofline)
    count = sum(bool(point.rate) for point in roofline.points)
    found = ceilings(roofline)
    said = f'<p class="quiet">Ceilings: {escaped(", ".join(found))}.</p>' if found else ""
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="Roofline drawing">'
        f'<svg class="roofline" viewBox="0 0 {panel.wide} {panel.high}" role="img" '
        f'aria-label="Roofline: {count} layers under the ceilings of the chip">'
        f"{_drawn(roofline, panel).markup}</svg></div>{chart.listed(_entries(roofline))}{said}"
    )


def _panel(roofline: Roofline) -> Panel:
    """Returns axes over whole decades, in which all layers and the ridges of the roofs lie."""
    points = [point for point in roofline.points if point.rate]
    peaks = [float(peak) for peak in (roofline.matrix_rate, roofline.host_rate) if peak]
    ridges = [peak / roofline.bandwidth for peak in peaks if roofline.bandwidth]
    across = [point.intensity for point in points if point.intensity]
    rates = quantity_of_rate(0, roofline.dtype)
    low, high = _decades([*across, *ridges] or [1.0])
    marks = {
        10.0**power: f"{10**power:,}".replace(",", " ") if power >= 0 else f"{10.0**power:g}"
        for power in range(low, high + 1)
    }
    least, most = _decades([*(point.rate for point in points), *peaks] or [1.0])
    up = {10.0**power: rates.format(10**power) if power >= 0 else "" for power in range(least, most + 1)}
    return Panel(
        Scale("operations per byte on the bus", (10.0**low, 10.0**high), marks, log=True),
        Scale("", (10.0**least, 10.0**most), up, log=True),
        wide=880,
        high=440,
        left=84,
        right=64,
        beyond=_NONE,
    )


def _decades(values: Sequence[float]) -> tuple[int, int]:
    low = math.floor(math.log10(min(values)))
    return low, max(math.ceil(math.log10(max(values))), low + 1)


def _drawn(roofline: Roofline, panel: Panel) -> Block:
    none = panel.wide - panel.right - _NONE / 2 + 18
    label = chart.text(none, panel.bottom + 18, "none", anchor="middle")
    return panel.block(label, *_ceilings(roofline, panel), *_marks(roofline, panel, none))


def _ceilings(roofline: Roofline, panel: Panel) -> Iterator[str]:
    peaks = {role: peak for role in ("matrix", "host") if (peak := roofline.peak(role))}
    places = chart.apart({role: panel.y(peak) for role, peak in peaks.items()})
    right = panel.wide - panel.right
    for role, peak in peaks.items():
        flat, start = panel.y(peak), float(panel.left)
        if roofline.bandwidth:
            least = max(panel.across.ends[0], panel.up.ends[0] / roofline.bandwidth)
            ridge = peak / roofline.bandwidth
            if least < ridge:
                yield panel.line([(least, least * roofline.bandwidth), (ridge, peak)], "roof r-bus")
                start = panel.x(ridge)
        yield f'<path class="roof r-{role}" d="M{start} {flat}H{right}"/>'
        yield chart.text(right + 8, places[role] + 4, role)


def _style(number: int, points: Sequence[RooflinePoint]) -> str:
    return f"mark r-{points[0].role} s{number // len(chart.SHAPES) % 2}"


def _marks(roofline: Roofline, panel: Panel, none: float) -> Iterator[str]:
    for number, points in reversed(list(enumerate(classes(roofline).values()))):
        for point in points:
            if point.rate:
                x = none if point.intensity is None else panel.x(point.intensity)
                yield chart.mark(
                    x, panel.y(point.rate), number, _style(number, [point]), _said(roofline, point)
                )


def _said(roofline: Roofline, point: RooflinePoint) -> str:
    intensity = "no bytes" if point.intensity is None else f"{three_digits(point.intensity)} op/B"
    roof = round(roofline.roof(point.role, point.intensity))
    share = f", {percent(round(point.rate), roof)} % of its roof" if roof else ""
    took = f"{format_duration(point.time_ps)} at {formatted(round(point.rate), roofline.dtype)}"
    return f"{point.name} ({point.kind}): {took}, {intensity}{share}"


def _entries(roofline: Roofline) -> list[Entry]:
    return [
        (chart.mark(0, 0, number, _style(number, points)), f"{kind} ({len(points)})")
        for number, (kind, points) in enumerate(classes(roofline).items())
    ]
