"""`simres simulate`: a scenario in, the answer out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simres.commands import global_options
from simres.commands.options import ChipName, ScenarioName, Settings
from simres.errors import ExitCode, SimresError

if TYPE_CHECKING:
    from simres.result import Result


def simulate(
    scenario: ScenarioName,
    chip: ChipName = None,
    settings: Settings = None,
    details: Annotated[
        bool, typer.Option("--details", help="Show every layer, bound, evicted tensor and price.")
    ] = False,
    timeline: Annotated[bool, typer.Option("--timeline", help="Draw the timeline too.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON document.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Write the result to DIR/result.json."),
    ] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the layer table as CSV.")] = None,
    perfetto: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a trace for ui.perfetto.dev.")
    ] = None,
    reports: Annotated[
        list[str] | None,
        typer.Option(
            "--report", metavar="NAME=FILE", help="Write another report; `simres plugins` lists them."
        ),
    ] = None,
    allow_unmodelled: Annotated[
        bool, typer.Option("--allow-unmodelled", help="Let operators without a price pass, with a warning.")
    ] = False,
) -> int:
    """Simulate a scenario and show where the time goes.

    Examples: `simres simulate paper`, `simres simulate mine.yaml --set scheduler=serial`,
    `simres simulate torchvision:resnet18 --chip tpu-like`.
    """
    from simres import api
    from simres.planning.evaluate import evaluate

    registry = global_options.registry()
    wanted = dict(split(report, "--report NAME=FILE") for report in reports or ())
    if csv is not None:
        wanted["csv"] = str(csv)
    if perfetto is not None:
        wanted["perfetto"] = str(perfetto)
    reporters = {registry.reporter(name): Path(file) for name, file in wanted.items()}
    overrides = dict(split(setting, "--set PATH=VALUE") for setting in settings or ())
    found = api.find_scenario(scenario, chip=chip, overrides=overrides, registry=registry)
    workloads = api.find_workloads(found, registry=registry, allow_unmodelled=allow_unmodelled)
    result = evaluate(found, workloads, registry)

    from simres.files import write_text

    for reporter, path in reporters.items():
        write_text(path, registry.call(reporter, result))
    if output is not None:
        result.save(output)
    if json:
        print(result.to_json(), end="")  # noqa: T201
    else:
        show(result, details=details, timeline=timeline)
    return ExitCode.OK if result.met else ExitCode.ANSWER_IS_NO


def show(result: Result, *, details: bool, timeline: bool) -> None:
    """Prints the tables, and the timeline if asked for."""
    from simres.reporting.tables.run_report import show as show_tables
    from simres.reporting.text.console import stdout

    console = stdout()
    show_tables(result, console, details=details)
    if timeline:
        from simres.reporting.drawing.timeline_drawing import show_timeline

        show_timeline(result, console)


def split(text: str, form: str) -> tuple[str, str]:
    """The two sides of an option like `--set PATH=VALUE`; `form` is how the error spells it."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise SimresError(f"`{text}` is not of the form {form}")
    return name.strip(), value.strip()
