"""`simres whatif`: what more or less of each resource would make of a run, and what a target takes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simres.commands.options import AllowUnmodelled, ScenarioOptions, pair
from simres.commands.session import Session
from simres.errors import ExitCode, SimresError
from simres.files import STDIO

if TYPE_CHECKING:
    from simres.exploration.work_changes import WorkChange


@dataclass(frozen=True, kw_only=True)
class WorkOptions:
    """Changes of the work of a run."""

    scale: Annotated[
        list[str] | None,
        typer.Option(
            "--scale",
            metavar="KIND=FACTOR",
            help="Replay the run with this kind, layer or module in FACTOR of its time: `conv2d=0.5`.",
        ),
    ] = None
    without: Annotated[
        list[str] | None,
        typer.Option(
            "--without", metavar="KIND", help="Replay the run without these operators: `batch_norm`."
        ),
    ] = None
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Write the replayed run to DIR/result.json."),
    ] = None

    @property
    def changes(self) -> list[WorkChange]:
        """The changes in order. Raises `SimresError`."""
        from simres.exploration.work_changes import work_change

        scaled = [work_change(*pair(text, "--scale KIND=FACTOR")) for text in self.scale or ()]
        return [*scaled, *(work_change(name, "0") for name in self.without or ())]


def whatif(
    session: Session,
    *,
    asked: ScenarioOptions,
    target: Annotated[
        str | None,
        typer.Option(
            "--target", metavar="TIME", help="Find how much of each resource reaches TIME: `500us`."
        ),
    ] = None,
    work: WorkOptions,
    json: Annotated[bool, typer.Option("--json", help="Print everything as one JSON document.")] = False,
    allow_unmodelled: AllowUnmodelled = False,
) -> int:
    """Simulate a scenario with each resource of its chip doubled, halved and free.

    `--target` searches for the smallest change of each that meets it; exit code 1 if no single one does.
    `--scale` and `--without` also take a stored result, such as an imported trace, and replay it in the
    recorded order with some of its operators faster or gone.

    Examples: `simres whatif resnet20`, `simres whatif resnet18 --chip edge-npu --target 5ms`,
    `simres whatif run --without batch_norm --scale layer4=0.5`.
    """
    if changes := work.changes:
        return _work(session, asked, changes, work.output, target, json)
    if work.output is not None:
        raise SimresError("-o DIR is for a replayed run: give --scale or --without")
    from simres import api
    from simres.exploration.whatif import what_if
    from simres.reporting.emit import emit
    from simres.reporting.tables.whatif_tables import document, report

    if api.is_stored(asked.scenario, asked.chip):
        raise SimresError(
            f"`{asked.scenario}` is a finished run: its work can be changed, its chip cannot",
            "`--scale KIND=0.5` and `--without KIND` replay it; `simres explain` says where its time goes",
        )
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


def _work(
    session: Session,
    asked: ScenarioOptions,
    changes: list[WorkChange],
    output: Path | None,
    target: str | None,
    json: bool,
) -> int:
    """Replays a run with changes of its work. Raises `SimresError`."""
    from simres import api
    from simres.exploration.work_changes import change_work
    from simres.reporting.emit import emit
    from simres.reporting.tables.work_tables import document, report

    if target is not None:
        raise SimresError("--target applies to the resources of a chip, not to --scale and --without")
    result = api.find_result(
        asked.scenario,
        chip=asked.chip,
        overrides=asked.overrides(asked.scenario),
        record="full",
        registry=session.registry,
    )
    found = change_work(result, changes)
    if output is not None:
        found.after[-1].result.save(output)
        if output == STDIO:
            return ExitCode.OK
    if json:
        emit(document(found))
    else:
        session.output.print_lines(report(found, session.page))
    return ExitCode.OK


def _time(text: str) -> int:
    """Picoseconds. Raises `SimresError`, which names the option."""
    from simres.units import DURATION

    try:
        return DURATION.parse(text, positive=True)
    except SimresError as error:
        raise SimresError(f"--target: {error.message}", error.hint) from None
