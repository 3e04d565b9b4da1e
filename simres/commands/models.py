"""`simres models`: networks that can be trained and traced by name."""

from __future__ import annotations

from typing import Annotated

import typer

from simres.commands.session import Session


def models(
    session: Session,
    json: Annotated[bool, typer.Option("--json", help="Print the list as one JSON document.")] = False,
) -> None:
    """List networks for small images with parameters, multiply-accumulates and depth.

    Other depths of resnetN and plainN work too, and all of torchvision's networks.

    Example: `simres models`.
    """
    from simres.networks.catalogue import models as listed

    found = listed()
    if json:
        from dataclasses import asdict

        from simres.reporting.emit import VERSIONS, emit

        emit({"schema_version": VERSIONS["models"], "models": [asdict(model) for model in found]})
        return
    from simres.reporting.text.columns import Column
    from simres.units import format_count

    console = session.output
    columns = [
        Column("network", [model.command for model in found], right=False, elastic=True),
        Column("input", [model.input for model in found], right=False, rank=1),
        Column("parameters", [f"{model.parameters:,}" for model in found]),
        Column("MACs", [format_count(model.macs) for model in found]),
        Column("depth", [str(model.depth) for model in found]),
    ]
    console.print_lines(session.page.table(columns))
    console.print("\nwith ten classes; `simres train NETWORK` trains one, `simres trace NETWORK` traces it")
