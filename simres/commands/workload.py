"""`simres workload show`: a traced network or a ledger as tables."""

from __future__ import annotations

from typing import Annotated

import typer

from simres.commands.options import AllowUnmodelled
from simres.commands.session import Session
from simres.errors import ExitCode


def show(
    session: Session,
    workload: Annotated[
        str,
        typer.Argument(
            metavar="WORKLOAD", help="A traced file, a shipped workload's name, or a network to trace."
        ),
    ],
    json: Annotated[bool, typer.Option("--json", help="Print the workload as one JSON document.")] = False,
    allow_unmodelled: AllowUnmodelled = False,
) -> int:
    """Show the layers of a network: shapes, MACs, vector operations, bytes, arithmetic intensity.

    Examples: `simres workload show resnet20.json`, `simres workload show torchvision:resnet50`.
    """
    from simres import api

    found = api.find_workload(workload, registry=session.registry, allow_unmodelled=allow_unmodelled)
    if json:
        from simres.workload.json import dumps

        session.output.stream.write(dumps(found))  # the file as it would be written, layout and all
        return ExitCode.OK

    from simres.reporting.tables.workload_table import workload_table

    console = session.output
    console.print_lines(workload_table(found, session.page))
    return ExitCode.OK
