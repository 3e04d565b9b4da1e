"""`simres ladder`: one network and chip by one assumption after the other, and what each is worth."""

from __future__ import annotations

from typing import Annotated

import typer

from simres.commands.options import AllowUnmodelled, ScenarioOptions
from simres.commands.session import Session


def ladder(
    session: Session,
    asked: ScenarioOptions,
    json: Annotated[bool, typer.Option("--json", help="Print the rungs as one JSON document.")] = False,
    allow_unmodelled: AllowUnmodelled = False,
) -> None:
    """Estimate a run by spreadsheet, roofline and overlap per layer, and simulate it.

    Each rung makes the model finer and shows what the assumption before was worth. `paper` starts with
    the mistakes of the paper's sheet.

    Examples: `simres ladder paper`, `simres ladder resnet18 --chip edge-npu`.
    """
    from simres.exploration.ladder import ladder as climb
    from simres.reporting.emit import emit
    from simres.reporting.tables.ladder_table import document, report

    scenario = session.scenario(asked)
    workloads = session.workloads(scenario, allow_unmodelled=allow_unmodelled)
    rungs = climb(scenario, workloads, session.registry)
    if json:
        emit(document(rungs))
    else:
        console = session.output
        console.print_lines(report(rungs, session.page))
