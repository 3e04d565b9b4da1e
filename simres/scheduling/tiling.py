"""Operators cut into tiles, each small enough for on-chip memory, and the pieces that each tile uses.

An operator's output is cut into a grid, and those who read it share its pieces, so that rows of a halo
stay on chip from one tile to the next. Where a tile and the pieces it touches do not fit together, the
operator reads strips instead: parts cut to its own measure, halos and all, loaded by themselves from a
copy off-chip, which costs bytes and always fits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from simres.errors import AnswerIsNo
from simres.hardware.specs import MemorySpec
from simres.scheduling.cuts import Cut, chunked, cuts, inherited, summed
from simres.scheduling.pieces import Grid, Pieces
from simres.scheduling.tile_plan import Plan, Step
from simres.units import format_bytes
from simres.workload import Op, Role, Unit, Workload

MOST_STEPS = 1 << 18
"""A network that would come to more tiles than this counts as one that does not fit."""

SHARED = 3
"""How many cuts are tried with the pieces that are there before strips are."""


class DoesNotFit(AnswerIsNo):
    """An operator is too large for the memory, however it is cut."""


class Tiling:
    """Cuts every tensor of a workload for a memory, and every operator into steps.

    Maps aim at pieces of `capacity / share` bytes, weights at four times that; what is smaller stays
    whole. With `pinned`, all weights stay in memory throughout. Raises `AnswerIsNo` when an operator's
    smallest tile does not fit.
    """

    def __init__(
        self, workload: Workload, memory: str, spec: MemorySpec, share: int, *, pinned: bool = False
    ) -> None:
        self.workload = workload
        self.memory = memory
        self.spec = spec
        self.pieces = Pieces(spec)
        self.grids: dict[str, Grid] = {}
        self.parts: dict[str, tuple[int, ...]] = {}
        """Of each stored tensor that was cut, the parts by axis."""
        self.forced: set[str] = set()
        """Activations that somebody reads in strips, so that all of them have to go off-chip."""
        self.ops = tuple(op for op in workload.ops if op.unit is not Unit.VIEW)
        self.last_reader: dict[str, int] = {}
        """The operator that is the last to read each stored tensor; outputs of the workload have none."""
        for number, op in enumerate(self.ops):
            self.last_reader.update((workload.storage(name), number) for name in op.inputs)
        for name in workload.outputs:
            self.last_reader.pop(workload.storage(name), None)
        self.pinned: frozenset[int] = frozenset(self._pin() if pinned else ())
        self.capacity = spec.capacity - sum(self.pieces.size[piece] for piece in self.pinned)
        if self.capacity <= 0:
            raise DoesNotFit(
                f"the weights of `{workload.name}` take {spec.capacity - self.capacity} B with nothing else, "
                f"`{memory}` holds {spec.capacity} B",
                f"give it more memory: `--set hardware.{memory}.capacity=...`, or let weights come and go",
            )
        self.aim = max(1, self.capacity // share)
        self.tiles: list[list[Step]] = []
        """The steps of each operator, in their order."""
        self.count = 0
        for number, op in enumerate(self.ops):
            self.tiles.append(self._tiles(number, op))
            self.count += len(self.tiles[-1])
            if self.count > MOST_STEPS:
                raise DoesNotFit(
                    f"up to `{op.name}`, the network would have to be cut into {self.count} tiles to fit "
                    f"into `{memory}` of {format_bytes(spec.capacity)}; the most that is tried is {MOST_STEPS}",
                    f"give it more memory: `--set hardware.{memory}.capacity=...`",
                )

    def _pin(self) -> Iterator[int]:
        """Every weight in one piece."""
        used = {self.workload.storage(name) for op in self.ops for name in op.inputs}
        for name, tensor in self.workload.tensors.items():
            if tensor.role is Role.WEIGHT and name in used:
                yield self.register(Grid(tensor, [1] * len(tensor.shape)))

    def register(self, grid: Grid) -> int:
        """Gives a grid's pieces their numbers, and says the first of them."""
        self.pieces.add(grid)
        self.grids[grid.tensor.name] = grid
        self.parts[grid.tensor.name] = grid.parts
        return grid.first

    def _tiles(self, number: int, op: Op) -> list[Step]:
        """The steps of an operator, its output cut as finely as need be."""
        least: int | None = None
        for cut, strips in self._attempts(op):
            plan = Plan(self, number, cut, strips=strips)
            if plan.most <= self.capacity:
                mark = len(self.pieces)
                steps = plan.take()
                most = max(map(self._together, steps))
                if most <= self.capacity:
                    return steps
                plan.most = most
                self._forget(mark)
            if strips:
                least = plan.most if least is None else min(least, plan.most)
        capacity = self.spec.capacity
        if least is None:
            raise DoesNotFit(
                f"`{op.name}` ({op.kind}) would have to be cut into too many tiles for `{self.memory}` of "
                f"{format_bytes(capacity)}",
                f"give it more memory: `--set hardware.{self.memory}.capacity=...`",
            )
        short = least - self.capacity
        raise DoesNotFit(
            f"`{op.name}` ({op.kind}) does not fit: its smallest tile takes {least} B, `{self.memory}` "
            f"holds {capacity} B ({format_bytes(capacity)}), short by {short} B",
            f'with `--set hardware.{self.memory}.capacity="{capacity + short} B"` this operator would fit',
        )

    def _attempts(self, op: Op) -> Iterator[tuple[Cut, bool]]:
        """Cuts to try, and whether with strips: a few with the pieces that are there, then ever finer."""
        tensors = self.workload.tensors
        own = inherited(op, tensors, self.parts)
        if own is not None:
            yield own, False
        for cut in islice(cuts(op, tensors, self.capacity, self.aim), SHARED):
            yield cut, False
        most = summed(op, tensors)
        for cut in cuts(op, tensors, self.capacity, self.aim):
            for part in chunked(cut, most):
                yield part, True

    def _together(self, step: Step) -> int:
        """Bytes of a tile and of all that it reads."""
        size = self.pieces.size
        total = sum(size[piece] for piece in {*step.inputs, *step.outputs})
        return total - size[step.over] if step.over >= 0 else total

    def _forget(self, mark: int) -> None:
        """Takes back the pieces from `mark` on."""
        self.pieces.forget(mark)
        for name in [name for name, grid in self.grids.items() if grid.first >= mark]:
            del self.grids[name], self.parts[name]
