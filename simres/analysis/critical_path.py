"""The critical path of a run, followed back from its end.

From the last end one goes back through the task's own time, then to what let it begin: the task whose
result it read, the one that the schedule put before it, the one before it on its engine, or the launch.
A wait for space stays with the task that waited, blamed on the tensor that had the space, for it is not
work that would have had to be done first. So every picosecond of the run is on the path once, and the
path says of each what would have had to be shorter for the run to be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from itertools import accumulate, islice
from typing import NamedTuple

from simres.analysis.event_graph import History
from simres.errors import SimresError
from simres.program.record import Cause, Record, RecordLevel, Wait
from simres.program.tasks import Program


class Why(StrEnum):
    """What a stretch of the critical path went to."""

    WORKING = "working"
    """The engine works on the task."""
    LATENCY = "latency"
    """A request of the task is on its way and nothing has come back yet."""
    BUS = "bus"
    """The task waits for a bus that others have, or that turns around or refreshes."""
    ENGINE = "engine"
    """Another tenant's task is at the engine."""
    SPACE = "space"
    """The buffers of the task do not fit beside what the on-chip memory holds."""
    IDLE = "idle"
    """There is nothing to do: no launch was due yet, or the last task has ended."""


class Stretch(NamedTuple):
    """A part of the critical path, in picoseconds from the start of the run.

    It is a part of `task` (-1 for none) on `engine` (empty for none) for `layer` (-1 for none); both
    numbers are indices into the Program. `holder` is who was in the way: for the bus an engine or a
    background master, or `""` for the bus itself, for an engine the other tenant's part of it, for space
    the tensor whose end of use made room; else empty.
    """

    start_ps: int
    end_ps: int
    task: int
    engine: str
    layer: int
    cause: Why
    holder: str = ""

    @property
    def took_ps(self) -> int:
        """Its length."""
        return self.end_ps - self.start_ps


class Blame(NamedTuple):
    """What stretches can have in common: an engine, a layer (index, or -1), a cause and a holder."""

    engine: str
    layer: int
    cause: Why
    holder: str


def critical_path(program: Program, record: Record) -> tuple[Stretch, ...]:
    """The stretches in order of time: each begins where the one before ended, the first at 0, and the last
    ends with the run.

    Raises `SimresError` when the Record has no spans (its level is not full).
    """
    if record.level is not RecordLevel.FULL:
        raise SimresError(
            f"there is no critical path: the run was recorded at level `{record.level.value}`",
            "`simres explain SCENARIO` records in full, as does `simulate(..., record='full')` in Python",
        )
    return tuple(reversed([part for part in _Walk(program, record).back() if part.took_ps]))


def blame(path: tuple[Stretch, ...]) -> Mapping[Blame, int]:
    """Picoseconds of the path by what they are blamed on, the most first; they add up to the makespan."""
    found: dict[Blame, int] = {}
    for part in path:
        key = Blame(part.engine, part.layer, part.cause, part.holder)
        found[key] = found.get(key, 0) + part.took_ps
    return dict(sorted(found.items(), key=lambda item: -item[1]))


class _Walk:
    """The way back from the end of a run."""

    def __init__(self, program: Program, record: Record) -> None:
        self.program = program
        self.record = record
        self.history = History(program, record)

    def back(self) -> Iterator[Stretch]:
        """Every stretch, the last first, some of them of no length."""
        history = self.history
        until = self.record.makespan_ps
        if not history.spans:
            yield _idle(0, until)
            return
        row = len(history.spans) - 1
        yield _idle(history.spans[row].end, until)
        done = True
        # Each row is passed twice at the most, so that no broken Record sends the walk in circles.
        for _ in range(2 * len(history.spans)):
            span = history.spans[row]
            if done:
                yield from reversed([*self.parts(row)])
            until = span.granted
            turn = history.turn_before(row) if span.granted > span.ready else None
            head = max(span.ready, history.spans[turn].granted) if turn is not None else span.ready
            yield self.part(row, head, until, Why.SPACE, history.made_room(row) if head < until else "")
            until = head
            if turn is not None and head > span.ready:  # before that it was not its turn
                row, done = turn, False
                continue
            follows = history.began_after(row)
            if follows is None or history.spans[follows].end != until:
                break
            row, done = follows, True
        yield _idle(0, until)

    def part(self, row: int, start: int, end: int, cause: Why, holder: str = "") -> Stretch:
        """A stretch of a row's task."""
        number = self.history.spans[row].task
        task = self.program.tasks[number]
        return Stretch(start, end, number, task.engine, task.layer, cause, holder)

    def parts(self, row: int) -> Iterator[Stretch]:
        """The time of a task from its grant to its end."""
        span = self.history.spans[row]
        for wait in span.stalls():
            start = wait.start_ps
            for holder, until in self.in_the_way(row, wait):
                yield self.part(row, start, until, Why(wait.cause.value), holder)
                start = until
        yield self.part(row, span.begun, span.end, Why.WORKING)

    def in_the_way(self, row: int, wait: Wait) -> Iterator[tuple[str, int]]:
        """Who was in the way of a row's task while it stalled, each up to a moment, the last to its end."""
        if wait.cause is Cause.ENGINE:
            yield from self.history.at_the_engine(row)
        elif wait.cause is Cause.BUS and (held := self.history.holders.get(row)):
            until = accumulate(held.values(), initial=wait.start_ps)
            yield from zip(held, islice(until, 1, None), strict=True)
        else:
            yield "", wait.end_ps


def _idle(start: int, end: int) -> Stretch:
    return Stretch(start, end, -1, "", -1, Why.IDLE)
