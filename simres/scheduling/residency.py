"""Residency of pieces on chip: loads, evictions and releases, decided with known future use.

The walk follows the steps in order and keeps what fits. When the memory is full, it evicts the piece whose
next use is furthest away (Belady's rule, IBM Systems Journal 1966), written back first if there is no copy
off-chip. A piece without further use is freed at once. Each period that a piece spends on chip is a
`PieceInterval`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from simres.scheduling.ordering import ordered, part_of
from simres.scheduling.steps import Step
from simres.scheduling.tiling import DoesNotFit, Tiling
from simres.workload.operators import Role

NEVER = 1 << 256
LAST = (NEVER, 0, 0)


@dataclass(slots=True, eq=False)
class PieceInterval:
    """A stay: one period of a piece on chip, from before step `start` to after step `last`.

    It is stay `number` of the walk. `loaded` means that it is loaded over the bus, to be read by step
    `start`; `stored` that it is written back once it is made. `follows` is the stay whose buffer it takes
    over; `handed_on` means that another stay follows. `uses` counts the steps that use it, `due` those that
    write it.
    """

    number: int
    piece: int
    start: int
    last: int
    loaded: bool
    stored: bool = False
    follows: PieceInterval | None = None
    uses: int = 0
    due: int = 0
    handed_on: bool = False


class Course:
    """The steps of a tiling in order, and the data of every walk along them, whatever its limits."""

    def __init__(self, tiling: Tiling) -> None:
        self.tiles = tiling.tiles
        self.steps = ordered(tiling)
        pieces, tensors = tiling.pieces, tiling.workload.tensors
        self.uses: dict[int, list[int]] = {
            piece: [] for step in self.steps for piece in (*step.inputs, *step.outputs)
        }
        """The steps that read each piece, the next one last."""
        for position in range(len(self.steps) - 1, -1, -1):
            for piece in self.steps[position].inputs:
                self.uses[piece].append(position)
        self.turns = [(part_of(tiling, step), *tiling.turn_of[step.op]) for step in self.steps]
        """By step: the part of the batch, and when the operator runs."""
        stages = {
            name: tiling.stage_of[number] for number, op in enumerate(tiling.ops) for name in op.outputs
        }
        self.made_in = {piece: stages.get(pieces.tensor[piece], -1) for piece in self.uses}
        """By piece: the stage that makes it; -1 for none."""
        self.weights = {piece for piece in self.uses if tensors[pieces.tensor[piece]].role is Role.WEIGHT}
        self.makers = dict.fromkeys(self.uses, 0)
        """By piece: the steps that make it or add to it."""
        for step in self.steps:
            for piece in step.outputs:
                self.makers[piece] += 1
        self.leaves = {
            piece for piece, steps in self.makers.items() if steps and pieces.tensor[piece] in tiling.leaving
        }
        """Pieces that are written back as soon as they are made."""
        self.again = self._again()
        """By step: the next one of the same operator, or itself if there is none."""

    def _again(self) -> list[int]:
        after: dict[int, int] = {}
        found = list(range(len(self.steps)))
        for position in reversed(found):
            op = self.steps[position].op
            found[position] = after.get(op, position)
            after[op] = position
        return found


def course_of(tiling: Tiling) -> Course:
    """The course of a tiling, shared with the last one that has the same steps."""
    key = (tiling.plan.stages, tiling.plan.parts, frozenset(tiling.leaving), *map(id, tiling.tiles))
    known = tiling.known
    if known.course is None or known.course[0] != key:
        known.course = key, Course(tiling)
    found: Course = known.course[1]
    return found


class Residency:
    """The walk over a tiling's steps: every stay, the bytes held at each step, and what was spilled.

    With `limits`, each stage keeps at most that many bytes, if the data that it does not use can be evicted.
    """

    def __init__(self, tiling: Tiling, limits: Sequence[int] = ()) -> None:
        self.tiling = tiling
        course = course_of(tiling)
        self.steps = course.steps
        pieces = tiling.pieces
        workload = tiling.workload
        self.size = pieces.size
        outputs = {workload.storage(name) for name in workload.outputs}
        self.made = pieces.made
        self.written: dict[int, int] = {}
        """Pieces written back, and the step after which they can be."""
        self.uses = {piece: steps.copy() for piece, steps in course.uses.items()}
        """The steps that are still to read each piece, the next one last."""
        self._turns, self._made_in, self._weights = course.turns, course.made_in, course.weights
        self._again = course.again
        self._unfinished = course.makers.copy()
        """By piece: the steps that are still to make it or add to it."""
        self.leaves = course.leaves
        self._reloaded = tiling.plan.reloaded if limits else frozenset()
        self.evicts = False
        """Whether something was evicted because the memory was full."""
        self.limited = False
        """Whether something was evicted, or not kept, because of the limits."""
        self.stays: list[PieceInterval] = []
        self.loads: list[PieceInterval] = []
        self.by_step: list[tuple[list[PieceInterval], list[PieceInterval]]] = []
        """For each step, the stays that it reads and those that it makes."""
        self._here: dict[int, PieceInterval] = {}
        self._free = tiling.capacity
        self._reserved = [max(0, tiling.capacity - limit) for limit in limits] or [0] * len(tiling.stages)
        for position, step in enumerate(self.steps):
            self._step(position, step)
        self.held = self._held()
        """Bytes held at each step; a piece that is evicted between two reads leaves after the first one."""
        self.spilled = sum(
            pieces.nbytes[piece] for piece in self.written if pieces.tensor[piece] not in outputs
        )
        """Bytes written back that are not outputs."""

    def _held(self) -> list[int]:
        change = [0] * (len(self.steps) + 1)
        for stay in self.stays:
            change[stay.start] += self.size[stay.piece]
            change[stay.last + 1] -= self.size[stay.piece]
        return list(accumulate(change[:-1]))

    def _step(self, position: int, step: Step) -> None:
        here, uses, size = self._here, self.uses, self.size
        for piece in step.inputs:
            uses[piece].pop()
        missing = [piece for piece in step.inputs if piece not in here]
        fresh = [piece for piece in step.outputs if piece not in here]
        over = step.over
        if over >= 0 and (not fresh or uses[over] or (over in self.leaves and over not in self.written)):
            over = -1
        lacking = 0
        for piece in missing:
            lacking += size[piece]
        for piece in fresh:
            lacking += size[piece]
        if over >= 0:
            lacking -= size[over]
        stage = self.tiling.stage_of[step.op]
        if lacking > self._free - self._reserved[stage]:
            self.evicts = True
            self.limited = self.limited or self._reserved[stage] > 0 or bool(self._reloaded)
            self._evict(lacking, step.inputs, stage)
        for piece in missing:
            stay = here[piece] = PieceInterval(len(self.stays), piece, position, position, loaded=True)
            self.loads.append(stay)
            self.stays.append(stay)
        read = [here[piece] for piece in step.inputs]
        for piece in fresh:
            stay = PieceInterval(len(self.stays), piece, position, position, loaded=False)
            if over >= 0:
                stay.follows = here.pop(over)
                stay.follows.last = position - 1
                stay.follows.handed_on = True
                over = -1
            here[piece] = stay
            self.stays.append(stay)
        self._free -= lacking
        making = [here[piece] for piece in step.outputs]
        self.by_step.append((read, making))
        for stay in read:
            if here.get(stay.piece) is stay:
                stay.uses += 1
                stay.last = position
                if not uses[stay.piece] and stay not in making:
                    del here[stay.piece]
                    self._free += size[stay.piece]
        for stay in making:
            piece = stay.piece
            stay.last = position
            stay.due += 1
            self._unfinished[piece] -= 1
            if stay not in read:
                stay.uses += 1
            if piece in self.leaves:
                stay.stored = True
                self.written[piece] = position
            if not uses[piece]:
                del here[piece]
                self._free += size[piece]

    def _evict(self, lacking: int, needed: tuple[int, ...], stage: int) -> None:
        """Evicts pieces, the furthest next use first: by operator, then by step, then the larger piece.

        Incomplete pieces stay, because a piece is stored only once. The operator comes first so that, of two
        maps read together, one leaves and one stays: with half of each, every step would have to load two
        pieces for the one it makes. The operators of a stack take turns and count as one, and so do those
        that read weights or the results of their own stage. A limit never evicts data that the operator's
        next tile uses or, in a stack, that the stack uses.
        """
        steps, uses, size, here, turns = self.steps, self.uses, self.size, self._here, self._turns

        def distance(piece: int) -> tuple[tuple[int, int, int], int, int]:
            if not uses[piece]:
                return (LAST, NEVER, size[piece])
            use = uses[piece][-1]
            part, place, at = turns[use]
            if piece in self._weights and steps[use].op in self._reloaded:
                return (LAST, use, size[piece])
            by_time = piece in self._weights or self._made_in[piece] == place
            return ((part, place, 0 if by_time else at), use, size[piece])

        unfinished = self._unfinished
        spare = sorted(
            (piece for piece in here if piece not in needed and not unfinished[piece]), key=distance
        )
        wanted = lacking + self._reserved[stage]
        stacks, again = self.tiling.stacks, self._again[len(self.by_step)]
        while wanted > self._free and spare:
            if lacking <= self._free:
                coming = uses[spare[-1]][-1:]
                if coming and coming[0] <= again:
                    return
                if stage in stacks and self._used_in(spare[-1]) == stage:
                    return
            self._drop(spare.pop())
        if lacking > self._free:
            op, tiling = self.tiling.ops[steps[len(self.by_step)].op], self.tiling
            short = lacking - self._free
            raise DoesNotFit(
                f"`{op.name}` ({op.kind}) does not fit: `{tiling.memory}` is short by {short} B",
                least=tiling.spec.capacity + short,
            )

    def _used_in(self, piece: int) -> int:
        """The stage that uses a piece next; -1 if none does."""
        uses = self.uses[piece]
        return self.tiling.stage_of[self.steps[uses[-1]].op] if uses else -1

    def _drop(self, victim: int) -> None:
        """Removes a piece from the chip, written back first if there is no copy."""
        stay = self._here.pop(victim)
        self._free += self.size[victim]
        if self.made[victim] and victim not in self.written and victim not in self.tiling.pieces.sources:
            stay.stored = True
            self.written[victim] = stay.last
