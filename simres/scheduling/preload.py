"""The Program that loads the data which another Program expects on chip."""

from __future__ import annotations

from simres.errors import InvariantViolation
from simres.hardware.chip import Chip
from simres.program.draft import Draft
from simres.program.tasks import Program
from simres.workload.graph import Workload
from simres.workload.operators import Role


def preload(program: Program, workload: Workload, chip: Chip) -> Program:
    """The Program that loads every buffer of `program.resident_in`, in order of its first use, and leaves it.

    Its layers are those of `program`: each load counts for the layer that first reads it. Raises
    `InvariantViolation` if a buffer belongs to a tensor that is not off-chip from the start.
    """
    first_use: dict[int, int] = {}
    for task in program.tasks:
        for region in task.reads:
            if region.buffer is not None:
                first_use.setdefault(region.buffer, task.layer)
    draft = Draft(chip)
    draft.layers += program.layers
    for number in sorted(program.resident_in, key=lambda number: (first_use.get(number, 0), number)):
        buffer = program.buffers[number]
        if workload.tensors[workload.storage(buffer.tensor)].role is Role.ACTIVATION:
            raise InvariantViolation(
                f"the Program of scheduler `{program.scheduler}` expects `{buffer.tensor}` in memory, which "
                "no other Program can have brought there",
                "this is a defect of the scheduler, not of the scenario",
            )
        region = draft.buffer(buffer.tensor, buffer.nbytes, buffer.memory, buffer.box)
        draft.load(region, layer=first_use.get(number, 0))
        draft.keep(region)
    return draft.freeze(program.scheduler, program.workload)
