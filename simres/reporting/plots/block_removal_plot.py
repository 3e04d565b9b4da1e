"""The plot of a block removal study: accuracy against simulated time (the extra `[plot]`)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from simres.reporting.plots.training_plots import canvas, finish

if TYPE_CHECKING:
    from simres.training.block_removal import RemovalStudy

PS_PER_US = 1_000_000


def front(study: RemovalStudy, title: str, path: Path) -> None:
    """Draws the path of removals to the file `path`. Raises `SimresError`."""
    figure, axes = canvas(path)
    times = [point.time_ps / PS_PER_US for point in study.path]
    accuracies = [100 * point.accuracy for point in study.path]
    axes.plot(
        times, accuracies, color="C0", marker="o", label="as trained, one block after the other taken out"
    )
    tuned = [
        (at, 100 * point.finetuned)
        for at, point in zip(times, study.path, strict=True)
        if point.finetuned is not None
    ]
    if tuned:
        start = (times[0], accuracies[0])
        axes.plot(
            *zip(start, *tuned, strict=True), color="C1", marker="s", label="each trained on after that"
        )
    parents = {block.rpartition(".")[0] for point in study.path for block in point.removed}
    nexts = [*accuracies[1:], 0.0]
    for at, accuracy, following, point in zip(times, accuracies, nexts, study.path, strict=True):
        last = point.removed[-1] if point.removed else ""
        short = last.rpartition(".")[2] if len(parents) == 1 else last
        label = f"\N{MINUS SIGN}{short}" if last else "whole"
        falls = following <= accuracy  # the label goes on the side away from the line
        axes.annotate(
            label,
            (at, accuracy),
            textcoords="offset points",
            xytext=(5, 5 if falls else -5),
            va="bottom" if falls else "top",
        )
    axes.set_title(title)
    axes.set_xlabel("simulated time per image in \N{MICRO SIGN}s")
    axes.set_ylabel("test accuracy in %")
    axes.invert_xaxis()
    finish(figure, axes, path)
