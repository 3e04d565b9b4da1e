"""A Program with its weights left on chip, made of one that loads them, for tests of streams."""

from __future__ import annotations

from dataclasses import replace

from simres.program import Program, TaskKind
from simres.workload import Role, Workload


def keepable(program: Program, workload: Workload) -> bool:
    """Whether no task writes its result over a weight, which then could not stay."""
    weights = {
        region.buffer
        for task in program.tasks
        if task.kind is TaskKind.LOAD
        and workload.tensors[workload.storage(task.reads[0].tensor)].role is Role.WEIGHT
        for region in task.writes
    }
    written = {
        region.buffer for task in program.tasks if task.kind is not TaskKind.LOAD for region in task.writes
    }
    return not weights & written


def kept(program: Program, workload: Workload) -> Program:
    """`program` without its loads of weights: of each part of a weight one buffer is there all the time."""
    dropped: set[int] = set()
    standing: dict[object, int] = {}
    stands_for: dict[int, int] = {}
    for number, task in enumerate(program.tasks):
        if task.kind is not TaskKind.LOAD:
            continue
        if workload.tensors[workload.storage(task.reads[0].tensor)].role is Role.WEIGHT:
            dropped.add(number)
            for buffer in task.reserves:
                part = program.buffers[buffer]
                stands_for[buffer] = standing.setdefault((part.tensor, part.box), buffer)
    place = {old: new for new, old in enumerate(n for n in range(len(program.tasks)) if n not in dropped)}
    left = [n for n in range(len(program.buffers)) if stands_for.get(n, n) == n]
    buffer_place = {old: new for new, old in enumerate(left)}

    def waits(tasks):
        return tuple(place[task] for task in tasks if task in place)

    def buffer(number):
        return None if number is None else buffer_place[stands_for.get(number, number)]

    def regions(found):
        return tuple(replace(region, buffer=buffer(region.buffer)) for region in found)

    resident = tuple(sorted(buffer_place[number] for number in standing.values()))
    return replace(
        program,
        tasks=tuple(
            replace(
                task,
                needs=waits(task.needs),
                after=waits(task.after),
                reads=regions(task.reads),
                writes=regions(task.writes),
                reserves=tuple(buffer(number) for number in task.reserves),
            )
            for number, task in enumerate(program.tasks)
            if number in place
        ),
        buffers=tuple(
            replace(
                program.buffers[old],
                freed_by=() if new in resident else waits(program.buffers[old].freed_by),
            )
            for new, old in enumerate(left)
        ),
        resident_in=resident,
        resident_out=resident,
    )
