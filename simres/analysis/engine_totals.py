"""Totals of engines, summed over the spans of a Record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from simres.program.record import Cause, EngineTotals, Span
from simres.program.tasks import Program


def engine_totals(
    program: Program, spans: Iterable[Span], engines: Iterable[str], makespan_ps: int
) -> Mapping[str, EngineTotals]:
    """The totals of each engine over its spans; what is neither busy nor stalled is idle.

    Who held a shared bus is not known from spans.
    """
    count = dict.fromkeys(engines, 0)
    working = dict.fromkeys(engines, 0)
    moved = dict.fromkeys(engines, 0)
    waiting: dict[str, dict[Cause, int]] = {name: dict.fromkeys(Cause, 0) for name in engines}
    for span in spans:
        task = program.tasks[span.task]
        count[task.engine] += 1
        working[task.engine] += span.working_ps
        moved[task.engine] += task.work.nbytes
        for wait in span.waits(task.needs):
            waiting[task.engine][wait.cause] += wait.end_ps - wait.start_ps
    return {
        name: EngineTotals(
            count[name],
            working[name],
            waiting[name],
            makespan_ps - working[name] - sum(waiting[name].values()),
            moved[name],
        )
        for name in engines
    }
