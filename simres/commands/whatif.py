"""`simres whatif`: what more or less of each resource would make of a run, and what a target takes."""

from __future__ import annotations

from typing import Annotated

import typer

from simres.commands import global_options
from simres.commands.options import ChipName, ScenarioName, Settings
from simres.commands.simulate import split
from simres.errors import ExitCode, SimresError


def whatif(
    scenario: ScenarioName,
    chip: ChipName = None,
    settings: Settings = None,
    target: Annotated[
        str | None,
        typer.Option(
            "--target", metavar="TIME", help="How much of which resource takes it to TIME: `500us`."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print everything as one JSON document.")] = False,
    allow_unmodelled: Annotated[
        bool, typer.Option("--allow-unmodelled", help="Let operators without a price pass, with a warning.")
    ] = False,
) -> int:
    """Simulate a scenario with each resource of its chip doubled, halved and free.

    With `--target`, search for the least of each that would do; exit code 1 where no single one does.
    Examples: `simres whatif resnet20`, `simres whatif resnet18 --chip edge-npu --target 5ms`.
    """
    from simres import api
    from simres.reporting.tables.whatif_tables import document, report
    from simres.reporting.text.console import stdout

    wanted = None if target is None else _time(target)
    overrides = dict(split(setting, "--set PATH=VALUE") for setting in settings or ())
    registry = global_options.registry()
    found = api.find_scenario(scenario, chip=chip, overrides=overrides, registry=registry)
    workloads = api.find_workloads(found, registry=registry, allow_unmodelled=allow_unmodelled)

    from simres.exploration.whatif import what_if
    from simres.reporting.progress import counted

    with counted("simulations") as progress:
        answer = what_if(found, workloads, registry, target_ps=wanted, progress=progress)
    if json:
        from json import dumps

        print(dumps(document(answer), indent=1))  # noqa: T201
    else:
        console = stdout()
        console.print_lines(report(answer, console.page()))
    return ExitCode.OK if answer.met else ExitCode.ANSWER_IS_NO


def _time(text: str) -> int:
    """Picoseconds. Raises `SimresError`, which names the option."""
    from simres.units import DURATION

    try:
        return DURATION.parse(text, positive=True)
    except SimresError as error:
        raise SimresError(f"--target: {error.message}", error.hint) from None
