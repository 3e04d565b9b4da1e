"""The scheduler `serial`: one operator after another, without any overlap.

Each operator loads the inputs that are not on chip, computes, and spills what cannot stay (see `residency`).
An operator is cut into tiles only if it does not fit as a whole.
"""

from __future__ import annotations

from pydantic import BaseModel

from simres.hardware.chip import Chip
from simres.program.tasks import Program
from simres.scheduling.tiled import in_a_row
from simres.scheduling.tiling_cache import least_walk
from simres.sharing.workbench import Workbench
from simres.workload.graph import Workload


def schedule(
    workload: Workload,
    chip: Chip,
    parameters: BaseModel,  # noqa: ARG001 - a scheduler
    bench: Workbench | None = None,
) -> Program:
    """The Program of `workload`, one task at a time.

    Raises `AnswerIsNo`, with a sufficient memory, if an operator does not fit under any cut.
    """
    memory, spec = chip.scratchpad()
    walk = least_walk(bench or Workbench(), workload, memory, spec)
    return in_a_row(workload, chip, walk).program("serial")
