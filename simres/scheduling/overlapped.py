"""Everything at once: weights ahead of their need, tiles, host and matrix unit side by side."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from simres.hardware.chip import Chip
from simres.program import Program, Work
from simres.scheduling.tiled import Written, written
from simres.scheduling.tiling import DoesNotFit, Tiling, cut
from simres.scheduling.unfused import unfused
from simres.workload import Workload

USUAL = 32
"""The tile size tried first, as a share of the on-chip memory."""

FINER, COARSER = (128, 64), 8
"""Finer sizes, of which the first that is affordable is tried, and what is tried if finer is no better."""

FINEST = 512
"""Where weights are kept, nothing but work is left to overlap, and the finest size counts too."""

MANY = (2, 16)
"""Tile sizes tried for a network of many tiles."""

SMALL, LARGE, LARGEST = 500, 4_000, 12_000
"""Tiles: up to SMALL at the usual size, several sizes are tried, else one of up to LARGE; a network that
comes to more is tried at the sizes for `MANY`, the second of them if that comes to no more than LARGEST."""

COARSEST, FAR = (1, 2, 8), 2
"""Sizes that are tried, too, where the best so far takes more than FAR times a bound."""

NEAR = 1.02
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
    bound = _bound(workload, chip, kept=parameters.weights == "kept")
    tried = _tried(workload, chip, parameters, bound)
    return min(tried, key=lambda found: found.estimate_ps).program("overlapped")


def _tried(workload: Workload, chip: Chip, parameters: Parameters, bound: int) -> list[Written]:
    """Schedules with the tile sizes worth trying: several for a small network, else what is affordable."""
    memory, spec = chip.scratchpad()
    parts = unfused(workload)
    kept = parameters.weights == "kept"

    def at(share: int) -> Written:
        return done(cut(parts, memory, spec, share, pinned=kept))

    def up_to(most: int, share: int) -> Tiling | None:
        try:
            return Tiling(parts, memory, spec, share, pinned=kept, most=most)
        except DoesNotFit:
            return None

    def done(tiling: Tiling) -> Written:
        return written(workload, chip, tiling, overlap=True)

    if parameters.share is not None:
        return [at(parameters.share)]
    usual = up_to(LARGE, USUAL)
    if usual is None or usual.count > SMALL:
        if usual is None:
            finer = up_to(LARGEST, MANY[1])
            tried = [at(MANY[0]), *([done(finer)] if finer else [])]
        else:
            tried = [done(up_to(LARGE, FINER[1]) or usual)]
        if min(found.estimate_ps for found in tried) > FAR * bound:
            tried += [done(tiling) for share in COARSEST if (tiling := up_to(LARGEST, share))]
        return tried
    tried = [done(usual)]
    if tried[0].estimate_ps <= NEAR * bound:
        return tried
    finer = next(filter(None, (up_to(LARGE, share) for share in FINER)), None)
    tried += [done(finer)] if finer else []
    if kept and (finest := up_to(LARGE, FINEST)):
        tried.append(done(finest))
    if tried[-1].estimate_ps >= tried[0].estimate_ps:
        tried.append(at(COARSER))
    return tried


def _bound(workload: Workload, chip: Chip, *, kept: bool) -> int:
    """Picoseconds that any schedule takes: compulsory bytes, and all operations, at peak."""
    nbytes = workload.compulsory_bytes - (workload.weight_bytes if kept else 0)
    return max(chip.least_ps(Work(nbytes, workload.macs, workload.vector_ops)).values(), default=0)
