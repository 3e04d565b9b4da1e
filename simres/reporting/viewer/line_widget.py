"""A widget that shows lines drawn elsewhere and reports mouse events on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from rich.text import Text as RichText
from textual.events import Click, MouseDown, MouseMove, MouseScrollDown, MouseScrollUp, MouseUp
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from simres.reporting.text.styled import Text
from simres.reporting.viewer.picture import Line

_PLAIN = Style()


class Drawn(Widget):
    """Lines of text that post messages about mouse events on them; `x` and `y` are in cells."""

    class Picked(Message):
        """A click, or the second click of a double click if `twice`."""

        def __init__(self, drawn: Drawn, x: int, y: int, twice: bool) -> None:
            super().__init__()
            self.drawn, self.x, self.y, self.twice = drawn, x, y, twice

    class Wheeled(Message):
        """A wheel step: `steps` is 1 upwards, -1 downwards; `along` means with Shift or Ctrl."""

        def __init__(self, x: int, steps: int, along: bool) -> None:
            super().__init__()
            self.x, self.steps, self.along = x, steps, along

    class Dragged(Message):
        """A mouse movement by `cells` with the button down."""

        def __init__(self, cells: int) -> None:
            super().__init__()
            self.cells = cells

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._strips: list[Strip] = []
        self._held_at: int | None = None
        self._dragged = False

    def show(self, strips: list[Strip]) -> None:
        """Replaces the shown lines."""
        if len(strips) != len(self._strips):
            self.styles.height = len(strips)
        self._strips = strips
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Returns a line at the width of the widget."""
        strip = self._strips[y] if y < len(self._strips) else Strip([])
        return strip.adjust_cell_length(self.size.width).apply_style(self.rich_style)

    def on_mouse_down(self, event: MouseDown) -> None:
        """Prepares a drag."""
        if event.button == 1:
            self._held_at, self._dragged = event.screen_x, False
            self.capture_mouse()

    def on_mouse_move(self, event: MouseMove) -> None:
        """Reports a drag."""
        if self._held_at is not None and event.screen_x != self._held_at:
            self.post_message(self.Dragged(event.screen_x - self._held_at))
            self._held_at, self._dragged = event.screen_x, True

    def on_mouse_up(self, _: MouseUp) -> None:
        """Ends a drag."""
        self._held_at = None
        self.release_mouse()

    def on_click(self, event: Click) -> None:
        """Reports a click, unless it ends a drag."""
        if not self._dragged:
            self.post_message(self.Picked(self, event.x, event.y, event.chain > 1))

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Reports a wheel step upwards."""
        event.stop()
        self.post_message(self.Wheeled(event.x, 1, event.shift or event.ctrl))

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Reports a wheel step downwards."""
        event.stop()
        self.post_message(self.Wheeled(event.x, -1, event.shift or event.ctrl))


def strip(line: Line, label: int, cells: int, inks: Mapping[str, Style], mark: str = "") -> Strip:
    """Renders a line of the drawing, with `mark` before its head."""
    head = f"{mark:2}{line.head}"
    pieces = [(head, line.style), (" " * (label - cell_len(head)), ""), *line.cells.pieces]
    gap = " " * (cells - cell_len(line.cells.plain))
    pieces += [(gap, ""), (line.tail, "muted")]
    return Strip([Segment(text, inks.get(style, _PLAIN)) for text, style in pieces if text])


def with_cell(strip: Strip, cell: int, style: Style) -> Strip:
    """Adds a style to one cell of a line."""
    return Strip.join(
        [strip.crop(0, cell), strip.crop(cell, cell + 1).apply_style(style), strip.crop(cell + 1)]
    )


def rich_lines(lines: Sequence[Text], inks: Mapping[str, Style]) -> RichText:
    """Converts styled lines to rich text."""
    whole = RichText(no_wrap=True)
    for number, line in enumerate(lines):
        whole.append("\n" if number else "")
        for text, style in line.pieces:
            whole.append(text, inks.get(style, _PLAIN))
    return whole
