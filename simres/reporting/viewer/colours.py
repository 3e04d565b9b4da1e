"""Colours of the viewer, light and dark, the same as in the HTML report."""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style

DARK, LIGHT = "simres-dark", "simres-light"
PAPER = {DARK: "#171c22", LIGHT: "#ffffff"}
PANEL = {DARK: "#20272e", LIGHT: "#eef1f3"}
INK = {DARK: "#e8ecef", LIGHT: "#182026"}
ACCENT = {DARK: "#4cc3d9", LIGHT: "#0b7285"}
COLUMN = {DARK: "#2f3a45", LIGHT: "#dde3e8"}
"""The background of the cursor's column on the other rows."""
_QUIET = {DARK: "#9da8b3", LIGHT: "#5a6570"}
_LOAD = {DARK: "#3b9bdb", LIGHT: "#0072b2"}
_STORE = {DARK: "#8fd0f7", LIGHT: "#2f93c9"}
_MATRIX = {DARK: "#24b98d", LIGHT: "#00805d"}
_HOST = {DARK: "#f0b429", LIGHT: "#a86f00"}
_MOVE = {DARK: "#e09ac2", LIGHT: "#b3568a"}
_BUS = {DARK: "#f0813a", LIGHT: "#c25500"}
_SPACE = {DARK: "#c07ab8", LIGHT: "#8e4585"}
_BAD = {DARK: "#ff9c66", LIGHT: "#b23b00"}

_COLOURS = {
    "accent": ACCENT,
    "muted": _QUIET,
    "role.bus": _LOAD,
    "role.memory": _SPACE,
    "role.matrix": _MATRIX,
    "role.host": _HOST,
    "role.processor": _MATRIX,
    "kind.load": _LOAD,
    "kind.store": _STORE,
    "kind.matrix": _MATRIX,
    "kind.host": _HOST,
    "kind.move": _MOVE,
    "cause.data": _QUIET,
    "cause.order": _QUIET,
    "cause.bus": _BUS,
    "cause.space": _SPACE,
    "cause.latency": _BAD,
    "cause.engine": _MOVE,
}


def inks(theme: str) -> Mapping[str, Style]:
    """Returns a style for each style name of the drawing; names without one use the text colour."""
    found = {name: Style(color=colours[theme]) for name, colours in _COLOURS.items()}
    found["title"] = Style(color=INK[theme], bold=True)
    return found
