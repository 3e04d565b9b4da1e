"""The ruler above the lanes: times, tick marks, and the starts of layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.cells import cell_len

from simres.analysis.breakdown import LayerTotals
from simres.reporting.drawing.lane_cells import DrawnInterval
from simres.reporting.text.amounts import printable
from simres.reporting.text.glyphs import Glyphs
from simres.reporting.text.styled import Text
from simres.units import DURATION


def spelled(ps: int) -> str:
    """A moment with every digit."""
    return DURATION.spell(ps) if ps else "0 s"


def ticks(window: DrawnInterval) -> dict[int, str]:
    """Labels by cell: a step of 1, 2 or 5 times a power of ten, the smallest whose labels fit."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            stride = step * factor
            first = -(-window.since_ps // stride)
            last = window.until_ps // stride
            if last - first > window.cells // 4:
                continue
            labels = {window.cell(n * stride): spelled(n * stride) for n in range(first, last + 1)}
            widest = max((len(label) for label in labels.values()), default=0)
            if stride * window.cells >= (widest + 2) * window.span_ps or last - first < 1:
                return labels
        step *= 10


def tick_labels(ticks: dict[int, str], width: int) -> Text:
    """The labels, each from its cell on, within `width`."""
    text = ""
    for cell, label in ticks.items():
        if cell >= len(text) and cell + len(label) <= width:
            text = text.ljust(cell) + label
    return Text(text)


def axis(window: DrawnInterval, ticks: dict[int, str], glyphs: Glyphs) -> Text:
    """The line under the labels."""
    cells = [glyphs.tick if cell in ticks else glyphs.line for cell in range(window.cells)]
    return Text("".join(cells), "muted")


def layer_row(layers: Sequence[LayerTotals], window: DrawnInterval, glyphs: Glyphs) -> Text:
    """Where layers start, and the name (or the end of it) of the longest of each cell where there is room."""
    starts: dict[int, LayerTotals] = {}
    for layer in layers:
        if layer.end_ps > max(layer.start_ps, window.since_ps) and layer.start_ps < window.until_ps:
            cell = window.cell(layer.start_ps)
            other = starts.get(cell)
            if other is None or layer.end_ps > other.end_ps:
                starts[cell] = layer
    names = {cell: (glyphs.edge, layer.name) for cell, layer in starts.items()}
    return named(names, window.cells)


def named(starts: Mapping[int, tuple[str, str]], cells: int) -> Text:
    """A mark at each cell of `starts`, and behind it the name (or the end of it) where there is room."""
    text = ""
    ends = [*sorted(starts)[1:], cells]
    for (cell, (mark, whole)), end in zip(sorted(starts.items()), ends, strict=True):
        room = end - cell - len(mark)
        name = printable(whole)
        while cell_len(name) > room and "." in name:
            name = name.partition(".")[2]
        text += " " * (cell - cell_len(text))
        entry = mark + (name if cell_len(name) <= room else "")
        text += entry + " " * (end - cell - cell_len(entry))
    return Text(text.rstrip(), "muted")
