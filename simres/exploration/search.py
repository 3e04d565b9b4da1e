"""Guided search: Optuna proposes points of a study, simres evaluates them, and Optuna learns from that.

What was tried stands in Optuna's storage, row by row, so a search goes on where it ended, and several
machines may search at once.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simres.errors import SimresError
from simres.exploration.limits import Limit
from simres.exploration.objectives import Objective
from simres.exploration.outcome import Row
from simres.exploration.space import Knob
from simres.exploration.study import Study
from simres.exploration.sweep import Evaluation, Observer
from simres.wording import shorten
from simres.workload import canonical

if TYPE_CHECKING:
    import optuna

ROW = "row"
"""The attribute of a trial that holds its row."""

REPEATS = 10
"""Proposals in a row that are known already, after which a point is drawn from those that are not."""


@dataclass(frozen=True, slots=True)
class Searched:
    """What a search did: every row there is, how many were there before, and how many new ones failed."""

    rows: tuple[Row, ...]
    before: int
    failed: int


def search(
    study: Study,
    objectives: Sequence[Objective],
    limits: Sequence[Limit],
    points: int,
    evaluation: Evaluation,
    observer: Observer,
    *,
    storage: str,
    seed: int = 0,
) -> Searched:
    """Evaluates up to `points` different points of `study`, those of earlier calls with them; returns all.

    The sampler is Optuna's NSGA-II (Deb et al. 2002, IEEE Transactions on Evolutionary Computation 6(2));
    rows that break limits come behind those that break them less. Values are asked for by their rank where
    they are numbers, so that neighbours are neighbours. A point is never evaluated twice: a repeated
    proposal is answered from what is known. `storage` is an Optuna storage's URL (`sqlite:///file.db`) or
    the path of a journal (`.log`). The same seed gives the same search where one point is evaluated at a
    time and nothing interrupts it.

    Raises `SimresError` for a storage that cannot be used.
    """
    with _told_plainly(storage):
        found = _Search(study, objectives, limits, _opened(study, objectives, limits, storage, seed), seed)
        before = len(found.rows)
        goal = min(points, study.space.size)
        observer.begin(goal, min(before, goal))
        failures = 0
        if before < goal:
            # Given as no points at all, they come one by one: each proposal then knows the most.
            for rows in evaluation(study, found.proposals(goal - before), 0):
                for row in rows:
                    found.learn(row)
                failures += sum(row["error"] is not None for row in rows)
                observer.rows(rows)
        return Searched(tuple(_rows(found.study)), before, failures)


@dataclass
class _Search:
    """A search under way: what is known, and the trials that wait for a point."""

    space: Study
    objectives: Sequence[Objective]
    limits: Sequence[Limit]
    study: optuna.Study
    seed: int
    rows: dict[str, Row] = field(init=False)
    waiting: dict[str, list[optuna.Trial]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rows = {str(row["key"]): row for row in _rows(self.study)}
        self.ranks = [_ranked(knob) for knob in self.space.space.knobs]
        self.random = random.Random(f"{self.seed} {len(self.rows)}")

    def proposals(self, count: int) -> Iterator[int]:
        """So many points that nobody has evaluated, each asked of Optuna when it is needed."""
        for _ in range(count):
            point = self._proposed()
            if point is None:
                return
            yield point

    def learn(self, row: Row) -> None:
        """Tells the trials that wait for a row."""
        key = str(row["key"])
        self.rows[key] = row
        for trial in self.waiting.pop(key):
            self._tell(trial, row)

    def _proposed(self) -> int | None:
        for _ in range(REPEATS):
            point = self._asked()
            if point is not None:
                return point
        drawn = self._drawn()
        if drawn is None:
            return None
        places = self.space.space.places(drawn)
        ranks = [ranked.index(place) for ranked, place in zip(self.ranks, places, strict=True)]
        knobs = self.space.space.knobs
        self.study.enqueue_trial({knob.key: rank for knob, rank in zip(knobs, ranks, strict=True)})
        return self._asked()

    def _asked(self) -> int | None:
        """Optuna's next point; None where it is known or under way."""
        from optuna.distributions import CategoricalDistribution, IntDistribution

        knobs = self.space.space.knobs
        trial = self.study.ask(
            {
                knob.key: IntDistribution(0, len(knob.values) - 1)
                if knob.numbers
                else CategoricalDistribution(range(len(knob.values)))
                for knob in knobs
            }
        )
        places = [ranked[trial.params[knob.key]] for knob, ranked in zip(knobs, self.ranks, strict=True)]
        point = self.space.space.point(places)
        key = self.space.key(point)
        if key in self.rows:
            self._tell(trial, self.rows[key])
            return None
        new = key not in self.waiting
        self.waiting.setdefault(key, []).append(trial)
        return point if new else None

    def _drawn(self) -> int | None:
        """A point that is neither known nor under way, evenly from all of them; None where there is none."""
        size = self.space.space.size
        if len(self.rows) + len(self.waiting) >= size:
            return None
        first = self.random.randrange(size)
        for number in range(size):
            point = (first + number) % size
            key = self.space.key(point)
            if key not in self.rows and key not in self.waiting:
                return point
        return None

    def _tell(self, trial: optuna.Trial, row: Row) -> None:
        from optuna.trial import TrialState

        trial.set_user_attr(ROW, row)
        values = [objective.of(row) for objective in self.objectives]
        if None in values:
            self.study.tell(trial, state=TrialState.FAIL)
            return
        for limit in self.limits:
            trial.set_constraint(limit.objective.name, limit.excess(row))
        self.study.tell(trial, [value for value in values if value is not None])


def searched(
    study: Study, objectives: Sequence[Objective], limits: Sequence[Limit], *, storage: str
) -> tuple[Row, ...]:
    """The rows that a search has so far. Raises as `search`."""
    with _told_plainly(storage):
        return tuple(_rows(_opened(study, objectives, limits, storage, 0)))


def _ranked(knob: Knob) -> list[int]:
    """The places of a knob's values, smallest number first where they are numbers."""
    numbers = knob.numbers
    return sorted(range(len(knob.values)), key=numbers.__getitem__ if numbers else None)


def _rows(study: optuna.Study) -> Iterator[Row]:
    """The rows in a storage, each point once, in the order of their trials."""
    seen = set()
    for trial in study.get_trials(deepcopy=False):
        row = trial.user_attrs.get(ROW)
        if trial.state.is_finished() and isinstance(row, dict) and row.get("key") not in seen:
            seen.add(row.get("key"))
            yield row


def _opened(
    study: Study, objectives: Sequence[Objective], limits: Sequence[Limit], storage: str, seed: int
) -> optuna.Study:
    """The Optuna study of this search, new or taken up again."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    asked = {
        "study": study.identity,
        "knobs": {knob.key: values for knob, values in zip(study.space.knobs, study.identities, strict=True)},
        "values": {knob.key: knob.values for knob in study.space.knobs},
        "objectives": [objective.name for objective in objectives],
        "limits": [[limit.objective.name, str(limit.bound)] for limit in limits],
    }
    name = "simres-" + hashlib.sha256(canonical(asked).encode()).hexdigest()[:24]
    found = optuna.create_study(
        storage=_storage(storage),
        study_name=name,
        directions=["minimize"] * len(objectives),
        load_if_exists=True,
    )
    # A search that is taken up again must not propose what it began with.
    found.sampler = optuna.samplers.NSGAIISampler(seed=(seed + len(found.get_trials(deepcopy=False))) % 2**32)
    return found


def _storage(url: str) -> Any:
    """What is at an address: a journal, or a database."""
    from optuna import storages
    from optuna.storages import journal

    if url.startswith(("redis://", "rediss://", "unix://")):
        return storages.JournalStorage(journal.JournalRedisBackend(url))
    if url.endswith(".log") and "://" not in url:
        return storages.JournalStorage(journal.JournalFileBackend(url))
    if not url.startswith("sqlite"):
        return url
    from sqlalchemy import event

    found = storages.RDBStorage(url, engine_kwargs={"connect_args": {"timeout": 60}})
    event.listen(found.engine, "connect", _write_ahead)
    found.engine.dispose()  # connections made so far were not told
    return found


def _write_ahead(connection: Any, _: object) -> None:
    """Lets SQLite wait for the disk now and then only: each trial is a dozen small writes.

    A process that is killed loses nothing by it, a power failure the last trials.
    """
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


@contextmanager
def _told_plainly(storage: str) -> Iterator[None]:
    """Turns what a storage can do wrong into errors for people."""
    try:
        import optuna
        from sqlalchemy.exc import SQLAlchemyError
    except ImportError as error:
        raise SimresError(
            f"searching needs Optuna, and {error.name} is not installed", "pip install 'simres[explore]'"
        ) from None
    known: tuple[type[Exception], ...] = (
        SQLAlchemyError,
        optuna.exceptions.OptunaError,
        OSError,
        ImportError,
    )
    try:
        yield
    except known as error:
        reason = shorten(" ".join(str(error).split()).partition(" [SQL")[0], 200)
        raise SimresError(
            f"the storage `{_without_password(storage)}` cannot be used: {reason}",
            "such as `sqlite:///search.db`, `postgresql://HOST/NAME`, `redis://HOST` or `search.log`",
        ) from error


def _without_password(url: str) -> str:
    head, mark, tail = url.partition("://")
    return f"{head}{mark}{tail.rpartition('@')[2]}" if mark else url
