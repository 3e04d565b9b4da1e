"""Progress of long work: how far it is and what it found so far.

The work only counts. A display reads the counts from another thread a few times a second, so the innermost
loops pay nothing for it.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol, Self


class job:  # noqa: N801  (a context, as in `with job("runs", 10)`)
    """One piece of work while the block runs: `done` of `total` steps, named `what`.

    It counts in `steps` unless `done` is there to be asked. Without a total, it only goes on.
    """

    def __init__(
        self,
        what: str,
        total: int = 0,
        *,
        done: Callable[[], int] | None = None,
        found: Callable[[], str] | None = None,
        can_end: Callable[[], bool] = lambda: False,
    ) -> None:
        self.what = what
        self.total = total
        self.started = time.monotonic()
        self.steps = 0
        self.can_end = can_end
        """Whether it heeds `end_asked` now, and ends with a result of less."""
        self._done = done
        self._found = found

    def __enter__(self) -> Self:
        _state.going.append(self)
        if _state.watcher and len(_state.going) == 1:
            _state.watcher.begun()
        return self

    def __exit__(self, *_: object) -> None:
        _state.going.remove(self)
        if _state.watcher and not _state.going:
            _state.watcher.ended()

    @property
    def done(self) -> int:
        """The steps done."""
        return self._done() if self._done else self.steps

    @property
    def found(self) -> str:
        """What is known so far; empty if there is nothing to say."""
        try:
            return self._found() if self._found else ""
        except (RuntimeError, LookupError, ArithmeticError):  # it goes on while it is asked
            return ""


class Watcher(Protocol):
    """Whoever shows jobs."""

    def begun(self) -> None:
        """A job began where none was."""

    def ended(self) -> None:
        """No job is left."""


class _State:
    def __init__(self) -> None:
        self.going: list[job] = []
        self.watcher: Watcher | None = None
        self.end_asked = False
        self.cut: str | None = None


_state = _State()


def going() -> list[job]:
    """The jobs that go on, the outermost first."""
    return list(_state.going)


@contextmanager
def counted(what: str) -> Iterator[Callable[[int, int], None]]:
    """A job that is told its steps and their total, by the callback that this yields."""
    with job(what) as own:

        def told(done: int, total: int) -> None:
            own.steps, own.total = done, total

        yield told


@contextmanager
def watched(by: Watcher) -> Iterator[None]:
    """Shows jobs, and lets Ctrl-C end them with partial results: see `cut_short` and `end_asked`."""
    global _state
    before, _state = _state, _State()
    _state.watcher = by
    handler = signal.getsignal(signal.SIGINT)
    takes = handler is signal.default_int_handler and threading.current_thread() is threading.main_thread()
    if takes:
        signal.signal(signal.SIGINT, _interrupted)
    try:
        yield
    finally:
        if takes:
            signal.signal(signal.SIGINT, handler)
        by.ended()
        _state = before


def _interrupted(_signal: int, _frame: FrameType | None) -> None:
    """The first Ctrl-C asks the only job to end early, if it can; any other interrupts."""
    if _state.going and not _state.end_asked and all(one.can_end() for one in _state.going):
        _state.end_asked = True
        return
    raise KeyboardInterrupt


def end_asked() -> bool:
    """Whether a person asked the job to end early."""
    return _state.end_asked


def cut_short(how_far: str) -> bool:
    """Notes that an interrupted job returns partial results, and `how_far` it came; False if no display runs.

    Then the interruption must propagate: a Python program never gets partial results.
    """
    if _state.watcher is None:
        return False
    _state.cut = how_far
    return True


def how_far() -> str | None:
    """What `cut_short` noted."""
    return _state.cut
