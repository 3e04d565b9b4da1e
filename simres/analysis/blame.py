"""Whom an engine waits for: the chain of tasks behind each wait, followed back in time."""

from __future__ import annotations

from collections.abc import Mapping

from simres.program import Program
from simres.record import Record


def held_up_by(program: Program, record: Record, engine: str) -> Mapping[str, int]:
    """Picoseconds that `engine` waited, by the engine that was at work (or under way) meanwhile.

    From the moment a wait ended one goes back to the task whose end ended it, from its start to the task
    whose end let that one start, and so on until the wait began. The sum is the engine's waiting for
    data, order and space, less what passed before any task was there. Empty unless the Record is full.
    """
    spans = list(record.spans)
    ended = {(span.task, span.end): number for number, span in enumerate(spans)}
    before: list[int | None] = []
    latest: dict[str, int] = {}
    for number, span in enumerate(spans):
        lane = program.tasks[span.task].engine
        before.append(latest.get(lane))
        latest[lane] = number

    def cause_of(number: int) -> int | None:
        """The span whose end let this one begin."""
        span = spans[number]
        if span.granted > span.ready:
            return ended.get((span.space_holder, span.granted))
        if span.ready > span.since:
            return ended.get((span.holder, span.ready))
        return before[number]

    blame: dict[str, int] = {}
    for number, span in enumerate(spans):
        if span.granted == span.since or program.tasks[span.task].engine != engine:
            continue
        until = span.granted
        at = cause_of(number)
        while at is not None and until > span.since:
            start = max(spans[at].granted, span.since)
            if start < until:
                other = program.tasks[spans[at].task].engine
                blame[other] = blame.get(other, 0) + until - start
                until = start
            at = cause_of(at)
    return dict(sorted(blame.items(), key=lambda item: -item[1]))


def together_ps(record: Record) -> int:
    """Picoseconds in which two engines or more work at once; 0 unless the Record is full."""
    moments = sorted(
        moment
        for span in record.spans
        if span.begun < span.end
        for moment in ((span.begun, 1), (span.end, -1))
    )
    total = working = since = 0
    for moment, change in moments:
        if working > 1:
            total += moment - since
        working += change
        since = moment
    return total
