"""The table of all parts with the package that provides each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from simres.reporting.page import Page
from simres.reporting.text.columns import Column
from simres.reporting.text.styled import Text

if TYPE_CHECKING:
    from simres.plugins.catalogue import Catalogue, Provider


def plugin_table(
    catalogues: Iterable[Catalogue[Any]], providers: Sequence[Provider], page: Page
) -> Iterator[Text]:
    """Yields one table of all parts, then notes on packages left out or slow and names claimed twice."""
    rows: list[tuple[str, str, str, str]] = []
    notes: list[str] = []
    for catalogue in catalogues:
        for number, (name, (declaration, provider)) in enumerate(catalogue.found.items()):
            rows.append(("" if number else catalogue.what, name, str(provider), declaration.summary))
        notes += [f"{catalogue.conflict(name)}: uninstall one of them" for name in catalogue.contested]
    notes += [provider.remark for provider in providers if provider.remark]
    heads = ("part", "name", "from", "what it is")
    yield from page.table(
        [
            Column(head, [row[number] for row in rows], right=False, folds=number == len(heads) - 1)
            for number, head in enumerate(heads)
        ]
    )
    if notes:
        yield Text()
    for note in notes:
        yield from page.prose(note)
