"""The table of all parts with the package that provides each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from simres.plugins.registry import Catalogue, Provider


def plugin_table(catalogues: Iterable[Catalogue[Any]], providers: Sequence[Provider]) -> RenderableType:
    """Returns one table of all parts, then notes on packages left out or slow and names claimed twice."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("part", "name", "from", "what it is"):
        table.add_column(heading, overflow="fold")
    notes: list[str] = []
    for catalogue in catalogues:
        for number, (name, (declaration, provider)) in enumerate(catalogue.found.items()):
            table.add_row("" if number else catalogue.what, name, str(provider), declaration.summary)
        notes += [f"{catalogue.conflict(name)}: uninstall one of them" for name in catalogue.contested]
    notes += [provider.remark for provider in providers if provider.remark]
    return Group(table, *(Text(note) for note in (["", *notes] if notes else [])))
