"""`simres plugins`: who provides what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from warnings import catch_warnings, simplefilter

import typer

from simres.commands import choices
from simres.errors import SimresWarning

if TYPE_CHECKING:
    from simres.plugins import Registry


def plugins(json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False) -> None:
    """List every part that scenarios can name, who provides it, and the packages that failed to load."""
    registry = choices.registry()
    with catch_warnings():
        simplefilter("ignore", SimresWarning)  # what they say is listed below
        registry.load_external()
    if json:
        from json import dumps

        print(dumps(document(registry), indent=2))  # noqa: T201
        return
    from simres.reporting.console import stdout
    from simres.reporting.plugin_table import plugin_table

    stdout().print(plugin_table(registry.catalogues, registry.providers))


def document(registry: Registry) -> dict[str, Any]:
    """The JSON form: `plugins` (with the reason why one was left out) and `parts` by sort."""
    return {
        "schema_version": 1,
        "plugins": [
            {
                "name": provider.plugin,
                "distribution": provider.distribution,
                "version": provider.version,
                "error": provider.reason,
                "import_s": round(provider.import_s, 3),
            }
            for provider in registry.providers
        ],
        "parts": {
            catalogue.what: [
                {"name": name, "summary": declaration.summary, "plugin": provider.plugin}
                for name, (declaration, provider) in catalogue.found.items()
            ]
            for catalogue in registry.catalogues
        },
        "contested": {
            f"{catalogue.what} {name}": [str(claim) for claim in claims]
            for catalogue in registry.catalogues
            for name, claims in catalogue.contested.items()
        },
    }
