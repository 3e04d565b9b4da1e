"""`simres simulate`: a scenario in, the answer out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from simres.commands.options import AllowUnmodelled, ScenarioOptions, pairs
from simres.commands.session import Session
from simres.errors import ExitCode


@dataclass(frozen=True, kw_only=True)
class ReportFiles:
    """Reports to write in addition to the printed one."""

    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the layer table as CSV.")] = None
    perfetto: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a trace for ui.perfetto.dev.")
    ] = None
    reports: Annotated[
        list[str] | None,
        typer.Option(
            "--report", metavar="NAME=FILE", help="Write another report; `simres plugins` lists them."
        ),
    ] = None

    @property
    def wanted(self) -> dict[str, str]:
        """The file of each reporter, by name. Raises `SimresError`."""
        found = pairs(self.reports, "--report NAME=FILE")
        for name, file in (("csv", self.csv), ("perfetto", self.perfetto)):
            if file is not None:
                found[name] = str(file)
        return found


def simulate(
    session: Session,
    *,
    asked: ScenarioOptions,
    brief: Annotated[bool, typer.Option("--brief", help="Print the answer in three lines.")] = False,
    details: Annotated[
        bool, typer.Option("--details", help="Show every layer, bound, evicted tensor and cost.")
    ] = False,
    timeline: Annotated[bool, typer.Option("--timeline", help="Also draw the timeline.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON document.")] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="DIR", help="Write the result to DIR/result.json, - is stdout."
        ),
    ] = None,
    files: ReportFiles,
    allow_unmodelled: AllowUnmodelled = False,
) -> int:
    """Simulate a scenario and show where the time goes.

    Examples: `simres simulate paper`, `simres simulate mine.yaml --set scheduler=serial`,
    `simres simulate torchvision:resnet18 --chip tpu-like`.
    """
    from simres.planning.evaluate import evaluate

    registry = session.registry
    reporters = {registry.reporter(name): Path(file) for name, file in files.wanted.items()}
    scenario = session.scenario(asked)
    workloads = session.workloads(scenario, allow_unmodelled=allow_unmodelled)
    result = evaluate(scenario, workloads, registry)

    from simres.files import STDIO, write_text

    for reporter, path in reporters.items():
        write_text(path, registry.call(reporter, result))
    if output is not None:
        result.save(output)
    if json and output != STDIO:
        from simres.reporting.emit import emit

        emit(result.to_document())
    elif STDIO not in (output, *reporters.values()):
        from simres.reporting.tables.run_report import show

        show(result, session.output, details=details, alone=brief, timeline=timeline)
    return ExitCode.OK if result.met else ExitCode.ANSWER_IS_NO
