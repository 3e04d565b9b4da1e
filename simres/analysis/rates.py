"""Bandwidth and power of a run over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simres.analysis.energy import power_uw
from simres.program.names import EngineName
from simres.program.record import Record
from simres.program.tasks import Program, TaskKind
from simres.units import PS_PER_S

Series = list[tuple[int, int]]
"""(picosecond, value) in order of time: the value holds from that moment to the next."""


def bandwidth(program: Program, record: Record) -> Mapping[str, Series]:
    """Bytes a second over each bus (a component) for tasks; empty unless the Record is full.

    A transfer's bytes are spread evenly from its request to its end, latency included. While transfers of
    several channels overlap nobody took down whose burst was when, so what they moved is spread over all of
    the time in which they did. It adds up to the bytes, and is never more than the bus can do (but for ends
    that are rounded to picoseconds).
    """
    moved: dict[str, list[tuple[int, int, int]]] = {}
    for span in record.spans:
        task = program.tasks[span.task]
        if task.kind in (TaskKind.LOAD, TaskKind.STORE) and task.work.nbytes:
            bus = EngineName.parse(task.engine).component
            moved.setdefault(bus, []).append((span.turn, span.end, task.work.nbytes))
    return {name: _rates(sorted(transfers)) for name, transfers in moved.items()}


def _rates(transfers: Sequence[tuple[int, int, int]]) -> Series:
    periods: list[list[int]] = []
    for start, end, nbytes in transfers:
        if periods:
            since, until, _ = periods[-1]
            instant = start == end or since == until
            if start < until or (instant and start == until):
                periods[-1] = [since, max(until, end), periods[-1][2] + nbytes]
                continue
        periods.append([start, end, nbytes])
    series: dict[int, int] = {}
    for start, end, nbytes in periods:
        if start < end:
            series[start] = nbytes * PS_PER_S // (end - start)
            series[end] = 0
    return _changes(series)


def power(record: Record, task_fj: Sequence[int], static_uw: int) -> Series:
    """Microwatts: those that are always taken, and what each task takes (`task_fj`, in femtojoules) spread
    over its time on its engine. Of tasks that take no time nothing is in it. Empty unless the Record is
    full."""
    changes: dict[int, int] = {0: 0, record.makespan_ps: 0} if record.rows else {}
    for span in record.spans:
        start = span.turn
        spent = power_uw(task_fj[span.task], span.end - start)
        if spent:
            changes[start] = changes.get(start, 0) + spent
            changes[span.end] = changes.get(span.end, 0) - spent
    taken = static_uw
    series: dict[int, int] = {}
    for moment in sorted(changes):
        taken += changes[moment]
        series[moment] = taken
    if series:
        series[record.makespan_ps] = 0
    return _changes(series)


def _changes(series: Mapping[int, int]) -> Series:
    """A series without the moments at which nothing changes."""
    found: Series = []
    for moment, value in series.items():
        if not found or found[-1][1] != value:
            found.append((moment, value))
    return found
