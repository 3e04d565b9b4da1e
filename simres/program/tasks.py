"""The Program: the contract between scheduling and simulation.

A `Program` lists tasks in one global order. Each runs on a named engine; engines take their tasks in
that order, one at a time. Buffers are reserved in that order too, each when the task that names it is
otherwise ready to start, and are freed when the last of the tasks in `freed_by` has ended. Residency,
eviction, duplication and recomputation are therefore all written here, in regions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from simres.workload.boxes import Box as Box
from simres.workload.operators import Loops, Op, Tensor

SCHEMA_VERSION = 1
"""Version of the Program's JSON form, recorded in results."""


class TaskKind(StrEnum):
    """The operation of a task."""

    LOAD = "load"
    """Moves bytes from off-chip memory into a buffer."""
    STORE = "store"
    """Moves bytes from a buffer to off-chip memory."""
    MATRIX = "matrix"
    """Multiplies and accumulates."""
    HOST = "host"
    """Does vector operations."""
    MOVE = "move"
    """Copies bytes from buffer to buffer on chip."""
    CODE = "code"
    """Runs code on a thread of a traced machine; what it computes is not known."""
    KERNEL = "kernel"
    """Runs on a device of a traced machine; what it computes is not known."""


@dataclass(frozen=True, slots=True)
class Work:
    """The amount of work of a task: bytes of a transfer, MACs of a matrix unit, operations of a host.

    `loops` is the part of the operator's loop nest that this task does (the whole of it, or a tile);
    `op` is the operator itself, for engines whose cost depends on more than the amount. `dtype` is the data
    type that it computes in (`simres.workload.operators.computed_in`), empty where that is not known, as in a
    ledger. `write` says that the bytes go off-chip; `extents` are their addresses there, ranges from a byte
    up to, not with, another. Schedulers leave both alone. Replay sets `write` for stores on a bus with a
    turnaround, and both for kinds that ask for them (`EngineSpec.addressed`).

    `nbytes` of a transfer are those that go over the bus. Where a bus compresses, or asks what it moves
    (`EngineSpec.sees_tensors`), `tensor` is the tensor that a transfer is of, with its role, data type and
    density, and `tensor_bytes` are the bytes of it that lie on chip. Schedulers leave both alone.
    """

    nbytes: int = 0
    macs: int = 0
    vector_ops: int = 0
    loops: Loops | None = None
    op: Op | None = None
    write: bool = False
    extents: tuple[tuple[int, int], ...] = ()
    dtype: str = ""
    tensor: Tensor | None = None
    tensor_bytes: int | None = None

    @property
    def held_bytes(self) -> int:
        """Bytes of a transfer as they lie on chip: `tensor_bytes`, or `nbytes` where these are the same."""
        return self.nbytes if self.tensor_bytes is None else self.tensor_bytes


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a tensor in a place: `buffer` is an index into the Program's buffers, None is off-chip.

    `box` is None for the whole tensor.
    """

    tensor: str
    buffer: int | None = None
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Buffer:
    """A piece of on-chip memory that holds a part of one tensor for a while.

    It is freed after the end of all tasks in `freed_by`; if that is empty, it stays to the end and is part of
    `Program.resident_out`.
    """

    tensor: str
    nbytes: int
    memory: str
    freed_by: tuple[int, ...] = ()
    box: Box | None = None

    def freed(self, by: Iterable[int]) -> Buffer:
        """The same buffer, freed by other tasks."""
        return Buffer(self.tensor, self.nbytes, self.memory, tuple(by), self.box)


@dataclass(frozen=True, slots=True)
class Task:
    """One unit of work on an engine.

    `needs` are tasks whose results it reads; `after` are tasks it waits for only because the schedule
    says so. Both refer to earlier tasks by index. `reserves` are the buffers it must be granted first.
    `layer` is an index into the Program's layers.
    """

    engine: str
    kind: TaskKind
    work: Work
    layer: int
    needs: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    reads: tuple[Region, ...] = ()
    writes: tuple[Region, ...] = ()
    reserves: tuple[int, ...] = ()

    def renumbered(
        self, tasks: Sequence[int], buffers: Sequence[int], known: dict[int, Region], layers: int = 0
    ) -> Task:
        """The same task where tasks and buffers have these numbers, and so many `layers` come before its own.

        `known` holds the regions that are renumbered already, by identity: tasks share them.
        """

        def regions(found: tuple[Region, ...]) -> tuple[Region, ...]:
            there = []
            for region in found:
                if region.buffer is not None:
                    same = known.get(id(region))
                    if same is None:
                        same = known[id(region)] = Region(region.tensor, buffers[region.buffer], region.box)
                    region = same
                there.append(region)
            return tuple(there)

        return Task(
            self.engine,
            self.kind,
            self.work,
            self.layer + layers,
            tuple([tasks[other] for other in self.needs]),
            tuple(sorted([tasks[other] for other in self.after])),
            regions(self.reads),
            regions(self.writes),
            tuple([buffers[buffer] for buffer in self.reserves]),
        )


@dataclass(frozen=True, slots=True)
class Layer:
    """The unit under which tasks are reported: an operator, or a row of a ledger."""

    name: str
    kind: str
    block: str = ""


@dataclass(frozen=True)
class Program:
    """Tasks in issue order, their buffers, and what is on chip before and after.

    `resident_in` are buffers held when the Program starts, `resident_out` those it leaves behind, so
    that a Program can be instantiated again and again with its weights kept. `decisions` describes the
    scheduler's choices in words.
    """

    scheduler: str
    workload: str
    tasks: Sequence[Task]
    buffers: Sequence[Buffer] = ()
    layers: tuple[Layer, ...] = ()
    resident_in: tuple[int, ...] = ()
    resident_out: tuple[int, ...] = ()
    decisions: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def bytes_read(self) -> int:
        """Bytes read from off-chip memory."""
        return sum(task.work.nbytes for task in self.tasks if task.kind is TaskKind.LOAD)

    @cached_property
    def bytes_written(self) -> int:
        """Bytes written to off-chip memory."""
        return sum(task.work.nbytes for task in self.tasks if task.kind is TaskKind.STORE)

    @cached_property
    def engines(self) -> tuple[str, ...]:
        """Names of the engines used, in order of first use."""
        return tuple(dict.fromkeys(task.engine for task in self.tasks))
