"""`simres models`: networks that can be trained and traced by name."""

from __future__ import annotations

from typing import Annotated

import typer


def models(
    json: Annotated[bool, typer.Option("--json", help="Print the list as one JSON document.")] = False,
) -> None:
    """List networks for small images with parameters, multiply-accumulates and depth.

    Any other depth of resnetN and plainN can be named too, and all of torchvision's networks.

    Example: `simres models`.
    """
    from simres.networks.catalogue import models as listed

    found = listed()
    if json:
        from dataclasses import asdict
        from json import dumps

        print(dumps({"schema_version": 1, "models": [asdict(model) for model in found]}, indent=1))  # noqa: T201
        return
    from simres.reporting.text.columns import Column
    from simres.reporting.text.console import stdout
    from simres.units import format_count

    console = stdout()
    columns = [
        Column("network", [model.command for model in found], right=False, elastic=True),
        Column("input", [model.input for model in found], right=False, rank=1),
        Column("parameters", [f"{model.parameters:,}" for model in found]),
        Column("MACs", [format_count(model.macs) for model in found]),
        Column("depth", [str(model.depth) for model in found]),
    ]
    console.print_lines(console.page().table(columns))
    console.print("\nwith ten classes; `simres train NETWORK` trains one, `simres trace NETWORK` traces it")
