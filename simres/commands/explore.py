"""`simres explore`: a large design space, searched for what is best in it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simres.commands.options import (
    GoalNames,
    PlotFile,
    ScenarioOptions,
    TableFile,
    Vary,
    WholeFront,
    Workforce,
    pairs,
)
from simres.commands.plot import check_drawing, draw_front
from simres.commands.session import Session
from simres.commands.sweep import evaluation_by, study_for, table_for, write_other
from simres.errors import ExitCode
from simres.files import STDIO

SHARE = 10
"""By default, one of so many points is simulated."""


def explore(
    session: Session,
    *,
    vary: Vary = None,
    goal: GoalNames = None,
    limit: Annotated[
        list[str] | None,
        typer.Option("--limit", metavar="NAME=VALUE", help="A limit to meet: energy=2mJ, accuracy=91%."),
    ] = None,
    points: Annotated[
        int | None,
        typer.Option("--points", min=1, help="Points to simulate [default: a tenth, at least 100]."),
    ] = None,
    asked: ScenarioOptions,
    output: TableFile = Path("explore.jsonl"),
    storage: Annotated[
        str | None,
        typer.Option(
            "--storage", metavar="URL", help="Optuna's storage [default: SQLite next to the table]."
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the search.")] = 0,
    plot: PlotFile = None,
    sampler: Annotated[
        str,
        typer.Option(
            "--sampler",
            metavar="NAME",
            help="What proposes points: nsga2 (fast), or tpe (better with few points).",
        ),
    ] = "nsga2",
    whole: WholeFront = False,
    workforce: Workforce,
) -> int:
    """Search a design space for its Pareto front, without simulating all of it.

    Example: `simres explore resnet20 --vary hardware.ddr.bandwidth="0.5..8 GB/s log 100"
    --vary hardware.sram.capacity="64 KiB..4 MiB log 100" --goal latency,sram,bandwidth`.
    """
    from simres.exploration.constraints import limits_of
    from simres.exploration.fronts import front_of
    from simres.exploration.objectives import USUAL, best_of, objectives_of
    from simres.exploration.search import search
    from simres.exploration.table_formats import check_format
    from simres.reporting.progress import SweepProgress
    from simres.reporting.tables.sweep_table import show
    from simres.sharing.workbench import Workbench

    study, own = study_for(session, asked, vary or [])
    objectives = objectives_of(goal or own or USUAL, study.paths)
    if plot is not None:
        check_drawing(plot, objectives)
    bench = Workbench()
    evaluation = evaluation_by(workforce, bench)
    check_format(output)
    limits = limits_of(pairs(limit, "--limit NAME=VALUE"), study.paths)
    wanted = points or max(100, study.space.size // SHARE)
    with table_for(output, "explore.jsonl") as path:
        with SweepProgress(session.messages) as shown:
            found = search(
                study,
                path,
                objectives,
                limits,
                wanted,
                evaluation,
                shown,
                storage=storage or f"sqlite:///{path.with_suffix('.db').absolute()}",
                seed=seed,
                sampler=sampler,
                bench=bench,
            )
        written = write_other(path, output)
    best = best_of(found.rows, objectives, lambda row: all(each.excess(row) <= 0 for each in limits))
    if output != STDIO:
        show(found.rows, study.space.knobs, objectives, best, session.output, whole=whole)
    if plot is not None and best:
        kept = [row for row in found.rows if all(each.excess(row) <= 0 for each in limits)]
        draw_front(front_of(kept, study.space.knobs, objectives, whole=whole), plot)
        session.messages.print(f"wrote {plot}")
    if limits and not best and any(row["error"] is None for row in found.rows):
        session.output.print("No simulated design meets every limit.")
    if output != STDIO:
        session.messages.print(f"wrote {written}")
    return ExitCode.OK if best else ExitCode.ANSWER_IS_NO
