"""Titles and wrapped sentences between tables."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.cells import cell_len

from simres.reporting.text.amounts import printable
from simres.reporting.text.styled import Text


def titled(title: str, caption: str) -> Iterator[Text]:
    """Yields an empty line, then a title with a caption."""
    yield Text()
    yield Text(title, "title").append(f"  {caption}", "muted")


def wrapped(text: str, width: int, style: str = "", indent: str = "") -> Iterator[Text]:
    """Yields prose wrapped between words, but not before `%`; lines after the first start with `indent`."""
    words = re.split(r" (?!%)", printable(text))
    line = words[0]
    for word in words[1:]:
        if cell_len(line) + 1 + cell_len(word) > width:
            yield Text(line, style)
            line = indent + word
        else:
            line += f" {word}"
    yield Text(line, style)
