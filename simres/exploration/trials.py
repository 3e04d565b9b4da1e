"""Stores the trials of a search in an Optuna storage.

Only finished trials are stored, each with its row. The state between the proposal of a point and its figures
stays in the search, so that a point costs one transaction.
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from simres.errors import SimresError, install
from simres.exploration.point_figures import FigureRow
from simres.text import shorten
from simres.workload.graph import canonical

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

ROW = "row"
"""The attribute of a trial that holds its row."""

ASKED = "asked"
"""The attribute of a study that describes the search."""

FORMS = "such as `sqlite:///search.db`, `postgresql://HOST/NAME`, `redis://HOST` or `search.log`"

AGAIN = "no finished row is lost; run the same command again and it goes on"


class Trials:
    """The finished trials of one search, in the storage at `url`.

    `asked` identifies the search. `url` is an Optuna storage's URL (`sqlite:///file.db`) or the path of a
    journal (`.log`). A server may hold many searches, a file holds one; a file that was created for a search
    without results is removed again.

    Raises `SimresError` for a storage that cannot be used, and for a file with another search in it.
    """

    def __init__(self, url: str, asked: Mapping[str, object], objectives: int) -> None:
        self._url = url
        self._seen: set[int] = set()
        self._made: Path | None = None
        with _told_plainly(url, FORMS):
            import optuna

            optuna.logging.set_verbosity(optuna.logging.ERROR)
            file = _file_of(url)
            if file is not None and not file.exists():
                self._made = file
            self._storage = _storage(url)
            name = "simres-" + hashlib.sha256(canonical(asked).encode()).hexdigest()[:24]
            others = optuna.get_all_study_names(self._storage)
            if file is not None and others and name not in others:
                raise SimresError(
                    f"the storage `{shorten(url, 200)}` belongs to another search"
                    + _difference(optuna.load_study(study_name=others[0], storage=self._storage), asked),
                    "name another file (`--storage`, or `-o` for both), or remove the old ones",
                )
            self._study = optuna.create_study(
                storage=self._storage,
                study_name=name,
                directions=["minimize"] * objectives,
                load_if_exists=True,
            )
            if ASKED not in self._study.user_attrs:
                self._study.set_user_attr(ASKED, {key: asked[key] for key in ("objectives", "limits")})

    def news(self) -> Iterator[FrozenTrial]:
        """Yields the trials added since the last call, including those of other machines."""
        with _told_plainly(self._url, FORMS):
            found = self._study.get_trials(deepcopy=False)
        for trial in found:
            if trial.number not in self._seen and trial.state.is_finished() and row_of(trial) is not None:
                self._seen.add(trial.number)
                yield trial

    def add(self, trial: FrozenTrial) -> None:
        """Stores a finished trial."""
        with _told_plainly(self._url, AGAIN):
            self._study.add_trial(trial)
        self._made = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        engine = getattr(self._storage, "engine", None)
        if engine is not None:
            self._storage.remove_session()
            engine.dispose()
        if self._made is not None:
            for end in ("", "-wal", "-shm", "-journal", ".lock"):
                self._made.with_name(self._made.name + end).unlink(missing_ok=True)


def row_of(trial: FrozenTrial) -> FigureRow | None:
    """Returns the row of a trial; None where it has none."""
    row = trial.user_attrs.get(ROW)
    return row if isinstance(row, dict) else None


def _difference(other: Any, asked: Mapping[str, object]) -> str:
    """Describes the difference of another search from this one, where a few words suffice."""
    found = other.user_attrs.get(ASKED)
    if not isinstance(found, dict):
        return ""
    goals = found.get("objectives")
    if goals != asked["objectives"] and isinstance(goals, list):
        return f", for {', '.join(map(str, goals))}"
    if found.get("limits") != asked["limits"]:
        return ", with other limits"
    return ", of another space"


def _storage(url: str) -> Any:
    """Opens the storage at an address: a journal, or a database."""
    from optuna import storages
    from optuna.storages import journal

    if url.startswith(("redis://", "rediss://", "unix://")):
        return storages.JournalStorage(journal.JournalRedisBackend(url))
    if _is_journal(url):
        return storages.JournalStorage(journal.JournalFileBackend(url))
    if not url.startswith("sqlite"):
        return storages.get_storage(url)
    from sqlalchemy import event

    found = storages.RDBStorage(url, engine_kwargs={"connect_args": {"timeout": 60}})
    event.listen(found.engine, "connect", _write_ahead)
    found.engine.dispose()  # existing connections lack the new settings
    return found


def _is_journal(url: str) -> bool:
    return url.endswith(".log") and "://" not in url


def _file_of(url: str) -> Path | None:
    """Returns the file of a storage; None for a storage that is not a file."""
    if _is_journal(url):
        return Path(url)
    if not url.startswith("sqlite"):
        return None
    from sqlalchemy import make_url

    name = make_url(url).database
    return Path(name) if name and name != ":memory:" else None


def _write_ahead(connection: Any, _: object) -> None:
    """Lets SQLite sync to the disk only occasionally: each trial is a dozen small writes.

    A killed process loses nothing by it, a power failure the last trials.
    """
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


@contextmanager
def _told_plainly(url: str, hint: str) -> Iterator[None]:
    """Converts the errors of a storage to errors for users."""
    try:
        import optuna
        from sqlalchemy.exc import SQLAlchemyError
    except ImportError as error:
        raise SimresError(
            f"searching needs Optuna, and {error.name} is not installed", install("explore")
        ) from None
    # An invalid journal raises `ValueError` or `KeyError`, depending on where it fails.
    known = (SQLAlchemyError, optuna.exceptions.OptunaError, OSError, ImportError, ValueError, KeyError)
    try:
        yield
    except known as error:
        last: BaseException = error
        while last.__cause__ is not None:  # Optuna hides the database's own message
            last = last.__cause__
        if "disk is full" in str(last) or getattr(last, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
            hint = f"make room; {AGAIN}"
        if isinstance(last, ModuleNotFoundError):
            hint = f"its driver is the Python module `{last.name}`, which `pip install` brings"
        reason = shorten(" ".join(str(last).split()).partition(" [SQL")[0], 200) or type(last).__name__
        raise SimresError(f"the storage `{_without_password(url)}` cannot be used: {reason}", hint) from error


def _without_password(url: str) -> str:
    head, mark, tail = url.partition("://")
    return f"{head}{mark}{tail.rpartition('@')[2]}" if mark else url
