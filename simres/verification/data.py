"""Checks that everything a Program reads was brought in or made before, and is still there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from simres.program.tasks import Box, Program, Region
from simres.workload.graph import Workload
from simres.workload.operators import Role


@dataclass(slots=True)
class _Contents:
    """What a place holds: parts of one tensor, each with the task that wrote it (-1: from the start)."""

    tensor: str
    parts: list[tuple[Box, int]] = field(default_factory=list)


def data_problems(
    program: Program, workload: Workload, ends_ps: dict[int, int], starts_ps: dict[int, int]
) -> Iterator[str]:
    """Reads of what is not there: not written before, freed already, or, by the times of the run, too late.

    `starts_ps` and `ends_ps` are by task; they may be empty.
    """
    places: dict[int | str, _Contents] = {}
    for number in program.resident_in:
        buffer = program.buffers[number]
        places[number] = _Contents(
            buffer.tensor, [(_box(Region(buffer.tensor, None, buffer.box), workload), -1)]
        )
    last_use = {
        number: max(buffer.freed_by) for number, buffer in enumerate(program.buffers) if buffer.freed_by
    }
    for number, task in enumerate(program.tasks):
        where = f"task {number} ({task.kind.value} of `{program.layers[task.layer].name}`)"
        for region in (*task.reads, *task.writes):
            if region.buffer is not None and number > last_use.get(region.buffer, number):
                yield f"{where} uses buffer {region.buffer}, which was freed before"
        for region in task.reads:
            box = _box(region, workload)
            role = workload.tensors[region.tensor].role
            if region.buffer is None and role is not Role.ACTIVATION:
                continue
            there = places.get(_place(region))
            known = there.parts if there is not None and there.tensor == region.tensor else []
            if starts_ps:
                start = starts_ps.get(number, 0)
                known = [(part, by) for part, by in known if by < 0 or ends_ps.get(by, 0) <= start]
            if left := _missing(box, [part for part, _ in known]):
                yield f"{where} reads {left} of `{region.tensor}`, which is not there by then"
        for region in task.writes:
            there = places.get(_place(region))
            if there is None or there.tensor != region.tensor:
                there = places[_place(region)] = _Contents(region.tensor)
            there.parts.append((_box(region, workload), number))


def _place(region: Region) -> int | str:
    return region.tensor if region.buffer is None else region.buffer


def _box(region: Region, workload: Workload) -> Box:
    if region.box is not None:
        return region.box
    return tuple((0, size) for size in workload.tensors[region.tensor].shape)


def _missing(box: Box, parts: list[Box]) -> Box | None:
    """A piece of a box that no part holds: cut at every edge inside, axis by axis, until one part has it."""
    if any(first >= last for first, last in box):
        return None
    for part in parts:
        if all(low <= first and last <= high for (first, last), (low, high) in zip(box, part, strict=True)):
            return None
    for axis, (first, last) in enumerate(box):
        for part in parts:
            for edge in part[axis]:
                if first < edge < last:
                    lower = (*box[:axis], (first, edge), *box[axis + 1 :])
                    upper = (*box[:axis], (edge, last), *box[axis + 1 :])
                    touching = [
                        one
                        for one in parts
                        if all(low < b and a < high for (a, b), (low, high) in zip(box, one, strict=True))
                    ]
                    return _missing(lower, touching) or _missing(upper, touching)
    return box
