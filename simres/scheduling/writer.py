"""Writes the Program of a walk task by task, in the order that a scheduler chooses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from simres.hardware.chip import Chip
from simres.program.tasks import Buffer, Layer, Program, Region, Task, TaskKind, Work
from simres.scheduling.residency import PieceInterval
from simres.scheduling.walk import Event, Load, Walk


class Writer:
    """Takes down tasks and works out who needs whom.

    A task needs those that wrote what it reads; where it takes over a buffer it comes after all who used
    it; a buffer is freed by its users. With `in_a_row` each task comes after the one before. `engines` says
    which engine does each step.
    """

    def __init__(self, chip: Chip, walk: Walk, engines: Sequence[str], *, in_a_row: bool) -> None:
        self.chip = chip
        self.walk = walk
        self.engines = engines
        self.residency = walk.residency
        self.tiling = walk.tiling
        self.pieces = walk.tiling.pieces
        self.in_a_row = in_a_row
        self.tasks: list[Task] = []
        self._region: list[Region | None] = [None] * len(self.residency.stays)
        """By stay: where it lies, once that is written."""
        self._made_by: list[int] = [-1] * len(self.residency.stays)
        """By stay: the task that made or loaded it last."""
        self._parts_by: dict[int, dict[str, int]] = {}
        """By stay of which several tasks make parts: the last of them by engine."""
        self._buffers: list[tuple[str, int, Region]] = []
        self._users: list[list[int]] = []
        self._stored_by: dict[int, int] = {}
        """The task that wrote each piece back."""
        self._moves: dict[int, tuple[Work, str, str]] = {}
        """By bytes: the work of moving them, and the engines that load and store."""
        self.layers = [Layer(op.name, op.kind, op.block) for op in self.tiling.ops]
        self._maker = {name: number for number, op in enumerate(self.tiling.ops) for name in op.outputs}
        self._pinned = {piece: self._buffer(piece) for piece in sorted(self.tiling.pinned)}

    def _buffer(self, piece: int) -> Region:
        """A new buffer for a piece."""
        pieces = self.pieces
        box = None if pieces.whole[piece] else pieces.box[piece]
        region = Region(pieces.tensor[piece], len(self._buffers), box)
        self._buffers.append((pieces.tensor[piece], pieces.nbytes[piece], region))
        self._users.append([])
        return region

    def _off_chip(self, piece: int) -> Region:
        pieces = self.pieces
        return Region(pieces.tensor[piece], None, None if pieces.whole[piece] else pieces.box[piece])

    def move(self, nbytes: int) -> tuple[Work, str, str]:
        """The work of moving so many bytes over the bus, and the engines that load and that store them."""
        found = self._moves.get(nbytes)
        if found is None:
            work = self.walk.moves[nbytes]
            found = self._moves[nbytes] = (work, *self.chip.load_and_store(work))
        return found

    def write(self, order: Iterable[int]) -> None:
        """Writes the tasks of all these events of the walk, by number."""
        events, residency = self.walk.events, self.residency
        for number in order:
            event, which = events[number]
            if event is Event.LOAD:
                self.load(self.walk.loads[which])
            elif event is Event.STORE:
                self.store(residency.stays[which])
            else:
                self.compute(which)

    def _after(self) -> tuple[int, ...]:
        return (len(self.tasks) - 1,) if self.in_a_row and self.tasks else ()

    def load(self, load: Load) -> None:
        """Brings pieces in, in one transfer."""
        number = len(self.tasks)
        needs: tuple[int, ...] = ()
        piece = load.stays[0].piece
        if self.residency.made[piece]:
            parts = self.pieces.sources.get(piece, (piece,))
            needs = tuple(self._stored_by[part] for part in parts)
        work, engine, _ = self.move(load.nbytes)
        buffers = []
        regions = []
        for stay in load.stays:
            buffers.append(len(self._buffers))
            region = self._region[stay.number] = self._buffer(stay.piece)
            regions.append(region)
            self._made_by[stay.number] = number
            self._users[buffers[-1]].append(number)
        after = tuple(task for task in self._after() if task not in needs)
        layer = self.residency.steps[load.start].op
        self.tasks.append(
            Task(
                engine,
                TaskKind.LOAD,
                work,
                layer,
                needs,
                after,
                tuple([self._off_chip(stay.piece) for stay in load.stays]),
                tuple(regions),
                tuple(buffers),
            )
        )

    def store(self, stay: PieceInterval) -> None:
        """Writes a piece back."""
        piece, region = stay.piece, self._region[stay.number]
        assert region is not None
        assert region.buffer is not None
        number = len(self.tasks)
        work, _, engine = self.move(self.pieces.nbytes[piece])
        self._users[region.buffer].append(number)
        self._stored_by[piece] = number
        parts = self._parts_by.get(stay.number, {})
        needs = tuple(dict.fromkeys((self._made_by[stay.number], *parts.values())))
        after = tuple(task for task in self._after() if task not in needs)
        layer = self._maker[region.tensor]
        self.tasks.append(
            Task(
                engine,
                TaskKind.STORE,
                work,
                layer,
                needs,
                after,
                (region,),
                (self._off_chip(piece),),
            )
        )

    def compute(self, position: int) -> None:
        """Does a step."""
        step = self.residency.steps[position]
        engine = self.engines[position]
        read, made = self.residency.by_step[position]
        number = len(self.tasks)
        users, regions = self._users, self._region
        needs: dict[int, None] = {}
        after: list[int] = []
        reads: list[Region] = []
        reserves: list[int] = []
        for stay in read:
            region = regions[stay.number]
            if step.part is not None and stay in made:  # comes after the part that took the space
                after.append(users[region.buffer][0])  # type: ignore[union-attr, index]
                continue
            needs[self._made_by[stay.number]] = None
            if stay.number in self._parts_by:
                needs.update(dict.fromkeys(self._parts_by[stay.number].values()))
            reads.append(region)  # type: ignore[arg-type]
            users[region.buffer].append(number)  # type: ignore[union-attr, index]
        for piece in step.pinned:
            reads.append(self._pinned[piece])
        writes: list[Region] = []
        for stay in made:
            region = regions[stay.number]
            if region is None:
                if stay.follows is not None:
                    before = regions[stay.follows.number]
                    assert before is not None
                    assert before.buffer is not None
                    after += users[before.buffer]
                    box = None if self.pieces.whole[stay.piece] else self.pieces.box[stay.piece]
                    region = Region(self.pieces.tensor[stay.piece], before.buffer, box)
                else:
                    region = self._buffer(stay.piece)
                    reserves.append(len(self._buffers) - 1)
                regions[stay.number] = region
            buffer = region.buffer
            if not users[buffer] or users[buffer][-1] != number:  # type: ignore[index]
                users[buffer].append(number)  # type: ignore[index]
            if step.part is not None:
                region = Region(region.tensor, buffer, step.part)
                self._parts_by.setdefault(stay.number, {})[engine] = number
            writes.append(region)
            self._made_by[stay.number] = number
        if self.in_a_row:
            after += self._after()
        ordered = tuple(task for task in dict.fromkeys(after) if task not in needs and task != number)
        self.tasks.append(
            Task(
                engine,
                self.walk.kinds[position],
                step.work,
                step.op,
                tuple(needs),
                ordered,
                tuple(reads),
                tuple(writes),
                tuple(reserves),
            )
        )

    def program(self, scheduler: str, workload: str, decisions: Mapping[str, str]) -> Program:
        """The finished Program."""
        memory = self.tiling.memory
        kept = tuple(range(len(self._pinned)))
        return Program(
            scheduler=scheduler,
            workload=workload,
            tasks=tuple(self.tasks),
            buffers=tuple(
                Buffer(tensor, nbytes, memory, () if number < len(kept) else tuple(users), region.box)
                for number, ((tensor, nbytes, region), users) in enumerate(
                    zip(self._buffers, self._users, strict=True)
                )
            ),
            layers=tuple(self.layers),
            resident_in=kept,
            resident_out=kept,
            decisions=decisions,
        )
