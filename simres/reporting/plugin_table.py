"""Every part by name, and who provides it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from simres.plugins import Catalogue, Provider


def plugin_table(catalogues: Iterable[Catalogue[Any]], providers: Sequence[Provider]) -> RenderableType:
    """One table of all parts; below it, packages left out and names claimed twice."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("part", "name", "from", "what it is"):
        table.add_column(heading, overflow="fold")
    notes = []
    for catalogue in catalogues:
        for number, (name, (declaration, provider)) in enumerate(catalogue.found.items()):
            table.add_row("" if number else catalogue.what, name, str(provider), declaration.summary)
        for name, claims in catalogue.contested.items():
            named = " and ".join(str(claim) for claim in claims)
            notes.append(Text(f"{catalogue.what} `{name}` is claimed by {named}: uninstall one of them"))
    for provider in providers:
        if provider.reason:
            notes.append(Text(f"`{provider.plugin}` of {provider} is left out: {provider.reason}"))
    return Group(table, *([Text(), *notes] if notes else []))
