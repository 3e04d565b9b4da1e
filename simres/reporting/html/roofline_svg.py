"""The roofline as SVG: logarithmic axes, one mark per layer."""

from __future__ import annotations

import math
from collections.abc import Iterator

from simres.analysis.roofline import Roofline, RooflinePoint
from simres.hardware.rates import formatted, quantity_of_rate
from simres.reporting.drawing.roofline_drawing import classes
from simres.reporting.html.markup import escaped
from simres.reporting.text.amounts import percent
from simres.text import three_digits
from simres.units import Quantity, format_bandwidth, format_duration

_WIDE, _HIGH = 880, 440
_LEFT, _RIGHT, _TOP, _BELOW = 84, 64, 16, 44
_LINE = 15
"""The height of a line of text: labels keep this distance."""
_NONE = 72
"""The width at the right for layers that move no bytes."""
SHAPES = (
    "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z",
    "M0-6L6 0L0 6L-6 0z",
    "M-4.5-4.5h9v9h-9z",
    "M0-5.5L5.5 4.5H-5.5z",
    "M0 5.5L5.5-4.5H-5.5z",
    "M-6-2h4v-4h4v4h4v4h-4v4h-4v-4h-4z",
)
"""Outlines around the origin: circle, diamond, square, triangles, cross."""


class _Axis:
    """A logarithmic axis over whole decades, on a stretch of the drawing."""

    def __init__(self, values: list[float], start: float, end: float) -> None:
        self.low = math.floor(math.log10(min(values)))
        self.high = max(math.ceil(math.log10(max(values))), self.low + 1)
        self.start, self.end = start, end

    def at(self, value: float) -> float:
        """Returns the position of a value, clamped to the axis."""
        share = (math.log10(value) - self.low) / (self.high - self.low) if value > 0 else 0.0
        return self.start + min(1.0, max(0.0, share)) * (self.end - self.start)

    @property
    def decades(self) -> Iterator[int]:
        """The exponents of the ticks."""
        return iter(range(self.low, self.high + 1))


def drawing(roofline: Roofline) -> str:
    """Returns an SVG of the ceilings and every layer that takes time; empty if no layer does."""
    points = [point for point in roofline.points if point.rate]
    if not points:
        return ""
    peaks = [float(peak) for peak in (roofline.matrix_rate, roofline.host_rate) if peak]
    ridges = [peak / roofline.bandwidth for peak in peaks if roofline.bandwidth]
    across = [point.intensity for point in points if point.intensity]
    x = _Axis([*across, *ridges] or [1.0], _LEFT, _WIDE - _RIGHT - _NONE)
    y = _Axis([*(point.rate for point in points), *peaks], _HIGH - _BELOW, _TOP)
    parts = [
        *_grid(x, y, quantity_of_rate(0, roofline.dtype)),
        *_ceilings(roofline, x, y),
        *_marks(roofline, x, y),
    ]
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="Roofline drawing">'
        f'<svg class="roofline" viewBox="0 0 {_WIDE} {_HIGH}" role="img" '
        f'aria-label="Roofline: {len(points)} layers under the ceilings of the chip">'
        f"{''.join(parts)}</svg></div>{_legend(roofline)}"
    )


def _grid(x: _Axis, y: _Axis, rates: Quantity) -> Iterator[str]:
    bottom = _HIGH - _BELOW
    for exponent in y.decades:
        at = y.at(10.0**exponent)
        label = rates.format(10**exponent) if exponent >= 0 else ""
        yield f'<path class="grid" d="M{_LEFT} {at:.1f}H{_WIDE - _RIGHT}"/>'
        yield f'<text x="{_LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{label}</text>'
    for exponent in x.decades:
        at = x.at(10.0**exponent)
        label = f"{10**exponent:,}".replace(",", " ") if exponent >= 0 else f"{10.0**exponent:g}"
        yield f'<path class="grid" d="M{at:.1f} {_TOP}V{bottom}"/>'
        yield f'<text x="{at:.1f}" y="{bottom + 18}" text-anchor="middle">{label}</text>'
    none = _WIDE - _RIGHT - _NONE / 2 + 18
    yield f'<text x="{none}" y="{bottom + 18}" text-anchor="middle">none</text>'
    middle = (x.start + x.end) / 2
    yield f'<text x="{middle}" y="{_HIGH - 6}" text-anchor="middle">operations per byte on the bus</text>'


def _ceilings(roofline: Roofline, x: _Axis, y: _Axis) -> Iterator[str]:
    peaks = {role: peak for role in ("matrix", "host") if (peak := roofline.peak(role))}
    places = _apart({role: y.at(peak) for role, peak in peaks.items()})
    for role, peak in peaks.items():
        flat = y.at(peak)
        start = x.start
        if roofline.bandwidth:
            least = max(10.0**x.low, 10.0**y.low / roofline.bandwidth)
            ridge = peak / roofline.bandwidth
            if least < ridge:
                foot = f"{x.at(least):.1f} {y.at(least * roofline.bandwidth):.1f}"
                yield f'<path class="roof r-bus" d="M{foot}L{x.at(ridge):.1f} {flat:.1f}"/>'
                start = x.at(ridge)
        yield f'<path class="roof r-{role}" d="M{start:.1f} {flat:.1f}H{_WIDE - _RIGHT}"/>'
        yield f'<text x="{_WIDE - _RIGHT + 8}" y="{places[role] + 4:.1f}">{role}</text>'


def _apart(places: dict[str, float]) -> dict[str, float]:
    """Moves labels down that would lie on the one above, and all of them up again by half of that."""
    found: dict[str, float] = {}
    last = -float(_LINE)
    for name, place in sorted(places.items(), key=lambda item: item[1]):
        found[name] = last = max(place, last + _LINE)
    moved = max((found[name] - place for name, place in places.items()), default=0.0) / 2
    return {name: place - moved for name, place in found.items()}


def _marks(roofline: Roofline, x: _Axis, y: _Axis) -> Iterator[str]:
    for number, points in reversed(list(enumerate(classes(roofline).values()))):
        shape = SHAPES[number % len(SHAPES)]
        for point in points:
            if point.rate:
                at = _WIDE - _RIGHT - _NONE / 2 + 18 if point.intensity is None else x.at(point.intensity)
                yield (
                    f'<path class="mark r-{point.role} s{number // len(SHAPES) % 2}" d="{shape}" '
                    f'transform="translate({at:.1f} {y.at(point.rate):.1f})">'
                    f"<title>{escaped(_said(roofline, point))}</title></path>"
                )


def _said(roofline: Roofline, point: RooflinePoint) -> str:
    intensity = "no bytes" if point.intensity is None else f"{three_digits(point.intensity)} op/B"
    roof = round(roofline.roof(point.role, point.intensity))
    share = f", {percent(round(point.rate), roof)} % of its roof" if roof else ""
    took = f"{format_duration(point.time_ps)} at {formatted(round(point.rate), roofline.dtype)}"
    return f"{point.name} ({point.kind}): {took}, {intensity}{share}"


def _legend(roofline: Roofline) -> str:
    items = []
    for number, (kind, points) in enumerate(classes(roofline).items()):
        shape = SHAPES[number % len(SHAPES)]
        mark = f'class="mark r-{points[0].role} s{number // len(SHAPES) % 2}" d="{shape}"'
        icon = f'<svg viewBox="-8 -8 16 16" aria-hidden="true"><path {mark}/></svg>'
        items.append(f"<li>{icon}{escaped(kind)} ({len(points)})</li>")
    ceilings = [
        f"{name} {text}"
        for name, peak, text in (
            ("bus", roofline.bandwidth, format_bandwidth(roofline.bandwidth)),
            ("matrix unit", roofline.matrix_rate, formatted(roofline.matrix_rate, roofline.dtype)),
            ("host", roofline.host_rate, formatted(roofline.host_rate, roofline.dtype)),
        )
        if peak
    ]
    said = f'<p class="quiet">Ceilings: {escaped(", ".join(ceilings))}.</p>' if ceilings else ""
    return f'<ul class="legend">{"".join(items)}</ul>{said}'
