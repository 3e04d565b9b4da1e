"""HTML pages of many designs: a Pareto front, or a heat map over two knobs."""

from __future__ import annotations

from string import ascii_uppercase
from typing import TYPE_CHECKING

from simres import __version__
from simres.reporting.html.markup import escaped, section, table
from simres.reporting.html.page import json_of, made
from simres.reporting.pictures import front_picture, heat_picture
from simres.reporting.pictures.chart import Block, listed
from simres.reporting.tables.sweep_table import told, told_columns
from simres.reporting.text.columns import Column

if TYPE_CHECKING:
    from simres.exploration.fronts import Front, Heat

SCRIPT = "designs.mjs"
STYLES = ("page.css", "designs.css")


def front_page(found: Front) -> str:
    """Returns the front of some goals as one self-contained HTML document."""
    names = [axis.name for axis in found.axes]
    goals = f"{', '.join(names[:-1])} and {names[-1]}"
    said = f"{len(found.best)} of {len(found.rows)} designs are on the front of {goals}."
    panels = front_picture.panels(found)
    drawn = "".join(_panel(found, number) for number in range(len(panels)))
    named = front_picture.letters(found)
    terms = "".join(f"<div><dt>{letter}</dt><dd>{escaped(text)}</dd></div>" for letter, text in named)
    legend = f'{listed(front_picture.entries(found))}<dl class="letters">{terms}</dl>'
    columns = told_columns([found.rows[at] for at in found.best])
    letters = dict(zip(found.named, ascii_uppercase, strict=False))
    names = [f"{letters[at]}  {found.said(at)}" if at in letters else found.said(at) for at in found.best]
    columns.insert(0, Column("design", names, right=False))
    shows = [f"design {at}" for at in found.best]
    lists = table("Front", columns, sortable=True, buttons=shows)
    up, *others = found.axes
    data = {
        "front": found.best,
        "panels": [
            {"x": [*map(panel.x, across.values)], "y": [*map(panel.y, up.values)]}
            for panel, across in zip(panels, others, strict=True)
        ],
        "designs": [[found.said(at), *map(list, told(row))] for at, row in enumerate(found.rows)],
    }
    lead = "Point at a design to see what it is; the arrow keys walk along the front."
    return made(
        title="Pareto front",
        description=said,
        parts={
            "Front": (
                "summary",
                _summary("Pareto front", " by ".join(found.varied), said, lead, drawn, legend),
            ),
            "Designs": ("designs", section("designs", "Designs on the front", lists)),
        },
        version=__version__,
        data=json_of(data),
        script=SCRIPT,
        styles=STYLES,
    )


def heat_page(found: Heat) -> str:
    """Returns a goal over two knobs as one self-contained HTML document."""
    over = f", the best over {', '.join(found.others)}" if found.others else ""
    said = f"The best is {heat_picture.best_of(found)}."
    title = f"{found.goal.name[:1].upper()}{found.goal.name[1:]}"
    shown = sorted({at for row in found.cells for at in row if at is not None})
    data = {"designs": {at: [found.said(at), *map(list, told(found.rows[at]))] for at in shown}}
    cells = heat_picture.cells(found)
    label = f"{found.goal.title}, {len(found.cells)} by {len(found.cells[0])} cells"
    drawn = _svg(cells, "plot map", label)
    colours, first, last = heat_picture.scale_said(found)
    bar = f'<i style="background:linear-gradient(90deg,{",".join(colours)})"></i>'
    scale = f'<p class="scale">{first}{bar}{escaped(last)}</p>'
    subject = f"{found.down.title} by {found.across.title}{over}"
    lead = "Point at a cell to see the best design in it."
    return made(
        title=title,
        description=said,
        parts={"Map": ("summary", _summary(title, subject, said, lead, drawn, scale))},
        version=__version__,
        data=json_of(data),
        script=SCRIPT,
        styles=STYLES,
    )


def _summary(title: str, subject: str, said: str, lead: str, drawn: str, legend: str) -> str:
    return (
        f'<section id="summary" aria-label="{escaped(title)}"><p class="eyebrow">{escaped(subject)}</p>'
        f'<h1>{escaped(title)}</h1><p class="answer">{escaped(said)}</p>'
        f'<p class="quiet">{escaped(lead)}</p><div class="drawing" id="plots">{drawn}'
        f'<div id="tip" hidden></div></div>{legend}</section>\n'
    )


def _panel(found: Front, number: int) -> str:
    across, up = found.axes[number + 1], found.axes[0]
    label = f"{up.name} against {across.name}: {len(found.rows)} designs, {len(found.best)} on the front"
    ring = '<circle class="ring" r="10" hidden></circle>'
    drawn = front_picture.panel_block(found, number)
    return _svg(drawn, "plot", label, f' tabindex="0" data-panel="{number}"', ring)


def _svg(drawn: Block, style: str, label: str, more: str = "", over: str = "") -> str:
    return (
        f'<svg class="{style}" viewBox="0 0 {drawn.wide:.0f} {drawn.high:.0f}" role="img"{more} '
        f'aria-label="{escaped(label)}">{drawn.markup}{over}</svg>'
    )
