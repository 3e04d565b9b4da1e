"""Data on the workbench that depends only on the network and the memory: mapspaces, and the walks of plans.

Points of a sweep that differ only in rates share them. Networks are identified by their digest, so a network
that is read again from its file shares them too.
"""

from __future__ import annotations

from collections.abc import Mapping
from threading import get_ident
from typing import NamedTuple

from simres.errors import AnswerIsNo
from simres.hardware.chip import Chip
from simres.hardware.specs import MemorySpec
from simres.program.roles import ComponentRole
from simres.scheduling.costs import Costs
from simres.scheduling.groups import groups
from simres.scheduling.least_memory import fitting
from simres.scheduling.mapspace import Mapspace
from simres.scheduling.outline import Outline
from simres.scheduling.plans import Plan
from simres.scheduling.stage_search import StageSearch
from simres.scheduling.tiling import DoesNotFit, KnownTiles, Tiling
from simres.scheduling.unfused import unfused
from simres.scheduling.walk import Walk
from simres.sharing.recent import IdentityKey
from simres.sharing.workbench import (
    HALVES,
    KNOWN_TILES,
    MAPSPACES,
    OUTLOOKS,
    PARTS,
    SEARCHES,
    TILINGS,
    WALKS,
    Workbench,
)
from simres.workload.batches import halved
from simres.workload.graph import Workload

KEPT_PIECES = 1 << 18
"""Tilings share their pieces up to this number, about 100 MB."""


class Outlook(NamedTuple):
    """The outline of a plan's walks: their steps, and the least loads and stores by bytes."""

    steps: int
    least_moved: Mapping[int, int]


class _Found:
    """A walk, or the reason why there is none."""

    def __init__(self, walk: Walk | None, refusal: AnswerIsNo | None = None) -> None:
        self.walk = walk
        self.refusal = refusal

    @property
    def size(self) -> int:
        """The number of steps; 1 for a refusal."""
        return 1 if self.walk is None else max(1, len(self.walk.steps))


def taken_apart(bench: Workbench, workload: Workload) -> Workload:
    """The workload with its fused operators split."""
    return bench.get(PARTS, workload.digest, lambda: unfused(workload))


def half_of(bench: Workbench, workload: Workload) -> Workload | None:
    """The workload with half the batch, if there is one."""
    return bench.get(HALVES, workload.digest, lambda: halved(workload))


def search(bench: Workbench, workload: Workload, chip: Chip, *, pinned: frozenset[str]) -> StageSearch:
    """The search for the best plans of `workload`."""
    mapspace = bench.get(
        MAPSPACES, (workload.digest, pinned), lambda: _mapspace(bench, workload, pinned=pinned)
    )
    units = tuple(
        (type(spec), spec.model_dump_json())  # a spec with a mapping in it has no hash
        for role in (ComponentRole.MATRIX, ComponentRole.HOST)
        for spec in chip.named(role).values()
    )
    found = bench.get(SEARCHES, (IdentityKey(mapspace), units), lambda: StageSearch(mapspace, Costs(chip)))
    return found.on(Costs(chip))


def _mapspace(bench: Workbench, workload: Workload, *, pinned: frozenset[str]) -> Mapspace:
    parts = taken_apart(bench, workload)
    listed, early = groups(parts), groups(parts, early=True)
    outline = Outline(listed, pinned=pinned)
    if early.members == listed.members:
        return Mapspace(outline)
    return Mapspace(outline, Outline(early, like=outline))


def _known_tiles(
    bench: Workbench, workload: Workload, spec: MemorySpec, *, pinned: frozenset[str]
) -> KnownTiles:
    """The data that tilings of a network for this kind of memory share at any capacity; one per thread."""
    key = (workload.digest, spec.model_copy(update={"capacity": 0}), pinned, get_ident())
    found = bench.get(KNOWN_TILES, key, lambda: KnownTiles(taken_apart(bench, workload), spec))
    if len(found.pieces) > KEPT_PIECES:
        bench.clear(KNOWN_TILES)
        found = bench.get(KNOWN_TILES, key, lambda: KnownTiles(taken_apart(bench, workload), spec))
    return found


def _tiling_of(
    bench: Workbench,
    workload: Workload,
    memory: str,
    spec: MemorySpec,
    plan: Plan,
    *,
    pinned: frozenset[str],
    most: int,
) -> Tiling | None:
    def tile() -> Tiling | None:
        known = _known_tiles(bench, workload, spec, pinned=pinned)
        try:
            return Tiling(
                taken_apart(bench, workload), memory, spec, plan, pinned=pinned, most=most, known=known
            )
        except DoesNotFit:
            return None

    return bench.get(TILINGS, (workload.digest, memory, spec, plan, pinned, most), tile)


def outlook_of(
    bench: Workbench,
    workload: Workload,
    memory: str,
    spec: MemorySpec,
    plan: Plan,
    *,
    pinned: frozenset[str],
    most: int,
) -> Outlook | None:
    """The outline of a plan's walks, before they are walked; None if the plan does not fit."""

    def make() -> Outlook | None:
        tiling = _tiling_of(bench, workload, memory, spec, plan, pinned=pinned, most=most)
        return None if tiling is None else Outlook(tiling.count, tiling.least_moved)

    return bench.get(OUTLOOKS, (workload.digest, memory, spec, plan, pinned, most), make)


def walk_of(
    bench: Workbench,
    workload: Workload,
    memory: str,
    spec: MemorySpec,
    plan: Plan,
    *,
    pinned: frozenset[str] = frozenset(),
    limited: bool,
    most: int,
) -> Walk | None:
    """The walk of a plan, within its limits if it is `limited`; None if it does not fit."""

    def make() -> _Found:
        tiling = _tiling_of(bench, workload, memory, spec, plan, pinned=pinned, most=most)
        try:
            limits = plan.limits if limited else ()
            return _Found(None if tiling is None else Walk(tiling, limits, joined=True))
        except DoesNotFit:
            return _Found(None)

    return bench.get(WALKS, (workload.digest, memory, spec, plan, pinned, limited, most), make).walk


def least_walk(
    bench: Workbench,
    workload: Workload,
    memory: str,
    spec: MemorySpec,
    *,
    pinned: frozenset[str] = frozenset(),
    joined: bool = False,
) -> Walk:
    """The walk one group after the other, each cut no more than necessary; weights are loaded together if
    `joined`.

    Raises `AnswerIsNo`, with a sufficient memory, if an operator does not fit under any cut.
    """

    def make() -> _Found:
        try:
            known = _known_tiles(bench, workload, spec, pinned=pinned)
            tiling = fitting(taken_apart(bench, workload), memory, spec, pinned=pinned, known=known)
            return _Found(Walk(tiling, joined=joined))
        except AnswerIsNo as refusal:
            return _Found(None, _again(refusal))

    found = bench.get(WALKS, (workload.digest, memory, spec, pinned, joined), make)
    if found.walk is None:
        assert found.refusal is not None
        raise _again(found.refusal)
    return found.walk


def _again(refusal: AnswerIsNo) -> AnswerIsNo:
    """The same refusal without its traceback, which would keep objects alive."""
    if isinstance(refusal, DoesNotFit):
        return DoesNotFit(refusal.message, refusal.least)
    return AnswerIsNo(refusal.message, refusal.hint)
