"""A progress bar for a known number of runs, with rate and time left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from simres.reporting.text.console import stderr


@contextmanager
def run_progress(what: str = "runs") -> Iterator[Callable[[int, int], None]]:
    """Yields a callback for (runs done, total runs); `what` names the runs on the bar."""
    output = stderr()
    if not output.is_terminal:
        yield lambda _done, _whole: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=output.console, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, whole: bar.update(task, completed=done, total=whole)
