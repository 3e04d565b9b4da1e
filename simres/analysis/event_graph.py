"""The graph of causes behind a Record: what each span waited for."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from simres.program.names import EngineName
from simres.program.record import Record, Span
from simres.program.tasks import Program

Holders = Mapping[int, Mapping[str, int]]
"""Picoseconds that a shared bus was with others, by row of the Record and then by who had it."""


def bus_holders(record: Record) -> Holders:
    """Who had the bus while the task of a row waited for it: an engine, a background master, or `""` for the
    bus itself. Of each row they add up to its `bus_ps`; a row whose bus is not shared is not there."""
    found: dict[int, dict[str, int]] = {}
    for row, name, ps in record.bus_holders:
        by_name = found.setdefault(row, {})
        by_name[name] = by_name.get(name, 0) + ps
    return found


class History:
    """The rows of a full Record and how they hang together; a row is a task of a launch."""

    def __init__(self, program: Program, record: Record) -> None:
        self.program = program
        self.record = record
        self.spans: Sequence[Span] = record.spans
        self.holders: Holders = bus_holders(record)

    @cached_property
    def row_of(self) -> Mapping[tuple[int, int], int]:
        """The row of each launch and task."""
        return {(span.launch, span.task): row for row, span in enumerate(self.spans)}

    @cached_property
    def before(self) -> list[int | None]:
        """For each row the one before it on its engine."""
        tasks = self.program.tasks
        found: list[int | None] = []
        latest: dict[str, int] = {}
        for row, span in enumerate(self.spans):
            engine = tasks[span.task].engine
            found.append(latest.get(engine))
            latest[engine] = row
        return found

    @cached_property
    def _turns(self) -> Mapping[int, int | None]:
        """For each row that reserves buffers, the row whose turn came before it."""
        tasks = self.program.tasks
        found: dict[int, int | None] = {}
        latest: dict[int, int] = {}
        for (launch, task), row in sorted(self.row_of.items()):
            if tasks[task].reserves:
                tenant = self.tenant(launch)
                found[row] = latest.get(tenant)
                latest[tenant] = row
        return found

    @cached_property
    def frees(self) -> Mapping[int, list[int]]:
        """The buffers that each task is a user of."""
        found: dict[int, list[int]] = {}
        for number, buffer in enumerate(self.program.buffers):
            for task in buffer.freed_by:
                found.setdefault(task, []).append(number)
        return found

    @cached_property
    def _others(self) -> Mapping[str, tuple[list[int], list[int]]]:
        """Of each engine of each tenant the rows of the others at it, in order, and when these ended."""
        if len({launched.tenant for launched in self.record.launches}) < 2:
            return {}
        tasks = self.program.tasks
        views: dict[EngineName, list[str]] = {}
        for name in self.record.engines:
            views.setdefault(EngineName.parse(name).shared, []).append(name)
        rows: dict[str, list[int]] = {name: [] for name in self.record.engines}
        for row, span in enumerate(self.spans):
            engine = tasks[span.task].engine
            for name in views[EngineName.parse(engine).shared]:
                if name != engine:
                    rows[name].append(row)
        return {name: (own, [self.spans[row].end for row in own]) for name, own in rows.items()}

    def tenant(self, launch: int) -> int:
        """Whose launch it is."""
        launches = self.record.launches
        return launches[launch].tenant if launch < len(launches) else 0

    def turn_before(self, row: int) -> int | None:
        """The row that was granted its buffers just before it, in program order."""
        return self._turns.get(row)

    def began_after(self, row: int) -> int | None:
        """The row whose end made this one ready; None where that was its launch."""
        span = self.spans[row]
        if span.ready > span.since:
            return self.row_of.get((span.launch, span.holder))
        before = self.before[row]
        if before is not None and self.spans[before].end == span.since:
            return before
        launches = self.record.launches
        if span.launch >= len(launches) or launches[span.launch].at_ps == span.since:
            return None
        # Held back until all that the launches before had to do was done.
        tenant = self.tenant(span.launch)
        latest = min(row, bisect_right(self.spans, span.since, key=lambda span: span.end))
        for earlier in range(latest - 1, -1, -1):
            if self.spans[earlier].end < span.since:
                break
            if self.tenant(self.spans[earlier].launch) == tenant:
                return earlier
        return None

    def released_by(self, row: int) -> int | None:
        """The row whose end gave this one the space it waited for; None where it waited for its turn only."""
        span = self.spans[row]
        for launch in range(span.launch, -1, -1):
            earlier = self.row_of.get((launch, span.space_holder))
            if earlier is not None and self.spans[earlier].end == span.granted and earlier < row:
                return earlier
        return None

    def made_room(self, row: int) -> str:
        """The tensor whose end of use gave a row the space it waited for, of several the largest; empty
        where none is known."""
        program = self.program
        released = self.released_by(row)
        if released is None:
            return ""
        by = self.spans[released]
        memories = {program.buffers[number].memory for number in program.tasks[self.spans[row].task].reserves}
        found = [
            program.buffers[number]
            for number in self.frees.get(by.task, ())
            if program.buffers[number].memory in memories and self._last_user(number, by.launch, released)
        ]
        return max(found, key=lambda buffer: buffer.nbytes).tensor if found else ""

    def _last_user(self, buffer: int, launch: int, row: int) -> bool:
        users = self.program.buffers[buffer].freed_by
        return all(self.row_of.get((launch, user), row) <= row for user in users)

    def at_the_engine(self, row: int) -> Iterator[tuple[str, int]]:
        """Who of the other tenants was at the engine while the row waited for it, each up to a moment, the
        last up to the row's turn."""
        span = self.spans[row]
        turn, at = span.turn, span.granted
        if span.engine_ps:
            rows, ends = self._others.get(self.program.tasks[span.task].engine, ([], []))
            for place in range(bisect_right(ends, at), len(rows)):
                other = self.spans[rows[place]]
                until = min(other.end, turn)
                yield self.program.tasks[other.task].engine, until
                at = until
                if at == turn:
                    return
        if at < turn:
            yield "", turn
