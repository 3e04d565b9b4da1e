"""The scheduler `fused`: layers in stacks, each row of a map used up before the next is made.

A layer-by-layer schedule makes a map as a whole, and what the memory does not hold goes off-chip and comes
back. In a stack, whatever is furthest down and can run comes next: of the maps in between only the rows
exist that are still to be read, and the stack's weights stay for all of its rows. That is the line-buffered
fusion of Alwani et al., "Fused-layer CNN accelerators" (MICRO 2016), which depth-first schedulers such as
DeFiNES (Mei et al., HPCA 2023) call fully cached: nothing is computed twice.

Which layers form stacks is searched for: a few layouts by what weights and rows take of the memory, then
from the best of them one change after the other, as long as bytes are saved. What a layout moves is known
from the walk through its tiles, before anything is timed.
"""

from __future__ import annotations

from dataclasses import replace

from pydantic import BaseModel, ConfigDict, Field

from simres.hardware.chip import Chip
from simres.program import Program
from simres.scheduling import overlapped
from simres.scheduling.residency import Residency
from simres.scheduling.tiled import Written, written
from simres.scheduling.tiling import DoesNotFit, Tiling
from simres.scheduling.unfused import unfused
from simres.units import format_bytes
from simres.workload import Unit, Workload
from simres_fused.stacks import Joints, Stacks, staging

FINE = (64, 16, 4)
"""Tile sizes for the search, as shares of the memory, of which the first is taken that is affordable."""

FINEST = (256, 128, 32)
"""Tile sizes in which the layout that was found is scheduled; the best is kept."""

LARGE = 4_000
"""Tiles that a network may come to."""

LAYOUTS, TILES = 48, 120_000
"""How many layouts are tried at most, and of how many tiles together."""

NEVER = 1 << 62


class Parameters(BaseModel):
    """What a scenario may set for this scheduler."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    share: int | None = Field(default=None, ge=1)
    """Cut maps to this share of the on-chip memory (64: a 64th); by default several are tried."""

    stack: int = Field(default=64, ge=1)
    """The most layers (convolutions) in a stack; 1: none are formed."""


def schedule(workload: Workload, chip: Chip, parameters: Parameters) -> list[Program]:
    """The best schedule found with stacks, if there is one that moves fewer bytes, and the best without.

    Raises `AnswerIsNo`, with the memory that would do, when an operator does not fit however it is cut.
    """
    alone = overlapped.schedule(workload, chip, overlapped.Parameters(share=parameters.share))
    alone = replace(alone, scheduler="fused", decisions={**alone.decisions, "stacks": "none"})
    found = _Search(workload, chip, parameters)
    joints = found.best()
    return [*([found.program(joints)] if joints else []), alone]


class _Search:
    """Layouts of one workload on one chip, held against each other by the bytes that they move."""

    def __init__(self, workload: Workload, chip: Chip, parameters: Parameters) -> None:
        self.workload = workload
        self.chip = chip
        self.parts = unfused(workload)
        self.memory, self.spec = chip.scratchpad()
        self.stacks = Stacks(self.parts, self.spec, parameters.stack)
        self.shares = (parameters.share,) * 3 if parameters.share else FINE
        self.finest = (parameters.share,) if parameters.share else FINEST
        self.share = 0
        self.tiles = 0

    def _walk(self, joints: Joints, share: int) -> Residency | None:
        try:
            tiling = Tiling(self.parts, self.memory, self.spec, share, most=LARGE, staging=staging(joints))
            return Residency(tiling)
        except DoesNotFit:
            return None

    def best(self) -> Joints:
        """The layout that moves the fewest bytes of those tried; no joints if that is no stack."""
        tried: dict[Joints, int] = {}
        nothing: Joints = frozenset()
        for share in self.shares:
            walk = self._walk(nothing, share)
            if walk is not None:
                tried[nothing] = moved(walk)
                self.share = share
                break
        least = self.workload.compulsory_bytes
        if not tried or tried[nothing] <= least:
            return nothing

        def cost(joints: Joints) -> int:
            if joints not in tried:
                walk = self._walk(joints, self.share)
                tried[joints] = moved(walk) if walk is not None else NEVER
                self.tiles += len(walk.steps) if walk is not None else LARGE
            return tried[joints]

        def spent() -> bool:
            return len(tried) > LAYOUTS or self.tiles > TILES

        for joints in self.stacks.likely():
            cost(joints)
        best = min(tried, key=lambda joints: (tried[joints], sorted(joints)))
        better = True
        while better and not spent() and tried[best] > least:
            better = False
            for joints in self.stacks.near(best):
                if spent():
                    break
                if cost(joints) < tried[best]:
                    best, better = joints, True
                    break
        return best

    def program(self, joints: Joints) -> Program:
        """The Program of a layout, in the tiles that take the least time."""
        options: list[Written] = []
        for share in dict.fromkeys((*self.finest, self.share)):
            try:
                tiling = Tiling(
                    self.parts, self.memory, self.spec, share, most=LARGE, staging=staging(joints)
                )
                options.append(written(self.workload, self.chip, tiling, overlap=True))
            except DoesNotFit:
                continue
        best = min(options, key=lambda option: option.estimate_ps)
        residency = best.writer.residency
        program = best.program("fused")
        return replace(program, decisions={**program.decisions, **self._decisions(residency)})

    def _decisions(self, residency: Residency) -> dict[str, str]:
        tiling = residency.tiling
        members: dict[int, list[str]] = {}
        for number, first in tiling.stack_of.items():
            if tiling.ops[number].unit is Unit.MATRIX:
                members.setdefault(first, []).append(tiling.ops[number].name)
        nbytes, least = moved(residency), self.workload.compulsory_bytes
        return {
            "stacks": "; ".join(f"{names[0]} to {names[-1]} ({len(names)})" for names in members.values()),
            "moved": f"{format_bytes(nbytes)}, {format_bytes(nbytes - least)} more than the compulsory",
        }


def moved(walk: Residency) -> int:
    """Bytes over the bus."""
    nbytes = walk.tiling.pieces.nbytes
    return sum(nbytes[stay.piece] * (stay.loaded + stay.stored) for stay in walk.stays)
