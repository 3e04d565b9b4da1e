"""Writes a Program: tasks and buffers are added in order, then frozen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from simres.program.roles import ComponentRole
from simres.program.tasks import Box, Buffer, Layer, Program, Region, Task, TaskKind, Work
from simres.workload.graph import Workload
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


class Draft:
    """Records the decisions of a scheduler and derives the dependencies.

    A task needs the tasks that wrote the buffers it reads; a buffer is freed by the tasks that used it.
    """

    def __init__(self) -> None:
        self.tasks: list[Task] = []
        self.layers: list[Layer] = []
        self._buffers: list[Buffer] = []
        self._writers: list[list[int]] = []
        self._users: list[list[int]] = []
        self._kept: set[int] = set()

    @property
    def last(self) -> tuple[int, ...]:
        """The task added last, for an `after` that runs one task at a time; empty before the first."""
        return (len(self.tasks) - 1,) if self.tasks else ()

    def layer(self, name: str, kind: str, block: str = "") -> None:
        """Starts a layer: tasks added from now on belong to it."""
        self.layers.append(Layer(name, kind, block))

    def buffer(self, tensor: str, nbytes: int, memory: str, box: Box | None = None) -> int:
        """Describes a buffer and returns its index; the task that `reserves` it comes next."""
        self._buffers.append(Buffer(tensor, nbytes, memory, (), box))
        self._writers.append([])
        self._users.append([])
        return len(self._buffers) - 1

    def task(
        self,
        engine: str,
        kind: TaskKind,
        work: Work,
        *,
        reads: Iterable[Region] = (),
        writes: Iterable[Region] = (),
        reserves: Iterable[int] = (),
        needs: Iterable[int] = (),
        after: Iterable[int] = (),
        layer: int | None = None,
        overwrites: bool = False,
    ) -> int:
        """Adds a task and returns its index. Its dependencies through buffers are added to `needs`.

        `layer` is by default the last one started. A task that `overwrites` a buffer waits for its earlier
        users.
        """
        number = len(self.tasks)
        reads, writes = tuple(reads), tuple(writes)
        required = list(needs)
        for region in reads:
            if region.buffer is not None:
                required += self._writers[region.buffer]
        if overwrites:
            after = list(after)
            for region in writes:
                if region.buffer is not None:
                    after += self._users[region.buffer]
        needed = tuple(dict.fromkeys(required))
        ordered = tuple(dict.fromkeys(task for task in after if task not in needed))
        for region in (*reads, *writes):
            if region.buffer is not None:
                users = self._users[region.buffer]
                if not users or users[-1] != number:
                    users.append(number)
        for region in writes:
            if region.buffer is not None:
                self._writers[region.buffer].append(number)
        self.tasks.append(
            Task(
                engine,
                kind,
                work,
                len(self.layers) - 1 if layer is None else layer,
                needed,
                ordered,
                reads,
                writes,
                tuple(reserves),
            )
        )
        return number

    def keep(self, buffer: int) -> None:
        """Keeps the buffer in memory when the Program ends."""
        self._kept.add(buffer)

    def freeze(self, scheduler: str, workload: str, decisions: Mapping[str, str] | None = None) -> Program:
        """The finished Program."""
        buffers = tuple(
            buffer
            if number in self._kept
            else Buffer(buffer.tensor, buffer.nbytes, buffer.memory, tuple(self._users[number]), buffer.box)
            for number, buffer in enumerate(self._buffers)
        )
        return Program(
            scheduler=scheduler,
            workload=workload,
            tasks=tuple(self.tasks),
            buffers=buffers,
            layers=tuple(self.layers),
            resident_out=tuple(sorted(self._kept)),
            decisions=decisions or {},
        )
