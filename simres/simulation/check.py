"""Proofs about a Program that need no run: it is well formed, cannot deadlock, and leaves nothing out.

A task happens before another when the other waits for it, directly or through others, or comes after
it on the same engine (engines are in order). With one engine's tasks in a row, "everything of that
engine up to here" is one number, so what happens before a task is one number an engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from simres.errors import InvariantViolation
from simres.hardware.chip import Chip
from simres.hookspecs import ComponentRole
from simres.program import Box, Program, Region, TaskKind
from simres.regions import covered, elements, overlap
from simres.units import format_bytes
from simres.workload import BITS, Ledger, Role, Tensor, Workload

ROLES = {
    TaskKind.LOAD: ComponentRole.BUS,
    TaskKind.STORE: ComponentRole.BUS,
    TaskKind.MATRIX: ComponentRole.MATRIX,
    TaskKind.HOST: ComponentRole.HOST,
    TaskKind.MOVE: ComponentRole.MEMORY,
}
"""The role of the engine that each kind of task needs."""


Access = tuple[int, Region]
"""A task (-1: before all of them) and what it uses."""
Place = int | str
"""A buffer by its index, or off-chip memory by the tensor that lies there."""


def _place(region: Region) -> Place:
    return region.tensor if region.buffer is None else region.buffer


def _whole(tensor: Tensor) -> Box:
    return tuple((0, size) for size in tensor.shape)


class _Check:
    def __init__(self, program: Program, chip: Chip, workload: Workload | Ledger) -> None:
        self.program = program
        self.chip = chip
        self.workload = workload
        self.clocks: list[dict[str, int]] = []
        """By task: how many tasks of each engine have ended before it starts."""
        self.places: list[int] = []
        """By task: its place in its engine's queue."""

    def fail(self, number: int | None, message: str) -> InvariantViolation:
        where = ""
        if number is not None:
            task = self.program.tasks[number]
            layers = self.program.layers
            layer = f" of `{layers[task.layer].name}`" if 0 <= task.layer < len(layers) else ""
            where = f"task {number} ({task.kind.value}{layer}): "
        return InvariantViolation(
            f"the Program of scheduler `{self.program.scheduler}` is wrong: {where}{message}",
            "this is a defect of the scheduler, not of the scenario",
        )

    def tasks(self) -> None:
        """Engines and indices exist, waits point backwards (so there is no cycle)."""
        engines = self.chip.engines
        counts: dict[str, int] = {}
        last: dict[str, dict[str, int]] = {}
        for number, task in enumerate(self.program.tasks):
            if task.engine not in engines:
                raise self.fail(number, f"no engine `{task.engine}` on this chip")
            if self.chip.roles[self.chip.component_of(task.engine)] is not ROLES[task.kind]:
                raise self.fail(number, f"`{task.engine}` cannot do a {task.kind.value}")
            amounts = (task.work.nbytes, task.work.macs, task.work.vector_ops)
            if not all(isinstance(amount, int) for amount in amounts):
                raise self.fail(number, "an amount of work that is no whole number")
            if min(amounts) < 0:
                raise self.fail(number, "a negative amount of work")
            if not 0 <= task.layer < len(self.program.layers):
                raise self.fail(number, f"is of layer {task.layer}, which does not exist")
            clock = dict(last.get(task.engine, {}))
            place = counts.get(task.engine, 0)
            clock[task.engine] = place
            for earlier in (*task.needs, *task.after):
                if not 0 <= earlier < number:
                    raise self.fail(number, f"waits for task {earlier}, which does not come before it")
                for engine, ended in self.clocks[earlier].items():
                    if ended > clock.get(engine, 0):
                        clock[engine] = ended
                engine = self.program.tasks[earlier].engine
                if self.places[earlier] >= clock.get(engine, 0):
                    clock[engine] = self.places[earlier] + 1
            counts[task.engine] = place + 1
            last[task.engine] = clock
            self.clocks.append(clock)
            self.places.append(place)

    def before(self, earlier: int, later: int) -> bool:
        """Whether `earlier` has ended whenever `later` starts."""
        return self.places[earlier] < self.clocks[later].get(self.program.tasks[earlier].engine, 0)

    def buffers(self) -> list[int]:
        """Each is reserved once, or resident before; the reserving task by buffer (-1: resident)."""
        program = self.program
        owner: list[int | None] = [None] * len(program.buffers)
        for number in (*program.resident_in, *program.resident_out):
            if not 0 <= number < len(owner):
                raise self.fail(None, f"keeps buffer {number}, which does not exist")
        for resident in program.resident_in:
            owner[resident] = -1
        for number, task in enumerate(program.tasks):
            for asked in task.reserves:
                if not 0 <= asked < len(owner):
                    raise self.fail(number, f"reserves buffer {asked}, which does not exist")
                if owner[asked] is not None:
                    raise self.fail(number, f"reserves buffer {asked} a second time")
                owner[asked] = number
        for number, buffer in enumerate(program.buffers):
            by = owner[number]
            if by is None:
                raise self.fail(None, f"buffer {number} (`{buffer.tensor}`) is never reserved")
            if buffer.memory not in self.chip.memories:
                raise self.fail(None, f"buffer {number} lies in `{buffer.memory}`, not a memory of this chip")
            if not isinstance(buffer.nbytes, int) or buffer.nbytes < 0:
                raise self.fail(None, f"buffer {number} (`{buffer.tensor}`) is of {buffer.nbytes} B")
            if any(not by <= user < len(program.tasks) for user in buffer.freed_by):
                raise self.fail(None, f"buffer {number} (`{buffer.tensor}`) is freed before it is reserved")
            stays = number in program.resident_out
            if stays == bool(buffer.freed_by):
                state = "both freed and left" if stays else "neither freed nor left"
                raise self.fail(None, f"buffer {number} (`{buffer.tensor}`) is {state} in memory")
        return [by for by in owner if by is not None]

    def space(self) -> None:
        """Walked in program order, reservations never exceed a capacity: grants in order cannot deadlock."""
        memories = self.chip.memories
        used = dict.fromkeys(memories, 0)
        ends: dict[int, list[int]] = {}
        buffers = self.program.buffers
        for number, buffer in enumerate(buffers):
            if buffer.freed_by:
                ends.setdefault(max(buffer.freed_by), []).append(number)

        def reserve(number: int, at: int | None) -> None:
            buffer = buffers[number]
            memory = memories[buffer.memory]
            used[buffer.memory] += memory.occupied(buffer.nbytes)
            if used[buffer.memory] > memory.capacity:
                over = format_bytes(used[buffer.memory] - memory.capacity)
                raise self.fail(at, f"`{buffer.memory}` would hold {over} more than it can")

        for number in self.program.resident_in:
            reserve(number, None)
        for number, task in enumerate(self.program.tasks):
            for asked in task.reserves:
                reserve(asked, number)
            for freed in ends.get(number, ()):
                name = buffers[freed].memory
                used[name] -= memories[name].occupied(buffers[freed].nbytes)

    def regions(self, workload: Workload, owner: list[int]) -> None:
        """Every region read was brought in or produced before, is still there, and is not being overwritten.

        Of two tasks that use the same part of the same place, one of them to write, the earlier in program
        order has ended when the later one starts.
        """
        readers: dict[Place, list[Access]] = {}
        writers: dict[Place, list[Access]] = {}
        for number in self.program.resident_in:
            buffer = self.program.buffers[number]
            writers[number] = [(-1, Region(buffer.tensor, number, buffer.box))]
        for number, task in enumerate(self.program.tasks):
            for region in task.reads:
                self._use(number, region, owner, workload)
                place = _place(region)
                there = writers.get(place, [])
                given = region.buffer is None and workload.tensors[region.tensor].role is not Role.ACTIVATION
                if not given:
                    self._read(number, region, there, workload)
                self._alone(number, region, there)
                readers.setdefault(place, []).append((number, region))
            for region in task.writes:
                self._use(number, region, owner, workload)
                self._fits(number, region, workload.tensors[region.tensor])
                place = _place(region)
                there = writers.setdefault(place, [])
                self._alone(number, region, [*there, *readers.get(place, ())])
                if there and there[0][1].tensor != region.tensor:
                    there.clear()  # another tensor takes its place
                    readers.pop(place, None)
                there.append((number, region))

    def _use(self, number: int, region: Region, owner: list[int], workload: Workload) -> None:
        """The region is a part of its tensor, and its buffer is there."""
        if (tensor := workload.tensors.get(region.tensor)) is None:
            raise self.fail(number, f"uses tensor `{region.tensor}`, which does not exist")
        box = _whole(tensor) if region.box is None else region.box
        if len(box) != len(tensor.shape) or not all(
            0 <= first <= last <= size for (first, last), size in zip(box, tensor.shape, strict=True)
        ):
            raise self.fail(number, f"uses {box} of `{region.tensor}`, which is {tensor.shape}")
        if region.buffer is None:
            return
        if not 0 <= region.buffer < len(owner):
            raise self.fail(number, f"uses buffer {region.buffer}, which does not exist")
        by = owner[region.buffer]
        if by not in (number, -1) and not self.before(by, number):
            raise self.fail(number, f"uses buffer {region.buffer} before it is reserved")
        users = self.program.buffers[region.buffer].freed_by
        if users and number not in users and not any(self.before(number, user) for user in users):
            raise self.fail(number, f"uses buffer {region.buffer}, which may be free by then")

    def _fits(self, number: int, region: Region, tensor: Tensor) -> None:
        """The buffer is large enough for what is written into it."""
        if region.buffer is not None:
            count = elements(_whole(tensor) if region.box is None else region.box)
            nbytes, held = -(-count * BITS[tensor.dtype] // 8), self.program.buffers[region.buffer].nbytes
            if nbytes > held:
                raise self.fail(number, f"writes {nbytes} B into buffer {region.buffer}, which has {held} B")

    def _alone(self, number: int, region: Region, others: Iterable[Access]) -> None:
        for other, used in others:
            if other in (-1, number) or self.before(other, number):
                continue
            same = used.tensor == region.tensor and used.box is not None and region.box is not None
            if not same or overlap(used.box or (), region.box or ()) is not None:
                place = "its off-chip copy" if region.buffer is None else f"buffer {region.buffer}"
                raise self.fail(
                    number, f"uses `{region.tensor}` in {place} while task {other} may still use it too"
                )

    def _read(self, number: int, region: Region, writes: Iterable[Access], workload: Workload) -> None:
        whole = _whole(workload.tensors[region.tensor])
        there = [
            whole if written.box is None else written.box
            for by, written in writes
            if written.tensor == region.tensor and (by == -1 or self.before(by, number))
        ]
        wanted = whole if region.box is None else region.box
        if wanted not in there and not covered(wanted, there):
            place = "off-chip" if region.buffer is None else f"buffer {region.buffer}"
            raise self.fail(number, f"reads a part of `{region.tensor}` that is not {place} by then")

    def amounts(self, workload: Workload) -> None:
        """Nothing is left out: work and traffic are at least the workload's."""
        program = self.program
        kept = {program.buffers[number].tensor for number in program.resident_in} & workload.tensors.keys()
        spared = sum(workload.tensors[name].nbytes for name in kept)
        wanted: Mapping[str, tuple[int, int]] = {
            "multiply-accumulates": (sum(t.work.macs for t in program.tasks), workload.macs),
            "vector operations": (sum(t.work.vector_ops for t in program.tasks), workload.vector_ops),
            "bytes read": (program.bytes_read, workload.bytes_in - spared),
            "bytes written": (program.bytes_written, workload.bytes_out),
        }
        for what, (have, least) in wanted.items():
            if have < least:
                raise self.fail(None, f"it has {have} {what}, the workload {least}")


def check(program: Program, chip: Chip, workload: Workload | Ledger) -> None:
    """Raises `InvariantViolation` naming the first thing wrong with `program`.

    Checked: tasks form no cycle and fit the chip's engines; buffers are reserved once, used while they
    are held, and freed; reservations in program order never exceed a capacity; every region read was
    written by a task that happens before, and overwritten by none that may run beside its readers; work
    and traffic are at least the workload's. A ledger has no graph, so of it only its work is checked.
    """
    found = _Check(program, chip, workload)
    found.tasks()
    owner = found.buffers()
    found.space()
    if isinstance(workload, Workload):
        found.regions(workload, owner)
        found.amounts(workload)
    elif sum(task.work.macs for task in program.tasks) < workload.macs:
        raise found.fail(None, "it has fewer multiply-accumulates than the ledger")
