"""Tiles scheduled one after the other, or overlapped: the Program of a tiling and its residency."""

from __future__ import annotations

from simres.hardware.chip import Chip
from simres.hookspecs import ComponentRole
from simres.program import Program, Region, TaskKind, Work
from simres.scheduling.draft import Draft
from simres.scheduling.residency import Residency, Stay
from simres.scheduling.tiling import Piece, Step, Tiling
from simres.scheduling.unfused import unfused
from simres.units import format_bytes
from simres.workload import Op, Unit, Workload

UNITS = {
    Unit.MATRIX: (TaskKind.MATRIX, ComponentRole.MATRIX),
    Unit.HOST: (TaskKind.HOST, ComponentRole.HOST),
}
"""What does an operator's tiles; copies, and what is not modelled, are done by the memory."""


class _Emit:
    """Writes the tasks of a walk, in program order."""

    def __init__(self, chip: Chip, residency: Residency, *, overlap: bool) -> None:
        self.chip = chip
        self.residency = residency
        self.tiling = residency.tiling
        self.overlap = overlap
        self.draft = Draft()
        self.regions: dict[int, Region] = {}
        """The region of each stay in its buffer, by identity."""
        self.off_chip: dict[Piece, tuple[int, ...]] = {}
        """The task that wrote a piece back."""
        self.free: dict[str, int] = {}
        """When each engine would be free, in picoseconds, by the costs of what it was given so far."""
        self.ready: dict[int, int] = {}
        """When each stay's piece would be there, by identity."""
        self.bus_free = 0
        self.maker: dict[str, int] = {}
        """The operator that makes each tensor."""
        for number, op in enumerate(self.tiling.ops):
            self.draft.layer(op.name, op.kind, op.block)
            self.maker.update(dict.fromkeys(op.outputs, number))

    def run(self) -> None:
        """Steps in order, each load where the bus would come to it.

        Memory is granted in program order, so a load that stands too early makes computations wait for
        the bus, and one that stands too late wastes it. So both are put in the order of the times at
        which they would begin, as far as the costs tell.
        """
        residency = self.residency
        loads = [stay for stay in residency.stays if stay.loaded]
        room_from = residency.earliest() if self.overlap else {}
        stores: dict[int, list[Stay]] = {}
        for stay in residency.stays:
            if stay.stored:
                stores.setdefault(residency.written(stay.piece), []).append(stay)
        following = 0
        for position, step in enumerate(self.residency.steps):
            while following < len(loads) and loads[following].start <= position:
                self.load_piece(loads[following])
                following += 1
            begins = self.begins(position, step)
            while following < len(loads) and self.overlap:
                stay = loads[following]
                if room_from[id(stay)] > position or self.bus_free >= begins:
                    break
                self.load_piece(stay)
                following += 1
            self.compute(position, step, begins)
            for stay in stores.get(position, ()):
                self.store_piece(stay)

    def begins(self, position: int, step: Step) -> int:
        """Picosecond at which a step would begin: its engine free, everything it reads there."""
        using = self.residency.by_step[position]
        there = max(
            (self.ready.get(id(using[piece]), 0) for piece in step.inputs if piece in using), default=0
        )
        taken = [stay.follows for stay in using.values() if stay.follows is not None]
        there = max([there, *(self.ready.get(id(stay), 0) for stay in taken)])
        _, engine = self.engine(self.tiling.ops[step.op], step.work)
        return max(there, self.free.get(engine, 0))

    def after(self) -> tuple[int, ...]:
        """In a serial schedule, the task before."""
        return (len(self.draft.tasks) - 1,) if self.draft.tasks and not self.overlap else ()

    def off_chip_region(self, piece: Piece) -> Region:
        """A piece where it lies off-chip."""
        return Region(piece[0], None, self.tiling.cut_box(piece))

    def enter(self, stay: Stay, buffer: int | None) -> None:
        """A stay begins in `buffer`."""
        self.regions[id(stay)] = Region(stay.piece[0], buffer, self.tiling.cut_box(stay.piece))

    def reserve(self, stay: Stay) -> int:
        """A new buffer for a stay."""
        piece = stay.piece
        buffer = self.draft.buffer(
            piece[0], self.tiling.nbytes(piece), self.tiling.memory, self.tiling.cut_box(piece)
        )
        self.enter(stay, buffer)
        return buffer

    def load_piece(self, stay: Stay) -> None:
        work = Work(nbytes=self.tiling.nbytes(stay.piece))
        buffer = self.reserve(stay)
        engine, _ = self.chip.load_and_store(work)
        self.bus_free += self.chip.engines[engine].duration_ps(work)
        self.ready[id(stay)] = self.bus_free
        self.draft.task(
            engine,
            TaskKind.LOAD,
            work,
            reads=[self.off_chip_region(stay.piece)],
            writes=[self.regions[id(stay)]],
            reserves=[buffer],
            needs=self.off_chip.get(stay.piece, ()),
            after=self.after(),
            layer=self.residency.steps[stay.start].op,
        )

    def store_piece(self, stay: Stay) -> None:
        work = Work(nbytes=self.tiling.nbytes(stay.piece))
        _, engine = self.chip.load_and_store(work)
        begins = max(self.bus_free, self.ready.get(id(stay), 0))
        self.bus_free = begins + self.chip.engines[engine].duration_ps(work)
        stored = self.draft.task(
            engine,
            TaskKind.STORE,
            work,
            reads=[self.regions[id(stay)]],
            writes=[self.off_chip_region(stay.piece)],
            after=self.after(),
            layer=self.maker[stay.piece[0]],
        )
        self.off_chip[stay.piece] = (stored,)

    def compute(self, position: int, step: Step, begins: int) -> None:
        using = self.residency.by_step[position]
        op = self.tiling.ops[step.op]
        made = [using[piece] for piece in step.outputs]
        reads, reserves = [], []
        for stay in made:
            if stay.follows is not None:
                self.enter(stay, self.regions[id(stay.follows)].buffer)
                reads.append(self.regions[id(stay.follows)])
            else:
                reserves.append(self.reserve(stay))
        inputs = set(step.inputs)
        reads += [self.regions[id(stay)] for piece, stay in using.items() if piece in inputs]
        kind, engine = self.engine(op, step.work)
        self.free[engine] = ends = begins + self.chip.engines[engine].duration_ps(step.work)
        for stay in made:
            self.ready[id(stay)] = ends
        self.draft.task(
            engine,
            kind,
            step.work,
            reads=reads,
            writes=[self.regions[id(stay)] for stay in made],
            reserves=reserves,
            after=self.after(),
            layer=step.op,
            overwrites=any(stay.follows is not None for stay in made),
        )

    def engine(self, op: Op, work: Work) -> tuple[TaskKind, str]:
        """The engine of the right role on which this work would end first, by work given out so far."""
        if op.unit not in UNITS:
            return TaskKind.MOVE, self.tiling.memory
        kind, role = UNITS[op.unit]
        named = self.chip.named(role)
        if len(named) < 2 or not self.overlap:
            return kind, self.chip.fastest(role, work)
        engines = {name: self.free.get(name, 0) + spec.duration_ps(work) for name, spec in named.items()}
        return kind, min(engines, key=lambda name: engines[name])


def tiled(workload: Workload, chip: Chip, *, name: str, share: int, overlap: bool) -> Program:
    """The Program of `workload` cut into tiles that aim at a `share`-th of the on-chip memory.

    With `overlap`, loads are issued as early as memory allows and engines run side by side; without,
    one task follows the other. Raises `AnswerIsNo` when this cut leaves an operator too large.
    """
    memory, spec = chip.scratchpad()
    digest = workload.digest
    workload = unfused(workload)
    residency = Residency(Tiling(workload, memory, spec, share))
    emit = _Emit(chip, residency, overlap=overlap)
    emit.run()
    tiling = residency.tiling
    cut = sum(len(grid.boxes) > 1 for grid in tiling.grids.values())
    overlapped = "loads as early as memory allows, engines side by side"
    return emit.draft.freeze(
        name,
        digest,
        {
            "order": overlapped if overlap else "one task after the other, nothing overlaps",
            "tiles": f"{len(residency.steps)} of {len(tiling.ops)} operators; "
            f"{cut} of {len(tiling.grids)} tensors are cut, aiming at {format_bytes(tiling.aim)}",
            "spilled": format_bytes(residency.spilled) if residency.spilled else "nothing",
        },
    )
