"""`simres schedule`: what would be done when, before anything is simulated in full."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simres.commands.options import AllowUnmodelled, LayerName, ScenarioOptions
from simres.commands.session import Session
from simres.errors import ExitCode


def schedule(
    session: Session,
    asked: ScenarioOptions,
    tasks: Annotated[bool, typer.Option("--tasks", help="Also list every task.")] = False,
    layer: LayerName = None,
    tenant: Annotated[
        str | None,
        typer.Option(
            "--tenant", metavar="NAME", help="The tenant to show, where several networks share the chip."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the Program as one JSON document.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Write the Program to FILE as JSON."),
    ] = None,
    allow_unmodelled: AllowUnmodelled = False,
) -> int:
    """Plan a scenario and show the Program: decisions, tiles of each layer, and tasks.

    Examples: `simres schedule resnet20`, `simres schedule resnet18 --chip paper`,
    `simres schedule mine.yaml --tasks --layer 'layers.0.*'`.
    """
    from simres import api
    from simres.reporting.tables.schedule_table import schedule_table

    registry, console = session.registry, session.output
    found = session.scenario(asked)
    chosen = found.networks.get(tenant or "")
    workload = (
        api.find_workload(chosen, registry=registry, allow_unmodelled=allow_unmodelled) if chosen else None
    )
    planned = api.schedule(found, workload=workload, tenant=tenant, registry=registry)
    table = list(
        schedule_table(
            found.name if tenant is None else f"{found.name}, {tenant}",
            planned.program,
            planned.candidates,
            planned.workload,
            session.page,
            layer=layer,
            tasks=tasks,
        )
    )
    if output is not None:
        from simres.files import write_text

        write_text(output, planned.to_json())
    if json:
        from simres.reporting.emit import emit

        emit(planned.to_document())
    else:
        console.print_lines(table)
    return ExitCode.OK
