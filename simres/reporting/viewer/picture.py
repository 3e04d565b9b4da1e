"""Draws the lanes between two moments as lines of text."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from rich.cells import cell_len

from simres.program.names import EngineName
from simres.program.tasks import TaskKind
from simres.reporting.drawing.lane_cells import DrawnInterval, State, shares, shown
from simres.reporting.drawing.lane_drawing import drawn, graph, legend, share
from simres.reporting.drawing.ruler import axis, named, spelled, tick_labels, ticks
from simres.reporting.page import Page
from simres.reporting.text.amounts import printable
from simres.reporting.text.columns import shorten
from simres.reporting.text.glyphs import Glyphs
from simres.reporting.text.styled import Text
from simres.reporting.viewer.index import ViewIndex
from simres.units import format_bytes, format_duration

MEMORY_LINES = 2
TALLEST = 3
"""The lines of an engine's lane on a tall screen; a memory has `MEMORY_LINES` times as many."""
_MARK = 2
"""Cells before a name, for the mark of the cursor's row."""
_LONGEST_NAME = 16
_TAIL = len(" 100.0 %")


class Sort(StrEnum):
    """The content of a row."""

    PATH = "path"
    ENGINE = "engine"
    BUS = "bus"
    MEMORY = "memory"


class PictureRow(NamedTuple):
    """A row of the drawing: the critical path, an engine, a bus's utilisation, or a memory's occupancy."""

    sort: Sort
    name: str

    def lines(self, tall: int) -> int:
        """The number of lines of the row where an engine's lane has `tall`."""
        return tall * MEMORY_LINES if self.sort is Sort.MEMORY else 1 if self.sort is Sort.BUS else tall


class Line(NamedTuple):
    """A line of the drawing: its row number (-1 for the ruler), a head, cells, and a tail."""

    row: int
    head: str
    style: str
    cells: Text
    tail: str = ""


class Picture(NamedTuple):
    """The drawing of a window: a ruler and lanes.

    `window` has the drawing's cells; `label` cells of heads come before them.
    """

    window: DrawnInterval
    label: int
    ruler: tuple[Line, ...]
    lanes: tuple[Line, ...]


def rows(index: ViewIndex) -> list[PictureRow]:
    """Returns every row, from the top."""
    found = [PictureRow(Sort.PATH, "critical path")]
    buses = index.buses
    for name in index.engines:
        found.append(PictureRow(Sort.ENGINE, name))
        bus = EngineName.parse(name).component
        if bus in buses and buses[bus][-1] == name:
            found.append(PictureRow(Sort.BUS, bus))
    return found + [PictureRow(Sort.MEMORY, name) for name in index.memories]


def tallness(index: ViewIndex, height: int) -> int:
    """Returns the lines of an engine's lane with which all rows take at most half of `height` lines."""
    found = rows(index)
    fitting = [tall for tall in range(2, TALLEST + 1) if 2 * sum(row.lines(tall) for row in found) <= height]
    return max(fitting, default=1)


def label_width(index: ViewIndex) -> int:
    """Returns the number of cells before the drawing."""
    names = [cell_len(_head(row)) for row in rows(index)]
    return _MARK + min(_LONGEST_NAME, max([len("to 1000 KiB"), *names])) + 1


def cells_in(index: ViewIndex, width: int) -> int:
    """Returns the drawing's cells out of `width` cells; at least one."""
    return max(1, width - label_width(index) - _TAIL)


def picture(
    index: ViewIndex,
    since_ps: int,
    until_ps: int,
    page: Page,
    without: Collection[PictureRow] = (),
    tall: int = 1,
) -> Picture:
    """Draws the range from `since_ps` to `until_ps`; the rows in `without` stay empty.

    An engine's lane has `tall` lines.
    """
    glyphs = page.glyphs
    window = DrawnInterval(since_ps, until_ps, cells_in(index, page.width))
    marks = ticks(window)
    ruler = (
        Line(-1, "", "", tick_labels(marks, window.cells + _TAIL)),
        Line(-1, "", "", axis(window, marks, glyphs)),
        Line(-1, "layer", "muted", layer_names(index, window, glyphs)),
    )
    lanes: list[Line] = []
    for number, row in enumerate(rows(index)):
        if row in without:
            lanes += [Line(number, _head(row), "muted", Text()) for _ in range(row.lines(tall))]
        elif row.sort is Sort.MEMORY:
            lanes += _memory(index, number, row, window, glyphs, row.lines(tall))
        elif row.sort is Sort.BUS:
            lanes.append(_bus(index, number, row, window, glyphs))
        else:
            on_path = row.sort is Sort.PATH
            states = index.path_states if on_path else index.lanes.engines[row.name]
            amounts = shares(states, window)
            worked = sum(sum(each) for state, each in amounts.items() if isinstance(state, TaskKind))
            cells = drawn(list(shown(amounts, window)), glyphs)
            style = "title" if on_path else f"role.{index.result.chip[row.name].role}"
            tail = share(worked, window.span_ps * window.cells)
            lanes.append(Line(number, _head(row), style, cells, tail))
            lanes += [Line(number, "", style, cells)] * (tall - 1)
    return Picture(window, label_width(index), ruler, tuple(lanes))


def explained(index: ViewIndex, page: Page) -> list[Text]:
    """Returns the legend for all states of the whole run, so that it does not change with the zoom."""
    present: set[State] = {None}
    for states in index.lanes.engines.values():
        present.update(states)
    return list(legend(present, page))


def title(index: ViewIndex, since_ps: int, until_ps: int, cells: int, at_ps: int, width: int) -> str:
    """Returns the title: moment, window, run and cell length, as many as fit into `width` cells."""
    result = index.result
    parts = [
        f"at {spelled(at_ps)}",
        f"{spelled(since_ps)} to {spelled(until_ps)}",
        f"{printable(result.name)}: {format_duration(result.makespan_ps)}",
        f"a cell is {format_duration(-(-(until_ps - since_ps) // cells))}",
    ]
    text = ""
    for part in parts:
        longer = f"{text}   {part}" if text else part
        if cell_len(longer) <= width:
            text = longer
    return text


def layer_names(index: ViewIndex, window: DrawnInterval, glyphs: Glyphs) -> Text:
    """Draws the starts of layers, named after the last layer to start in a cell, which continues past it."""
    moments, names = index.moments, index.result.program.layers
    starts: dict[int, tuple[str, str]] = {}
    first = bisect_right(moments, window.since_ps)
    if first:
        starts[0] = ("", names[index.appearances[first - 1].layer].name)
    edges = [-(-edge // window.cells) for edge in window.edges]
    for cell, (start, end) in enumerate(pairwise(edges)):
        past = bisect_left(moments, end)
        if past > bisect_left(moments, start):
            starts[cell] = (glyphs.edge, names[index.appearances[past - 1].layer].name)
    return named(starts, window.cells)


def _memory(
    index: ViewIndex, number: int, row: PictureRow, window: DrawnInterval, glyphs: Glyphs, lines: int
) -> Iterator[Line]:
    """Draws the peak occupancy of each cell, in eighths of a line, on a scale fixed for all windows."""
    totals = index.result.record.memories[row.name]
    most = index.held(row.name).fullest(window)
    top = totals.capacity if 3 * totals.peak >= totals.capacity else totals.peak
    heads = {0: _head(row), 1: f"to {format_bytes(top)}"}
    for line, cells in enumerate(graph(most, top, lines, glyphs)):
        style = "muted" if line else "role.memory"
        tail = "" if line else share(max(most), totals.capacity)
        yield Line(number, heads.get(line, ""), style, Text(cells, "role.memory"), tail)


def _bus(index: ViewIndex, number: int, row: PictureRow, window: DrawnInterval, glyphs: Glyphs) -> Line:
    """Draws the bus's utilisation in each cell, in eighths."""
    worked = index.lanes.working(index.buses[row.name], window)
    (cells,) = graph(worked, window.span_ps, 1, glyphs)
    tail = share(sum(worked), window.span_ps * window.cells)
    return Line(number, _head(row), "muted", Text(cells, "role.bus"), tail)


def _head(row: PictureRow) -> str:
    name = f"{row.name} use" if row.sort is Sort.BUS else row.name
    return shorten(printable(name), _LONGEST_NAME)
