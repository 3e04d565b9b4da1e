"""`simres workload show`: a traced network or a ledger as tables."""

from __future__ import annotations

from typing import Annotated

import typer

from simres.commands import global_options
from simres.errors import ExitCode


def show(
    workload: Annotated[
        str,
        typer.Argument(
            metavar="WORKLOAD", help="A traced file, a shipped workload's name, or a network to trace."
        ),
    ],
    json: Annotated[bool, typer.Option("--json", help="Print the workload as one JSON document.")] = False,
    allow_unmodelled: Annotated[
        bool, typer.Option("--allow-unmodelled", help="Let operators without a price pass, with a warning.")
    ] = False,
) -> int:
    """Show the layers of a network: shapes, MACs, vector operations, bytes, arithmetic intensity.

    Examples: `simres workload show resnet20.json`, `simres workload show torchvision:resnet50`.
    """
    from simres import api

    found = api.find_workload(workload, registry=global_options.registry(), allow_unmodelled=allow_unmodelled)
    if json:
        from simres.workload.json import dumps

        print(dumps(found), end="")  # noqa: T201
        return ExitCode.OK

    from simres.reporting.tables.workload_table import workload_table
    from simres.reporting.text.console import stdout

    console = stdout()
    table = workload_table(found, console.page())
    console.print_lines(table)
    return ExitCode.OK
