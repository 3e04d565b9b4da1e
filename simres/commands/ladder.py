"""`simres ladder`: one network and chip by one assumption after the other, and what each is worth."""

from __future__ import annotations

from typing import Annotated

import typer

from simres.commands import global_options
from simres.commands.options import ChipName, ScenarioName, Settings
from simres.commands.simulate import split


def ladder(
    scenario: ScenarioName,
    chip: ChipName = None,
    settings: Settings = None,
    json: Annotated[bool, typer.Option("--json", help="Print the rungs as one JSON document.")] = False,
    allow_unmodelled: Annotated[
        bool, typer.Option("--allow-unmodelled", help="Let operators without a price pass, with a warning.")
    ] = False,
) -> None:
    """Estimate a run by spreadsheet, roofline and overlap per layer, and simulate it.

    Each rung is a step closer to what happens, and says what the assumption before was worth. `paper` goes
    through the mistakes of the paper's sheet first.
    Examples: `simres ladder paper`, `simres ladder resnet18 --chip edge-npu`.
    """
    from simres import api
    from simres.exploration.ladder import ladder as climb
    from simres.reporting.tables.ladder_table import document, report
    from simres.reporting.text.console import stdout

    overrides = dict(split(setting, "--set PATH=VALUE") for setting in settings or ())
    registry = global_options.registry()
    found = api.find_scenario(scenario, chip=chip, overrides=overrides, registry=registry)
    workloads = api.find_workloads(found, registry=registry, allow_unmodelled=allow_unmodelled)
    rungs = climb(found, workloads, registry)
    if json:
        from json import dumps

        print(dumps(document(rungs), indent=1))  # noqa: T201
    else:
        console = stdout()
        console.print_lines(report(rungs, console.page()))
