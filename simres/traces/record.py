"""Program and Record of the tasks of a trace."""

from __future__ import annotations

from collections.abc import Sequence

from simres.analysis.engine_totals import engine_totals
from simres.program.record import Record, RecordLevel, Span
from simres.program.tasks import Layer, Program, Task, TaskKind, Work
from simres.traces.dependencies import Dependency
from simres.traces.events import LaneKind
from simres.traces.lanes import Timeline
from simres.traces.tasks import Ordered

_KINDS = {LaneKind.THREAD: TaskKind.CODE, LaneKind.STREAM: TaskKind.KERNEL, LaneKind.COPIES: TaskKind.MOVE}
_ORDER = (Dependency.STREAM_ORDER,)
"""The dependencies that state an order, not the reading of a result."""


def program_and_record(
    name: str, found: Ordered, timelines: Sequence[Timeline], layers: tuple[Layer, ...]
) -> tuple[Program, Record]:
    """The Program of a trace, whose scheduler is the machine, and the Record of the one run of it.

    A task is ready when its dependencies have ended and its engine is free. The time from then to its start
    has an unknown cause. The first task of an engine without a known dependency starts at its recorded time.
    """
    needs: list[list[int]] = [[] for _ in found.tasks]
    after: list[list[int]] = [[] for _ in found.tasks]
    for kind, pairs in found.edges.items():
        for source, target in pairs:
            (after if kind in _ORDER else needs)[target].append(source)
    tasks = tuple(
        Task(
            engine=timelines[task.lane].name,
            kind=_KINDS[timelines[task.lane].kind],
            work=Work(nbytes=task.nbytes) if task.nbytes else _NONE,
            layer=task.label,
            needs=tuple(sorted(set(needs[number]))),
            after=tuple(sorted(set(after[number]) - set(needs[number]))),
        )
        for number, task in enumerate(found.tasks)
    )
    program = Program("traced", name, tasks, layers=layers)
    return program, _record(program, found, [timeline.name for timeline in timelines if timeline.pieces])


_NONE = Work()


def _record(program: Program, found: Ordered, engines: Sequence[str]) -> Record:
    makespan = max((task.end for task in found.tasks), default=0)
    free: dict[str, int] = {}
    spans = []
    for number, (task, timed) in enumerate(zip(program.tasks, found.tasks, strict=True)):
        waited = (*task.needs, *task.after)
        holder = max(waited, key=lambda other: found.tasks[other].end, default=-1)
        since = free.get(task.engine, 0 if waited else timed.start)
        ready = max(since, found.tasks[holder].end if holder >= 0 else 0)
        if ready == since:
            holder = -1
        late = timed.start - ready
        spans.append(Span(0, number, since, ready, ready, timed.end, 0, 0, holder, -1, unknown_ps=late))
        free[task.engine] = timed.end
    spans.sort(key=lambda span: (span.end, span.task))
    return Record(
        level=RecordLevel.FULL,
        makespan_ps=makespan,
        engines=engine_totals(program, spans, engines, makespan),
        memories={},
        rows=tuple(spans),
    )
