"""HTML pages of many designs: a Pareto front, or a heat map over two knobs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from string import ascii_uppercase
from typing import TYPE_CHECKING

from simres import __version__
from simres.reporting.drawing.ticks import limits, share, ticks
from simres.reporting.html.markup import escaped, section, table
from simres.reporting.html.page import json_of, made
from simres.reporting.html.roofline_svg import SHAPES
from simres.reporting.plots.front_plot import figures
from simres.reporting.tables.sweep_table import told, told_columns
from simres.reporting.text.columns import Column
from simres.text import three_digits

if TYPE_CHECKING:
    from simres.exploration.fronts import Axis, Front, Heat

SCRIPT = "designs.mjs"
STYLES = ("page.css", "designs.css")
_WIDE, _HIGH = 560, 400
_LEFT, _RIGHT, _TOP, _BELOW = 64, 16, 20, 48
_CELL_HIGH, _CELLS_WIDE = 34, 760
_MOST_LABELS = 16
CIVIDIS = (
    *((0, 34, 78), (26, 56, 111), (67, 78, 108), (97, 101, 111), (125, 124, 120)),
    *((155, 148, 118), (188, 174, 108), (222, 201, 88), (254, 232, 56)),
)
"""Colours from dark to light that all sorts of colour vision see in this order, at equal distances: cividis
of Nuñez, Anderton and Renslow (2018), PLoS ONE 13(7)."""


def front_page(found: Front) -> str:
    """The front of some goals as one HTML document that asks for nothing else."""
    names = [axis.name for axis in found.axes]
    goals = f"{', '.join(names[:-1])} and {names[-1]}"
    said = f"{len(found.best)} of {len(found.rows)} designs are on the front of {goals}."
    subject = " by ".join(found.varied)
    panels = [_panel(found, number) for number in range(len(found.pairs))]
    drawing = (
        f'<div class="drawing" id="plots">{"".join(panels)}<div id="tip" hidden></div></div>{_legend(found)}'
    )
    lead = "Point at a design to see what it is; the arrow keys walk along the front."
    columns = told_columns([found.rows[at] for at in found.best])
    letters = dict(zip(found.named, ascii_uppercase, strict=False))
    columns.insert(0, Column("design", [_name(found, at, letters) for at in found.best], right=False))
    shows = [f"design {at}" for at in found.best]
    data = {
        "front": found.best,
        "panels": [
            {"x": xs, "y": ys} for xs, ys in (_places(found, number) for number in range(len(found.pairs)))
        ],
        "designs": [[found.said(at), *map(list, told(row))] for at, row in enumerate(found.rows)],
    }
    return made(
        title="Pareto front",
        description=said,
        parts={
            "Front": ("summary", _summary("Pareto front", subject, said, drawing, lead)),
            "Designs": (
                "designs",
                section(
                    "designs", "Designs on the front", table("Front", columns, sortable=True, buttons=shows)
                ),
            ),
        },
        version=__version__,
        data=json_of(data),
        script=SCRIPT,
        styles=STYLES,
    )


def heat_page(found: Heat) -> str:
    """A goal over two knobs as one HTML document that asks for nothing else."""
    down, across = found.best
    best = found.cells[down][across]
    assert best is not None
    over = f", the best over {', '.join(found.others)}" if found.others else ""
    said = f"The best is {found.said(best)}: {figures((found.goal,), best)}."
    title = f"{found.goal.name[:1].upper()}{found.goal.name[1:]}"
    shown = sorted({at for row in found.cells for at in row if at is not None})
    data = {
        "designs": {at: [found.said(at), *map(list, told(found.rows[at]))] for at in shown},
    }
    drawing = f'<div class="drawing" id="plots">{_map(found)}<div id="tip" hidden></div></div>{_scale(found)}'
    subject = f"{found.down.title} by {found.across.title}{over}"
    lead = "Point at a cell to see the best design in it."
    return made(
        title=title,
        description=said,
        parts={"Map": ("summary", _summary(title, subject, said, drawing, lead))},
        version=__version__,
        data=json_of(data),
        script=SCRIPT,
        styles=STYLES,
    )


def _summary(title: str, subject: str, said: str, drawing: str, lead: str) -> str:
    return (
        f'<section id="summary" aria-label="{escaped(title)}"><p class="eyebrow">{escaped(subject)}</p>'
        f'<h1>{escaped(title)}</h1><p class="answer">{escaped(said)}</p>'
        f'<p class="quiet">{escaped(lead)}</p>{drawing}</section>\n'
    )


def _name(found: Front, at: int, letters: dict[int, str]) -> str:
    return f"{letters[at]}  {found.said(at)}" if at in letters else found.said(at)


def _along(axis: Axis, start: float, end: float) -> list[float]:
    """Where each figure of an axis is drawn between two ends."""
    ends = limits(axis.values, log=axis.log)
    return [round(start + share(value, ends, log=axis.log) * (end - start), 1) for value in axis.values]


def _places(found: Front, number: int) -> tuple[list[float], list[float]]:
    """Where each design is drawn in a panel."""
    across, up = found.axes[number + 1], found.axes[0]
    return _along(across, _LEFT, _WIDE - _RIGHT), _along(up, _HIGH - _BELOW, _TOP)


def _panel(found: Front, number: int) -> str:
    across, up = found.axes[number + 1], found.axes[0]
    xs, ys = _places(found, number)
    parts = [*_grid(across, up), _line([(xs[at], ys[at]) for at in found.pairs[number]])]
    best = set(found.best)
    for place, members in enumerate(found.groups.values()):
        dots = "".join(f"M{xs[at]} {ys[at]}h0" for at in members if at not in best)
        parts.insert(0, f'<path class="pale g{place % 8 if len(found.groups) > 1 else 9}" d="{dots}"/>')
        parts += (
            f'<path class="dot g{place % 8}" data-design="{at}" d="{SHAPES[place % len(SHAPES)]}" '
            f'transform="translate({xs[at]} {ys[at]})"><title>{escaped(found.said(at))}</title></path>'
            for at in members
            if at in best
        )
    for letter, at in zip(ascii_uppercase, found.named, strict=False):
        x, y = xs[at] + (8 if across.large else -8), ys[at] + (-8 if up.large else 17)
        anchor = "start" if across.large else "end"
        parts.append(f'<text class="letter" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{letter}</text>')
    label = f"{up.name} against {across.name}: {len(found.rows)} designs, {len(found.best)} on the front"
    return (
        f'<svg class="plot" viewBox="0 0 {_WIDE} {_HIGH}" role="img" tabindex="0" data-panel="{number}" '
        f'aria-label="{escaped(label)}">{"".join(parts)}<circle class="ring" r="10" hidden></circle></svg>'
    )


def _grid(across: Axis, up: Axis) -> Iterator[str]:
    bottom = _HIGH - _BELOW
    ends = limits(across.values, log=across.log)
    for mark in ticks(across.values, log=across.log):
        at = _LEFT + share(mark, ends, log=across.log) * (_WIDE - _RIGHT - _LEFT)
        yield f'<path class="grid" d="M{at:.1f} {_TOP}V{bottom}"/>'
        yield f'<text x="{at:.1f}" y="{bottom + 18}" text-anchor="middle">{three_digits(mark)}</text>'
    ends = limits(up.values, log=up.log)
    for mark in ticks(up.values, log=up.log):
        at = bottom - share(mark, ends, log=up.log) * (bottom - _TOP)
        yield f'<path class="grid" d="M{_LEFT} {at:.1f}H{_WIDE - _RIGHT}"/>'
        yield f'<text x="{_LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{three_digits(mark)}</text>'
    middle = (_LEFT + _WIDE - _RIGHT) / 2
    place = f'x="{middle}" y="{_HIGH - 8}" text-anchor="middle"'
    yield f'<text class="title" {place}>{escaped(across.title)}</text>'
    half = (_TOP + bottom) / 2
    yield (
        f'<text class="title" transform="translate(14 {half}) rotate(-90)" text-anchor="middle">'
        f"{escaped(up.title)}</text>"
    )


def _line(points: Sequence[tuple[float, float]]) -> str:
    """The edge of what the front dominates, in steps."""
    first, *rest = points
    return f'<path class="front" d="M{first[0]} {first[1]}{"".join(f"H{x}V{y}" for x, y in rest)}"/>'


def _legend(found: Front) -> str:
    two = len(found.axes) > 2
    line = '<svg viewBox="0 0 16 16" aria-hidden="true"><path class="front" d="M1 4H8V12H15"/></svg>'
    items = [f"<li>{line}{'front of the two goals' if two else 'Pareto front'}</li>"]
    for place, name in enumerate(found.groups):
        mark = f'<path class="dot g{place % 8}" d="{SHAPES[place % len(SHAPES)]}"/>'
        text = name or f"on the front ({len(found.best)})"
        items.append(f'<li><svg viewBox="-8 -8 16 16" aria-hidden="true">{mark}</svg>{escaped(text)}</li>')
    dominated = len(found.rows) - len(found.best)
    if dominated:
        dot = '<svg viewBox="-8 -8 16 16" aria-hidden="true"><path class="pale g9" d="M0 0h0"/></svg>'
        items.append(f"<li>{dot}{'pale: ' if len(found.groups) > 1 else ''}dominated ({dominated})</li>")
    named = "".join(
        f"<div><dt>{letter}</dt><dd>{escaped(found.said(at))}: {escaped(figures(found.axes, at))}</dd></div>"
        for letter, at in zip(ascii_uppercase, found.named, strict=False)
    )
    return f'<ul class="legend">{"".join(items)}</ul><dl class="letters">{named}</dl>'


def _map(found: Heat) -> str:
    rows, columns = len(found.cells), len(found.cells[0])
    wide = min(96.0, _CELLS_WIDE / columns)
    high = min(float(_CELL_HIGH), max(8.0, 480 / rows))
    left, top = 30 + 7.0 * max(map(len, found.down.labels)), 8.0
    known = [found.goal.values[at] for row in found.cells for at in row if at is not None]
    parts = []
    for down, row in enumerate(found.cells):
        y = top + (rows - 1 - down) * high
        for across, at in enumerate(row):
            x = left + across * wide
            box = f'x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}"'
            if at is None:
                tried = found.tried[down][across]
                text = "every design failed" if tried else "not simulated"
                parts.append(f'<rect class="none" {box}><title>{text}</title></rect>')
                if tried:
                    parts.append(f'<text x="{x + wide / 2:.1f}" y="{y + high / 2 + 4:.1f}">×</text>')
                continue
            value = found.goal.values[at]
            light = _light(value, known, found.goal)
            parts.append(f'<rect class="cell" data-design="{at}" fill="{_colour(light)}" {box}/>')
            text = f"{value:.2f}" if found.goal.unit == "%" else three_digits(value)
            if wide >= 7 * len(text) + 4 and high >= 16:
                ink = "dark" if light > 0.5 else "light"
                place = f'x="{x + wide / 2:.1f}" y="{y + high / 2 + 4:.1f}"'
                parts.append(f'<text class="{ink}" {place}>{text}</text>')
    down, across = found.best
    y, x = top + (rows - 1 - down) * high, left + across * wide
    parts.append(f'<rect class="best" x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}"/>')
    bottom = top + rows * high
    every = -(-columns // min(_MOST_LABELS, max(1, int(columns * wide / 56))))
    for across in range(0, columns, every):
        x = left + (across + 0.5) * wide
        parts.append(f'<text x="{x:.1f}" y="{bottom + 16:.1f}">{escaped(found.across.labels[across])}</text>')
    every = max(1, -(-14 // int(high)))
    for down in range(0, rows, every):
        y = top + (rows - 0.5 - down) * high + 4
        label = escaped(found.down.labels[down])
        parts.append(f'<text class="side" x="{left - 8:.1f}" y="{y:.1f}">{label}</text>')
    middle, half = left + columns * wide / 2, top + rows * high / 2
    parts.append(
        f'<text class="title" x="{middle:.1f}" y="{bottom + 36:.1f}">{escaped(found.across.title)}</text>'
    )
    parts.append(
        f'<text class="title" transform="translate(12 {half:.1f}) rotate(-90)">'
        f"{escaped(found.down.title)}</text>"
    )
    return (
        f'<svg class="plot map" viewBox="0 0 {left + columns * wide + 8:.0f} {bottom + 44:.0f}" role="img" '
        f'aria-label="{escaped(found.goal.title)}, {rows} by {columns} cells">{"".join(parts)}</svg>'
    )


def _scale(found: Heat) -> str:
    """What the colours mean."""
    known = [found.goal.values[at] for row in found.cells for at in row if at is not None]
    ends = [three_digits(min(known)), three_digits(max(known))]
    colours = [_colour(1 - step / 8) for step in range(9)]
    if found.goal.large:
        colours.reverse()
    kind = "equal ratios" if found.goal.log else "equal differences"
    return (
        f'<p class="scale">{ends[0]}<i style="background:linear-gradient(90deg,{",".join(colours)})"></i>'
        f"{ends[1]} {escaped(found.goal.unit)}, in {kind}</p>"
    )


def _light(value: float, known: Sequence[float], goal: Axis) -> float:
    """How light a cell is: 1 for the best."""
    ends = min(known), max(known)
    at = share(value, ends, log=goal.log) if ends[0] < ends[1] else 0.0
    return at if goal.large else 1 - at


def _colour(light: float) -> str:
    at = light * (len(CIVIDIS) - 1)
    low = min(int(at), len(CIVIDIS) - 2)
    mixed = (a + (b - a) * (at - low) for a, b in zip(CIVIDIS[low], CIVIDIS[low + 1], strict=True))
    return "#" + "".join(f"{round(part):02x}" for part in mixed)
