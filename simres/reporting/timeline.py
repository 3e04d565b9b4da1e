"""A run drawn in the terminal: a lane an engine, on-chip memory under them, time from left to right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.cells import cell_len

from simres.analysis.breakdown import LayerTotals
from simres.errors import SimresError
from simres.program import TaskKind
from simres.record import RecordLevel
from simres.reporting.amounts import percent, printable
from simres.reporting.columns import shorten
from simres.reporting.console import NARROWEST, WIDEST, Output, can_draw
from simres.reporting.glyphs import ASCII, BLOCKS, Glyphs
from simres.reporting.lanes import Lane, State, Window, fullest, lanes
from simres.reporting.layer_names import matching
from simres.reporting.styled import Text
from simres.result import Result
from simres.units import DURATION, format_bytes, format_duration

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
            raise SimresError("a layer sets the stretch of time: give either --layer or --from and --to")
        since_ps, until_ps = layer_window(result, layer)
    drawn = timeline(
        result, output.width if width is None else width, since_ps or 0, until_ps, draw=can_draw(output)
    )
    output.print_lines([Text(), drawn])


def timeline(
    result: Result, width: int, since_ps: int = 0, until_ps: int | None = None, *, draw: bool = True
) -> Text:
    """The lanes between two moments as text of at most `width` cells a line.

    `until_ps` beyond the end, or None, is the end. Without `draw` only ASCII is used. Raises
    `SimresError` for an empty stretch, one after the end, a width out of range, or a result without spans.
    """
    glyphs = BLOCKS if draw else ASCII
    makespan = result.makespan_ps
    _check(result, width, since_ps, until_ps)
    until_ps = makespan if until_ps is None else min(until_ps, makespan)
    memories = [name for name, memory in result.record.memories.items() if memory.peak]
    engines = [name for name, engine in result.record.engines.items() if engine.tasks]
    label = min(_LONGEST_LABEL, max((cell_len(name) for name in [*engines, *memories, "layer"]), default=0))
    label = max(label, len("1000 MiB")) + 1
    limits = {name: format_bytes(result.record.memories[name].capacity) for name in memories}
    tails = max([len(" 100.0 %"), *(len(f" of {limit}") for limit in limits.values())])
    cells = min(width - label - tails, until_ps - since_ps)
    window = Window(since_ps, until_ps, cells)
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
    ticks = _ticks(window)
    line("", _tick_labels(ticks, cells + tails))
    line("", _axis(window, ticks, glyphs))
    line("layer", _layers(result, window, glyphs), head_style="muted")
    for lane in shown:
        style = f"role.{result.chip[lane.engine].role}"
        line(lane.engine, _drawn(lane, glyphs), _share(lane.working_ps, window.span_ps), style)
    for name in memories:
        for head, body, tail in _memory(result, name, window, glyphs):
            line(head, body, tail, head_style="role.memory")
    for words in _legend(shown, glyphs, width):
        text.append(words)
        text.append("\n")
    text.rstrip()
    return text


def layer_window(result: Result, pattern: str) -> tuple[int, int]:
    """From the start of the first to the end of the last layer that `pattern` names, in picoseconds.

    A pattern is a layer's name, a glob (`layers.0.*`) or the beginning of names. Raises `SimresError`
    with the nearest names when there is none.
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
            "run it again with a full record",
        )
    if not NARROWEST <= width <= WIDEST:
        raise SimresError(f"a timeline is {NARROWEST} to {WIDEST} columns wide, not {width}")
    makespan = result.makespan_ps
    if not makespan:
        raise SimresError("there is nothing to draw: the run takes no time")
    if since_ps >= makespan:
        raise SimresError(f"the run ends at {format_duration(makespan)}, before {_spelled(since_ps)}")
    if until_ps is not None and until_ps <= since_ps:
        raise SimresError(f"the stretch from {_spelled(since_ps)} to {_spelled(until_ps)} is empty")


def _share(part: int, whole: int) -> str:
    return f" {percent(part, whole):>5} %"


def _spelled(ps: int) -> str:
    return DURATION.spell(ps) if ps else "0 s"


def _title(window: Window, width: int) -> Text:
    """What is drawn and how long a cell is, over two lines or three where one is too short."""
    text = Text("Timeline", "title")
    length = len(text)
    for words in (
        f"  {_spelled(window.since_ps)} to {_spelled(window.until_ps)}",
        f"  a cell is {format_duration(-(-window.span_ps // window.cells))}",
    ):
        fits = length + len(words) <= width
        text.append(words if fits else f"\n{words.strip()}", "muted")
        length = length + len(words) if fits else len(words.strip())
    return text.append("\n")


def _pad(text: str, size: int) -> str:
    text = shorten(printable(text), size - 1)
    return text + " " * (size - cell_len(text))


def _ticks(window: Window) -> dict[int, str]:
    """Labels by cell: a step of 1, 2 or 5 times a power of ten, the smallest whose labels fit."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            stride = step * factor
            first = -(-window.since_ps // stride)
            last = window.until_ps // stride
            if last - first > window.cells // 4:
                continue
            labels = {window.cell(n * stride): _spelled(n * stride) for n in range(first, last + 1)}
            widest = max((len(label) for label in labels.values()), default=0)
            if stride * window.cells >= (widest + 2) * window.span_ps or last - first < 1:
                return labels
        step *= 10


def _tick_labels(ticks: dict[int, str], width: int) -> Text:
    text = ""
    for cell, label in ticks.items():
        if cell >= len(text) and cell + len(label) <= width:
            text = text.ljust(cell) + label
    return Text(text)


def _axis(window: Window, ticks: dict[int, str], glyphs: Glyphs) -> Text:
    cells = [glyphs.tick if cell in ticks else glyphs.line for cell in range(window.cells)]
    return Text("".join(cells), "muted")


def _layers(result: Result, window: Window, glyphs: Glyphs) -> Text:
    """Where layers start, and the name (or the end of it) of the longest of each cell where there is room."""
    starts: dict[int, LayerTotals] = {}
    for layer in result.layers:
        if layer.end_ps > max(layer.start_ps, window.since_ps) and layer.start_ps < window.until_ps:
            cell = window.cell(layer.start_ps)
            other = starts.get(cell)
            if other is None or layer.end_ps > other.end_ps:
                starts[cell] = layer
    text = ""
    ends = [*sorted(starts)[1:], window.cells]
    for (cell, layer), end in zip(sorted(starts.items()), ends, strict=True):
        room = end - cell - 1
        name = printable(layer.name)
        while cell_len(name) > room and "." in name:
            name = name.partition(".")[2]
        text += " " * (cell - cell_len(text))
        entry = glyphs.edge + (name if cell_len(name) <= room else "")
        text += entry + " " * (end - cell - cell_len(entry))
    return Text(text.rstrip(), "muted")


def _drawn(lane: Lane, glyphs: Glyphs) -> Text:
    text = Text()
    for state, run in groupby(lane.cells):
        glyph, style = _look(state, glyphs)
        text.append(glyph * len(list(run)), style)
    return text


def _look(state: State, glyphs: Glyphs) -> tuple[str, str]:
    if state is None:
        return " ", "idle"
    if isinstance(state, TaskKind):
        return glyphs.kinds[state], f"kind.{state.value}"
    return glyphs.causes[state], f"cause.{state.value}"


def _memory(result: Result, name: str, window: Window, glyphs: Glyphs) -> Iterator[tuple[str, Text, str]]:
    """A memory's graph: the fullest moment of each cell, in eighths of a row.

    Its scale is on the left, the fullest moment of all as a share of the capacity on the right.
    """
    capacity = result.record.memories[name].capacity
    most = fullest(result.stays, name, window)
    peak = max(most)
    top = capacity if 3 * peak >= capacity else max(1, peak)
    levels = len(glyphs.levels)
    heights = [-(-nbytes * _GRAPH_ROWS * levels // top) for nbytes in most]
    for row in reversed(range(_GRAPH_ROWS)):
        cells = [
            " " if height <= row * levels else glyphs.levels[min(levels, height - row * levels) - 1]
            for height in heights
        ]
        body = Text("".join(cells), "role.memory")
        heads = {_GRAPH_ROWS - 1: format_bytes(top), _GRAPH_ROWS - 2: name, 0: "0 B"}
        tails = {_GRAPH_ROWS - 1: _share(peak, capacity), _GRAPH_ROWS - 2: f" of {format_bytes(capacity)}"}
        yield heads.get(row, ""), body, tails.get(row, "")


def _legend(shown: Sequence[Lane], glyphs: Glyphs, width: int) -> Iterator[Text]:
    """What the characters mean that were drawn, on as few lines as fit."""
    present = {state for lane in shown for state in lane.cells}
    entries = [(*_look(kind, glyphs), kind.value) for kind in glyphs.kinds if kind in present]
    waits = [(*_look(cause, glyphs), f"waits: {cause.value}") for cause in glyphs.causes if cause in present]
    entries += waits
    if None in present:
        entries.append((" ", "idle", "blank: idle"))
    line = Text()
    for glyph, style, words in entries:
        entry = Text(glyph, style).append(f" {words}") if glyph != " " else Text(words)
        if len(line) and len(line) + 3 + len(entry) > width:
            yield line
            line = Text()
        if len(line):
            line.append("   ")
        line.append(entry)
    yield line
