"""The scheduler `serial`: one operator after another, without any overlap.

Each operator's inputs are loaded unless they are on chip already; it computes; what cannot stay is
spilled (see `residency`). An operator is cut into tiles only where it does not fit as a whole.
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

    Raises `AnswerIsNo`, with the memory that would do, when an operator does not fit however it is cut.
    """
    memory, spec = chip.scratchpad()
    walk = least_walk(bench or Workbench(), workload, memory, spec)
    return in_a_row(workload, chip, walk).program("serial")
