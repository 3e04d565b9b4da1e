"""Writes a Program: tasks and buffers are added in order, then frozen.

Every scheduler writes with it, the built-in ones too. `simres.program.orders` and `simres.program.tenants`
write none: they number the tasks of finished Programs anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from simres.program.roles import ComponentRole
from simres.program.tasks import Box, Buffer, Layer, Program, Region, Task, TaskKind, Work
from simres.workload.boxes import meet
from simres.workload.graph import Workload
from simres.workload.nearby import Nearby
from simres.workload.operators import Op, Unit, computed_in


def stored(workload: Workload, names: Iterable[str]) -> tuple[str, ...]:
    """The tensors that hold the bytes of these, each once: views are resolved to their storage."""
    return tuple(dict.fromkeys(workload.storage(name) for name in names))


def work_of(op: Op, workload: Workload) -> tuple[TaskKind, ComponentRole, Work]:
    """The work of a whole operator and the role of its engine, without the operators fused into it.

    An unmodelled operator takes no time, and every result says so.
    """
    dtype = computed_in(op, workload.tensors)
    if op.unit is Unit.MATRIX:
        work = Work(macs=op.macs, loops=op.loops, op=op, dtype=dtype)
        return TaskKind.MATRIX, ComponentRole.MATRIX, work
    if op.unit is Unit.HOST:
        return TaskKind.HOST, ComponentRole.HOST, Work(vector_ops=op.vector_ops, op=op, dtype=dtype)
    copied = op.unit is Unit.MOVE
    nbytes = sum(workload.tensors[name].nbytes for name in op.outputs) if copied else 0
    return TaskKind.MOVE, ComponentRole.MEMORY, Work(nbytes=nbytes, op=op)


class Carriers(Protocol):
    """What a Draft asks of a chip (`simres.hardware.chip.Chip`)."""

    def load_and_store(self, work: Work) -> tuple[str, str]:
        """The engines for loads and for stores."""


class _Held:
    """A buffer as it stands: the `tensor` in it, and the tasks that use it."""

    __slots__ = (
        "kept",
        "last",
        "memory",
        "nbytes",
        "opened",
        "parts",
        "region",
        "resident",
        "tensor",
        "users",
    )

    def __init__(self, region: Region, nbytes: int, memory: str, resident: bool) -> None:
        self.region = region
        self.tensor = region.tensor
        self.nbytes = nbytes
        self.memory = memory
        self.resident = self.kept = resident
        self.opened = self.last = -1
        """The tasks that wrote the tensor in it first and last."""
        self.parts: dict[str, int] | None = None
        """If several tasks wrote a part each: the last on each engine."""
        self.users: list[int] = []


def _without(tasks: list[int], needed: dict[int, None], own: int) -> tuple[int, ...]:
    return tuple([task for task in dict.fromkeys(tasks) if task not in needed and task != own])


class Draft:
    """Takes down the decisions of a scheduler and derives what follows from them.

    - The first task that writes a buffer reserves it; the tasks that used it free it.
    - A task needs those that wrote the buffers it reads; of several that wrote a part each, the last on each
      engine.
    - A task that adds a part to a buffer comes after the one that began it. A task that writes another tensor
      into a buffer takes it over: it comes after all that used it.
    - A load needs the stores of what it brings back.

    With `in_a_row` each task comes after the one before.
    """

    def __init__(self, chip: Carriers, *, in_a_row: bool = False) -> None:
        self.chip = chip
        self.in_a_row = in_a_row
        self.tasks: list[Task] = []
        self.layers: list[Layer] = []
        self._held: list[_Held] = []
        self._stores: dict[str, dict[Box | None, int]] = {}
        """By tensor and part: the task that stored it."""
        self._parts: dict[str, Nearby[None]] = {}
        """By tensor: the parts that were stored."""
        self._moves: dict[int, tuple[Work, str, str]] = {}
        """By bytes: the work of moving them, and the engines that load and store."""

    def layer(self, name: str, kind: str, block: str = "") -> int:
        """Starts a layer, to which tasks added from now on belong, and returns its index."""
        self.layers.append(Layer(name, kind, block))
        return len(self.layers) - 1

    def buffer(
        self, tensor: str, nbytes: int, memory: str, box: Box | None = None, *, resident: bool = False
    ) -> Region:
        """A new buffer, as the region that fills it. One that is `resident` is there before and after."""
        region = Region(tensor, len(self._held), box)
        self._held.append(_Held(region, nbytes, memory, resident))
        return region

    def keep(self, region: Region) -> None:
        """Keeps the region's buffer in memory when the Program ends."""
        assert region.buffer is not None
        self._held[region.buffer].kept = True

    def load(self, *regions: Region, layer: int | None = None) -> int:
        """Adds a task that fills these buffers from off-chip memory, in one transfer."""
        needs: list[int] = []
        reads = []
        nbytes = 0
        for region in regions:
            assert region.buffer is not None
            nbytes += self._held[region.buffer].nbytes
            reads.append(Region(region.tensor, None, region.box))
            if region.tensor in self._stores:
                needs += self._stored(region)
        work, engine, _ = self._move(nbytes)
        return self.task(engine, TaskKind.LOAD, work, reads=reads, writes=regions, needs=needs, layer=layer)

    def store(self, region: Region, nbytes: int | None = None, layer: int | None = None) -> int:
        """Adds a task that writes a region off-chip, by default as many bytes as its buffer has."""
        assert region.buffer is not None
        work, _, engine = self._move(self._held[region.buffer].nbytes if nbytes is None else nbytes)
        stores = self._stores.setdefault(region.tensor, {})
        if region.box not in stores:
            self._parts.setdefault(region.tensor, Nearby()).add(region.box, None)
        number = stores[region.box] = len(self.tasks)
        off_chip = Region(region.tensor, None, region.box)
        self.task(engine, TaskKind.STORE, work, reads=(region,), writes=(off_chip,), layer=layer)
        return number

    def task(
        self,
        engine: str,
        kind: TaskKind,
        work: Work,
        *,
        reads: Iterable[Region] = (),
        writes: Iterable[Region] = (),
        needs: Iterable[int] = (),
        after: Iterable[int] = (),
        layer: int | None = None,
        overwrites: bool = False,
    ) -> int:
        """Adds a task and returns its index. What follows from its regions is added to `needs` and `after`.

        `layer` is by default the last one started. A task that `overwrites` comes after all that used the
        buffers it writes, even where they hold the same tensor.
        """
        number = len(self.tasks)
        reads, writes = tuple(reads), tuple(writes)
        required = dict.fromkeys(needs)
        ordered = list(after)
        reserves: list[int] = []
        held = self._held
        for region in reads:
            if region.buffer is not None:
                there = held[region.buffer]
                if there.last >= 0:
                    required[there.last] = None
                    if there.parts is not None:
                        required.update(dict.fromkeys(there.parts.values()))
                if not there.users or there.users[-1] != number:
                    there.users.append(number)
        for region in writes:
            if region.buffer is None:
                continue
            there = held[region.buffer]
            users = there.users
            reading = bool(users) and users[-1] == number
            if there.opened < 0 and not there.resident:
                reserves.append(region.buffer)
                there.opened = number
            elif overwrites or there.tensor != region.tensor:
                ordered += users
                there.tensor, there.opened, there.parts = region.tensor, number, None
            elif reading:
                there.parts = None
            elif there.last >= 0:
                ordered.append(there.opened)
                if there.parts is None:
                    there.parts = {self.tasks[there.last].engine: there.last}
                there.parts[engine] = number
            there.last = number
            if not reading:
                users.append(number)
        if self.in_a_row and number:
            ordered.append(number - 1)
        self.tasks.append(
            Task(
                engine,
                kind,
                work,
                len(self.layers) - 1 if layer is None else layer,
                tuple(required),
                tuple([t for t in dict.fromkeys(ordered) if t not in required and t != number])
                if ordered
                else (),
                reads,
                writes,
                tuple(reserves),
            )
        )
        return number

    def _move(self, nbytes: int) -> tuple[Work, str, str]:
        """The work of moving so many bytes over the bus, and the engines that load and that store them."""
        found = self._moves.get(nbytes)
        if found is None:
            work = Work(nbytes)
            found = self._moves[nbytes] = (work, *self.chip.load_and_store(work))
        return found

    def _stored(self, region: Region) -> list[int]:
        """The stores that a region comes from: that of this very part, or all that meet it."""
        stores, box = self._stores[region.tensor], region.box
        if box in stores:
            return [stores[box]]
        near = {part for part, _ in self._parts[region.tensor].near(box)}
        found = [part for part in near if part is None or box is None or meet(part, box)]
        return [stores[part] for part in sorted(found, key=lambda part: part or ())]

    def freeze(self, scheduler: str, workload: str, decisions: Mapping[str, str] | None = None) -> Program:
        """The finished Program."""
        return Program(
            scheduler=scheduler,
            workload=workload,
            tasks=tuple(self.tasks),
            buffers=tuple(
                [
                    Buffer(
                        there.region.tensor,
                        there.nbytes,
                        there.memory,
                        () if there.kept else tuple(there.users),
                        there.region.box,
                    )
                    for there in self._held
                ]
            ),
            layers=tuple(self.layers),
            resident_in=tuple([number for number, there in enumerate(self._held) if there.resident]),
            resident_out=tuple([number for number, there in enumerate(self._held) if there.kept]),
            decisions=decisions or {},
        )
