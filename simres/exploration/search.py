"""Guided search: points of a large space, chosen near the front from the results of earlier points.

Optuna proposes the points; this module defines its space, tells it the results, and evaluates no point twice.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from simres.errors import SimresError
from simres.exploration.constraints import Constraint
from simres.exploration.handing_on import hand_on
from simres.exploration.objectives import Objective
from simres.exploration.point_figures import Evaluation, FigureRow, columns, reader
from simres.exploration.space import Knob
from simres.exploration.study import Study
from simres.exploration.sweep import SweepObserver
from simres.exploration.table import Table, replace_rows
from simres.exploration.trials import ROW, Trials, row_of
from simres.sharing.workbench import Workbench
from simres.text import shorten

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

REPEATS = 10
"""After this many known proposals in a row, a point is drawn from the unknown ones."""

SAMPLERS = ("nsga2", "tpe")
"""Samplers by name: NSGA-II (Deb et al. 2002, IEEE Transactions on Evolutionary Computation 6(2)), or a
tree-structured Parzen estimator of all knobs together (Bergstra et al. 2011, NIPS 24; for several objectives
Ozaki et al. 2022, Journal of Artificial Intelligence Research 73)."""

LOOK = 20
"""New rows between two checks of the storage for results of other machines."""


@dataclass(frozen=True, slots=True)
class Searched:
    """The result of a search: all rows, how many existed before, and how many new ones failed."""

    rows: tuple[FigureRow, ...]
    before: int
    failed: int


def search(
    study: Study,
    path: Path,
    objectives: Sequence[Objective],
    limits: Sequence[Constraint],
    points: int,
    evaluation: Evaluation,
    observer: SweepObserver,
    *,
    storage: str,
    seed: int = 0,
    sampler: str = "nsga2",
    bench: Workbench | None = None,
) -> Searched:
    """Evaluates up to `points` different points of `study`, including those of earlier calls; returns all.

    Each row is written to the table at `path` and to `storage`, an Optuna storage (see `Trials`), as soon as
    it is evaluated; rows that one of them lacks are copied from the other. Numeric values are proposed by
    rank, so that neighbours are neighbours; rows that break limits rank behind those that break them less. A
    point is never evaluated twice: a repeated proposal is answered from the known row. `sampler` is one of
    `SAMPLERS`. The same seed gives the same search if one point is evaluated at a time and nothing interrupts
    it. At the end, schedules are handed on between the points of the table (`hand_on`); what is proposed and
    `storage` know of the points by themselves.

    Raises `SimresError` as `Table` and `Trials` do, and for an unknown sampler; all rows written before an
    error remain.
    """
    if sampler not in SAMPLERS:
        raise SimresError(f"unknown sampler `{shorten(sampler)}`", f"there are {', '.join(SAMPLERS)}")
    known: dict[int, FigureRow] = {}
    point_of = reader(study)

    def taken(row: FigureRow) -> bool:
        point = point_of(row)
        if point is not None:
            known[point] = row
        return point is not None

    asked = {
        "study": study.identity,
        "knobs": {knob.key: values for knob, values in zip(study.space.knobs, study.identities, strict=True)},
        "values": {knob.key: knob.values for knob in study.space.knobs},
        "objectives": [objective.name for objective in objectives],
        "limits": [[limit.objective.name, str(limit.bound)] for limit in limits],
    }
    with Table(path, columns(study), taken) as table, Trials(storage, asked, len(objectives)) as trials:
        found = _Search(study, objectives, limits, trials, known, seed, sampler)
        table.append(found.begin())
        before = len(found.rows)
        goal = min(points, study.space.size)
        observer.begin(goal, min(before, goal))
        failures = new = 0
        if before < goal:
            # A count of 0 makes portions of one point: each proposal then uses all results so far.
            for rows in evaluation(study, found.proposals(goal - before), 0):
                table.append(rows)
                for row in rows:
                    found.learn(row)
                failures += sum(row["error"] is not None for row in rows)
                observer.rows(rows)
                new += len(rows)
                if new >= LOOK:
                    new = 0
                    table.append(found.look())
        faster = hand_on(study, found.rows, evaluation, bench)
    if faster:
        found.rows.update(faster)
        replace_rows(path, {str(row["key"]): row for row in faster.values()})
    return Searched(tuple(found.rows.values()), before, failures)


@dataclass
class _Search:
    """A search in progress: the known rows, and the trials that await a point.

    `study` is Optuna's, in memory: asking and telling is a hundred times faster than with a database.
    """

    space: Study
    objectives: Sequence[Objective]
    limits: Sequence[Constraint]
    trials: Trials
    rows: dict[int, FigureRow]
    seed: int
    sampler: str
    waiting: dict[int, list[optuna.Trial]] = field(default_factory=dict)

    def begin(self) -> list[FigureRow]:
        """Exchanges rows with the storage, both ways; returns the rows that were not known here."""
        import optuna

        self.point_of = reader(self.space)
        self.ranks = [_ranked(knob) for knob in self.space.space.knobs]
        self.distributions = dict(self._distributions())
        self.study = optuna.create_study(directions=["minimize"] * len(self.objectives))
        lacking = dict(self.rows)
        found = self.look(lacking)
        for point, row in lacking.items():
            trial = self._ended(point, row)
            self.study.add_trial(trial)
            self.trials.add(trial)
        # A resumed search must not repeat the proposals that it began with.
        seed = (self.seed + len(self.rows)) % 2**32
        self.study.sampler = (
            optuna.samplers.TPESampler(seed=seed, multivariate=True)
            if self.sampler == "tpe"
            else optuna.samplers.NSGAIISampler(seed=seed)
        )
        self.random = random.Random(f"{self.seed} {len(self.rows)}")
        return found

    def look(self, lacking: dict[int, FigureRow] | None = None) -> list[FigureRow]:
        """Reads new rows from the storage and drops them from `lacking`; returns those not known here."""
        found = []
        for trial in self.trials.news():
            row = row_of(trial)
            point = None if row is None else self.point_of(row)
            if row is None or point is None:
                continue
            if lacking is not None and lacking.pop(point, None) is not None:
                self.study.add_trial(trial)
            elif point not in self.rows:
                self.study.add_trial(trial)
                self.rows[point] = row
                found.append(row)
        return found

    def proposals(self, count: int) -> Iterator[int]:
        """Yields up to `count` unevaluated points, each proposed by Optuna when it is needed."""
        for _ in range(count):
            point = self._proposed()
            if point is None:
                return
            yield point

    def learn(self, row: FigureRow) -> None:
        """Reports a row to the trials that await it, and stores the first of them."""
        point = self.point_of(row)
        assert point is not None, "a row of this study"
        self.rows[point] = row
        first, *others = self.waiting.pop(point)
        first.set_user_attr(ROW, row)
        self.trials.add(self._tell(first, row))
        for trial in others:
            self._tell(trial, row)

    def _proposed(self) -> int | None:
        for _ in range(REPEATS):
            point = self._asked()
            if point is not None:
                return point
        drawn = self._drawn()
        if drawn is None:
            return None
        self.study.enqueue_trial(self._params(drawn))
        return self._asked()

    def _asked(self) -> int | None:
        """Returns Optuna's next point; None if it is known or in progress."""
        trial = self.study.ask(self.distributions)
        places = [
            ranked[trial.params[key]] for key, ranked in zip(self.distributions, self.ranks, strict=True)
        ]
        point = self.space.space.point(places)
        if point in self.rows:
            self._tell(trial, self.rows[point])
            return None
        new = point not in self.waiting
        self.waiting.setdefault(point, []).append(trial)
        return point if new else None

    def _drawn(self) -> int | None:
        """Returns a point that is neither known nor in progress, drawn uniformly; None if there is none."""
        size = self.space.space.size
        if len(self.rows) + len(self.waiting) >= size:
            return None
        first = self.random.randrange(size)
        turned = ((first + number) % size for number in range(size))
        return next(point for point in turned if point not in self.rows and point not in self.waiting)

    def _tell(self, trial: optuna.Trial, row: FigureRow) -> FrozenTrial:
        from optuna.trial import TrialState

        values = self._values(row)
        if values is None:
            return self.study.tell(trial, state=TrialState.FAIL)
        for name, excess in self._excesses(row).items():
            trial.set_constraint(name, excess)
        return self.study.tell(trial, values)

    def _ended(self, point: int, row: FigureRow) -> FrozenTrial:
        """Returns a row as a finished trial, for a point that was not proposed here."""
        from optuna.trial import TrialState, create_trial

        values = self._values(row)
        return create_trial(
            state=TrialState.FAIL if values is None else TrialState.COMPLETE,
            values=values,
            params=self._params(point),
            distributions=self.distributions,
            user_attrs={ROW: row},
            constraints=self._excesses(row) if values is not None else None,
        )

    def _values(self, row: FigureRow) -> list[float] | None:
        found = [value for value in (objective.of(row) for objective in self.objectives) if value is not None]
        return found if len(found) == len(self.objectives) else None

    def _excesses(self, row: FigureRow) -> dict[str, float]:
        return {limit.objective.name: limit.excess(row) for limit in self.limits}

    def _params(self, point: int) -> dict[str, int]:
        places = zip(self.distributions, self.ranks, self.space.space.places(point), strict=True)
        return {key: ranked.index(place) for key, ranked, place in places}

    def _distributions(self) -> Iterator[tuple[str, BaseDistribution]]:
        from optuna.distributions import CategoricalDistribution, IntDistribution

        for knob in self.space.space.knobs:
            count = len(knob.values)
            numbers = knob.numbers is not None
            yield (
                knob.key,
                IntDistribution(0, count - 1) if numbers else CategoricalDistribution(range(count)),
            )


def _ranked(knob: Knob) -> list[int]:
    """Returns the indices of a knob's values, in ascending order if they are numbers."""
    numbers = knob.numbers
    return sorted(range(len(knob.values)), key=numbers.__getitem__ if numbers else None)
