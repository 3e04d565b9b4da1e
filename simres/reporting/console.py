"""The two consoles of the command line, and the one place where colours are chosen."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from rich.console import Console
from rich.theme import Theme

PIPE_WIDTH = 120
"""Columns where there is no terminal to ask and no COLUMNS; nothing is cut there."""
NARROWEST = 40
WIDEST = 1000

STYLES = {
    "headline": "bold",
    "title": "bold",
    "muted": "dim",
    "total": "bold",
    "good": "green",
    "bad": "bold red",
    "warning": "yellow",
    # engines, by role
    "role.bus": "blue",
    "role.memory": "magenta",
    "role.matrix": "green",
    "role.host": "cyan",
    # tasks, by kind
    "kind.load": "blue",
    "kind.store": "bright_blue",
    "kind.matrix": "green",
    "kind.host": "cyan",
    "kind.move": "magenta",
    # waiting, by cause
    "cause.data": "yellow",
    "cause.order": "dim yellow",
    "cause.bus": "red",
    "cause.space": "magenta",
    "cause.latency": "bright_red",
    "waiting": "yellow",
    "idle": "dim",
}
"""Every style that reports use, by meaning."""


def stdout() -> Console:
    """The console for results."""
    return _console(sys.stdout)


def stderr() -> Console:
    """The console for progress and messages."""
    return _console(sys.stderr)


def can_draw(console: Console) -> bool:
    """Whether the stream takes block characters; where not, plain ASCII is drawn."""
    return console.encoding.lower().replace("-", "").startswith("utf")


def _console(stream: TextIO) -> Console:
    """Whatever is printed stays on its line: tables fit themselves to the width."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")  # a layer's name may hold what the stream cannot write
    return Console(
        file=stream,
        theme=Theme(STYLES),
        width=_width(stream),
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=True,
        force_jupyter=False,
    )


def _width(stream: TextIO) -> int | None:
    """COLUMNS, else the terminal's (None: rich asks it), else that of a pipe."""
    stated = os.environ.get("COLUMNS", "")
    if stated.isascii() and stated.isdigit() and int(stated[:6]):
        return max(NARROWEST, min(WIDEST, int(stated[:6])))
    return None if stream.isatty() else PIPE_WIDTH
