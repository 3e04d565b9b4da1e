"""`simres compare`: results side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simres.commands import global_options
from simres.commands.options import ChipName, Settings
from simres.commands.simulate import split


def compare(
    results: Annotated[
        list[str],
        typer.Argument(
            metavar="RESULT",
            help="Two or more, or one with --set: a result.json, the folder it is in, or a scenario.",
        ),
    ],
    chip: ChipName = None,
    settings: Settings = None,
    whole: Annotated[bool, typer.Option("--all", help="Show every layer.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    perfetto: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write one trace for ui.perfetto.dev, a process a result."),
    ] = None,
) -> None:
    """Compare results: totals, engines, layers, causes, and timelines on one axis.

    The first is A, which the others are held against. `--chip` and `--set` go with scenarios; a scenario by
    itself is held against what `--set` makes of it.

    Examples: `simres compare before after`, `simres compare resnet20 --set scheduler=overlapped`,
    `simres compare resnet20 mine.yaml --set hardware.ddr.bandwidth="2 GB/s"`.
    """
    from simres import api
    from simres.exploration.comparison import compare as compared

    registry = global_options.registry()
    overrides = dict(split(setting, "--set PATH=VALUE") for setting in settings or ())
    asked = [(named, overrides) for named in results]
    if len(results) == 1 and overrides:
        asked = [(results[0], {}), (results[0], overrides)]
    found = []
    for named, changes in asked:
        beside = api.is_stored(named, chip) and len(results) > 1  # what is finished is not changed
        found.append(
            api.find_result(
                named,
                chip=None if beside else chip,
                overrides=None if beside else changes,
                registry=registry,
            )
        )
    comparison = compared(found)
    if perfetto is not None:
        from simres.files import write_text
        from simres.reporting.files.perfetto import side_by_side

        write_text(perfetto, side_by_side(comparison.results))
    if json:
        from json import dumps

        print(dumps(comparison.to_document(), separators=(",", ":")))  # noqa: T201
        return
    from simres.reporting.tables.comparison_tables import show
    from simres.reporting.text.console import stdout

    show(comparison, stdout(), whole=whole)
