"""Checks the times of a run: the order of its tasks, and that engines do one at a time."""

from __future__ import annotations

from collections.abc import Iterator

from simres.program.record import Span
from simres.result.result import Result


def time_problems(result: Result) -> Iterator[str]:
    """Tasks that start before what they wait for has ended, or before their engine's last one has."""
    tasks = result.program.tasks
    ends = {(span.launch, span.task): span.end for span in result.record.rows}
    busy_until: dict[str, int] = {}
    for span in sorted(result.record.rows, key=lambda span: (span.turn, span.end)):
        task = tasks[span.task]
        for earlier in (*task.needs, *task.after):
            if ends.get((span.launch, earlier), span.granted + 1) > span.granted:
                yield f"task {span.task} starts at {span.granted} ps, before task {earlier} has ended"
        if busy_until.get(task.engine, 0) > span.turn:
            yield f"`{task.engine}` turns to task {span.task} at {span.turn} ps, with another not done"
        busy_until[task.engine] = span.end
    last = max((span.end for span in result.record.rows), default=0)
    if last != result.makespan_ps:
        yield f"the last task ends at {last} ps, and the makespan is {result.makespan_ps} ps"
    expected = result.record.repeats(len(tasks))
    if (count := len(result.record.rows)) != sum(expected):
        yield f"{count} tasks ran, and the Program has {sum(expected)}"


def once(rows: tuple[Span, ...]) -> tuple[dict[int, int], dict[int, int]]:
    """The starts and ends by task, if each ran once; else none."""
    starts = {span.task: span.granted for span in rows}
    return (starts, {span.task: span.end for span in rows}) if len(starts) == len(rows) else ({}, {})
