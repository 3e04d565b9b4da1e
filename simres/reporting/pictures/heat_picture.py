"""The picture of a goal over two knobs: a cell for each pair of values, darker where it is worse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simres.reporting.drawing.ticks import share
from simres.reporting.pictures.chart import LETTER, Block, below, text, turned, written
from simres.reporting.pictures.front_picture import figure, figures
from simres.text import three_digits

if TYPE_CHECKING:
    from simres.exploration.fronts import Axis, Heat

CIVIDIS = (
    *((0, 34, 78), (26, 56, 111), (67, 78, 108), (97, 101, 111), (125, 124, 120)),
    *((155, 148, 118), (188, 174, 108), (222, 201, 88), (254, 232, 56)),
)
"""Colours from dark to light, evenly spaced and in the same order for every colour vision: cividis of
Nuñez, Anderton and Renslow (2018), PLoS ONE 13(7)."""
_CELL_HIGH, _CELLS_WIDE = 34, 760
_MOST_LABELS = 16


def picture(found: Heat) -> Block:
    """Returns the whole picture: the best design, the map, and the colour scale."""
    return below(written([f"best: {best_of(found)}"]), cells(found), _scale(found))


def best_of(found: Heat) -> str:
    """Describes the best design of the map."""
    down, across = found.best
    best = found.cells[down][across]
    assert best is not None
    return f"{found.said(best)}, {figures((found.goal,), best)}"


def known(found: Heat) -> list[float]:
    """Returns the figures in the cells."""
    return [found.goal.values[at] for row in found.cells for at in row if at is not None]


def cells(found: Heat) -> Block:
    """Returns the map; the best cell has a frame, and cells in which every design failed have a cross."""
    rows, columns = len(found.cells), len(found.cells[0])
    wide = min(96.0, _CELLS_WIDE / columns)
    high = min(float(_CELL_HIGH), max(8.0, 480 / rows))
    along = 3.8 * len(found.down.title)  # half the length of the title at the side
    left, top = 30 + 7.0 * max(map(len, found.down.labels)), max(8.0, along - rows * high / 2)
    ends = min(known(found)), max(known(found))
    parts = []
    for down, row in enumerate(found.cells):
        y = top + (rows - 1 - down) * high
        for across, at in enumerate(row):
            x = left + across * wide
            box = f'x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}"'
            if at is None:
                tried = found.tried[down][across]
                said = "every design failed" if tried else "not simulated"
                parts.append(f'<rect class="none" {box}><title>{said}</title></rect>')
                if tried:
                    parts.append(text(x + wide / 2, y + high / 2 + 4, "×", anchor="middle"))
                continue
            light = _light(found.goal.values[at], ends, found.goal)
            parts.append(f'<rect class="cell" data-design="{at}" fill="{colour(light)}" {box}/>')
            said = figure(found.goal, at)
            if wide >= 7 * len(said) + 4 and high >= 16:
                ink = "dark" if light > 0.5 else "light"
                parts.append(text(x + wide / 2, y + high / 2 + 4, said, ink, "middle"))
    down, across = found.best
    x, y = left + across * wide, top + (rows - 1 - down) * high
    parts.append(f'<rect class="best" x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}"/>')
    bottom = top + rows * high
    for across in range(0, columns, -(-columns // min(_MOST_LABELS, max(1, int(columns * wide / 56))))):
        x = left + (across + 0.5) * wide
        parts.append(text(x, bottom + 16, found.across.labels[across], anchor="middle"))
    for down in range(0, rows, max(1, -(-14 // int(high)))):
        y = top + (rows - 0.5 - down) * high + 4
        parts.append(text(left - 8, y, found.down.labels[down], anchor="end"))
    parts.append(text(left + columns * wide / 2, bottom + 36, found.across.title, "title", "middle"))
    half = top + rows * high / 2
    parts.append(turned(12, half, found.down.title))
    return Block("".join(parts), left + columns * wide + 8, max(bottom + 44, half + along))


def scale_said(found: Heat) -> tuple[list[str], str, str]:
    """Returns the colour scale: its colours from the smallest figure on, the smallest, and the largest."""
    colours = [colour(step / 8 if found.goal.large else 1 - step / 8) for step in range(9)]
    over = f", the best over {', '.join(found.others)}" if found.others else ""
    kind = "equal ratios" if found.goal.log else "equal differences"
    figures = known(found)
    last = f"{three_digits(max(figures))} {found.goal.unit}, in {kind}{over}"
    return colours, three_digits(min(figures)), last


def _scale(found: Heat) -> Block:
    colours, first, last = scale_said(found)
    title = found.goal.title
    start = 8 + LETTER * len(f"{title}: {first} ")
    boxes = (
        f'<rect x="{start + 20 * step:.1f}" y="2" width="20" height="12" fill="{one}"/>'
        for step, one in enumerate(colours)
    )
    end = start + 20 * len(colours) + 8
    markup = f"{text(8, 12, f'{title}: {first}')}{''.join(boxes)}{text(end, 12, last)}"
    return Block(markup, end + LETTER * len(last), 24)


def _light(value: float, ends: tuple[float, float], goal: Axis) -> float:
    """Returns the lightness of a cell: 1 for the best."""
    at = share(value, ends, log=goal.log) if ends[0] < ends[1] else 0.0
    return at if goal.large else 1 - at


def colour(light: float) -> str:
    """Returns the colour of a lightness, 0 to 1."""
    at = light * (len(CIVIDIS) - 1)
    low = min(int(at), len(CIVIDIS) - 2)
    mixed = (a + (b - a) * (at - low) for a, b in zip(CIVIDIS[low], CIVIDIS[low + 1], strict=True))
    return "#" + "".join(f"{round(part):02x}" for part in mixed)
