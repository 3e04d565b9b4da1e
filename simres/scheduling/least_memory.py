"""The least memory that a network needs under any cut, in closed form, and the refusal of a smaller one.

A tile needs room for its part of the output and for the parts of the inputs that it reads. Both follow from
the cut alone, so a memory that is too small for an operator is refused before anything is cut. Bisection
finds a sufficient one.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection
from functools import cached_property
from operator import itemgetter

from simres.errors import AnswerIsNo
from simres.hardware.specs import MemorySpec
from simres.program.tasks import Box
from simres.scheduling.cuts import Cut, finer
from simres.scheduling.forms import forms_of
from simres.scheduling.groups import groups, operators
from simres.scheduling.pieces import box_bytes
from simres.scheduling.plans import one_by_one
from simres.scheduling.tiling import DoesNotFit, KnownTiles, Tiling, too_large
from simres.workload.axes import summed
from simres.workload.footprint import call_of, is_elementwise, to_storage
from simres.workload.graph import Workload
from simres.workload.operators import Op

HINTED_STEPS = 1 << 12
"""The most tiles of a network at the memory that a refusal suggests, so that it runs within seconds."""
LONGER = 5, 4
"""By how much the next memory is larger where that one does not do, as operators hand on how they are cut."""


def fitting(
    workload: Workload,
    memory: str,
    spec: MemorySpec,
    *,
    pinned: frozenset[str] = frozenset(),
    known: KnownTiles | None = None,
) -> Tiling:
    """The tiling of a workload one group after the other, each cut no more than necessary.

    Raises `AnswerIsNo`, with a sufficient memory, if an operator does not fit under any cut.
    """
    plan = one_by_one(groups(workload))
    least = LeastMemory(workload, spec, pinned, known)
    try:
        least.check(memory)
        return Tiling(workload, memory, spec, plan, pinned=pinned, known=known)
    except DoesNotFit as error:
        refused = error
    capacity = max(least.enough, refused.least)
    while True:
        try:
            larger = spec.model_copy(update={"capacity": capacity})
            Tiling(workload, memory, larger, plan, pinned=pinned, most=2 * HINTED_STEPS, known=known)
        except DoesNotFit:
            capacity = capacity * LONGER[0] // LONGER[1] + 1
        else:
            hint = f'with `--set hardware.{memory}.capacity="{capacity} B"` (or more) it would fit'
            raise AnswerIsNo(refused.message, hint) from None


class LeastMemory:
    """The least memory of the operators of a workload, in a memory where the `pinned` weights stay."""

    def __init__(
        self, workload: Workload, spec: MemorySpec, pinned: frozenset[str], known: KnownTiles | None = None
    ) -> None:
        self.spec = spec
        ops = operators(workload)
        used = {workload.storage(name) for op in ops for name in op.inputs}
        self.pinned_bytes = sum(spec.occupied(workload.tensors[name].nbytes) for name in pinned & used)
        """Bytes of the weights that stay."""
        self.ops: list[_Tiles] = []
        alike: dict[object, _Tiles] = {}
        cut: set[str] = set()
        for op, form in zip(ops, forms_of(workload, ops) if known is None else known.forms, strict=True):
            tiles = _Tiles(workload, op, spec, pinned, cut)
            stay = tuple([workload.storage(name) in pinned for name in op.inputs])
            self.ops.append(alike.setdefault((form, stay, tiles.inherits), tiles))
            cut.update(op.inputs, op.outputs)

    def check(self, memory: str) -> None:
        """Raises `DoesNotFit` if an operator certainly does not fit."""
        room = self.spec.capacity - self.pinned_bytes
        for tiles in self.ops:
            if room > 0 and not tiles.fits(room):
                raise too_large(tiles.op, memory, self.spec, tiles.least, self.pinned_bytes)

    @cached_property
    def enough(self) -> int:
        """Approximately the least memory in which the network takes at most `HINTED_STEPS` tiles."""
        few = max(HINTED_STEPS, 2 * len(self.ops))
        counts = Counter(self.ops)

        def fewest(room: int) -> int:
            return sum([count * tiles.fewest(room) for tiles, count in counts.items()])

        low = max([tiles.least for tiles in counts], default=1)
        high = max([low, *[tiles.whole for tiles in counts]])
        found = bisect_left(range(low, high), 1, key=lambda room: fewest(room) <= few)
        return low + found + self.pinned_bytes


class _Tiles:
    """The cuts of one operator, and the least bytes of the largest tile of each."""

    def __init__(
        self, workload: Workload, op: Op, spec: MemorySpec, pinned: frozenset[str], cut: Collection[str]
    ) -> None:
        self.workload, self.op, self.spec, self.pinned = workload, op, spec, pinned
        self.reaches = workload.reaches(op)
        self.elementwise = is_elementwise(workload, op)
        self.tensor = workload.tensors[op.outputs[0]]
        self.summed = summed(call_of(workload, op))
        self.inherits = self.elementwise and any(
            name in cut and workload.tensors[name].shape == self.tensor.shape for name in op.inputs
        )
        """Whether it may be cut in another way, as one of its inputs was `cut` before."""

    @cached_property
    def cuts(self) -> list[Cut]:
        """The coarsest first."""
        axes = self.workload.axes[self.op.name]
        uncut = Cut((1,) * len(axes.most))
        return [uncut] if len(self.op.outputs) != 1 else list(finer(uncut, axes, self.summed))

    @property
    def whole(self) -> int:
        """Bytes where it is not cut."""
        return self.nbytes(self.cuts[0])

    @cached_property
    def least(self) -> int:
        """Bytes of the smallest tile."""
        return self._steps[0][0]

    @cached_property
    def _steps(self) -> list[tuple[int, int]]:
        """Pairs of bytes and the fewest tiles that need no more, in ascending order of bytes."""
        found: list[tuple[int, int]] = []
        for nbytes, tiles in sorted([(self.nbytes(cut), cut.tiles) for cut in self.cuts]):
            if not found or tiles < found[-1][1]:
                found.append((nbytes, tiles))
        return found

    def fits(self, room: int) -> bool:
        """Whether some tile fits."""
        if self.inherits:
            return self._tile(tuple([(size - 1, size) for size in self.tensor.shape]), 1) <= room
        return self.whole <= room or any(self.nbytes(cut) <= room for cut in reversed(self.cuts))

    def fewest(self, room: int) -> int:
        """The fewest tiles with which the operator fits, if it does."""
        return self._steps[bisect_right(self._steps, room, key=itemgetter(0)) - 1][1]

    def nbytes(self, cut: Cut) -> int:
        """Bytes of the largest tile of a cut, judged by the last tile and the middle one."""
        found = []
        for share in (1, 2):
            box = []
            for size, count in zip(self.tensor.shape, cut.parts, strict=True):
                at = (count - 1) // share
                box.append((size * at // count, size * (at + 1) // count))
            found.append(self._tile(tuple(box), cut.chunks))
        return max(found)

    def _tile(self, box: Box, chunks: int) -> int:
        tensors, occupied = self.workload.tensors, self.spec.occupied
        made = box_bytes(self.tensor, box)
        held: dict[str, int] = {}
        over = 0
        for name, reach in zip(self.op.inputs, self.reaches, strict=True):
            needed = reach(box)
            if needed is None:
                continue
            if chunks > 1 and reach.summed is not None:
                chunk = self.summed * (chunks - 1) // chunks, self.summed
                needed = (*needed[: reach.summed], chunk, *needed[reach.summed + 1 :])
            stored, part = to_storage(self.workload, name, needed)
            if stored not in self.pinned:
                nbytes = box_bytes(tensors[stored], part)
                held[stored] = max(held.get(stored, 0), occupied(nbytes))
                if self.elementwise and nbytes == made:
                    over = occupied(made)
        beside = sum([occupied(tensors[name].nbytes) for name in self.op.outputs[1:]])
        return occupied(made) + beside + sum(held.values()) - over
