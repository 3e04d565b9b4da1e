"""The page that a report is laid out on, handed down to everything that writes lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from simres.reporting.text.amounts import printable
from simres.reporting.text.columns import GAP, Column, fit, lines, width_of, wrap
from simres.reporting.text.glyphs import BLOCKS, Glyphs
from simres.reporting.text.styled import Text

PIPE_WIDTH = 120
"""The width without a terminal and without COLUMNS; nothing is cut then."""
TALLEST = 50
"""The lines that a report has on a pipe, and at most on a terminal; it folds the rest."""
SHORTEST = 24
"""The lines that it has at least."""
NARROWEST = 40
WIDEST = 1000
"""The limits of a page's width."""
_NARROWEST_BAR = 10


@dataclass(frozen=True, slots=True)
class Page:
    """Width, characters and detail of a report.

    `width` is in terminal cells. `clip` shortens names to it; otherwise lines with long names exceed it.
    `whole` shows every row and every remark, as `--details` and `--all` ask for; without it a report has
    about `height` lines.
    """

    width: int = PIPE_WIDTH
    glyphs: Glyphs = BLOCKS
    clip: bool = False
    whole: bool = False
    height: int = TALLEST

    def table(self, columns: Sequence[Column], *, clip: bool = False) -> list[Text]:
        """Returns the columns that fit, as lines; `clip` shortens names even where the page does not."""
        return lines(columns, self.width, clip=clip or self.clip, rule=self.glyphs.line)

    def prose(self, text: str, style: str = "", indent: str = "") -> Iterator[Text]:
        """Wraps prose between words, but not before `%`; `indent` begins the lines after the first."""
        return (Text(line, style) for line in wrap(printable(text), self.width, indent))

    def flow(self, entries: Iterable[Text]) -> Iterator[Text]:
        """Yields the entries of a legend, on as few lines as fit."""
        line = Text()
        for entry in entries:
            if len(line) and len(line) + 3 + len(entry) > self.width:
                yield line
                line = Text()
            line.append("   " if len(line) else "").append(entry)
        yield line

    def titled(self, title: str, caption: str = "") -> Iterator[Text]:
        """Yields an empty line and a title with a caption, which moves below it if the line is too short."""
        yield Text()
        head = Text(title, "title")
        if not caption:
            yield head
        elif cell_len(title) + 2 + cell_len(caption) <= self.width:
            yield head.append(f"  {caption}", "muted")
        else:
            yield head
            yield from self.prose(caption, "muted")

    def bar_room(self, columns: Sequence[Column], most: int) -> int:
        """Returns the cells left for a bar beside the columns that fit, at most `most`; 0 if too few."""
        size = min(most, self.width - width_of(fit(columns, self.width)) - GAP)
        return size if size >= _NARROWEST_BAR else 0
