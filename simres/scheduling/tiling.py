"""Cuts every operator into tiles that fit on chip, and their tensors into pieces.

The output of an operator is cut into a grid whose pieces its readers share, so that halo rows stay on chip
from one tile to the next. If a tile and the pieces that it touches do not fit together, the operator reads
strips instead: parts that match its tiles, including halos, loaded separately from an off-chip copy. Strips
cost traffic and always fit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from simres.errors import AnswerIsNo
from simres.hardware.specs import MemorySpec
from simres.scheduling.cuts import Cut, finer, inherited
from simres.scheduling.forms import forms_of
from simres.scheduling.groups import operators
from simres.scheduling.pieces import Grid, Pieces
from simres.scheduling.plans import Plan
from simres.scheduling.stages import stacked
from simres.scheduling.steps import Step, Taken
from simres.scheduling.tile_plan import MOST_VISITS, TilePlan
from simres.scheduling.tile_work import untiled
from simres.units import format_bytes
from simres.workload.axes import summed
from simres.workload.footprint import call_of, is_elementwise
from simres.workload.graph import Workload
from simres.workload.operators import Op, Role, Unit, computed_in

MOST_STEPS = 1 << 18
"""A network that needs more tiles than this is treated as one that does not fit."""


class DoesNotFit(AnswerIsNo):
    """An operator is too large for the memory under any cut; it would fit in `least` bytes."""

    def __init__(self, message: str, least: int) -> None:
        super().__init__(message)
        self.least = least


def too_large(op: Op, memory: str, spec: MemorySpec, tile: int, pinned: int) -> DoesNotFit:
    """The refusal of an operator whose smallest tile takes `tile` bytes, beside the `pinned` weights."""
    capacity = spec.capacity
    short = tile + pinned - capacity
    return DoesNotFit(
        f"`{op.name}` ({op.kind}) does not fit: its smallest tile takes {tile} B, `{memory}` "
        f"holds {capacity} B ({format_bytes(capacity)}), short by {short} B",
        least=capacity + short,
    )


class KnownTiles:
    """The data that tilings of one network for one kind of memory share: the numbers of pieces, and the tiles
    of each operator by its cut and by the pieces that it reads."""

    def __init__(self, workload: Workload, spec: MemorySpec) -> None:
        self.pieces = Pieces(spec)
        self.forms = forms_of(workload, operators(workload))
        self.plans: dict[object, TilePlan] = {}
        self.alike: dict[object, TilePlan] = {}
        """The first plan of equal operators, by everything that it depends on."""
        self.wholes: dict[object, Taken | None] = {}
        self.orders: dict[tuple[int, ...], tuple[list[list[Step]], list[Step]]] = {}
        """Steps of the operators of a stage, by the identities of their lists, and all of them in order."""
        self.course: tuple[object, Any] | None = None
        """The data that walks along the last tiling share, by everything that it depends on."""


class Tiling:
    """Cuts every tensor of a workload for a memory, and every operator into steps, as a plan says.

    If the plan's cut does not fit, a finer one is used. `pinned` weights stay in memory throughout. Raises
    `DoesNotFit` if an operator's smallest tile does not fit, or if there would be more than `most` steps.
    `known` is shared with other tilings of the network for the same kind of memory and the same pinned
    weights, at any capacity.
    """

    def __init__(
        self,
        workload: Workload,
        memory: str,
        spec: MemorySpec,
        plan: Plan,
        *,
        pinned: frozenset[str] = frozenset(),
        most: int = MOST_STEPS,
        known: KnownTiles | None = None,
    ) -> None:
        self.workload = workload
        self.memory = memory
        self.spec = spec
        self.plan = plan
        self.known = KnownTiles(workload, spec) if known is None else known
        self.pieces = self.known.pieces
        self.grids: dict[str, Grid] = {}
        self.cut_as: dict[str, Cut] = {}
        """The cut of each stored tensor, and the order in which its pieces are made."""
        self.forced: set[str] = set()
        """Activations that are read in strips, so that they have to go off-chip as a whole."""
        self.ops = operators(workload)
        self.stages = [sorted(stage) for stage in plan.stages]
        """Operators of each stage, by number, in the order in which they run."""
        self.stage_of = {number: place for place, stage in enumerate(self.stages) for number in stage}
        """The position of each operator's stage."""
        self.stacks = {place for place, stage in enumerate(self.stages) if stacked(stage, self.ops, workload)}
        """The positions of the stages that are stacks."""
        self.turn_of = {
            number: (place, 0 if place in self.stacks else at)
            for place, stage in enumerate(self.stages)
            for at, number in enumerate(stage)
        }
        """When each operator runs: by stage, and within it one by one, but those of a stack take turns."""
        self.last_reader = self._last_readers()
        """The operator that is certainly the last to read each stored tensor, if there is one."""
        self.pinned: frozenset[int] = frozenset(self._pin(pinned))
        self.pinned_bytes = sum(self.pieces.size[piece] for piece in self.pinned)
        self.capacity = spec.capacity - self.pinned_bytes
        """Bytes beside the pinned weights."""
        if self.capacity <= 0:
            raise DoesNotFit(
                f"the weights take {spec.capacity - self.capacity} B and leave no room, "
                f"`{memory}` holds {spec.capacity} B",
                least=spec.capacity - self.capacity + 1,
            )
        self.tiles: list[list[Step]] = []
        """The steps of each operator, in their order."""
        self.count = 0
        for number, op in enumerate(self.ops):
            self.tiles.append(self._tiles(number, op))
            self.count += len(self.tiles[-1])
            if self.count > most:
                raise DoesNotFit(
                    f"up to `{op.name}`, the network would have to be cut into {self.count} tiles to fit "
                    f"into `{memory}` of {format_bytes(spec.capacity)}; the most that is tried is {most}",
                    least=2 * spec.capacity,
                )

    @cached_property
    def leaving(self) -> set[str]:
        """Stored tensors that are written back as soon as they are made."""
        return self.forced | {self.workload.storage(name) for name in self.workload.outputs}

    @cached_property
    def least_moved(self) -> Mapping[int, int]:
        """The least loads and stores of any walk, by bytes: of tensors that are read and not made, and of
        those that leave. Weights count as one load, because they may be joined."""
        steps = [step for steps in self.tiles for step in steps]
        made = {piece for step in steps for piece in step.outputs}
        read = {piece for step in steps for piece in step.inputs} - made
        tensor, nbytes = self.pieces.tensor, self.pieces.nbytes
        weights = {piece for piece in read if self.workload.tensors[tensor[piece]].role is Role.WEIGHT}
        return Counter(
            ([sum([nbytes[piece] for piece in weights])] if weights else [])
            + [nbytes[piece] for piece in read - weights]
            + [nbytes[piece] for piece in made if tensor[piece] in self.leaving]
        )

    def _last_readers(self) -> dict[str, int]:
        """None for outputs of the workload, and for tensors read last by several operators of a stage."""
        found: dict[str, int] = {}
        for stage in self.stages:
            readers: dict[str, set[int]] = {}
            for number in stage:
                for name in self.ops[number].inputs:
                    readers.setdefault(self.workload.storage(name), set()).add(number)
            for name, numbers in readers.items():
                found.pop(name, None)
                if len(numbers) == 1:
                    found[name] = numbers.pop()
        for name in self.workload.outputs:
            found.pop(self.workload.storage(name), None)
        return found

    def _pin(self, pinned: frozenset[str]) -> Iterator[int]:
        """These weights, each in one piece."""
        used = {self.workload.storage(name) for op in self.ops for name in op.inputs}
        for name, tensor in self.workload.tensors.items():
            if name in pinned and name in used:
                grid = self.pieces.add(Grid(tensor, [1] * len(tensor.shape)))
                self._take(Taken([], 0, ((grid, False),)))
                yield grid.first

    def _take(self, taken: Taken) -> list[Step]:
        """Cuts the tensors that are not yet cut as a cut of an operator needs it; returns the steps."""
        for grid, columns_outer in taken.grids:
            self.grids[grid.tensor.name] = grid
            self.cut_as[grid.tensor.name] = Cut(grid.parts, columns_outer=columns_outer)
        self.forced |= taken.forced
        return taken.steps

    def _tiles(self, number: int, op: Op) -> list[Step]:
        """The steps of an operator, with its output cut as finely as necessary."""
        least: int | None = None
        room = self.plan.room_of.get(number)
        grids, last, known = self.grids, self.last_reader, self.known
        read = tuple(
            [
                (grids[name].first if name in grids else -1, last.get(name) == number)
                for name in map(self.workload.storage, op.inputs)
            ]
        )
        for cut, strips in self._attempts(number, op):
            if cut.tiles == 1:
                if (number, read) not in known.wholes:
                    known.wholes[number, read] = self._whole(number, op)
                whole = known.wholes[number, read]
                if whole is not None and whole.most <= self.capacity:
                    return self._take(whole)
            plan = known.plans.get((number, read, cut, strips))
            if plan is None:
                plan = known.plans[number, read, cut, strips] = self._planned(number, cut, strips=strips)
            most = plan.most
            if most <= self.capacity and (strips or cut.tiles == 1 or plan.visits <= MOST_VISITS):
                most = plan.taken.most
                again = room is not None and not strips and most <= self.capacity
                if most <= self.capacity and not (
                    again and plan.loads_again(self._made_beside(number), room or 0)
                ):
                    return self._take(plan.taken)
            if strips:
                least = most if least is None else min(least, most)
        capacity = self.spec.capacity
        if least is None:
            raise DoesNotFit(
                f"`{op.name}` ({op.kind}) would have to be cut into too many tiles for `{self.memory}` of "
                f"{format_bytes(capacity)}",
                least=2 * capacity,
            )
        raise too_large(op, self.memory, self.spec, least, self.pinned_bytes)

    def _planned(self, number: int, cut: Cut, *, strips: bool) -> TilePlan:
        """A cut of an operator, copied from an equal one if there is one."""
        op, grids, alike = self.ops[number], self.grids, self.known.alike
        names = list(map(self.workload.storage, op.inputs))
        read = tuple(
            [
                (
                    names.index(name),
                    grids[name].parts if name in grids else None,
                    name in grids and grids[name].first in self.pinned,
                    self.last_reader.get(name) == number,
                )
                for name in names
            ]
        )
        looks_up = any(reach.looks_up for reach in self.workload.reaches(op))
        key = (self.known.forms[number], number if looks_up else -1, read, cut, strips)
        plan = TilePlan(self, number, cut, strips=strips, like=alike.get(key))
        alike.setdefault(key, plan)
        return plan

    def _made_beside(self, number: int) -> frozenset[str]:
        """The inputs of an operator that are made in its stage."""
        read = self.ops[number].inputs
        made = [name for other in self.stages[self.stage_of[number]] for name in self.ops[other].outputs]
        return frozenset([name for name in map(self.workload.storage, read) if name in made])

    def _whole(self, number: int, op: Op) -> Taken | None:
        """The single step of an uncut operator whose inputs are not cut either."""
        workload, grids = self.workload, self.grids
        names = dict.fromkeys([workload.storage(name) for name in op.inputs])
        if len(op.outputs) > 1 or any(name in grids and grids[name].count > 1 for name in names):
            return None
        if workload.tables and self.tables(op):
            return None
        tensors, occupied = workload.tensors, self.spec.occupied
        tensor = tensors[op.outputs[0]]
        total = occupied(tensor.nbytes)
        taken = -1
        for name in names:
            grid = grids.get(name)
            if grid is None or grid.first not in self.pinned:
                total += occupied(tensors[name].nbytes)
        own = {
            name: self.pieces.add(Grid(tensors[name], [1] * len(tensors[name].shape)))
            for name in (*names, tensor.name)
            if name not in grids
        }
        pieces = [(own[name] if name in own else grids[name]).first for name in names]
        if is_elementwise(workload, op):
            for name, piece in zip(names, pieces, strict=True):
                same = tensors[name].shape == tensor.shape and tensors[name].nbytes == tensor.nbytes
                if same and piece not in self.pinned and self.last_reader.get(name) == number:
                    taken = piece
                    total -= occupied(tensor.nbytes)
                    break
        amount = op.macs if op.unit is Unit.MATRIX else op.vector_ops
        work = untiled(op, amount, tensor.nbytes, computed_in(op, tensors))
        pinned = tuple([piece for piece in pieces if piece in self.pinned])
        inputs = tuple([piece for piece in pieces if piece not in self.pinned]) if pinned else tuple(pieces)
        step = Step(number, work, inputs, (own[tensor.name].first,), taken, pinned)
        return Taken([step], total, tuple([(grid, False) for grid in own.values()]))

    def _attempts(self, number: int, op: Op) -> Iterator[tuple[Cut, bool]]:
        """Cuts to try, and whether with strips: as planned, with the existing pieces, then finer ones."""
        workload = self.workload
        axes = workload.axes[op.name]
        beside = self._made_beside(number)
        own = inherited(op, workload.tensors, self.cut_as, beside) if is_elementwise(workload, op) else None
        if own is not None:
            yield own, False
            yield own, True
        if len(op.outputs) != 1:
            yield from ((Cut((1,) * len(axes.most)), strips) for strips in (False, True))
            return
        cut = self.plan.cut_of.get(number) or Cut((1,) * len(axes.most))
        yield cut, False
        for found in finer(cut, axes, summed(call_of(workload, op))):
            yield found, found.chunks > cut.chunks
            if found.chunks == cut.chunks:
                yield found, True

    def tables(self, op: Op) -> set[str]:
        """Lookup tables of an operator: they stay off-chip except for the rows read."""
        tables, grids = self.workload.tables, self.grids
        return {
            name
            for name, reach in zip(op.inputs, self.workload.reaches(op), strict=True)
            if reach.looks_up
            and name in tables
            and (name not in grids or grids[name].first not in self.pinned)
        }
