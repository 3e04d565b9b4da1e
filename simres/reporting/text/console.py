"""Output streams of the command line: width, colours and encoding."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, TextIO

from simres.reporting import lexicon
from simres.reporting.page import NARROWEST, PIPE_WIDTH, SHORTEST, TALLEST, WIDEST, Page
from simres.reporting.text.glyphs import ASCII, BLOCKS
from simres.reporting.text.styled import Text
from simres.text import printable_lines

if TYPE_CHECKING:
    from rich.console import Console

STYLES = {
    "headline": "bold",
    "title": "bold",
    "muted": "dim",
    "total": "bold",
    "good": "green",
    "bad": "bold red",
    "warning": "yellow",
    "stalled": "yellow",
    "idle": "dim",
    **lexicon.styles(),
}
"""The styles of reports, by meaning."""


class Output:
    """A stream for readable output. rich styles it on a terminal and is not loaded for a pipe."""

    def __init__(self, stream: TextIO) -> None:
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # layer names may not be encodable on the stream
        self.stream = stream
        self.is_terminal = stream.isatty()
        self.encoding = getattr(stream, "encoding", None) or "utf-8"
        self.width = _width(stream)

    @property
    def height(self) -> int:
        """The lines of a report: the terminal's, less one for the prompt, within limits; else the most."""
        rows = _terminal(self.stream).lines - 1 if self.is_terminal else TALLEST
        return max(SHORTEST, min(TALLEST, rows))

    @property
    def clips(self) -> bool:
        """Whether names are shortened to the width: on a terminal, or if COLUMNS is set."""
        return self.is_terminal or _stated_columns() > 0

    @property
    def styled(self) -> bool:
        """Whether styles show: on a terminal, or if FORCE_COLOR is set. rich heeds NO_COLOR."""
        return self.is_terminal or bool(os.environ.get("FORCE_COLOR"))

    def page(self, *, whole: bool = False) -> Page:
        """Returns the page that reports on this stream are laid out on; `whole` shows every row."""
        glyphs = BLOCKS if self.draws else ASCII
        return Page(self.width, glyphs, clip=self.clips, whole=whole, height=self.height)

    @property
    def draws(self) -> bool:
        """Whether the stream can encode block characters; if not, plain ASCII is drawn."""
        return self.encoding.lower().replace("-", "").startswith("utf")

    @cached_property
    def console(self) -> Console:
        """The rich console on this stream, for what only rich can draw. Nothing is wrapped or cropped."""
        from rich.console import Console
        from rich.theme import Theme

        return Console(
            file=self.stream,
            theme=Theme(STYLES),
            width=self.width,
            highlight=False,
            markup=False,
            emoji=False,
            soft_wrap=True,
            force_jupyter=False,
        )

    def print(self, *things: object, **options: Any) -> None:
        """Prints text, or anything that rich can draw (`options` go to rich's `print`).

        Whatever a text was made of, no control character but line ends leaves with it.
        """
        things = tuple([_shown(thing) for thing in things])
        if self.styled or not all(isinstance(thing, str | Text) for thing in things):
            self.console.print(*things, **options)
        else:
            self.stream.write(" ".join(map(str, things)) + "\n")

    def print_lines(self, lines: Iterable[Text]) -> None:
        """Prints each of `lines` on its own line."""
        whole = Text()
        for number, line in enumerate(lines):
            whole.append("\n" if number else "").append(line)
        self.print(whole)


def stdout() -> Output:
    """Returns the output for results."""
    return Output(sys.stdout)


def stderr() -> Output:
    """Returns the output for progress and messages."""
    return Output(sys.stderr)


def _shown(thing: object) -> object:
    if isinstance(thing, str):
        return printable_lines(thing)
    if isinstance(thing, Text):
        shown = Text()
        for text, style in thing.pieces:
            shown.append(printable_lines(text), style)
        return shown
    return thing


def _width(stream: TextIO) -> int:
    """Returns the width: COLUMNS, else the terminal's, else `PIPE_WIDTH`."""
    columns = _stated_columns() or (_terminal(stream).columns or 80 if stream.isatty() else PIPE_WIDTH)
    return max(NARROWEST, min(WIDEST, columns))


def _stated_columns() -> int:
    stated = os.environ.get("COLUMNS", "")[:6]
    return int(stated) if stated.isascii() and stated.isdigit() else 0


def _terminal(stream: TextIO) -> os.terminal_size:
    try:
        return os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        return shutil.get_terminal_size()
