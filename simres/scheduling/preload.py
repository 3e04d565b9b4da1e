"""The Program that loads the data which another Program expects on chip."""

from __future__ import annotations

from simres.errors import InvariantViolation
from simres.hardware.chip import Chip
from simres.program.tasks import Buffer, Program, Region, Task, TaskKind, Work
from simres.workload.graph import Workload
from simres.workload.operators import Role


def preload(program: Program, workload: Workload, chip: Chip) -> Program:
    """The Program that loads every buffer of `program.resident_in`, in order of its first use, and leaves it.

    Its layers are those of `program`: each load counts for the layer that first reads it. Raises
    `InvariantViolation` when a buffer is of a tensor that does not lie off-chip from the start.
    """
    first_use: dict[int, int] = {}
    for task in program.tasks:
        for region in task.reads:
            if region.buffer is not None:
                first_use.setdefault(region.buffer, task.layer)
    wanted = sorted(program.resident_in, key=lambda number: (first_use.get(number, 0), number))
    tasks: list[Task] = []
    buffers: list[Buffer] = []
    for place, number in enumerate(wanted):
        buffer = program.buffers[number]
        if workload.tensors[workload.storage(buffer.tensor)].role is Role.ACTIVATION:
            raise InvariantViolation(
                f"the Program of scheduler `{program.scheduler}` expects `{buffer.tensor}` in memory, which "
                "no other Program can have brought there",
                "this is a defect of the scheduler, not of the scenario",
            )
        work = Work(nbytes=buffer.nbytes)
        engine, _ = chip.load_and_store(work)
        source, there = Region(buffer.tensor, None, buffer.box), Region(buffer.tensor, place, buffer.box)
        layer = first_use.get(number, 0)
        tasks.append(
            Task(engine, TaskKind.LOAD, work, layer, reads=(source,), writes=(there,), reserves=(place,))
        )
        buffers.append(Buffer(buffer.tensor, buffer.nbytes, buffer.memory, (), buffer.box))
    return Program(
        scheduler=program.scheduler,
        workload=program.workload,
        tasks=tuple(tasks),
        buffers=tuple(buffers),
        layers=program.layers,
        resident_out=tuple(range(len(buffers))),
    )
