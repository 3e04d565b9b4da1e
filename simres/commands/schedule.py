"""`simres schedule`: what would be done when, before anything is simulated in full."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simres.commands import global_options
from simres.commands.options import ChipName, ScenarioName, Settings
from simres.commands.simulate import split
from simres.errors import ExitCode


def schedule(
    scenario: ScenarioName,
    chip: ChipName = None,
    settings: Settings = None,
    tasks: Annotated[bool, typer.Option("--tasks", help="List every task too.")] = False,
    layer: Annotated[
        str | None,
        typer.Option(
            "--layer", metavar="NAME", help="Show these layers only: a name, a glob, or how names begin."
        ),
    ] = None,
    tenant: Annotated[
        str | None,
        typer.Option(
            "--tenant", metavar="NAME", help="Whose schedule, where several networks share the chip."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the Program as one JSON document.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Write the Program to FILE as JSON."),
    ] = None,
    allow_unmodelled: Annotated[
        bool, typer.Option("--allow-unmodelled", help="Let operators without a price pass, with a warning.")
    ] = False,
) -> int:
    """Plan a scenario and show the Program: what was decided, how each layer is cut, and every task.

    Examples: `simres schedule resnet20`, `simres schedule resnet18 --chip paper`,
    `simres schedule mine.yaml --tasks --layer 'layers.0.*'`.
    """
    from simres import api

    registry = global_options.registry()
    overrides = dict(split(setting, "--set PATH=VALUE") for setting in settings or ())
    found = api.find_scenario(scenario, chip=chip, overrides=overrides, registry=registry)
    chosen = found.networks.get(tenant or "")
    workload = (
        api.find_workload(chosen, registry=registry, allow_unmodelled=allow_unmodelled) if chosen else None
    )
    planned = api.schedule(found, workload=workload, tenant=tenant, registry=registry)

    from simres.files import write_text
    from simres.reporting.tables.schedule_table import schedule_table
    from simres.reporting.text.console import stdout

    console = stdout()
    table = list(
        schedule_table(
            found.name if tenant is None else f"{found.name}, {tenant}",
            planned.program,
            planned.candidates,
            planned.workload,
            console.page(),
            layer=layer,
            tasks=tasks,
        )
    )
    if output is not None:
        write_text(output, planned.to_json())
    if json:
        print(planned.to_json(), end="")  # noqa: T201
    else:
        console.print_lines(table)
    return ExitCode.OK
