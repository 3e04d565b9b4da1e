"""Accuracy against simulated time as residual blocks go, as a picture (the extra `[plot]`)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from simres.reporting.training_plots import canvas, finish

if TYPE_CHECKING:
    from simres.training.skipping import Study

PS_PER_US = 1_000_000


def front(study: Study, title: str, path: Path) -> None:
    """Draws the path of removals into `path`. Raises `SimresError`."""
    figure, axes = canvas(path)
    times = [point.time_ps / PS_PER_US for point in study.path]
    accuracies = [100 * point.accuracy for point in study.path]
    axes.plot(times, accuracies, color="C0", marker="o", label="as trained, blocks taken out")
    tuned = [
        (at, 100 * point.finetuned)
        for at, point in zip(times, study.path, strict=True)
        if point.finetuned is not None
    ]
    if tuned:
        start = (times[0], accuracies[0])
        axes.plot(*zip(start, *tuned, strict=True), color="C1", marker="s", label="trained on after that")
    for at, accuracy, point in zip(times, accuracies, study.path, strict=True):
        label = f"-{point.removed[-1].rpartition('.')[2]}" if point.removed else "whole"
        axes.annotate(label, (at, accuracy), textcoords="offset points", xytext=(5, 5), fontsize="small")
    axes.set_title(title)
    axes.set_xlabel("simulated time of an image in us")
    axes.set_ylabel("test accuracy in %")
    axes.invert_xaxis()
    finish(figure, axes, path)
