"""Draws a run in the terminal: one lane per engine, on-chip memory below, time from left to right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rich.cells import cell_len

from simres.errors import SimresError
from simres.program.record import IN_FULL, RecordLevel
from simres.reporting.drawing.lane_cells import DrawnInterval, fullest, lanes
from simres.reporting.drawing.lane_drawing import drawn, graph, legend, share
from simres.reporting.drawing.ruler import axis, layer_row, spelled, tick_labels, ticks
from simres.reporting.page import NARROWEST, WIDEST, Page
from simres.reporting.text.amounts import printable
from simres.reporting.text.columns import shorten
from simres.reporting.text.console import Output
from simres.reporting.text.glyphs import Glyphs
from simres.reporting.text.layer_names import matching
from simres.reporting.text.styled import Text
from simres.result import Result
from simres.units import format_bytes, format_duration

_GRAPH_ROWS = 4
_LONGEST_LABEL = 16


def show_timeline(
    result: Result,
    output: Output,
    *,
    since_ps: int | None = None,
    until_ps: int | None = None,
    layer: str | None = None,
    width: int | None = None,
) -> None:
    """Prints the timeline of the whole run, of a stretch of it, or of the layers that `layer` names.

    `width` is in terminal cells, the output's by default. Raises `SimresError` as `timeline` and
    `layer_window` do.
    """
    if layer is not None:
        if since_ps is not None or until_ps is not None:
            raise SimresError("--layer sets the time range: give either --layer or --from and --to")
        since_ps, until_ps = layer_window(result, layer)
    page = output.page() if width is None else replace(output.page(), width=width)
    output.print_lines([Text(), timeline(result, page, since_ps or 0, until_ps)])


def timeline(result: Result, page: Page, since_ps: int = 0, until_ps: int | None = None) -> Text:
    """Draws the lanes between two moments as lines of a page.

    `until_ps` beyond the end, or None, is the end. Raises `SimresError` for an
    empty stretch, one after the end, a width out of range, or a result without spans.
    """
    glyphs, width, makespan = page.glyphs, page.width, result.makespan_ps
    _check(result, width, since_ps, until_ps)
    until_ps = makespan if until_ps is None else min(until_ps, makespan)
    memories = [name for name, memory in result.record.memories.items() if memory.peak]
    engines = [name for name, engine in result.record.engines.items() if engine.tasks]
    label = min(_LONGEST_LABEL, max((cell_len(name) for name in [*engines, *memories, "layer"]), default=0))
    label = max(label, len("1000 MiB")) + 1
    limits = {name: format_bytes(result.record.memories[name].capacity) for name in memories}
    tails = max([len(" 100.0 %"), *(len(f" of {limit}") for limit in limits.values())])
    cells = min(width - label - tails, until_ps - since_ps)
    window = DrawnInterval(since_ps, until_ps, cells)
    found = lanes(result.program, result.record, window)
    shown = [lane for lane in found if result.record.engines[lane.engine].working_ps]

    text = Text()

    def line(head: str, body: Text, tail: str = "", head_style: str = "") -> None:
        text.append(_pad(head, label), head_style)
        text.append(body)
        if tail:
            text.append(" " * (cells - cell_len(body.plain)) + tail, "muted")
        text.append("\n")

    text.append(_title(window, width))
    marks = ticks(window)
    line("", tick_labels(marks, cells + tails))
    line("", axis(window, marks, glyphs))
    line("layer", layer_row(result.layers, window, glyphs), head_style="muted")
    for lane in shown:
        style = f"role.{result.chip[lane.engine].role}"
        line(lane.engine, drawn(lane.cells, glyphs), share(lane.working_ps, window.span_ps), style)
    for name in memories:
        for head, body, tail in _memory(result, name, window, glyphs):
            line(head, body, tail, head_style="role.memory")
    for words in legend({state for lane in shown for state in lane.cells}, page):
        text.append(words)
        text.append("\n")
    text.rstrip()
    return text


def layer_window(result: Result, pattern: str) -> tuple[int, int]:
    """Returns the start of the first and the end of the last layer that match `pattern`, in picoseconds.

    A pattern is a layer's name, a glob (`layers.0.*`) or a prefix. Raises `SimresError` with the nearest
    names if no layer matches.
    """
    layers = result.layers
    found = [layers[number] for number in matching([layer.name for layer in layers], pattern, "result")]
    since = min(layer.start_ps for layer in found)
    until = max(layer.end_ps for layer in found)
    if until <= since and result.record.level is RecordLevel.FULL:
        raise SimresError(f"layer `{found[0].name}` takes no time: there is nothing to draw")
    return since, until


def _check(result: Result, width: int, since_ps: int, until_ps: int | None) -> None:
    if result.record.level is not RecordLevel.FULL:
        raise SimresError(
            f"this result has no timeline: it was recorded at level `{result.record.level.value}`",
            IN_FULL,
        )
    if not NARROWEST <= width <= WIDEST:
        raise SimresError(f"a timeline is {NARROWEST} to {WIDEST} columns wide, not {width}")
    makespan = result.makespan_ps
    if not makespan:
        raise SimresError("there is nothing to draw: the run takes no time")
    if since_ps >= makespan:
        raise SimresError(f"the run ends at {format_duration(makespan)}, before {spelled(since_ps)}")
    if until_ps is not None and until_ps <= since_ps:
        raise SimresError(f"the range from {spelled(since_ps)} to {spelled(until_ps)} is empty")


def _title(window: DrawnInterval, width: int) -> Text:
    """Returns the drawn interval and the length of a cell, on two or three lines if one is too short."""
    text = Text("Timeline", "title")
    length = len(text)
    for words in (
        f"  {spelled(window.since_ps)} to {spelled(window.until_ps)}",
        f"  a cell is {format_duration(-(-window.span_ps // window.cells))}",
    ):
        fits = length + len(words) <= width
        text.append(words if fits else f"\n{words.strip()}", "muted")
        length = length + len(words) if fits else len(words.strip())
    return text.append("\n")


def _pad(text: str, size: int) -> str:
    text = shorten(printable(text), size - 1)
    return text + " " * (size - cell_len(text))


def _memory(
    result: Result, name: str, window: DrawnInterval, glyphs: Glyphs
) -> Iterator[tuple[str, Text, str]]:
    """Draws a memory's graph: the peak occupancy of each cell, in eighths of a row.

    The scale is on the left; the overall peak, as a share of the capacity, is on the right.
    """
    capacity = result.record.memories[name].capacity
    most = fullest(result.stays, name, window)
    peak = max(most)
    top = capacity if 3 * peak >= capacity else max(1, peak)
    heads = {0: format_bytes(top), 1: name, _GRAPH_ROWS - 1: "0 B"}
    tails = {0: share(peak, capacity), 1: f" of {format_bytes(capacity)}"}
    for row, cells in enumerate(graph(most, top, _GRAPH_ROWS, glyphs)):
        yield heads.get(row, ""), Text(cells, "role.memory"), tails.get(row, "")
