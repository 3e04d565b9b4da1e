"""The scheduler `overlapped`: tiles, prefetch, and all engines side by side."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from simres.hardware.chip import Chip
from simres.program.tasks import Program, Work
from simres.scheduling.tiled import Written, in_time
from simres.scheduling.tiling_cache import Known, fitting, up_to
from simres.workload.graph import Workload

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
    return _best(workload, chip, parameters, bound).program("overlapped")


class _Trials:
    """Tile sizes as they are tried; `best` is the first of those that take the least time."""

    def __init__(self, workload: Workload, chip: Chip) -> None:
        self.workload = workload
        self.chip = chip
        self.best: Written | None = None

    def add(self, known: Known, limit_ps: int | None = None) -> bool:
        """Tries one, as far as it may come to less than `limit_ps` (by default the best so far); whether it
        does."""
        if limit_ps is None and self.best is not None:
            limit_ps = self.best.estimate_ps
        found = in_time(self.workload, self.chip, known.walk(), limit_ps)
        if found is not None and (self.best is None or found.estimate_ps < self.best.estimate_ps):
            self.best = found
        return found is not None

    @property
    def estimate_ps(self) -> int:
        """What the best so far comes to."""
        assert self.best is not None
        return self.best.estimate_ps


def _best(workload: Workload, chip: Chip, parameters: Parameters, bound: int) -> Written:
    """The best of the tile sizes worth trying: several for a small network, else what is affordable."""
    memory, spec = chip.scratchpad()
    kept = parameters.weights == "kept"
    trials = _Trials(workload, chip)

    def at(share: int) -> Known:
        return fitting(workload, memory, spec, share, pinned=kept)

    def within(most: int, share: int) -> Known | None:
        return up_to(most, workload, memory, spec, share, pinned=kept)

    if parameters.share is not None:
        trials.add(at(parameters.share))
    elif (usual := within(LARGE, USUAL)) is None or usual.count > SMALL:
        if usual is None:
            finer = within(LARGEST, MANY[1])
            trials.add(at(MANY[0]))
            if finer:
                trials.add(finer)
        else:
            trials.add(within(LARGE, FINER[1]) or usual)
        if trials.estimate_ps > FAR * bound:
            for share in COARSEST:
                if coarse := within(LARGEST, share):
                    trials.add(coarse)
    else:
        trials.add(usual)
        first_ps = trials.estimate_ps
        if first_ps > NEAR * bound:
            finer = next(filter(None, (within(LARGE, share) for share in FINER)), None)
            better = trials.add(finer) if finer else False
            if kept and (finest := within(LARGE, FINEST)):
                better = trials.add(finest, first_ps)
            if not better:
                trials.add(at(COARSER))
    assert trials.best is not None
    return trials.best


def _bound(workload: Workload, chip: Chip, *, kept: bool) -> int:
    """Picoseconds that any schedule takes: compulsory bytes, and all operations, at peak."""
    nbytes = workload.compulsory_bytes - (workload.needed_weight_bytes if kept else 0)
    return max(chip.least_ps(Work(nbytes, workload.macs, workload.vector_ops)).values(), default=0)
