"""Progress of long work: a bar with the time left on a terminal, an occasional line elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence, Sized
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from simres import jobs
from simres.reporting.text.console import Output
from simres.units import format_bytes, format_duration

if TYPE_CHECKING:
    from rich import progress as rich_progress

    from simres.training.training_run import Epoch, TrainingOutcome, TrainingRun

PATIENCE = 2.0
"""Seconds of silence before a job is shown."""
BETWEEN = 0.1
"""Seconds between updates of the bar."""
BETWEEN_LINES = 2.5
"""Seconds between lines if there is no bar."""
BETWEEN_TRAINING_LINES = 60.0
"""The same within an epoch of training, which has a line of its own."""
SMOOTHING = 0.95
"""The weight of the previous value in the smoothed loss of training."""


class Progress:
    """Shows work on a stream; the classes below it watch one kind of work each."""

    shown: ClassVar[int] = 0
    """The nesting depth: jobs inside other jobs are not shown."""
    between_lines: ClassVar[float] = BETWEEN_LINES

    def __init__(self, output: Output) -> None:
        self._output = output
        self._bar: rich_progress.Progress | None = None
        self._started = time.monotonic()
        self._due = self._started + self.between_lines

    def __enter__(self) -> Self:
        Progress.shown += 1
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        Progress.shown -= 1
        self.erase()

    def erase(self) -> None:
        """Takes the bar away."""
        if self._bar:
            self._bar.stop()
            self._bar = None

    def draw(self, total: float | None, done: int = 0) -> None:
        """Draws the bar if the stream is a terminal; `total` is None while it is not known."""
        if not self._output.is_terminal:
            return
        from rich.progress import BarColumn, Progress, TextColumn

        columns = (BarColumn(bar_width=None), TextColumn("{task.fields[said]}"))
        self._bar = Progress(*columns, console=self._output.console, transient=True, refresh_per_second=5)
        self._bar.add_task("", total=total, completed=done, said="")
        self._bar.start()
        self._due = self._started

    def show(
        self, done: float, said: Callable[[], str], *, total: float | None = None, last: bool = False
    ) -> None:
        """Shows what is done, unless the `last` such call was a moment ago; without a bar as a line."""
        if (now := time.monotonic()) < self._due and not last:
            return
        if self._bar:
            self._due = now + BETWEEN
            self._bar.update(self._bar.task_ids[0], completed=done, total=total, said=said())
        else:
            self.line(said())

    def line(self, text: str) -> None:
        """Prints a line, above the bar if there is one."""
        if self._bar:
            self._bar.console.print(text, highlight=False, markup=False)
        else:
            self._due = time.monotonic() + self.between_lines
            self._output.print(text)
            self._output.stream.flush()

    def left(self, done: float, total: float) -> str:
        """Returns the time left, from the pace since the start; empty before anything is done."""
        return f", {clock((total - done) * (time.monotonic() - self._started) / done)} left" if done else ""


class JobProgress(Progress):
    """Shows whatever jobs go on (`simres.jobs`) once a command has been silent for `PATIENCE`.

    A thread asks them: on a terminal for a bar, elsewhere for a line now and then.
    """

    def __init__(self, output: Output) -> None:
        super().__init__(output)
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def begun(self) -> None:
        """Starts the thread, with the first job."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._ask, daemon=True)
            self._thread.start()

    def ended(self) -> None:
        """Takes the bar away, so that results can be printed."""
        with self._lock:
            self.erase()

    def close(self) -> None:
        """Ends the thread."""
        self._over.set()
        self.ended()

    def _ask(self) -> None:
        if self._over.wait(PATIENCE):
            return
        while not self._over.wait(2 * BETWEEN):
            with self._lock:
                if (going := jobs.going()) and not Progress.shown:
                    self._show(going)

    def _show(self, going: Sequence[jobs.job]) -> None:
        outer = going[0]
        if self._bar is None:
            self.draw(outer.total or None)
        done = outer.done
        self.show(done, lambda: described(going, time.monotonic()), total=outer.total or None)


def described(going: Sequence[jobs.job], now: float) -> str:
    """Returns how far jobs are, the outermost first: of each its count, rate, time left and what it found."""
    parts = []
    for one in going:
        seconds = max(now - one.started, 1e-9)
        if not one.total:
            parts.append(f"{one.what}, {clock(seconds)}")
            continue
        done = one.done
        text = f"{done:,} of {one.total:,} {one.what}"
        if done and seconds >= BETWEEN:
            rate = done / seconds
            text += f", {rate:,.0f}/s" if rate >= 10 else f", {rate:.2g}/s"
            text += f", {clock((one.total - done) / rate)} left"
        parts.append(f"{text}; {found}" if (found := one.found) else text)
    return "; ".join(parts)


class SweepProgress(Progress):
    """Watches a sweep (`simres.exploration.sweep.SweepObserver`)."""

    _points = _before = _done = _failed = 0

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        super().__exit__(kind)
        if self._points:
            self._output.print(self._said(ended=True))

    def begin(self, points: int, done: int) -> None:
        """Prints the number of points, and draws the bar on a terminal."""
        self._points, self._before, self._done = points, done, done
        self._started = time.monotonic()
        self.line(f"{points} points{f', {done} of them known already' if done else ''}")
        if done < points:
            self.draw(points, done)

    def rows(self, rows: Sized) -> None:
        """Counts rows, and shows the progress from time to time."""
        self._done += len(rows)
        self._failed += sum(row["error"] is not None for row in rows)  # type: ignore[attr-defined]
        self.show(self._done, self._said, total=self._points)

    def _said(self, *, ended: bool = False) -> str:
        seconds = max(time.monotonic() - self._started, 1e-9)
        new = self._done - self._before
        rate = f", {new / seconds:.{0 if new > 100 * seconds else 1}f} points/s" if new else ""
        failed = f", {self._failed} failed" if self._failed else ""
        left = f", {clock(seconds)}" if ended else self.left(new, self._points - self._before)
        return f"{self._done} of {self._points} points{rate}{failed}{left}"


@dataclass(slots=True)
class _Work:
    """One kind of work: the amounts done and left, and the time taken."""

    done: int = 0
    left: int = 0
    seconds: float = 0.0

    def did(self, amount: int, seconds: float) -> None:
        self.done += amount
        self.left = max(0, self.left - amount)
        self.seconds += seconds

    @property
    def seconds_left(self) -> float | None:
        """The estimated seconds left; None until some work is done."""
        if not self.left:
            return 0.0
        return self.seconds / self.done * self.left if self.done else None


class RemovalProgress(Progress):
    """Watches a study of blocks (`simres.training.block_removal.RemovalObserver`).

    Runs on images and simulations (with their tracing) differ in speed, so they are timed apart.
    """

    def __init__(self, output: Output) -> None:
        super().__init__(output)
        self._images, self._simulated = _Work(), _Work()
        self._last = self._started

    def __enter__(self) -> Self:
        super().__enter__()
        self.draw(1.0)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        super().__exit__(kind)
        if kind is None:
            self._output.print(f"measured in {clock(time.monotonic() - self._started)}")

    def expect(self, runs: int, simulations: int) -> None:
        """Sets the amounts of work left."""
        self._images.left, self._simulated.left = runs, simulations
        self._last = time.monotonic()

    def ran(self, runs: int) -> None:
        """Counts finished runs on images."""
        self._did(self._images, runs)

    def simulated(self) -> None:
        """Counts a finished simulation."""
        self._did(self._simulated, 1)

    def block(self, name: str, response: tuple[float, float], accuracy: float, time_ps: int) -> None:
        """Prints the line of a block."""
        self._found(f"without {name}, whose response is {response[0]:.3f}", accuracy, time_ps)

    def removed(self, blocks: tuple[str, ...], accuracy: float, time_ps: int) -> None:
        """Prints the line of a removed block."""
        self._found(f"{len(blocks)} removed, the last of them {blocks[-1]}", accuracy, time_ps)

    def _found(self, what: str, accuracy: float, time_ps: int) -> None:
        found = f"{100 * accuracy:.2f} % of the training images, {format_duration(time_ps)}"
        self.line(f"{what}: {found}{self._left()}")

    def _did(self, work: _Work, amount: int) -> None:
        now = time.monotonic()
        work.did(amount, now - self._last)
        self._last = now
        share = self._share()
        self.show(share, lambda: f"{100 * share:.0f} % of the work{self._left()}")

    def _share(self) -> float:
        """Returns the share of the time that has passed, over the kinds of work timed so far."""
        taken = self._images.seconds + self._simulated.seconds
        left = self._seconds_left()
        return taken / (taken + left) if left is not None and taken else 0.0

    def _seconds_left(self) -> float | None:
        parts = self._images.seconds_left, self._simulated.seconds_left
        known = [part for part in parts if part is not None]
        return sum(known) if known else None

    def _left(self) -> str:
        left = self._seconds_left()
        return "" if left is None else f", about {clock(left)} left"


class TrainingProgress(Progress):
    """Watches training (`simres.training.training_run.TrainingObserver`): a line for each epoch."""

    between_lines = BETWEEN_TRAINING_LINES
    _loss: float | None = None
    _total = _per_epoch = _batch = _first = 0

    def begin(self, run: TrainingRun, steps_per_epoch: int, done: int, images: int) -> None:
        """Prints the header, and draws the bar on a terminal."""
        recipe = run.recipe
        self._per_epoch, self._batch = steps_per_epoch, recipe.batch
        self._total, self._first = recipe.epochs * steps_per_epoch, done
        self._started = time.monotonic()
        where = f", from epoch {done // steps_per_epoch + 1}" if done else ""
        epochs = f"{recipe.epochs} epoch{'s' if recipe.epochs != 1 else ''}"
        self.line(f"{run.variant.network}: {epochs} of {images} images, {recipe.batch} a step{where}")
        self.line(_HEADER)
        self.draw(self._total, done)

    def step(self, step: int, loss: float | None, lr: float) -> None:  # noqa: ARG002  (the observer's signature)
        """Updates the bar a few times per second; without one prints a line now and then."""
        if loss is not None:
            self._loss = loss if self._loss is None else SMOOTHING * self._loss + (1 - SMOOTHING) * loss
        epoch, within = divmod(max(step - 1, 0), self._per_epoch)

        def said() -> str:
            rate = (step - self._first) * self._batch / max(time.monotonic() - self._started, 1e-9)
            where = f"epoch {epoch + 1} step {within + 1}/{self._per_epoch}, {rate:.0f} images/s"
            loss = f", loss {self._loss:.3f}" if self._loss is not None else ""
            return f"{where}{loss}{self.left(step - self._first, self._total - self._first)}"

        self.show(step, said, total=self._total, last=bool(self._bar) and step == self._total)

    def epoch(self, epoch: Epoch) -> None:
        """Prints the epoch's line."""
        self.line(
            f"{epoch.epoch:>7}  {epoch.lr:>8.2g}  {epoch.train_loss:>10.4f}  {epoch.train_error:>7.2%}"
            f"  {epoch.test_loss:>9.4f}  {epoch.test_accuracy:>8.2%}  {epoch.images_per_s:>8.0f}"
            f"  {epoch.seconds + epoch.test_seconds:>5.1f} s"
        )


_HEADER = (
    f"{'epoch':>7}  {'lr':>8}  {'train loss':>10}  {'error':>7}  {'test loss':>9}  {'accuracy':>8}"
    f"  {'images/s':>8}  {'time':>7}"
)


def summary(outcome: TrainingOutcome) -> list[str]:
    """Returns the outcome of training as lines."""
    if outcome.accuracy is None:
        return []
    last = outcome.epochs[-1]
    spent = sum(epoch.seconds + epoch.test_seconds for epoch in outcome.epochs)
    after = f"after epoch {last.epoch} (the last one, not the best)"
    return [
        f"accuracy {outcome.accuracy:.2%} on the test images {after}",
        f"{spent:.0f} s in all, {format_bytes(outcome.peak_bytes)} of memory at most",
    ]


def clock(seconds: float) -> str:
    """Formats a time: `12 s`, `3:05 min`, `2:10 h`."""
    whole = round(seconds)
    if whole < 100:
        return f"{whole} s"
    if whole < 6000:
        return f"{whole // 60}:{whole % 60:02d} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02d} h"
