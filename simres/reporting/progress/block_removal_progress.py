"""Progress of a block removal study: a bar on a terminal, an occasional line elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from simres.reporting.progress.sweep_progress import clock
from simres.reporting.text.console import Output
from simres.units import format_duration

if TYPE_CHECKING:
    from rich.progress import Progress

BETWEEN_LINES = 10.0
"""Seconds without a line, where there is no bar, after which there is one of how far it is."""


class _Work:
    """One kind of work: how much is done, how much is left, and how long it took."""

    def __init__(self) -> None:
        self.done = self.left = 0
        self.seconds = 0.0

    def did(self, amount: int, seconds: float) -> None:
        self.done += amount
        self.left = max(0, self.left - amount)
        self.seconds += seconds

    @property
    def seconds_left(self) -> float | None:
        """None as long as none was done."""
        if not self.left:
            return 0.0
        return self.seconds / self.done * self.left if self.done else None


class SkipProgress:
    """Watches a study (`simres.training.block_removal.RemovalObserver`) and shows it on `output`.

    What runs on images and what is traced and simulated take their time each, so they are timed apart.
    """

    def __init__(self, output: Output) -> None:
        self._output = output
        self._bar: Progress | None = None
        self._images, self._simulated = _Work(), _Work()
        self._started = self._last = time.monotonic()
        self._said = self._started

    def __enter__(self) -> Self:
        if self._output.is_terminal:
            from simres.reporting.progress.bar import progress_bar

            self._bar = progress_bar(self._output)
            self._bar.add_task("", total=1.0, said="")
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()
        if kind is None:
            self._line(f"measured in {clock(time.monotonic() - self._started)}")

    def expect(self, runs: int, simulations: int) -> None:
        """So much is left to do."""
        self._images.left, self._simulated.left = runs, simulations
        self._last = time.monotonic()

    def ran(self, runs: int) -> None:
        """Blocks ran on images."""
        self._did(self._images, runs)

    def simulated(self) -> None:
        """A network was simulated."""
        self._did(self._simulated, 1)

    def block(self, name: str, response: tuple[float, float], accuracy: float, time_ps: int) -> None:
        """A line for each block."""
        self._found(f"without {name}, whose response is {response[0]:.3f}", accuracy, time_ps)

    def removed(self, blocks: tuple[str, ...], accuracy: float, time_ps: int) -> None:
        """A line for each block that goes."""
        self._found(f"{len(blocks)} removed, the last of them {blocks[-1]}", accuracy, time_ps)

    def _found(self, what: str, accuracy: float, time_ps: int) -> None:
        found = f"{100 * accuracy:.2f} % of the training images, {format_duration(time_ps)}"
        self._line(f"{what}: {found}{self._left(', ')}")

    def _did(self, work: _Work, amount: int) -> None:
        now = time.monotonic()
        work.did(amount, now - self._last)
        self._last = now
        if self._bar:
            self._bar.update(self._bar.task_ids[0], completed=self._share(), said=self._left())
        elif now - self._said >= BETWEEN_LINES:
            self._line(f"{100 * self._share():.0f} % of the work{self._left(', ')}")

    def _share(self) -> float:
        """Of the time, where both kinds of work have been timed; else of the work on images."""
        taken = self._images.seconds + self._simulated.seconds
        left = self._seconds_left()
        return taken / (taken + left) if left is not None and taken else 0.0

    def _seconds_left(self) -> float | None:
        parts = self._images.seconds_left, self._simulated.seconds_left
        known = [part for part in parts if part is not None]
        return sum(known) if known else None

    def _left(self, before: str = "") -> str:
        left = self._seconds_left()
        return "" if left is None else f"{before}about {clock(left)} left"

    def _line(self, text: str) -> None:
        self._said = time.monotonic()
        if self._bar:
            self._bar.console.print(text, highlight=False, markup=False)
        else:
            self._output.print(text)
            self._output.stream.flush()
