"""The progress bar of long commands on a terminal."""

from __future__ import annotations

from rich.progress import BarColumn, Progress, TextColumn

from simres.reporting.text.console import Output


def progress_bar(output: Output) -> Progress:
    """Returns a bar on `output` that disappears when it stops; its task has the field `said`."""
    return Progress(
        BarColumn(bar_width=None),
        TextColumn("{task.fields[said]}"),
        console=output.console,
        transient=True,
        refresh_per_second=5,
    )
