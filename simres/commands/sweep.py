"""`simres sweep`: a grid of design points in, a table out."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simres.commands.options import (
    PlotFile,
    ScenarioOptions,
    TableFile,
    Vary,
    WholeFront,
    Workforce,
    pair,
)
from simres.commands.plot import check_drawing, draw_front
from simres.commands.session import Session
from simres.errors import ExitCode, SimresError

if TYPE_CHECKING:
    from simres.exploration.point_figures import Evaluation
    from simres.exploration.study import Study

USUAL = "latency,energy"
"""What counts where nobody says."""


def sweep(
    session: Session,
    *,
    vary: Vary = None,
    asked: ScenarioOptions,
    output: TableFile = Path("sweep.jsonl"),
    pareto: Annotated[
        str | None,
        typer.Option(
            "--pareto",
            metavar="NAMES",
            help="What counts: latency, energy, area, cost, sram, bandwidth, power, traffic, makespan,"
            " accuracy, or an expression such as `latency * area`"
            " [default: as the file says, or latency,energy].",
        ),
    ] = None,
    plot: PlotFile = None,
    whole: WholeFront = False,
    workforce: Workforce,
) -> int:
    """Simulate every point of a design space, and show what is best in it.

    What varies may stand in the scenario, under `sweep:`; `--vary` replaces a knob of the file or adds one,
    and `--set` keeps one from varying.

    Examples: `simres sweep design-space`,
    `simres sweep resnet20 --vary hardware.ddr.bandwidth="0.5,1,2,4 GB/s"
    --vary hardware.sram.capacity="64 KiB..4 MiB log 13" -o chips`.
    """
    from simres.exploration import table
    from simres.exploration.fronts import front_of
    from simres.exploration.objectives import best_of, objectives_of
    from simres.exploration.sweep import sweep as run
    from simres.reporting.progress import SweepProgress
    from simres.reporting.tables.sweep_table import NEEDED, show

    study, own = study_for(session, asked, vary or [])
    pareto = pareto or own or USUAL
    objectives = objectives_of(pareto, study.paths)
    if plot is not None:
        check_drawing(plot, objectives)
    evaluation = evaluation_by(workforce)
    path = table.place(output)
    columns = [
        *(knob.key for knob in study.space.knobs),
        *(column for one in objectives for column in one.columns),
        *NEEDED,
    ]
    with SweepProgress(session.messages) as shown:
        run(study, path, evaluation, shown)
    rows = list(table.rows_in(path)) if plot is not None else table.lean(table.rows_in(path), columns)
    best = best_of(rows, objectives)
    if not best and any(row["error"] is None for row in rows):
        raise SimresError(f"no point says all of {pareto}", "such as `--pareto latency,energy`")
    show(rows, study.space.knobs, objectives, best, session.output, whole=whole)
    if plot is not None:
        draw_front(front_of(rows, study.space.knobs, objectives, whole=whole), plot)
        session.messages.print(f"wrote {plot}")
    session.messages.print(f"wrote {path}")
    return ExitCode.OK


def evaluation_by(workforce: Workforce) -> Evaluation:
    """How points are evaluated: on a cluster, by so many processes, or in this one."""
    if workforce.cluster is None:
        from simres.exploration import worker_processes

        count = workforce.workers or worker_processes.cores()
        return partial(worker_processes.processes, workers=count) if count > 1 else worker_processes.here
    if workforce.workers is not None:
        raise SimresError(
            "a cluster has the workers that it has", "leave out `--workers`; or `--cluster local:4`"
        )
    from simres.exploration.cluster import cluster as on_cluster

    return partial(on_cluster, address=workforce.cluster)


def study_for(session: Session, asked: ScenarioOptions, vary: list[str]) -> tuple[Study, str]:
    """The study that these arguments of a command line ask for, and what the file says counts, if it does."""
    from simres import api
    from simres.exploration.study import study_of
    from simres.exploration.sweep_request import around, section_of

    registry = session.registry
    knobs: dict[str, str] = {}
    for text in vary:
        key, values = pair(text, "--vary PATH=VALUES")
        if key in knobs:
            raise SimresError(f"--vary {key}: given twice", "one list or range holds all values of a knob")
        knobs[key] = values
    fixed = asked.overrides
    template = api.find_template(asked.scenario, chip=asked.chip)
    section = section_of(template)
    if not (knobs or section.knobs):
        template.scenario(
            registry, fixed
        )  # a misspelt `sweep:` is what is wrong then, not that nothing varies
    template, space = around(template, section, knobs, fixed)
    find = partial(api.find_workload, registry=registry)
    study = study_of(template, space, registry, find, settings=fixed, plugins=session.plugins)
    return study, section.pareto
