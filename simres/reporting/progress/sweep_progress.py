"""Progress of a sweep: a bar on a terminal, an occasional line elsewhere."""

from __future__ import annotations

import time
from collections.abc import Sized
from types import TracebackType
from typing import TYPE_CHECKING, Self

from simres.reporting.text.console import Output

if TYPE_CHECKING:
    from rich.progress import Progress

BETWEEN = 0.2
"""Seconds between looks at the bar."""
BETWEEN_LINES = 10.0
"""Seconds between lines where there is no bar."""


class SweepProgress:
    """Watches a sweep (`simres.exploration.sweep.SweepObserver`) and shows it on `output`."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._bar: Progress | None = None
        self._points = self._before = self._done = self._failed = 0
        self._started = self._due = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()
        if self._points:
            self._output.print(self._said(ended=True))

    def begin(self, points: int, done: int) -> None:
        """Draws the bar where there is a terminal."""
        self._points, self._before, self._done = points, done, done
        self._started = time.monotonic()
        self._due = self._started + BETWEEN_LINES
        before = f", {done} of them there already" if done else ""
        self._output.print(f"{points} points{before}")
        if self._output.is_terminal and done < points:
            from simres.reporting.progress.bar import progress_bar

            self._due = self._started
            self._bar = progress_bar(self._output)
            self._bar.add_task("", total=points, completed=done, said="")
            self._bar.start()

    def rows(self, rows: Sized) -> None:
        """Counts rows, and says so now and then."""
        self._done += len(rows)
        self._failed += sum(row["error"] is not None for row in rows)  # type: ignore[attr-defined]
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + (BETWEEN if self._bar else BETWEEN_LINES)
        if self._bar:
            self._bar.update(self._bar.task_ids[0], completed=self._done, said=self._said())
        else:
            self._output.print(self._said())
            self._output.stream.flush()

    def _said(self, *, ended: bool = False) -> str:
        seconds = max(time.monotonic() - self._started, 1e-9)
        new = self._done - self._before
        parts = [f"{self._done} of {self._points} points"]
        if new:
            parts.append(f"{new / seconds:.{0 if new > 100 * seconds else 1}f} points/s")
        if self._failed:
            parts.append(f"{self._failed} failed")
        if ended:
            parts.append(clock(seconds))
        elif new:
            parts.append(f"{clock((self._points - self._done) * seconds / new)} left")
        return ", ".join(parts)


def clock(seconds: float) -> str:
    """A time for people: `12 s`, `3:05 min`, `2:10 h`."""
    whole = round(seconds)
    if whole < 100:
        return f"{whole} s"
    if whole < 6000:
        return f"{whole // 60}:{whole % 60:02d} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02d} h"
