"""Everything at once: weights ahead of their need, tiles, host and matrix unit side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from simres.hardware.chip import Chip
from simres.hookspecs import ComponentRole
from simres.program import Program, Work
from simres.scheduling.tiled import Written, written
from simres.scheduling.tiling import DoesNotFit, Tiling, cut
from simres.scheduling.unfused import unfused
from simres.workload import Unit, Workload

FINER = (32, 64, 128)
"""Tile sizes tried for a network of few tiles, as shares of the on-chip memory."""

COARSER = (2, 16)
"""Tile sizes tried for one of many."""

SMALL, LARGE, LARGEST = 500, 4_000, 12_000
"""Tiles: up to SMALL at the first of the finer sizes, all of them are tried, else one of up to LARGE; a
network that comes to more is tried at the coarser ones, the second if that comes to no more than LARGEST."""

NEAR = 1.01
"""Within this of a bound that holds for every schedule, no other tile size is tried."""


class Parameters(BaseModel):
    """What a scenario may set for this scheduler."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    share: int | None = Field(default=None, ge=1)
    """Cut maps to this share of the on-chip memory (8: an eighth); by default several are tried."""

    weights: Literal["streamed", "kept"] = "streamed"
    """`kept`: all weights are on chip before and after, for one image after the other."""


def schedule(workload: Workload, chip: Chip, parameters: Parameters) -> Program:
    """The best of the tile sizes tried, by what their tasks cost.

    Raises `AnswerIsNo`, with the memory that would do, when an operator does not fit however it is cut.
    """
    best: Written | None = None
    bound = _bound(workload, chip, kept=parameters.weights == "kept")
    for tiling in _tilings(workload, chip, parameters):
        found = written(workload, chip, tiling, overlap=True)
        if best is None or found.estimate_ps < best.estimate_ps:
            best = found
        if best.estimate_ps <= NEAR * bound:
            break
    assert best is not None
    return best.program("overlapped")


def _tilings(workload: Workload, chip: Chip, parameters: Parameters) -> Iterator[Tiling]:
    """Tile sizes worth trying: several for a small network, for a large one what is affordable."""
    memory, spec = chip.scratchpad()
    parts = unfused(workload)
    kept = parameters.weights == "kept"

    def up_to(most: int, share: int) -> Tiling | None:
        try:
            return Tiling(parts, memory, spec, share, pinned=kept, most=most)
        except DoesNotFit:
            return None

    if parameters.share is not None:
        yield cut(parts, memory, spec, parameters.share, pinned=kept)
        return
    first = up_to(LARGE, FINER[0])
    finest = (*FINER[1:], 512) if kept else FINER[1:]  # nothing but work is left to overlap
    if first is None:
        yield cut(parts, memory, spec, COARSER[0], pinned=kept)
        if (finer := up_to(LARGEST, COARSER[1])) is not None:
            yield finer
    elif first.count <= SMALL:
        yield first
        for share in finest:
            if (finer := up_to(LARGE, share)) is not None:
                yield finer
        yield cut(parts, memory, spec, COARSER[1], pinned=kept)
    else:
        yield up_to(LARGE, FINER[1]) or first


def _bound(workload: Workload, chip: Chip, *, kept: bool) -> int:
    """Picoseconds that any schedule takes: compulsory bytes on the bus, work on each role's engines."""
    nbytes = workload.compulsory_bytes - (workload.weight_bytes if kept else 0)
    work = Work(nbytes)
    bounds = [chip.engines[chip.load_and_store(work)[0]].duration_ps(work)]
    for unit, role in ((Unit.MATRIX, ComponentRole.MATRIX), (Unit.HOST, ComponentRole.HOST)):
        engines = chip.named(role).values()
        total = sum(
            min(spec.duration_ps(Work(macs=op.macs, loops=op.loops, op=op)) for spec in engines)
            if unit is Unit.MATRIX
            else min(spec.duration_ps(Work(vector_ops=op.vector_ops, op=op)) for spec in engines)
            for op in workload.ops
            if op.unit is unit and engines
        )
        bounds.append(total // max(1, len(engines)))
    return max(bounds)
