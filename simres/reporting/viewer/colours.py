"""Colours of the viewer, light and dark, the same as in the HTML report."""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style
from textual.theme import Theme

from simres.reporting import lexicon

DARK, LIGHT = "simres-dark", "simres-light"


def colour(name: str, theme: str) -> str:
    """Returns a colour of the lexicon as the text or the background of a theme."""
    found = lexicon.COLOURS[name]
    return found.dark if theme == DARK else found.text


def inks(theme: str) -> Mapping[str, Style]:
    """Returns a style for each style name of the drawing; names without one use the text colour."""
    found = {style: Style(color=colour(name, theme)) for style, name in lexicon.inks().items()}
    found["title"] = Style(color=colour("ink", theme), bold=True)
    return found


def theme(name: str) -> Theme:
    """Returns the colours of the widgets in one of the two themes."""
    return Theme(
        name=name,
        primary=colour("accent", name),
        accent=colour("accent", name),
        foreground=colour("ink", name),
        background=colour("paper", name),
        surface=colour("paper", name),
        panel=colour("track", name),
        dark=name == DARK,
    )
