"""Evaluates every point of a study once, and resumes after an interruption."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from simres.exploration.handing_on import NEEDED, hand_on
from simres.exploration.point_figures import Evaluation, FigureRow, columns, reader
from simres.exploration.study import Study
from simres.exploration.table import Table, replace_rows
from simres.sharing.workbench import Workbench


class SweepObserver(Protocol):
    """Observes a sweep."""

    def begin(self, points: int, done: int) -> None:
        """Called first, with the number of points in all and of those evaluated before."""

    def rows(self, rows: list[FigureRow]) -> None:
        """Called when more rows are in the table."""


@dataclass(frozen=True, slots=True)
class Swept:
    """The result of a sweep: points in all, those evaluated before, and those that failed this time."""

    points: int
    before: int
    failed: int


def sweep(
    study: Study, path: Path, evaluation: Evaluation, observer: SweepObserver, bench: Workbench | None = None
) -> Swept:
    """Evaluates every point of `study` that is not in the table at `path` yet, and adds its row there.

    Points that failed before count as done. When all are done, schedules are handed on (`hand_on`), and the
    rows of points that become faster are replaced, all at once. Raises `SimresError` as `Table` does. After
    any interruption, all rows written so far remain, and the same call continues from there. Points
    evaluated in this process share what is on the `bench`.
    """
    done: dict[int, FigureRow] = {}
    point_of = reader(study)

    def taken(row: FigureRow) -> bool:
        point = point_of(row)
        if point is not None:
            done[point] = {name: row[name] for name in NEEDED}
        return point is not None

    size = study.space.size
    with Table(path, columns(study), taken) as table:
        before = len(done)
        failures = 0
        observer.begin(size, before)
        left = (point for point in study.space.order(study.slow) if point not in done)
        if before < size:
            for rows in evaluation(study, left, size - before):
                table.append(rows)
                for row in rows:
                    taken(row)
                    failures += row["error"] is not None
                observer.rows(rows)
        faster = hand_on(study, done, evaluation, bench)
    if faster:
        replace_rows(path, {str(row["key"]): row for row in faster.values()})
    return Swept(size, before, failures)
