"""`simres schema`: what an editor needs to complete and check scenarios."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from simres.commands.session import Session


class Form(StrEnum):
    """Which file the schema describes."""

    SCENARIO = "scenario"
    CHIP = "chip"


def schema(
    session: Session,
    form: Annotated[Form, typer.Argument(help="The kind of file.")] = Form.SCENARIO,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write to FILE instead of stdout.")
    ] = None,
) -> None:
    """Print the JSON Schema of scenarios, with every installed kind, scheduler and pass."""
    from simres.files import write_text
    from simres.scenario.schema import chip_schema, scenario_schema, text

    make = scenario_schema if form is Form.SCENARIO else chip_schema
    content = text(make(session.registry))
    if output is None:
        session.output.stream.write(content)
    else:
        write_text(output, content)
