"""Lanes and graphs as text, with the legend of their characters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from simres.program.record import Cause
from simres.program.tasks import TaskKind
from simres.reporting import lexicon
from simres.reporting.drawing.lane_cells import State
from simres.reporting.page import Page
from simres.reporting.text.amounts import percent
from simres.reporting.text.glyphs import Glyphs
from simres.reporting.text.styled import Text


def drawn(cells: Sequence[State], glyphs: Glyphs) -> Text:
    """Draws a lane with one character per cell."""
    text = Text()
    for state, run in groupby(cells):
        glyph, style = look(state, glyphs)
        text.append(glyph * len(list(run)), style)
    return text


def look(state: State, glyphs: Glyphs) -> tuple[str, str]:
    """Returns the character and the style of a state."""
    if state is None:
        return " ", "idle"
    if isinstance(state, TaskKind):
        return glyphs.kinds[state], f"kind.{state.value}"
    return glyphs.causes.get(state, glyphs.stalled), f"cause.{state.value}"


def graph(amounts: Sequence[int], top: int, rows: int, glyphs: Glyphs) -> Iterator[str]:
    """Yields the rows of a graph of amounts from 0 to `top`, the top row first."""
    levels = len(glyphs.levels)
    heights = [-(-amount * rows * levels // top) for amount in amounts]
    for row in reversed(range(rows)):
        yield "".join(
            " " if height <= row * levels else glyphs.levels[min(levels, height - row * levels) - 1]
            for height in heights
        )


def legend(present: Iterable[State], page: Page) -> Iterator[Text]:
    """Yields the legend of the drawn characters, on as few lines as fit."""
    present, glyphs = set(present), page.glyphs
    entries = [(*look(kind, glyphs), kind.value) for kind in glyphs.kinds if kind in present]
    entries += [(*look(cause, glyphs), lexicon.stall(cause)) for cause in Cause if cause in present]
    if None in present:
        entries.append((" ", "idle", "blank: idle"))
    said = ((Text(glyph, style), words) for glyph, style, words in entries)
    return page.flow(Text(words) if str(mark) == " " else mark.append(f" {words}") for mark, words in said)


def share(part: int, whole: int) -> str:
    """Formats the share of a lane that is busy, for its end."""
    return f" {percent(part, whole):>5} %"
