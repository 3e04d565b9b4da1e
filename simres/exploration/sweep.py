"""Evaluates every point of a study once, and resumes after an interruption."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from simres.exploration.figures import FigureRow, columns
from simres.exploration.study import Study
from simres.exploration.table import Table

Evaluation = Callable[[Study, Iterable[int], int], Iterator[list[FigureRow]]]
"""Evaluates points: gets a study, points, and how many these are, and yields rows as they come."""


class SweepObserver(Protocol):
    """Watches a sweep."""

    def begin(self, points: int, done: int) -> None:
        """So many points in all, so many of them evaluated before."""

    def rows(self, rows: list[FigureRow]) -> None:
        """More rows are in the table."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did: points in all, those that were there before, and those of this time that failed."""

    points: int
    before: int
    failed: int


def reader(study: Study) -> Callable[[FigureRow], int | None]:
    """What finds the point of a row; None where the row is not one of this study."""
    places = [{value: at for at, value in enumerate(values)} for values in study.head.values()]

    def point_of(row: FigureRow) -> int | None:
        found = [known.get(row.get(key)) for key, known in zip(study.head, places, strict=True)]  # type: ignore[arg-type]
        if None in found:
            return None
        point = study.space.point([at for at in found if at is not None])
        return point if study.key(point) == row.get("key") else None

    return point_of


def sweep(study: Study, path: Path, evaluation: Evaluation, observer: SweepObserver) -> Swept:
    """Evaluates every point of `study` that is not in the table at `path` yet, and adds its row there.

    Points that failed before count as done. Raises `SimresError` as `Table` does; whatever ends a sweep, all
    rows written so far stay, and the same call goes on from there.
    """
    done = bytearray(study.space.size)
    point_of = reader(study)

    def taken(row: FigureRow) -> bool:
        point = point_of(row)
        if point is not None:
            done[point] = 1
        return point is not None

    with Table(path, columns(study), taken) as table:
        before = sum(done)
        failures = 0
        observer.begin(len(done), before)
        left = (point for point in study.space.order(study.slow) if not done[point])
        if before < len(done):
            for rows in evaluation(study, left, len(done) - before):
                table.append(rows)
                failures += sum(row["error"] is not None for row in rows)
                observer.rows(rows)
    return Swept(len(done), before, failures)
