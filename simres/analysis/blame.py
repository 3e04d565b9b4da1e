"""Chains of tasks behind each stall of an engine, followed back in time."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate, pairwise

from simres.analysis.event_graph import History
from simres.program.record import Record, Span
from simres.program.tasks import Program


def held_up_by(program: Program, record: Record, engine: str) -> Mapping[str, int]:
    """Picoseconds that `engine` stalled, by what was active meanwhile (busy or stalled); the longest first.

    From the end of each stall the walk goes back to the task whose end resolved it, from the start of that
    task to the task whose end let it start, and so on to the start of the stall. Time that a task on the way
    waited for a shared bus is attributed to the holders of the bus, and so are the engine's own waits for it.
    A holder is an engine, a background master, or `""` for the bus itself (turnaround, refresh). If only a
    part of a task counts, it is divided in the task's own proportions, in whole picoseconds that add up.

    The sum is the engine's stalls on dependencies, schedule order and a full buffer, less the time before any
    task had arrived, plus its stalls on a shared bus. Empty unless the Record is full.
    """
    history = History(program, record)
    spans, holders = history.spans, history.holders
    ended = {(span.task, span.end): number for number, span in enumerate(spans)}

    def cause_of(number: int) -> int | None:
        """The span whose end let this one start."""
        span = spans[number]
        if span.granted > span.ready:
            return ended.get((span.space_holder, span.granted))
        if span.ready > span.since:
            return ended.get((span.holder, span.ready))
        return history.before[number]

    blame: dict[str, int] = {}

    def add(name: str, ps: int) -> None:
        if ps:
            blame[name] = blame.get(name, 0) + ps

    for number, span in enumerate(spans):
        if program.tasks[span.task].engine != engine:
            continue
        for name, ps in holders.get(number, {}).items():
            add(name, ps)
        until = span.granted
        at = cause_of(number) if until > span.since else None
        # A cause ends before its effect starts, so only a broken Record has a chain longer than itself.
        for _ in range(len(spans)):
            if at is None or until <= span.since:
                break
            start = max(spans[at].granted, span.since)
            if start < until:
                other = program.tasks[spans[at].task].engine
                for name, ps in _shared_out(until - start, spans[at], other, holders.get(at, {})):
                    add(name, ps)
                until = start
            at = cause_of(at)
    return dict(sorted(blame.items(), key=lambda item: -item[1]))


def _shared_out(ps: int, span: Span, engine: str, holders: Mapping[str, int]) -> list[tuple[str, int]]:
    """`ps` of a task's time, divided between its engine and the holders of the bus."""
    if not holders:
        return [(engine, ps)]
    took = span.end - span.granted
    names = [engine, *holders]
    parts = [took - sum(holders.values()), *holders.values()]
    marks = [ps * upto // took for upto in accumulate(parts, initial=0)]
    return [(name, after - then) for name, (then, after) in zip(names, pairwise(marks), strict=True)]


def together_ps(record: Record) -> int:
    """Picoseconds in which two or more engines are busy at once; 0 unless the Record is full."""
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
