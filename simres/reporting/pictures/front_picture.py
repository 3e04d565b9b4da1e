"""The picture of a Pareto front: the first goal upwards, a panel for each of the others."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_uppercase
from typing import TYPE_CHECKING

from simres.reporting.pictures import chart
from simres.reporting.pictures.chart import Block, Entry, Panel
from simres.reporting.text.amounts import printable
from simres.text import three_digits

if TYPE_CHECKING:
    from simres.exploration.fronts import Axis, Front


def picture(found: Front) -> Block:
    """Returns the whole picture: legend, panels, and what the letters stand for."""
    panels = chart.beside(*(panel_block(found, number) for number in range(len(found.pairs))))
    named = [f"{letter}: {said}" for letter, said in letters(found)]
    return chart.below(chart.legend(entries(found), panels.wide), panels, chart.written(named))


def panels(found: Front) -> list[Panel]:
    """Returns the axes of each panel."""
    up, *others = (chart.scale_of(axis.title, axis.values, log=axis.log) for axis in found.axes)
    return [Panel(across, up) for across in others]


def panel_block(found: Front, number: int) -> Block:
    """Returns a panel: dominated designs pale, those on the front of all goals full, some with letters.

    A line joins the front of the panel's two goals.
    """
    panel, across, up = panels(found)[number], found.axes[number + 1], found.axes[0]
    xs, ys = [panel.x(value) for value in across.values], [panel.y(value) for value in up.values]
    best = set(found.best)
    behind, parts = [], [_stairs([(xs[at], ys[at]) for at in found.pairs[number]])]
    for place, members in enumerate(found.groups.values()):
        dots = "".join(f"M{xs[at]} {ys[at]}h0" for at in members if at not in best)
        if dots:
            group = place % chart.GROUPS if len(found.groups) > 1 else 9
            behind.append(f'<path class="pale g{group}" d="{dots}"/>')
        for at in members:
            if at in best:
                data = f' data-design="{at}"'
                parts.append(
                    chart.mark(xs[at], ys[at], place, f"dot g{place % chart.GROUPS}", found.said(at), data)
                )
    for letter, at in zip(ascii_uppercase, found.named, strict=False):
        x, y = xs[at] + (8 if across.large else -8), ys[at] + (-8 if up.large else 17)
        parts.append(chart.text(x, y, letter, "letter", "start" if across.large else "end"))
    return panel.block(*behind, *parts)


def _stairs(points: Sequence[tuple[float, float]]) -> str:
    """Draws the edge of the dominated region as a staircase."""
    first, *rest = points
    return f'<path class="front" d="M{first[0]} {first[1]}{"".join(f"H{x}V{y}" for x, y in rest)}"/>'


def entries(found: Front) -> list[Entry]:
    """Returns the legend: the line, the groups, and what is pale."""
    line = '<path class="front" d="M-7 -4H0V4H7"/>'
    made = [(line, "front of the two goals" if len(found.axes) > 2 else "Pareto front")]
    for place, name in enumerate(found.groups):
        icon = f'<path class="dot g{place % chart.GROUPS}" d="{chart.SHAPES[place % len(chart.SHAPES)]}"/>'
        made.append((icon, name or f"on the front of all goals ({len(found.best)})"))
    if dominated := len(found.rows) - len(found.best):
        said = f"{'pale: ' if len(found.groups) > 1 else ''}dominated ({dominated})"
        made.append(('<path class="pale g9" d="M0 0h0"/>', said))
    return made


def letters(found: Front) -> list[tuple[str, str]]:
    """Returns the letters, each with the design that it stands for."""
    return [
        (letter, printable(f"{found.said(at)}: {figures(found.axes, at)}"))
        for letter, at in zip(ascii_uppercase, found.named, strict=False)
    ]


def figures(axes: Sequence[Axis], at: int) -> str:
    """Formats the figures of a design: `87.88 %, 1.09 ms`."""
    return ", ".join(f"{figure(axis, at)} {axis.unit}".strip() for axis in axes)


def figure(axis: Axis, at: int) -> str:
    """Formats a figure of a design, without its unit."""
    return f"{axis.values[at]:.2f}" if axis.unit == "%" else three_digits(axis.values[at])
