"""The help screen of the viewer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from simres.reporting.text.styled import Text
from simres.reporting.viewer import colours
from simres.reporting.viewer.keys import KEYS, MOUSE
from simres.reporting.viewer.line_widget import rich_lines


def bindings() -> Iterator[Binding]:
    """Yields the key bindings of the app."""
    for key in KEYS:
        yield Binding(
            key.keys,
            key.action,
            key.brief or key.words,
            show=bool(key.brief),
            key_display=key.shown or None,
            priority=key.keys == "escape",
        )


class Help(ModalScreen[None]):
    """The help on keys and mouse."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,f1,q,enter", "dismiss", "close")]

    def compose(self) -> ComposeResult:
        """Lays out a table of keys, then one of mouse actions."""
        lines = [Text("Keys", "title")]
        lines += [Text(f"{key.shown:12}", "accent").append(key.words) for key in KEYS if key.shown]
        lines += [Text(), Text("Mouse", "title")]
        lines += [Text(f"{what:14}", "accent").append(words) for what, words in MOUSE]
        lines += [Text(), Text("Esc closes this.", "muted")]
        with VerticalScroll(id="help"):
            yield Static(rich_lines(lines, colours.inks(self.app.theme)))
