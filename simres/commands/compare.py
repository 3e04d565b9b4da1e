"""`simres compare`: results side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simres.commands.options import Changed
from simres.commands.session import Session


def compare(
    session: Session,
    *,
    results: Annotated[
        list[str],
        typer.Argument(
            metavar="RESULT",
            help="Two or more, or one that options change: a result.json, its folder, or a scenario.",
        ),
    ],
    asked: Changed,
    whole: Annotated[bool, typer.Option("--all", help="Show every layer.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    perfetto: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write one trace for ui.perfetto.dev, a process per result."),
    ] = None,
) -> None:
    """Compare results: totals, engines, layers, causes, and timelines on one axis.

    The first is A; the others are compared with it. `--chip` and `--set` apply to scenarios. A single
    scenario is compared with itself under `--set`, `--int8` or `--batch`.

    Examples: `simres compare before after`, `simres compare resnet20 --int8`,
    `simres compare resnet20 mine.yaml --set hardware.ddr.bandwidth="2 GB/s"`.
    """
    from simres import api, jobs
    from simres.exploration.comparison import compare as compared
    from simres.reporting.tables.comparison_tables import document, show

    named = [(result, True) for result in results]
    if len(results) == 1 and asked.changes:
        named = [(results[0], False), (results[0], True)]
    found = []
    try:
        for result, changes in named:
            beside = api.is_stored(result, asked.chip) and len(results) > 1  # what is finished is not changed
            found.append(
                api.find_result(
                    result,
                    chip=None if beside else asked.chip,
                    overrides=asked.overrides(result) if changes and not beside else None,
                    registry=session.registry,
                )
            )
    except KeyboardInterrupt:
        if len(found) < 2 or not jobs.cut_short(f"after {len(found)} of {len(named)} results"):
            raise
    comparison = compared(found)
    if perfetto is not None:
        from simres.files import STDIO, write_text
        from simres.reporting.files.perfetto import side_by_side

        write_text(perfetto, side_by_side(comparison.results))
        if perfetto == STDIO:
            return
    if json:
        from simres.reporting.emit import emit

        emit(document(comparison))
    else:
        show(comparison, session.output, whole=whole)
