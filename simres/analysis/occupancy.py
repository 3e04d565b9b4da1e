"""What lay in on-chip memory, from when to when."""

from __future__ import annotations

from dataclasses import dataclass

from simres.program import Program
from simres.record import Record


@dataclass(frozen=True, slots=True)
class Stay:
    """A buffer's time in memory: granted at `start_ps`, given back at `end_ps`."""

    memory: str
    tensor: str
    nbytes: int
    start_ps: int
    end_ps: int


def stays(program: Program, record: Record) -> tuple[Stay, ...]:
    """Every buffer of every launch, in order of their start; none unless the Record is full.

    `nbytes` are the tensor's, without the memory's alignment.
    """
    ended = {(span.launch, span.task): span.end for span in record.spans}
    found = []

    def stay(number: int, start: int, launch: int) -> None:
        buffer = program.buffers[number]
        ends = [ended[launch, user] for user in buffer.freed_by if (launch, user) in ended]
        end = max(ends, default=record.makespan_ps)
        found.append(Stay(buffer.memory, buffer.tensor, buffer.nbytes, start, end))

    for number in program.resident_in if record.rows else ():
        stay(number, 0, 0)
    for span in record.spans:
        for number in program.tasks[span.task].reserves:
            stay(number, span.granted, span.launch)
    return tuple(sorted(found, key=lambda stay: (stay.start_ps, stay.end_ps)))


def occupancy(found: tuple[Stay, ...], memory: str) -> list[tuple[int, int]]:
    """Bytes held in `memory` from each moment on: (picosecond, bytes), in order of time."""
    changes: dict[int, int] = {}
    for stay in found:
        if stay.memory == memory:
            changes[stay.start_ps] = changes.get(stay.start_ps, 0) + stay.nbytes
            changes[stay.end_ps] = changes.get(stay.end_ps, 0) - stay.nbytes
    held = 0
    series = []
    for moment in sorted(changes):
        held += changes[moment]
        series.append((moment, held))
    return series
