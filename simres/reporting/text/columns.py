"""Aligned columns of text that drop the least important ones to fit a width."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from rich.cells import cell_len, set_cell_size

from simres.reporting.text.amounts import NOTHING, printable
from simres.reporting.text.styled import Text

GAP = 2
NAMED = 32
"""The width in cells up to which other columns are left out to keep a name whole."""
SHORTEST = 8


@dataclass(slots=True)
class Column:
    """One column: `head` over `unit` over `cells` over `total`.

    Columns are left out in order of `rank`, largest first; those of rank 0 always stay. An `elastic` one
    is shortened if that is not enough, one that `folds` goes on in further lines. A cell may be a `Text` with
    its own styles.
    """

    head: str
    cells: Sequence[str | Text]
    unit: str = ""
    total: str = ""
    rank: int = 0
    style: str = ""
    right: bool = True
    elastic: bool = False
    folds: bool = False

    @property
    def width(self) -> int:
        """The width of the widest entry in terminal cells."""
        texts = (self.head, self.unit, self.total, *self.cells)
        return max(cell_len(line) for text in texts for line in str(text).split("\n"))


def width_of(columns: Sequence[Column]) -> int:
    """Returns the width of these columns side by side, in terminal cells."""
    return sum(column.width for column in columns) + GAP * (len(columns) - 1)


def fit(columns: Sequence[Column], width: int) -> list[Column]:
    """Returns the columns that fit into `width` cells, in order, counting elastic ones as `NAMED` at most."""
    kept = list(columns)
    needed = {
        id(column): GAP + (min(column.width, NAMED) if column.elastic or column.folds else column.width)
        for column in kept
    }
    while sum(needed[id(column)] for column in kept) - GAP > width:
        last = max(kept, key=lambda column: column.rank)
        if not last.rank:
            break
        kept.remove(last)
    return kept


def lines(columns: Sequence[Column], width: int, *, clip: bool = False, rule: str = "-") -> list[Text]:
    """Returns the table as lines within `width` cells: heads, units, rows, and totals if any.

    Without `clip` names are not shortened, and lines may exceed the width.
    `rule` is the character of the lines under the heads and over the totals.
    """
    kept = fit(columns, width)
    widths = [column.width for column in kept]
    excess = sum(widths) + GAP * (len(kept) - 1) - width
    for number, column in enumerate(kept):
        if excess > 0 and (column.folds or (clip and column.elastic)):
            shorter = max(SHORTEST, widths[number] - excess)
            excess -= widths[number] - shorter
            widths[number] = shorter

    def line(entries: Sequence[str | Text], styles: Sequence[str]) -> Text:
        text = Text()
        for number, (column, entry, style) in enumerate(zip(kept, entries, styles, strict=True)):
            if number:
                text.append(" " * GAP)
            cell = entry if isinstance(entry, Text) else printable(entry)
            size = widths[number]
            plain = str(cell)
            length = cell_len(plain)
            if length > size:
                cell = plain = shorten(plain, size)
                length = cell_len(plain)
            padding = " " * (size - length)
            if column.right:
                text.append(padding)
            text.append(cell, "muted" if cell == NOTHING else style)
            if not column.right and number < len(kept) - 1:
                text.append(padding)
        text.rstrip()
        return text

    across = Text(rule * (sum(widths) + GAP * (len(kept) - 1)), "muted")
    found = [line([column.head for column in kept], ["title"] * len(kept))]
    if any(column.unit for column in kept):
        found.append(line([column.unit for column in kept], ["muted"] * len(kept)))
    found.append(across)
    for row in zip(*(column.cells for column in kept), strict=True):
        parts = [
            [*wrap(str(cell), size)] if column.folds else [cell]
            for column, cell, size in zip(kept, row, widths, strict=True)
        ]
        found += [line(part, [column.style for column in kept]) for part in zip_longest(*parts, fillvalue="")]
    if any(column.total for column in kept):
        found.append(across)
        found.append(line([column.total for column in kept], ["total"] * len(kept)))
    return found


def wrap(text: str, size: int, indent: str = "") -> Iterator[str]:
    """Yields `text` wrapped between words, but not before `%`; `indent` begins the lines after the first."""
    for paragraph in text.split("\n"):
        line, *words = re.split(r" (?!%)", printable(paragraph))
        for word in words:
            if cell_len(line) + 1 + cell_len(word) > size:
                yield line
                line = indent + word
            else:
                line += f" {word}"
        yield line


def shorten(text: str, size: int) -> str:
    """Shortens `text` to `size` cells with `..` at the cut; keeps more of the end, where names differ."""
    if cell_len(text) <= size:
        return text
    if size < 5:
        return set_cell_size(text, size)
    tail = (size - 2) * 3 // 4
    end = text[-tail:]
    while cell_len(end) > tail:
        end = end[1:]
    return set_cell_size(text, size - 2 - cell_len(end)) + ".." + end


def bar(parts: Sequence[tuple[int, str, str]], whole: int, size: int) -> Text:
    """Draws a stacked bar of `size` cells from (amount, glyph, style); rounding errors do not add up."""
    text = Text()
    reached = drawn = 0
    for amount, glyph, style in parts:
        reached += amount
        upto = (2 * reached * size + whole) // (2 * whole) if whole else 0
        text.append(glyph * (upto - drawn), style)
        drawn = upto
    return text
