"""Intervals during which each buffer occupied on-chip memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simres.program.record import Record
from simres.program.tasks import Program


@dataclass(frozen=True, slots=True)
class Stay:
    """The time of a buffer in memory: granted at `start_ps`, freed at `end_ps`.

    It is granted to `task` of `launch`; `task` is -1 if the buffer was there from the start.
    """

    memory: str
    tensor: str
    nbytes: int
    start_ps: int
    end_ps: int
    launch: int = 0
    task: int = -1


def stays(program: Program, record: Record) -> tuple[Stay, ...]:
    """Every buffer of every launch, in order of start; empty unless the Record is full.

    `nbytes` are the tensor's, without the memory's alignment.
    """
    ended = {(span.launch, span.task): span.end for span in record.spans}
    found = []

    def stay(number: int, start: int, launch: int, task: int = -1) -> None:
        buffer = program.buffers[number]
        ends = [ended[launch, user] for user in buffer.freed_by if (launch, user) in ended]
        end = max(ends, default=record.makespan_ps)
        found.append(Stay(buffer.memory, buffer.tensor, buffer.nbytes, start, end, launch, task))

    for number in program.resident_in if record.rows else ():
        stay(number, 0, 0)
    for span in record.spans:
        for number in program.tasks[span.task].reserves:
            stay(number, span.granted, span.launch, span.task)
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


def by_tensor(
    found: tuple[Stay, ...], memory: str, most: int, others: str = "others"
) -> list[tuple[int, Mapping[str, int]]]:
    """Bytes that each tensor holds in `memory` from each moment on: (picosecond, bytes by tensor).

    The `most` tensors with the largest bytes x time are listed separately, the largest first; all other
    tensors are added up under `others`, if there are any.
    """
    spent: dict[str, int] = {}
    for stay in found:
        if stay.memory == memory:
            spent[stay.tensor] = spent.get(stay.tensor, 0) + stay.nbytes * (stay.end_ps - stay.start_ps)
    kept = sorted(spent, key=lambda tensor: -spent[tensor])[:most]
    held = dict.fromkeys(kept, 0) | ({others: 0} if len(spent) > len(kept) else {})
    changes: dict[int, dict[str, int]] = {}
    for stay in found:
        if stay.memory == memory:
            name = stay.tensor if stay.tensor in kept else others
            for moment, nbytes in ((stay.start_ps, stay.nbytes), (stay.end_ps, -stay.nbytes)):
                change = changes.setdefault(moment, {})
                change[name] = change.get(name, 0) + nbytes
    series: list[tuple[int, Mapping[str, int]]] = []
    for moment in sorted(changes):
        for name, nbytes in changes[moment].items():
            held[name] += nbytes
        series.append((moment, dict(held)))
    return series


@dataclass(frozen=True, slots=True)
class Peak:
    """The first moment at which a memory held the most bytes, and the tensors in it, the largest first."""

    at_ps: int
    nbytes: int
    holders: Mapping[str, int]


def peak(found: tuple[Stay, ...], memory: str) -> Peak | None:
    """The peak of `memory`; None if no buffer in it is known."""
    series = occupancy(found, memory)
    if not series:
        return None
    at_ps, nbytes = max(series, key=lambda moment: moment[1])
    holders: dict[str, int] = {}
    for stay in found:
        if stay.memory == memory and stay.start_ps <= at_ps < stay.end_ps:
            holders[stay.tensor] = holders.get(stay.tensor, 0) + stay.nbytes
    largest = dict(sorted(holders.items(), key=lambda item: (-item[1], item[0])))
    return Peak(at_ps, nbytes, largest)
