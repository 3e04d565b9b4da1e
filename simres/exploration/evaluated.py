"""Evaluated designs for Python programs: rows, knobs and goals, and all of it as a DataFrame."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from simres.errors import SimresError, install
from simres.exploration import table, worker_processes
from simres.exploration.constraints import Constraint, limits_of
from simres.exploration.objectives import Objective, best_of, objectives_of
from simres.exploration.point_figures import Evaluation, FigureRow
from simres.exploration.space import Knob
from simres.exploration.study import Study, study_of
from simres.exploration.sweep import sweep
from simres.exploration.sweep_request import around, section_of
from simres.plugins.registry import Registry
from simres.scenario.loader import Template
from simres.sharing.workbench import Workbench
from simres.workload.graph import Ledger, Workload

if TYPE_CHECKING:
    import pandas as pd

POINTS = 100
"""Points that a search simulates by default."""


@dataclass(frozen=True)
class EvaluatedDesigns:
    """The designs of a sweep or a search: a row each, with the knobs that vary and the goals.

    A row has the knobs and all figures in base units, by the names of docs/sweep.md; `error` says why one
    failed, else it is None.
    """

    rows: tuple[FigureRow, ...]
    knobs: tuple[Knob, ...]
    goals: tuple[Objective, ...]
    limits: tuple[Constraint, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def best(self) -> tuple[FigureRow, ...]:
        """The rows on the Pareto front of the goals that keep to the limits, best in the first goal first."""
        kept = best_of(self.rows, self.goals, lambda row: all(each.excess(row) <= 0 for each in self.limits))
        return tuple(self.rows[number] for number in kept)

    def to_pandas(self) -> pd.DataFrame:
        """Returns all rows as a DataFrame, with a column for each goal by expression, and `best`: whether a
        row is on the front. Raises `SimresError` without pandas (the extra `[pandas]`)."""
        try:
            import pandas as pd
        except ImportError:
            raise SimresError("a DataFrame needs pandas", install("pandas")) from None
        front = {row["key"] for row in self.best}
        formulas = [goal for goal in self.goals if goal.formula is not None]
        return pd.DataFrame(
            [
                {**row, **{goal.name: goal.figure(row) for goal in formulas}, "best": row["key"] in front}
                for row in self.rows
            ]
        )


class _Unobserved:
    """Observes a sweep, and shows nothing."""

    def begin(self, points: int, done: int) -> None:
        """Nothing is shown."""

    def rows(self, rows: list[FigureRow]) -> None:
        """Nothing is shown."""


def study_around(
    template: Template,
    vary: Mapping[str, object],
    overrides: Mapping[str, Any],
    registry: Registry,
    find: Callable[[str], Workload | Ledger],
) -> tuple[Study, str]:
    """Returns the study of `vary` and the scenario's own `sweep:`, and the goals that the latter has.

    Raises `SimresError` as `around` and `study_of` do.
    """
    settings = {key: own if isinstance(own, str) else json.dumps(own) for key, own in overrides.items()}
    section = section_of(template)
    template, space = around(template, section, vary, settings)
    return study_of(template, space, registry, find, settings=settings), section.goal


def swept(study: Study, goals: str, output: Path | None, workers: int) -> EvaluatedDesigns:
    """Evaluates every point of a study. With `output`, rows are kept there, and a sweep goes on from them.

    Raises `SimresError` for unknown goals and as `sweep` does.
    """
    objectives = objectives_of(goals, study.paths)
    with _folder(output) as folder:
        path = table.place(folder)
        bench = Workbench()
        sweep(study, path, _evaluation(workers, bench), _Unobserved(), bench)
        rows = tuple(table.rows_in(path))
    return EvaluatedDesigns(rows, study.space.knobs, tuple(objectives))


def explored(
    study: Study,
    goals: str,
    limits: Mapping[str, str],
    output: Path | None,
    workers: int,
    *,
    points: int,
    seed: int,
    sampler: str,
) -> EvaluatedDesigns:
    """Evaluates up to `points` points of a study, each chosen by the results of those before.

    Raises `SimresError` for unknown goals and limits and as `search` does.
    """
    from simres.exploration.search import search

    objectives = objectives_of(goals, study.paths)
    kept = limits_of(limits, study.paths)
    bench = Workbench()
    with _folder(output) as folder:
        path = table.place(folder, "explore.jsonl")
        found = search(
            study,
            path,
            objectives,
            kept,
            points,
            _evaluation(workers, bench),
            _Unobserved(),
            storage=f"sqlite:///{path.with_suffix('.db').absolute()}",
            seed=seed,
            sampler=sampler,
            bench=bench,
        )
    return EvaluatedDesigns(found.rows, study.space.knobs, tuple(objectives), kept)


@contextmanager
def _folder(output: Path | None) -> Iterator[Path]:
    """The place of a table: as asked for, or a folder that is removed at the end."""
    if output is not None:
        yield output
        return
    with TemporaryDirectory(prefix="simres-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def _evaluation(workers: int, bench: Workbench) -> Evaluation:
    if workers < 1:
        raise SimresError(f"`workers` must be 1 or more, got {workers}")
    if workers > 1:
        return partial(worker_processes.processes, workers=workers)
    return partial(worker_processes.here, bench=bench)
