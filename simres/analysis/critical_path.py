"""The critical path of a run, followed back from its end.

From the end of the run the walk goes back through a task's own time, then to whatever let the task start:
the task that produced its input, the task that the schedule puts before it, the previous task on its engine,
or the launch. A stall on a full buffer stays with the stalled task and is blamed on the tensor that occupied
the space, since no work had to be done first. Every picosecond of the run is on the path exactly once, and
the path says what would have to be shorter for the run to be shorter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from itertools import accumulate, islice
from typing import NamedTuple, TypeVar

from simres.analysis.event_graph import History
from simres.errors import SimresError
from simres.program.record import Cause, Record, RecordLevel, Wait
from simres.program.tasks import Program

_Key = TypeVar("_Key")


class Why(StrEnum):
    """What a stretch of the critical path was spent on if its task did not stall."""

    WORKING = "working"
    """The engine is busy with the task."""
    IDLE = "idle"
    """Nothing to do: no launch is due yet, or the last task has ended."""


Spent = Why | Cause
"""What a stretch of the critical path was spent on: a stall has the cause that it has in the Record. None is
a stall on a dependency or on the schedule's order: the path goes on with the task that was waited for."""


class Stretch(NamedTuple):
    """A part of the critical path, in picoseconds from the start of the run.

    It is a part of `task` (-1 for none) on `engine` (empty for none) for `layer` (-1 for none); both
    numbers are indices into the Program. `holder` is what held the resource: for the bus, an engine or a
    background master, or `""` for the bus itself; for an engine, the other tenant's view of it; for a full
    buffer, the tensor whose end of use made room; otherwise empty.
    """

    start_ps: int
    end_ps: int
    task: int
    engine: str
    layer: int
    cause: Spent
    holder: str = ""

    @property
    def took_ps(self) -> int:
        """The length of the stretch."""
        return self.end_ps - self.start_ps


class Blame(NamedTuple):
    """The key by which stretches are grouped: an engine, a layer (index, or -1), a cause and a holder."""

    engine: str
    layer: int
    cause: Spent
    holder: str


def critical_path(program: Program, record: Record) -> tuple[Stretch, ...]:
    """The stretches in order of time. The first starts at 0, each starts at the end of the previous one, and
    the last ends with the run.

    Raises `SimresError` if the Record has no spans (its level is not full).
    """
    if record.level is not RecordLevel.FULL:
        raise SimresError(
            f"there is no critical path: the run was recorded at level `{record.level.value}`",
            "`simres explain SCENARIO` records in full, as does `simulate(..., record='full')` in Python",
        )
    return tuple(reversed([part for part in _Walk(program, record).back() if part.took_ps]))


def blame(path: tuple[Stretch, ...]) -> Mapping[Blame, int]:
    """Picoseconds of the path by blame, the largest first; they add up to the makespan."""
    return summed((Blame(part.engine, part.layer, part.cause, part.holder), part.took_ps) for part in path)


def summed(parts: Iterable[tuple[_Key, int]]) -> Mapping[_Key, int]:
    """Sums the picoseconds of parts by key, the largest sum first."""
    found: dict[_Key, int] = {}
    for key, ps in parts:
        found[key] = found.get(key, 0) + ps
    return dict(sorted(found.items(), key=lambda item: -item[1]))


class _Walk:
    """The walk back from the end of a run."""

    def __init__(self, program: Program, record: Record) -> None:
        self.program = program
        self.record = record
        self.history = History(program, record)

    def back(self) -> Iterator[Stretch]:
        """Yields every stretch, the last first; some have no length."""
        history = self.history
        until = self.record.makespan_ps
        if not history.spans:
            yield _idle(0, until)
            return
        row = len(history.spans) - 1
        yield _idle(history.spans[row].end, until)
        done = True
        # Each row is visited at most twice, so a broken Record cannot make the walk loop.
        for _ in range(2 * len(history.spans)):
            span = history.spans[row]
            if done:
                yield from reversed([*self.parts(row)])
            until = span.granted
            turn = history.turn_before(row) if span.granted > span.ready else None
            head = max(span.ready, history.spans[turn].granted) if turn is not None else span.ready
            yield self.part(row, head, until, Cause.SPACE, history.made_room(row) if head < until else "")
            until = head
            if turn is not None and head > span.ready:  # before that, its turn had not come
                row, done = turn, False
                continue
            follows = history.began_after(row)
            if follows is None or history.spans[follows].end != until:
                break
            row, done = follows, True
        yield _idle(0, until)

    def part(self, row: int, start: int, end: int, cause: Spent, holder: str = "") -> Stretch:
        """A stretch of the task of a row."""
        number = self.history.spans[row].task
        task = self.program.tasks[number]
        return Stretch(start, end, number, task.engine, task.layer, cause, holder)

    def parts(self, row: int) -> Iterator[Stretch]:
        """Yields the time of a task from its grant to its end."""
        span = self.history.spans[row]
        for wait in span.stalls():
            start = wait.start_ps
            for holder, until in self.in_the_way(row, wait):
                yield self.part(row, start, until, wait.cause, holder)
                start = until
        yield self.part(row, span.begun, span.end, Why.WORKING)

    def in_the_way(self, row: int, wait: Wait) -> Iterator[tuple[str, int]]:
        """Yields each holder that stalled a row's task, with the moment up to which it did."""
        if wait.cause is Cause.ENGINE:
            yield from self.history.at_the_engine(row)
        elif wait.cause is Cause.BUS and (held := self.history.holders.get(row)):
            until = accumulate(held.values(), initial=wait.start_ps)
            yield from zip(held, islice(until, 1, None), strict=True)
        else:
            yield "", wait.end_ps


def _idle(start: int, end: int) -> Stretch:
    return Stretch(start, end, -1, "", -1, Why.IDLE)
