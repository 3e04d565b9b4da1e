"""A workload in tiles: one task after the other, or everything at once."""

from __future__ import annotations

from dataclasses import dataclass

from simres.hardware.chip import Chip
from simres.program import Program, TaskKind
from simres.scheduling.in_time import InTime
from simres.scheduling.residency import Residency, Stay
from simres.scheduling.tiling import Tiling, cut
from simres.scheduling.unfused import unfused
from simres.scheduling.writer import UNITS, Writer
from simres.units import format_bytes
from simres.workload import Workload


@dataclass(frozen=True, slots=True)
class Written:
    """A schedule as its tasks were written; `estimate_ps` is its makespan as far as costs tell."""

    writer: Writer
    estimate_ps: int
    workload: Workload
    overlap: bool

    def program(self, name: str) -> Program:
        """The finished Program, as made by the scheduler of that name."""
        residency = self.writer.residency
        return self.writer.program(name, self.workload.digest, _decisions(residency, overlap=self.overlap))


def tiled(
    workload: Workload, chip: Chip, *, name: str, share: int, overlap: bool, kept: bool = False
) -> Program:
    """The Program of `workload` cut into tiles that aim at a `share`-th of the on-chip memory.

    With `overlap`, loads are issued as early as memory allows and engines run side by side; without,
    one task follows the other. With `kept`, all weights are on chip before and after. Raises `AnswerIsNo`
    when an operator does not fit, however it is cut.
    """
    memory, spec = chip.scratchpad()
    tiling = cut(unfused(workload), memory, spec, share, pinned=kept)
    return written(workload, chip, tiling, overlap=overlap).program(name)


def written(workload: Workload, chip: Chip, tiling: Tiling, *, overlap: bool) -> Written:
    """The tasks of a tiling in their order."""
    writer = Writer(chip, Residency(tiling), in_a_row=not overlap)
    estimate = InTime(writer).run() if overlap else _in_a_row(writer)
    return Written(writer, estimate, workload, overlap)


def _in_a_row(writer: Writer) -> int:
    """Steps in order, each after its loads and before its stores; the sum of their times."""
    residency, chip = writer.residency, writer.chip
    stores: dict[int, list[Stay]] = {}
    for stay in residency.stays:
        if stay.stored:
            stores.setdefault(residency.written[stay.piece], []).append(stay)
    following = 0
    for position, step in enumerate(residency.steps):
        while following < len(residency.loads) and residency.loads[following].start <= position:
            writer.load(residency.loads[following])
            following += 1
        unit = residency.tiling.ops[step.op].unit
        if unit in UNITS:
            kind, role = UNITS[unit]
            writer.compute(position, kind, chip.fastest(role, step.work))
        else:
            writer.compute(position, TaskKind.MOVE, residency.tiling.memory)
        for stay in stores.get(position, ()):
            writer.store(stay)
    engines = chip.engines
    return sum(engines[task.engine].duration_ps(task.work) for task in writer.tasks)


def _decisions(residency: Residency, *, overlap: bool) -> dict[str, str]:
    tiling = residency.tiling
    several = sum(grid.count > 1 for grid in tiling.grids.values())
    overlapped = "loads as early as memory allows, engines side by side"
    found = {
        "order": overlapped if overlap else "one task after the other, nothing overlaps",
        "tiles": f"{len(residency.steps)} of {len(tiling.ops)} operators; "
        f"{several} of {len(tiling.grids)} tensors are cut, aiming at {format_bytes(tiling.aim)}",
        "spilled": format_bytes(residency.spilled) if residency.spilled else "nothing",
    }
    if tiling.forced:
        found["strips"] = f"{len(tiling.forced)} activations are read back in parts, halos included"
    if tiling.pinned:
        nbytes = sum(tiling.pieces.nbytes[piece] for piece in tiling.pinned)
        found["kept"] = f"all weights, {format_bytes(nbytes)}, before and after"
    return found
