"""Text with named styles that loads rich only for a terminal.

rich renders it on a terminal (`__rich__`); elsewhere only its plain characters are written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text as RichText


class Text:
    """Pieces of text, each with the name of a style in `simres.reporting.text.console`, or none."""

    __slots__ = ("pieces",)

    def __init__(self, text: str = "", style: str = "") -> None:
        self.pieces: list[tuple[str, str]] = [(text, style)] if text else []

    def append(self, text: str | Text, style: str = "") -> Text:
        """Adds to the end; a `Text` keeps its own styles. Returns itself."""
        if isinstance(text, Text):
            self.pieces += text.pieces
        elif text:
            self.pieces.append((text, style))
        return self

    def rstrip(self) -> Text:
        """Strips spaces and line ends from the end. Returns itself."""
        while self.pieces:
            text, style = self.pieces.pop()
            if kept := text.rstrip():
                self.pieces.append((kept, style))
                break
        return self

    @property
    def plain(self) -> str:
        """The characters without styles."""
        return "".join(text for text, _ in self.pieces)

    def __str__(self) -> str:
        return self.plain

    def __len__(self) -> int:
        return len(self.plain)

    def __rich__(self) -> RichText:
        from rich.text import Text as RichText

        return RichText.assemble(*self.pieces, no_wrap=True)
