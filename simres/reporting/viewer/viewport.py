"""The visible part of a run, and its movement by keys and mouse."""

from __future__ import annotations

from dataclasses import dataclass, replace

from simres.reporting.drawing.lane_cells import DrawnInterval

LEAST_PS = 1000
"""The minimum length of a window, unless the run is shorter."""


@dataclass(frozen=True, slots=True)
class View:
    """A window on a run of `makespan_ps`, with the cursor's moment and row.

    `since_ps < until_ps` lie within the run, and so does `at_ps`, which stays before its end.
    """

    makespan_ps: int
    since_ps: int
    until_ps: int
    at_ps: int = 0
    lane: int = 0

    @classmethod
    def whole(cls, makespan_ps: int) -> View:
        """Returns a view of the whole run with the cursor at its start."""
        return cls(makespan_ps, 0, makespan_ps)

    @property
    def span_ps(self) -> int:
        """The length of the window in picoseconds."""
        return self.until_ps - self.since_ps

    def window(self, cells: int) -> DrawnInterval:
        """Returns the drawn interval, in `cells` cells."""
        return DrawnInterval(self.since_ps, self.until_ps, cells)

    def zoomed(self, times: int, parts: int, around_ps: int) -> View:
        """Scales the window by `times / parts` with `around_ps` fixed on screen; keeps the cursor inside."""
        least = min(LEAST_PS, self.makespan_ps)
        span = max(least, min(self.makespan_ps, self.span_ps * times // parts))
        since = around_ps - (around_ps - self.since_ps) * span // self.span_ps
        return self._placed(since, span)._with_cursor()

    def panned(self, ps: int) -> View:
        """Moves the window and the cursor by `ps` (earlier if negative), within the run."""
        moved = self._placed(self.since_ps + ps, self.span_ps)
        return replace(moved, at_ps=self.at_ps + moved.since_ps - self.since_ps)._with_cursor()

    def at(self, moment_ps: int, lane: int | None = None) -> View:
        """Moves the cursor to a moment, and the window only if the cursor would leave it."""
        at = max(0, min(moment_ps, self.makespan_ps - 1))
        moved = replace(self, at_ps=at, lane=self.lane if lane is None else lane)
        if at < self.since_ps:
            return moved._placed(at - self.span_ps // 8, self.span_ps)
        if at >= self.until_ps:
            return moved._placed(at - self.span_ps * 7 // 8, self.span_ps)
        return moved

    def showing(self, start_ps: int, end_ps: int) -> View:
        """Zooms in or out until a stretch of time takes about a third of the width."""
        span = min(self.makespan_ps, max(min(LEAST_PS, self.makespan_ps), 3 * (end_ps - start_ps)))
        return self._placed((start_ps + end_ps - span) // 2, span)

    def _placed(self, since_ps: int, span_ps: int) -> View:
        since = max(0, min(since_ps, self.makespan_ps - span_ps))
        return replace(self, since_ps=since, until_ps=since + span_ps)

    def _with_cursor(self) -> View:
        return replace(self, at_ps=max(self.since_ps, min(self.at_ps, self.until_ps - 1)))
