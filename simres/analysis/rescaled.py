"""A run again with some of its work faster, slower, or gone, in the order in which everything was done.

Every task starts after what it waited for: the tasks that it needs or follows, the one before it on its
engine, the end of use that freed its buffers, and the task that was granted buffers before it. What passed
between these and its start, and its stalls, take as long as they did: of a real machine they are not known to
change, and of a simulated one the bus would have to be simulated again. So with nothing changed every time is
what it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from simres.analysis.engine_totals import engine_totals
from simres.analysis.event_graph import History
from simres.errors import SimresError
from simres.program.record import IN_FULL, Record, RecordLevel, Span
from simres.program.tasks import Program


def rescaled(program: Program, record: Record, factors: Sequence[Fraction]) -> Record:
    """The Record with the busy time of every task times the factor of its layer, rounded to picoseconds.

    A task with the factor 0 is gone, its stalls too. Raises `SimresError` unless the Record is full.
    """
    if record.level is not RecordLevel.FULL:
        raise SimresError(
            f"there is nothing to replay: the run was recorded at level `{record.level.value}`", IN_FULL
        )
    history = History(program, record)
    old = record.spans
    order = sorted(range(len(old)), key=lambda row: (old[row].granted, old[row].launch, old[row].task))
    new: dict[int, Span] = {}
    for row in order:
        new[row] = _again(history, row, new, factors[program.tasks[old[row].task].layer])
    rows = sorted(order, key=lambda row: (new[row].end, row))
    spans = tuple(new[row] for row in rows)
    number_of = {row: number for number, row in enumerate(rows)}
    makespan = max((span.end for span in spans), default=0)
    totals = engine_totals(program, spans, record.engines, makespan)
    ends = [launched.at_ps for launched in record.launches]
    for span in spans:
        if span.launch < len(ends):
            ends[span.launch] = max(ends[span.launch], span.end)
    return replace(
        record,
        makespan_ps=makespan,
        engines={
            name: replace(own, bus_held_by=record.engines[name].bus_held_by) for name, own in totals.items()
        },
        rows=spans,
        bus_holders=tuple(
            (number_of[row], holder, ps) for row, holder, ps in record.bus_holders if new[row].bus_ps
        ),
        launches=tuple(
            launched._replace(end_ps=end) for launched, end in zip(record.launches, ends, strict=True)
        ),
    )


def _again(history: History, row: int, new: dict[int, Span], factor: Fraction) -> Span:
    """The span of a row after those that it waits for, which are in `new`."""
    old, launches = history.spans, history.record.launches
    span, task = old[row], history.program.tasks[old[row].task]
    before, turn = history.before[row], history.turn_before(row)
    numbers = [history.row_of.get((span.launch, other)) for other in (*task.needs, *task.after)]
    producers = [number for number in numbers if number is not None]
    ended = [number for number in (before, history.released_by(row)) if number is not None]
    due = launches[span.launch].at_ps if span.launch < len(launches) else 0
    then, now = [due], [due]
    for number in (*producers, *ended):
        then.append(old[number].end)
        now.append(new[number].end)
    if turn is not None:
        then.append(old[turn].granted)
        now.append(new[turn].granted)
    granted = span.granted + max(now) - max(then)
    since = span.since
    if before is not None:
        since = new[before].end if since == old[before].end else max(since, new[before].end)
    since = min(since, granted)
    holder = max(producers, key=lambda number: new[number].end, default=None)
    ready = min(granted, max(since, new[holder].end if holder is not None else since))
    stalled = span if factor else span.without_stalls
    begun = granted + sum(stalled.stalls_ps)
    return stalled._replace(
        since=since,
        ready=ready,
        granted=granted,
        end=begun + round(span.working_ps * factor),
        holder=old[holder].task if holder is not None and ready > since else -1,
    )
