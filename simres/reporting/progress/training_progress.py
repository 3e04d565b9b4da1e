"""Progress of training: a bar on a terminal, a line an epoch elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from simres.reporting.text.console import Output

if TYPE_CHECKING:
    from rich.progress import Progress

    from simres.training.run import Epoch, TrainingOutcome, TrainingRun

BETWEEN = 0.1
"""Seconds between looks at the bar."""
SMOOTHING = 0.95
"""Share of the loss shown so far in the one shown next."""


class TrainingProgress:
    """Watches a run (`simres.training.run.TrainingObserver`) and shows it on `output`."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._bar: Progress | None = None
        self._loss: float | None = None
        self._due = 0.0
        self._done = self._total = self._per_epoch = self._batch = 0
        self._started, self._first = 0.0, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def begin(self, run: TrainingRun, steps_per_epoch: int, done: int, images: int) -> None:
        """Draws the bar where there is a terminal."""
        recipe = run.recipe
        self._per_epoch, self._batch = steps_per_epoch, recipe.batch
        self._total, self._done = recipe.epochs * steps_per_epoch, done
        self._started, self._first = time.monotonic(), done
        where = f", from epoch {done // steps_per_epoch + 1}" if done else ""
        epochs = f"{recipe.epochs} epoch{'s' if recipe.epochs != 1 else ''}"
        name = run.variant.network
        self._output.print(f"{name}: {epochs} of {images} images, {recipe.batch} a step{where}")
        self._output.print(_HEADER)
        if self._output.is_terminal:
            self._bar = _bar(self._output, self._total, done)

    def step(self, step: int, loss: float | None, lr: float) -> None:  # noqa: ARG002  (an observer's form)
        """Moves the bar on, a few times a second."""
        if loss is not None:
            self._loss = loss if self._loss is None else SMOOTHING * self._loss + (1 - SMOOTHING) * loss
        now = time.monotonic()
        if self._bar is None or (now < self._due and step < self._total):
            return
        self._due = now + BETWEEN
        rate = (step - self._first) * self._batch / max(now - self._started, 1e-9)
        epoch, within = divmod(max(step - 1, 0), self._per_epoch)
        self._bar.update(
            self._bar.task_ids[0],
            completed=step,
            where=f"epoch {epoch + 1} step {within + 1}/{self._per_epoch}",
            speed=f"{rate:.0f} images/s",
            loss=f"loss {self._loss:.3f}" if self._loss is not None else "",
        )

    def epoch(self, epoch: Epoch) -> None:
        """Prints the epoch's line."""
        line = (
            f"{epoch.epoch:>7}  {epoch.lr:>8.2g}  {epoch.train_loss:>10.4f}  {epoch.train_error:>7.2%}"
            f"  {epoch.test_loss:>9.4f}  {epoch.test_accuracy:>8.2%}  {epoch.images_per_s:>8.0f}"
            f"  {epoch.seconds + epoch.test_seconds:>5.1f} s"
        )
        if self._bar:
            self._bar.console.print(line, highlight=False, markup=False)
        else:
            self._output.print(line)
            self._output.stream.flush()


_HEADER = (
    f"{'epoch':>7}  {'lr':>8}  {'train loss':>10}  {'error':>7}  {'test loss':>9}  {'accuracy':>8}"
    f"  {'images/s':>8}  {'time':>7}"
)


def summary(outcome: TrainingOutcome) -> list[str]:
    """What a run came to, in lines."""
    from simres.units import format_bytes

    lines = []
    if outcome.accuracy is not None:
        last = outcome.epochs[-1]
        lines.append(
            f"accuracy {outcome.accuracy:.2%} on the test images after epoch {last.epoch} (the last one, "
            "not the best)"
        )
        spent = sum(epoch.seconds + epoch.test_seconds for epoch in outcome.epochs)
        lines.append(f"{spent:.0f} s in all, {format_bytes(outcome.peak_bytes)} of memory at most")
    return lines


def _bar(output: Output, total: int, done: int) -> Any:
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("{task.fields[where]}"),
        BarColumn(bar_width=None),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[speed]}"),
        TextColumn("{task.fields[loss]}"),
        TimeRemainingColumn(),
        console=output.console,
        transient=True,
        refresh_per_second=5,
    )
    bar.add_task("", total=total, completed=done, where="", speed="", loss="")
    bar.start()
    return bar
