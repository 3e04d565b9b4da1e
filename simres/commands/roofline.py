"""`simres roofline`: which layers the bus holds down, and which the arithmetic."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simres.commands import global_options
from simres.commands.options import ChipName, ScenarioName, Settings
from simres.commands.simulate import split
from simres.errors import ExitCode


def roofline(
    scenario: ScenarioName,
    chip: ChipName = None,
    settings: Settings = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Draw it: PNG, SVG or PDF (extra `[plot]`)."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print ceilings and layers as JSON.")] = False,
) -> int:
    """Simulate a scenario and show each layer under the chip's ceilings.

    Examples: `simres roofline resnet20`, `simres roofline mine.yaml -o plot.png`.
    """
    from simres import api
    from simres.reporting.drawing.roofline_drawing import report, roofline_of
    from simres.reporting.text.console import stdout

    overrides = dict(split(setting, "--set PATH=VALUE") for setting in settings or ())
    result = api.simulate(
        api.find_scenario(scenario, chip=chip, overrides=overrides, registry=global_options.registry()),
        registry=global_options.registry(),
    )
    console = stdout()
    if output is not None:
        from simres.reporting.plots.roofline_plot import save

        save(result, output)
    if json:
        from dataclasses import asdict
        from json import dumps

        print(dumps({"schema_version": 1, "name": result.name, **asdict(roofline_of(result))}))  # noqa: T201
    elif output is not None:
        console.print(f"wrote {output}")
    else:
        console.print_lines(report(result, console.page()))
    return ExitCode.OK
