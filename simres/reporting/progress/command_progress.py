"""Progress of a command that runs many simulations: a bar on stderr if that is a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from simres.reporting.text.console import stderr


@contextmanager
def working(what: str) -> Iterator[Callable[[int, int], None] | None]:
    """Yields a callback for (steps done, total steps) that shows them; None if stderr is not a terminal."""
    output = stderr()
    if not output.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=output.console,
        transient=True,
    ) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, whole: bar.update(task, completed=done, total=whole)
