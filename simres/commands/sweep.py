"""`simres sweep`: a grid of design points in, a table out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from simres.commands.options import (
    GoalNames,
    OldGoalNames,
    PlotFile,
    ScenarioOptions,
    TableFile,
    Vary,
    WholeFront,
    Workforce,
    goal_of,
    pair,
)
from simres.commands.plot import check_drawing, draw_front
from simres.commands.session import Session
from simres.errors import ExitCode, SimresError
from simres.files import STDIO

if TYPE_CHECKING:
    from simres.exploration.point_figures import Evaluation
    from simres.exploration.study import Study
    from simres.sharing.workbench import Workbench


def sweep(
    session: Session,
    *,
    vary: Vary = None,
    asked: ScenarioOptions,
    output: TableFile = Path("sweep.jsonl"),
    goal: GoalNames = None,
    pareto: OldGoalNames = None,
    plot: PlotFile = None,
    whole: WholeFront = False,
    workforce: Workforce,
) -> int:
    """Simulate every point of a design space and show the best.

    The scenario can state its knobs under `sweep:`. `--vary` replaces or adds a knob; `--set` fixes one.

    Examples: `simres sweep design-space`,
    `simres sweep resnet20 --vary hardware.ddr.bandwidth="0.5,1,2,4 GB/s"
    --vary hardware.sram.capacity="64 KiB..4 MiB log 13" -o chips`.
    """
    from simres.exploration import table
    from simres.exploration.fronts import front_of
    from simres.exploration.objectives import USUAL, best_of, objectives_of
    from simres.exploration.sweep import sweep as run
    from simres.exploration.table_formats import check_format
    from simres.reporting.progress import SweepProgress
    from simres.reporting.tables.sweep_table import NEEDED, SHOWN, show
    from simres.sharing.workbench import Workbench

    study, own = study_for(session, asked, vary or [])
    goal = goal_of(goal, pareto) or own or USUAL
    objectives = objectives_of(goal, study.paths)
    if plot is not None:
        check_drawing(plot, objectives)
    bench = Workbench()
    evaluation = evaluation_by(workforce, bench)
    check_format(output)
    with table_for(output) as path:
        columns = [
            *(knob.key for knob in study.space.knobs),
            *(column for one in objectives for column in one.columns),
            *NEEDED,
        ]
        with SweepProgress(session.messages) as shown:
            run(study, path, evaluation, shown, bench)
        written = write_other(path, output)
        keeps = plot is not None
        rows = list(table.rows_in(path)) if keeps else table.lean(table.rows_in(path), columns)
    best = best_of(rows, objectives)
    if not best and any(row["error"] is None for row in rows):
        raise SimresError(f"no point has all of {goal}", "such as `--goal latency,energy`")
    if output != STDIO:
        show(rows, study.space.knobs, objectives, best, session.output, whole=whole, few=SHOWN)
    if plot is not None:
        draw_front(front_of(rows, study.space.knobs, objectives, whole=whole), plot)
        session.messages.print(f"wrote {plot}")
    if output != STDIO:
        session.messages.print(f"wrote {written}")
    return ExitCode.OK


@contextmanager
def table_for(output: Path, name: str = "sweep.jsonl") -> Iterator[Path]:
    """The JSON Lines that a search goes on from; those of a table for stdout last as long as the block."""
    from simres.exploration import table
    from simres.exploration.table_formats import lines_beside

    if output != STDIO:
        yield lines_beside(table.place(output, name))
        return
    with TemporaryDirectory(prefix="simres-") as folder:
        yield Path(folder) / name


def write_other(lines: Path, output: Path) -> Path:
    """Writes the table in the format that was asked for, if that is another; returns the file to name."""
    from simres.exploration import table
    from simres.exploration.table_formats import FORMATS, write_rows

    if output.suffix not in FORMATS and output != STDIO:
        return lines
    write_rows(table.rows_in(lines), output)
    return output


def evaluation_by(workforce: Workforce, bench: Workbench) -> Evaluation:
    """How points are evaluated: on a cluster, by worker processes, or in this one, on the `bench`."""
    if workforce.cluster is None:
        from simres.exploration import worker_processes

        count = workforce.workers or worker_processes.cores()
        if count > 1:
            return partial(worker_processes.processes, workers=count)
        return partial(worker_processes.here, bench=bench)
    if workforce.workers is not None:
        raise SimresError(
            "`--workers` does not apply to a cluster", "leave it out, or use `--cluster local:4`"
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
            raise SimresError(f"--vary {key}: given twice", "give all values of a knob in one list or range")
        knobs[key] = values
    fixed = asked.overrides(asked.scenario)
    template = api.find_template(asked.scenario, chip=asked.chip)
    section = section_of(template)
    if not (knobs or section.knobs):
        template.scenario(
            registry, fixed
        )  # a misspelt `sweep:` is what is wrong then, not that no knob varies
    template, space = around(template, section, knobs, fixed)
    find = partial(api.find_workload, registry=registry)
    study = study_of(template, space, registry, find, settings=fixed, plugins=session.plugins)
    return study, section.goal
