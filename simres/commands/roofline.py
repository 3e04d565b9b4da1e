"""`simres roofline`: which layers the bus holds down, and which the arithmetic."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simres.commands.options import ScenarioOptions
from simres.commands.session import Session
from simres.errors import ExitCode


def roofline(
    session: Session,
    asked: ScenarioOptions,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Draw it: SVG, or PNG or PDF (extra `[plot]`)."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print ceilings and layers as JSON.")] = False,
) -> int:
    """Simulate a scenario and show each layer under the chip's ceilings.

    Examples: `simres roofline resnet20`, `simres roofline mine.yaml -o plot.png`.
    """
    from simres import api
    from simres.reporting.drawing.roofline_drawing import report, roofline_of

    result = api.simulate(session.scenario(asked), registry=session.registry)
    console = session.output
    if output is not None:
        from simres.reporting.pictures import files, roofline_picture

        files.save(roofline_picture.picture(result), output)
    if json:
        from dataclasses import asdict

        from simres.reporting.emit import VERSIONS, emit

        emit({"schema_version": VERSIONS["roofline"], "name": result.name, **asdict(roofline_of(result))})
    elif output is not None:
        console.print(f"wrote {output}")
    else:
        console.print_lines(report(result, session.page))
    return ExitCode.OK
