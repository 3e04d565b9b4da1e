"""The visible part of a run, and how keys and mouse move it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from simres.reporting.drawing.lane_cells import DrawnInterval

LEAST_PS = 1000
"""A window is not made shorter than that, unless the run is."""


@dataclass(frozen=True, slots=True)
class View:
    """A window on a run of `makespan_ps`, the cursor's moment in it, and the row it is on.

    `since_ps < until_ps` lie within the run, and so does `at_ps`, which stays before its end.
    """

    makespan_ps: int
    since_ps: int
    until_ps: int
    at_ps: int = 0
    lane: int = 0

    @classmethod
    def whole(cls, makespan_ps: int) -> View:
        """All of a run, the cursor at its start."""
        return cls(makespan_ps, 0, makespan_ps)

    @property
    def span_ps(self) -> int:
        """Picoseconds across."""
        return self.until_ps - self.since_ps

    def window(self, cells: int) -> DrawnInterval:
        """What is drawn, in so many cells."""
        return DrawnInterval(self.since_ps, self.until_ps, cells)

    def zoomed(self, times: int, parts: int, around_ps: int) -> View:
        """`times / parts` as much time, with `around_ps` where it was on the screen, and the cursor in it."""
        least = min(LEAST_PS, self.makespan_ps)
        span = max(least, min(self.makespan_ps, self.span_ps * times // parts))
        since = around_ps - (around_ps - self.since_ps) * span // self.span_ps
        return self._placed(since, span)._with_cursor()

    def panned(self, ps: int) -> View:
        """Later by so much (earlier where that is negative), as far as there is any; the cursor goes too."""
        moved = self._placed(self.since_ps + ps, self.span_ps)
        return replace(moved, at_ps=self.at_ps + moved.since_ps - self.since_ps)._with_cursor()

    def at(self, moment_ps: int, lane: int | None = None) -> View:
        """The cursor there, and the window moved as little as it takes to show it."""
        at = max(0, min(moment_ps, self.makespan_ps - 1))
        moved = replace(self, at_ps=at, lane=self.lane if lane is None else lane)
        if at < self.since_ps:
            return moved._placed(at - self.span_ps // 8, self.span_ps)
        if at >= self.until_ps:
            return moved._placed(at - self.span_ps * 7 // 8, self.span_ps)
        return moved

    def showing(self, start_ps: int, end_ps: int) -> View:
        """Zoomed in or out until a stretch of time takes about a third of the width."""
        span = min(self.makespan_ps, max(min(LEAST_PS, self.makespan_ps), 3 * (end_ps - start_ps)))
        return self._placed((start_ps + end_ps - span) // 2, span)

    def _placed(self, since_ps: int, span_ps: int) -> View:
        since = max(0, min(since_ps, self.makespan_ps - span_ps))
        return replace(self, since_ps=since, until_ps=since + span_ps)

    def _with_cursor(self) -> View:
        return replace(self, at_ps=max(self.since_ps, min(self.at_ps, self.until_ps - 1)))
