"""`simres whatif`: what more or less of each resource would make of a run, and what a target takes."""

from __future__ import annotations

from typing import Annotated

import typer

from simres.commands.options import AllowUnmodelled, ScenarioOptions
from simres.commands.session import Session
from simres.errors import ExitCode, SimresError


def whatif(
    session: Session,
    asked: ScenarioOptions,
    target: Annotated[
        str | None,
        typer.Option(
            "--target", metavar="TIME", help="How much of which resource takes it to TIME: `500us`."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print everything as one JSON document.")] = False,
    allow_unmodelled: AllowUnmodelled = False,
) -> int:
    """Simulate a scenario with each resource of its chip doubled, halved and free.

    With `--target`, search for the least of each that would do; exit code 1 where no single one does.
    Examples: `simres whatif resnet20`, `simres whatif resnet18 --chip edge-npu --target 5ms`.
    """
    from simres.exploration.whatif import what_if
    from simres.reporting.emit import emit
    from simres.reporting.tables.whatif_tables import document, report

    wanted = None if target is None else _time(target)
    scenario = session.scenario(asked)
    workloads = session.workloads(scenario, allow_unmodelled=allow_unmodelled)
    answer = what_if(scenario, workloads, session.registry, target_ps=wanted)
    if json:
        emit(document(answer))
    else:
        console = session.output
        console.print_lines(report(answer, session.page))
    return ExitCode.OK if answer.met else ExitCode.ANSWER_IS_NO


def _time(text: str) -> int:
    """Picoseconds. Raises `SimresError`, which names the option."""
    from simres.units import DURATION

    try:
        return DURATION.parse(text, positive=True)
    except SimresError as error:
        raise SimresError(f"--target: {error.message}", error.hint) from None
