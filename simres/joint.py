"""Several Programs as one, for whoever looks at a run in which all of them took part."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from simres.program import Buffer, Layer, Program, Region, Task

_Key = tuple[object, ...]


def joined(programs: Sequence[Program]) -> Program:
    """The Programs one behind the other, tasks and buffers numbered through; the last one's decisions.

    A buffer that one leaves in memory and a later one finds there is the same buffer. Programs with the
    same layers share them. One Program is returned as it is.
    """
    if len(programs) == 1:
        return programs[0]
    tasks: list[Task] = []
    buffers: list[Buffer] = []
    layers: tuple[Layer, ...] = ()
    found_there: list[int] = []
    left: dict[_Key, list[int]] = {}
    for program in programs:
        shared = program.layers == layers
        first_layer = 0 if shared else len(layers)
        layers += () if shared else program.layers
        first = len(tasks)
        place: dict[int, int] = {}
        for number, buffer in enumerate(program.buffers):
            freed_by = tuple(first + task for task in buffer.freed_by)
            same = left.get(_key(buffer)) if number in program.resident_in else None
            if same:
                place[number] = same.pop(0)
                buffers[place[number]] = replace(buffer, freed_by=freed_by)
                continue
            place[number] = len(buffers)
            buffers.append(replace(buffer, freed_by=freed_by))
            if number in program.resident_in:
                found_there.append(place[number])
        for number in program.resident_out:
            left.setdefault(_key(program.buffers[number]), []).append(place[number])
        tasks += [
            replace(
                task,
                layer=first_layer + task.layer,
                needs=tuple(first + other for other in task.needs),
                after=tuple(first + other for other in task.after),
                reads=_placed(task.reads, place),
                writes=_placed(task.writes, place),
                reserves=tuple(place[buffer] for buffer in task.reserves),
            )
            for task in program.tasks
        ]
    return replace(
        programs[-1],
        tasks=tuple(tasks),
        buffers=tuple(buffers),
        layers=layers,
        resident_in=tuple(found_there),
        resident_out=tuple(number for number, buffer in enumerate(buffers) if not buffer.freed_by),
    )


def _key(buffer: Buffer) -> _Key:
    return (buffer.tensor, buffer.memory, buffer.nbytes, buffer.box)


def _placed(regions: Iterable[Region], place: dict[int, int]) -> tuple[Region, ...]:
    return tuple(
        region if region.buffer is None else replace(region, buffer=place[region.buffer])
        for region in regions
    )
