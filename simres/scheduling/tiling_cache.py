"""Caches tilings and their walks, which depend on the network and the memory alone.

So points of a sweep that differ in how fast things are share them, and what does not fit is known to.
"""

from __future__ import annotations

from collections.abc import Callable

from simres.caching import IdentityKey, RecentCache
from simres.errors import AnswerIsNo
from simres.hardware.specs import MemorySpec
from simres.scheduling.tiling import DoesNotFit, Tiling, cut
from simres.scheduling.unfused import unfused
from simres.scheduling.walk import Walk
from simres.workload.graph import Workload

KEPT_STEPS = 1 << 14
"""Walks of so many steps are kept together: some 50 MB."""


class Known:
    """A tiling and the walk over it, or why there is none."""

    def __init__(self, make: Callable[[], Tiling]) -> None:
        self._walk: Walk | None = None
        self._refusal: AnswerIsNo | None = None
        self.tiling: Tiling | None = None
        try:
            self.tiling = make()
        except AnswerIsNo as refusal:
            self._refusal = _again(refusal)

    @property
    def count(self) -> int:
        """How many steps there are; 1 for a refusal."""
        return 1 if self.tiling is None else max(1, self.tiling.count)

    def walk(self) -> Walk:
        """The walk. Raises `AnswerIsNo` where there is none, as whoever looked for it did."""
        if self._walk is None and self.tiling is not None and self._refusal is None:
            try:
                self._walk = Walk(self.tiling)
            except DoesNotFit as refusal:
                self._refusal = _again(refusal)
        if self._walk is None:
            assert self._refusal is not None
            raise _again(self._refusal)
        return self._walk


def _again(refusal: AnswerIsNo) -> AnswerIsNo:
    """The same refusal, which does not hold on to where it came from."""
    if isinstance(refusal, DoesNotFit):
        return DoesNotFit(refusal.message, refusal.least)
    return AnswerIsNo(refusal.message, refusal.hint)


_parts: RecentCache[Workload] = RecentCache(8)
_known: RecentCache[Known] = RecentCache(KEPT_STEPS, lambda known: known.count)


def _taken_apart(workload: Workload) -> Workload:
    return _parts.get(IdentityKey(workload), lambda: unfused(workload))


def up_to(
    most: int, workload: Workload, memory: str, spec: MemorySpec, share: int, *, pinned: bool = False
) -> Known | None:
    """`workload`, fused operators taken apart, in at most so many tiles; None where that cannot be."""
    known = _known.get(
        (IdentityKey(workload), memory, spec, share, pinned, most),
        lambda: Known(lambda: Tiling(_taken_apart(workload), memory, spec, share, pinned=pinned, most=most)),
    )
    return None if known.tiling is None else known


def fitting(workload: Workload, memory: str, spec: MemorySpec, share: int, *, pinned: bool = False) -> Known:
    """The same in as many tiles as it takes, as `simres.scheduling.tiling.cut` makes them, or its refusal."""
    return _known.get(
        (IdentityKey(workload), memory, spec, share, pinned, None),
        lambda: Known(lambda: cut(_taken_apart(workload), memory, spec, share, pinned=pinned)),
    )
