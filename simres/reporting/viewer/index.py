"""A result indexed so that any part of it can be drawn quickly."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import cached_property
from typing import NamedTuple

from simres.analysis.critical_path import Stretch, Why, critical_path
from simres.analysis.event_graph import bus_holders
from simres.analysis.occupancy import Stay
from simres.errors import SimresError
from simres.program.names import EngineName
from simres.program.record import IN_FULL, Cause, RecordLevel, Span
from simres.reporting.drawing.lane_cells import HeldIndex, LaneIndex, State, Stretches
from simres.result import Result


class Appearance(NamedTuple):
    """A layer in a launch: the moment of its first task, and that task's row in the Record."""

    since_ps: int
    layer: int
    row: int


class ViewIndex:
    """An index of a result for drawing and lookup. The time to draw a window grows with its width only.

    Raises `SimresError` for a result without spans, or one that takes no time.
    """

    def __init__(self, result: Result) -> None:
        if result.record.level is not RecordLevel.FULL:
            raise SimresError(
                f"this result has no timeline: it was recorded at level `{result.record.level.value}`",
                IN_FULL,
            )
        if not result.makespan_ps:
            raise SimresError("there is nothing to show: the run takes no time")
        self.result = result
        self.lanes = LaneIndex(result.program, result.record)
        self.engines = [name for name in self.lanes.engines if result.record.engines[name].working_ps]
        self.memories = [name for name, memory in result.record.memories.items() if memory.peak]
        self._rows: dict[str, list[int]] = {name: [] for name in self.lanes.engines}
        self._ends: dict[str, list[int]] = {name: [] for name in self.lanes.engines}
        self._held: dict[str, HeldIndex] = {}
        tasks = result.program.tasks
        first: dict[tuple[int, int], int] = {}
        for row, span in enumerate(result.record.spans):
            task = tasks[span.task]
            self._rows[task.engine].append(row)
            self._ends[task.engine].append(span.end)
            first.setdefault((span.launch, task.layer), row)
        self.appearances = sorted(
            Appearance(self.span(row).granted, layer, row) for (_, layer), row in first.items()
        )

        self.moments = [found.since_ps for found in self.appearances]
        """The moments of the appearances, in order."""

    @cached_property
    def buses(self) -> dict[str, list[str]]:
        """The engines of each bus, by bus name; a bus with channels has several."""
        found: dict[str, list[str]] = {}
        for name in self.engines:
            if self.result.role(name) == "bus":
                found.setdefault(EngineName.parse(name).component, []).append(name)
        return found

    @cached_property
    def holders(self) -> dict[int, dict[str, int]]:
        """The holders of a shared bus while a row's task stalled on it, in picoseconds."""
        return {row: dict(held) for row, held in bus_holders(self.result.record).items()}

    @cached_property
    def path(self) -> Sequence[Stretch]:
        """The critical path, in order of time."""
        return critical_path(self.result.program, self.result.record)

    @cached_property
    def _path_starts(self) -> list[int]:
        return [stretch.start_ps for stretch in self.path]

    @cached_property
    def path_states(self) -> dict[State, Stretches]:
        """The critical path as a lane: the kinds of its tasks, and the causes of its stalls."""
        states: dict[State, Stretches] = {}
        tasks = self.result.program.tasks
        for stretch in self.path:
            if isinstance(stretch.cause, Cause):
                state: State = stretch.cause
            else:
                state = tasks[stretch.task].kind if stretch.cause is Why.WORKING else None
            if state is not None:
                states.setdefault(state, Stretches()).add(stretch.start_ps, stretch.end_ps)
        return states

    @cached_property
    def _stays(self) -> dict[tuple[int, int], list[Stay]]:
        """The buffers granted to each task of each launch."""
        found: dict[tuple[int, int], list[Stay]] = {}
        for stay in self.result.stays:
            found.setdefault((stay.launch, stay.task), []).append(stay)
        return found

    def held(self, memory: str) -> HeldIndex:
        """Returns the contents of a memory over time."""
        if memory not in self._held:
            self._held[memory] = HeldIndex(self.result.stays, memory)
        return self._held[memory]

    def span(self, row: int) -> Span:
        """Returns the span of a row."""
        return self.result.record.rows[row]

    def engine_of(self, row: int) -> str:
        """Returns the engine of a row's task."""
        return self.result.program.tasks[self.span(row).task].engine

    def row_at(self, engine: str, moment_ps: int) -> int | None:
        """Returns the row of the task that the engine ran or stalled on; None if its queue was empty."""
        place = bisect_right(self._ends[engine], moment_ps)
        if place < len(self._ends[engine]):
            row = self._rows[engine][place]
            if self.span(row).since <= moment_ps:
                return row
        return None

    def row_after(self, engine: str, moment_ps: int) -> int | None:
        """Returns the row of the engine's next task that starts after a moment."""
        place = bisect_right(self._ends[engine], moment_ps)
        for row in self._rows[engine][place:]:
            span = self.span(row)
            if span.begun > moment_ps and span.working_ps:
                return row
        return None

    def row_before(self, engine: str, moment_ps: int) -> int | None:
        """Returns the row of the engine's last task that started before a moment."""
        place = bisect_right(self._ends[engine], moment_ps)
        for row in reversed(self._rows[engine][: place + 1]):
            span = self.span(row)
            if span.begun < moment_ps and span.working_ps:
                return row
        return None

    def holder_row(self, row: int) -> int | None:
        """Returns the row of the task whose end ended this one's longer dependency, order or buffer stall."""
        span = self.span(row)
        waits = [
            (span.ready - span.since, span.holder, span.ready),
            (span.granted - span.ready, span.space_holder, span.granted),
        ]
        ps, holder, moment = max(waits)
        if not ps or holder < 0:
            return None
        engine = self.result.program.tasks[holder].engine
        place = bisect_right(self._ends[engine], moment - 1)
        while place < len(self._ends[engine]) and self._ends[engine][place] == moment:
            found = self._rows[engine][place]
            if self.span(found).task == holder:
                return found
            place += 1
        return None

    def stretch_at(self, moment_ps: int) -> int:
        """Returns the number of the critical path's stretch at a moment."""
        return max(0, bisect_right(self._path_starts, moment_ps) - 1)

    def row_of(self, task: int, moment_ps: int) -> int | None:
        """Returns the row of a task that held the engine at a moment, stalls included."""
        engine = self.result.program.tasks[task].engine
        place = bisect_right(self._ends[engine], moment_ps)
        for row in self._rows[engine][place : place + 2]:
            if self.span(row).task == task:
                return row
        return None

    def matches(self, pattern: str) -> list[Appearance]:
        """Returns the layers whose names contain `pattern`, or match it as a glob, ignoring case."""
        wanted = pattern.strip().lower()
        if not wanted:
            return []
        names = [layer.name.lower() for layer in self.result.program.layers]
        if any(character in wanted for character in "*?["):
            meant = {number for number, name in enumerate(names) if fnmatchcase(name, wanted)}
        else:
            meant = {number for number, name in enumerate(names) if wanted in name}
        return [found for found in self.appearances if found.layer in meant]

    def stays_of(self, row: int) -> list[Stay]:
        """Returns the buffers granted to a row's task, with their time on chip."""
        span = self.span(row)
        return self._stays.get((span.launch, span.task), [])
