"""Replays a run with some resources unlimited: same tasks, same order, every grant in its recorded turn.

What a task waited for it waits for again, but an engine that is free does its tasks in no time (the
transfers of a free bus have neither latency nor others in their way), and a memory that is free has room
for everything. All else takes as long as it did in the run, so nothing ends later than it did then: what
is gained is what the resource is worth at the most, before a scheduler makes something else of it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator
from functools import cached_property

from simres.analysis.event_graph import History
from simres.program.names import EngineName
from simres.program.record import Record
from simres.program.tasks import Program


class UnlimitedReplay:
    """A recorded run as a web of waits, to be run again with one resource or another free."""

    def __init__(self, program: Program, record: Record) -> None:
        self.program = program
        self.record = record
        self.history = History(program, record)

    def makespan_ps(self, engines: Collection[str] = (), memories: Collection[str] = ()) -> int:
        """Picoseconds that the run takes where these are free; the recorded makespan where none is.

        Raises nothing, and says 0 for a Record without spans that had nothing to wait for.
        """
        history, tasks = self.history, self.program.tasks
        granted = [0] * len(history.spans)
        ended = [0] * len(history.spans)
        freed = {name: list(frees) for name, frees in self._freed.items() if name not in memories}
        latest = dict.fromkeys(freed, 0)
        for row, ends in self._order:
            span = history.spans[row]
            if ends:
                free = tasks[span.task].engine in engines
                other = None if free else self._seat_before[row]
                start = granted[row] if other is None else max(granted[row], ended[other])
                ended[row] = start if free else start + span.end - span.turn
                continue
            start = self._due[row]
            for earlier in self._after[row]:
                start = max(start, ended[earlier])
            turn = history.turn_before(row)
            if turn is not None:
                start = max(start, granted[turn])
            for memory, needed, holder in self._room.get(row, ()):
                if memory in memories:
                    continue
                start = max(start, ended[holder]) if holder >= 0 else start
                frees = freed[memory]
                for place in range(latest[memory], needed):  # to the latest end so far, in place
                    before = frees[place - 1] if place else 0
                    frees[place] = max(before, ended[self._freed[memory][place]])
                latest[memory] = max(latest[memory], needed)
                start = max(start, frees[needed - 1] if needed else 0)
            granted[row] = start
        due = [launched.at_ps for launched in self.record.launches]
        return max([*ended, *due], default=0)

    @cached_property
    def _due(self) -> list[int]:
        """When each row's launch was due."""
        launches = self.record.launches
        return [launches[span.launch].at_ps if launches else 0 for span in self.history.spans]

    @cached_property
    def _after(self) -> list[list[int]]:
        """The rows whose end each row waits for: what it needs, what its engine did before, and where its
        launch was held back the last of every engine before that."""
        history, record = self.history, self.record
        tasks = self.program.tasks
        found: list[list[int]] = []
        latest: dict[tuple[int, str], int] = {}
        for row, span in enumerate(history.spans):
            task = tasks[span.task]
            tenant = history.tenant(span.launch)
            after = [history.row_of[span.launch, earlier] for earlier in (*task.needs, *task.after)]
            before = history.before[row]
            if before is not None:
                after.append(before)
            woken = before is None or history.spans[before].end < span.since
            if woken and record.launches and record.launches[span.launch].at_ps < span.since:
                after += [
                    last
                    for (whose, _), last in latest.items()
                    if whose == tenant and history.spans[last].launch < span.launch
                ]
            latest[tenant, task.engine] = row
            found.append(after)
        return found

    @cached_property
    def _seat_before(self) -> list[int | None]:
        """For each row the one before it at an engine that tenants share, whosever that was."""
        found: list[int | None] = [None] * len(self.history.spans)
        if len({launched.tenant for launched in self.record.launches}) < 2:
            return found
        tasks, spans = self.program.tasks, self.history.spans
        at: dict[EngineName, int] = {}
        for row in sorted(range(len(spans)), key=lambda row: (spans[row].turn, spans[row].end, row)):
            engine = EngineName.parse(tasks[spans[row].task].engine).shared
            found[row] = at.get(engine)
            at[engine] = row
        return found

    @cached_property
    def _freed(self) -> dict[str, list[int]]:
        """The rows that gave back space, by memory, in order; see `_bytes_freed`."""
        return {name: [row for row, _ in frees] for name, frees in self._bytes_freed.items()}

    @cached_property
    def _bytes_freed(self) -> dict[str, list[tuple[int, int]]]:
        """Rows that gave back space, by memory, with all bytes given back up to then."""
        buffers = self.program.buffers
        left: dict[tuple[int, int], int] = {}
        found: dict[str, list[tuple[int, int]]] = {name: [] for name in self.record.memories}
        total = dict.fromkeys(found, 0)
        for row, span in enumerate(self.history.spans):
            for number in self.history.frees.get(span.task, ()):
                buffer = buffers[number]
                key = (span.launch, number)
                left[key] = left.get(key, len(buffer.freed_by)) - 1
                if not left[key]:
                    total[buffer.memory] += buffer.nbytes
                    found[buffer.memory].append((row, total[buffer.memory]))
        return found

    @cached_property
    def _room(self) -> dict[int, list[tuple[str, int, int]]]:
        """For each row that reserves, by memory: how many rows must have given back space for it to fit,
        and whose end it waited for, -1 if it did not."""
        history, program = self.history, self.program
        reserved = dict.fromkeys(self.record.memories, 0)
        for number in program.resident_in:
            reserved[program.buffers[number].memory] += program.buffers[number].nbytes
        found: dict[int, list[tuple[str, int, int]]] = {}
        for (_, task), row in sorted(history.row_of.items()):
            for number in program.tasks[task].reserves:
                buffer = program.buffers[number]
                reserved[buffer.memory] += buffer.nbytes
            for memory in {program.buffers[number].memory for number in program.tasks[task].reserves}:
                missing = reserved[memory] - self.record.memories[memory].capacity
                frees = self._bytes_freed[memory]
                needed = bisect_left(frees, missing, key=lambda free: free[1]) + 1 if missing > 0 else 0
                holder = history.released_by(row)
                found.setdefault(row, []).append(
                    (memory, min(needed, len(frees)), -1 if holder is None else holder)
                )
        return found

    @cached_property
    def _order(self) -> list[tuple[int, bool]]:
        """The grant (False) and the end (True) of every row, each after all that it waits for."""
        return list(self._in_order())

    def _in_order(self) -> Iterator[tuple[int, bool]]:
        spans = self.history.spans
        placed = bytearray(len(spans))
        # Of several tenants, whose rows were merged, those of no length come after what else ends then.
        by_end = sorted(range(len(spans)), key=lambda row: (spans[row].end, spans[row].turn, row))
        for row in by_end:
            # A turn may come before that of a row which ended earlier.
            chain = []
            at: int | None = row
            while at is not None and not placed[at]:
                placed[at] = 1
                chain.append(at)
                at = self.history.turn_before(at)
            yield from ((one, False) for one in reversed(chain))
            yield row, True
