"""`simres explain`: where every microsecond went, and to whom."""

from __future__ import annotations

from typing import Annotated

import typer

from simres.commands import global_options
from simres.commands.options import ChipName, ResultName, Settings
from simres.commands.simulate import split


def explain(
    result: ResultName,
    chip: ChipName = None,
    settings: Settings = None,
    whole: Annotated[bool, typer.Option("--all", help="Show every row of the table.")] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print answer, blame and the critical path as JSON.")
    ] = False,
) -> None:
    """Say what a run hangs on: its critical path by engine, layer, cause and who was in the way.

    The parts add up to the makespan. A scenario is recorded in full for this; a stored result must have been,
    which that of a load over time is not.

    Examples: `simres explain resnet20`, `simres explain out --all`,
    `simres explain torchvision:resnet18 --chip tpu-like --set hardware.sram.capacity="1 MiB"`.
    """
    from simres import api
    from simres.reporting.tables.explanation_tables import document, show
    from simres.reporting.text.console import stdout

    registry = global_options.registry()
    overrides = dict(split(setting, "--set PATH=VALUE") for setting in settings or ())
    found = api.find_result(result, chip=chip, overrides=overrides, record="full", registry=registry)
    if json:
        from json import dumps

        print(dumps(document(found), separators=(",", ":")))  # noqa: T201
    else:
        show(found, stdout(), whole=whole)
