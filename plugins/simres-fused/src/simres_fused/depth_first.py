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

from collections.abc import Iterator
from dataclasses import replace
from itertools import takewhile

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

FINE = (64, 32, 16, 8, 4)
"""Tile sizes for the search, as shares of the memory, of which the first is taken that is affordable."""

FINEST = (256, 128, 32)
"""Tile sizes in which the layout that was found is scheduled; the best is kept."""

LARGE = 12_000
"""Tiles that a network may come to."""

LAYOUTS, TILES = 48, 200_000
"""How many layouts are tried at most, and of how many tiles together."""

FEW = 3
"""How many of the layouts that move the fewest bytes are timed."""

ALONE: Joints = frozenset()
NEVER = 1 << 62


class Parameters(BaseModel):
    """What a scenario may set for this scheduler."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    share: int | None = Field(default=None, ge=1)
    """Cut maps to this share of the on-chip memory (64: a 64th); by default several are tried."""

    stack: int = Field(default=64, ge=1)
    """The most layers (convolutions) in a stack; 1: none are formed."""


def schedule(workload: Workload, chip: Chip, parameters: Parameters) -> list[Program]:
    """The best schedule found with stacks, if any moves fewer bytes than without, and the best without.

    Raises `AnswerIsNo`, with the memory that would do, when an operator does not fit however it is cut.
    """
    alone = overlapped.schedule(workload, chip, overlapped.Parameters(share=parameters.share))
    alone = replace(alone, scheduler="fused", decisions={**alone.decisions, "stacks": "none"})
    search = _Search(workload, chip, parameters)
    layouts = search.best()
    return [*([search.program(layouts)] if layouts else []), alone]


class _Search:
    """Layouts of one workload on one chip, held against each other by the bytes that they move."""

    def __init__(self, workload: Workload, chip: Chip, parameters: Parameters) -> None:
        self.workload = workload
        self.chip = chip
        self.parts = unfused(workload)
        self.memory, self.spec = chip.scratchpad()
        self.stacks = Stacks(self.parts, self.spec, parameters.stack)
        self.shares = (parameters.share,) if parameters.share else FINE
        self.finest = (parameters.share,) if parameters.share else FINEST
        self.share = self.shares[-1]
        """The tile size of the search."""
        self.tried: dict[Joints, int] = {}
        """The bytes that each layout tried would move."""
        self.tiles = 0

    def best(self) -> list[Joints]:
        """The layouts that move the fewest bytes of those tried, fewest first; none if no stack helps."""
        least = self.workload.compulsory_bytes
        alone = NEVER
        for share in self.shares:
            self.share = share
            alone = self._cost(ALONE)
            if alone < NEVER:
                break
            self.tried.clear()
        if not least < alone < NEVER:
            return []
        for joints in self.stacks.likely():
            self._cost(joints)
        best = min(self.tried, key=self._rank)
        while not self._spent() and self.tried[best] > least:
            fewest = self.tried[best]
            better = next((joints for joints in self._near(best) if self._cost(joints) < fewest), None)
            if better is None:
                break
            best = better
        return sorted((joints for joints, cost in self.tried.items() if cost < alone), key=self._rank)[:FEW]

    def program(self, layouts: list[Joints]) -> Program:
        """The Program of the layout, and in the tiles, that take the least time."""
        found = {joints: self._written(joints, self.share) for joints in layouts}
        usual = [(option.estimate_ps, place) for place, option in enumerate(found.values()) if option]
        joints = layouts[min(usual)[1]]
        options = [found[joints], *(self._written(joints, share) for share in self.finest)]
        best = min(filter(None, options), key=lambda option: option.estimate_ps)
        program = best.program("fused")
        told = _decisions(best.residency, self.workload.compulsory_bytes)
        return replace(program, decisions={**program.decisions, **told})

    def _tiling(self, joints: Joints, share: int) -> Tiling:
        return Tiling(self.parts, self.memory, self.spec, share, most=LARGE, staging=staging(joints))

    def _written(self, joints: Joints, share: int) -> Written | None:
        try:
            return written(self.workload, self.chip, self._tiling(joints, share), overlap=True)
        except DoesNotFit:
            return None

    def _cost(self, joints: Joints) -> int:
        """Bytes over the bus; `NEVER` for what does not fit."""
        if joints not in self.tried:
            try:
                walk = Residency(self._tiling(joints, self.share))
                self.tried[joints] = moved(walk)
                self.tiles += len(walk.steps)
            except DoesNotFit:
                self.tried[joints] = NEVER
                self.tiles += LARGE
        return self.tried[joints]

    def _rank(self, joints: Joints) -> tuple[int, list[int]]:
        return self.tried[joints], sorted(joints)

    def _near(self, joints: Joints) -> Iterator[Joints]:
        return takewhile(lambda _: not self._spent(), self.stacks.near(joints))

    def _spent(self) -> bool:
        return len(self.tried) > LAYOUTS or self.tiles > TILES


def moved(walk: Residency) -> int:
    """Bytes over the bus."""
    nbytes = walk.tiling.pieces.nbytes
    return sum(nbytes[stay.piece] * (stay.loaded + stay.stored) for stay in walk.stays)


def _decisions(walk: Residency, least: int) -> dict[str, str]:
    tiling = walk.tiling
    members: dict[int, list[str]] = {}
    for number, first in tiling.stack_of.items():
        if tiling.ops[number].unit is Unit.MATRIX:
            members.setdefault(first, []).append(tiling.ops[number].name)
    nbytes = moved(walk)
    return {
        "stacks": "; ".join(f"{names[0]} to {names[-1]} ({len(names)})" for names in members.values()),
        "moved": f"{format_bytes(nbytes)}, {format_bytes(nbytes - least)} more than the compulsory",
    }
