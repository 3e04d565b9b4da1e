"""Static proofs about a Program: well formed, free of deadlock, complete.

A task happens before another if the other waits for it, directly or through others, or comes after it on the
same engine (engines are in order). An engine's tasks form a sequence, so "everything of that engine up to
here" is one number, and what happens before a task is one number per engine.
"""

from __future__ import annotations

from collections.abc import Mapping

from simres.errors import InvariantViolation
from simres.hardware.chip import Chip
from simres.program.roles import ComponentRole
from simres.program.tasks import Box, Program, Region, TaskKind
from simres.simulation.accesses import Accesses, Place, Uses, place_of
from simres.units import format_bytes
from simres.workload.boxes import covered, elements, meet, within
from simres.workload.graph import Ledger, Workload
from simres.workload.operators import BITS, Role, Tensor

ROLES = {
    TaskKind.LOAD: ComponentRole.BUS,
    TaskKind.STORE: ComponentRole.BUS,
    TaskKind.MATRIX: ComponentRole.MATRIX,
    TaskKind.HOST: ComponentRole.HOST,
    TaskKind.MOVE: ComponentRole.MEMORY,
}
"""The role of the engine that each kind of task needs; what a trace recorded is not run."""


def _whole(tensor: Tensor) -> Box:
    return tuple((0, size) for size in tensor.shape)


class Check:
    """The proofs about one Program.

    With `free`, they hold for all orders in which tasks come after those they wait for and engines that are
    not `free` keep their order; `space` is the exception. For free engines, not everything that happens
    before a task is then known.
    """

    def __init__(
        self, program: Program, chip: Chip, workload: Workload | Ledger, free: frozenset[str] = frozenset()
    ) -> None:
        self.program = program
        self.free = free
        self.chip = chip
        self.workload = workload
        self.clocks: list[dict[str, int]] = []
        """By task: the number of tasks of each engine that have ended before it starts."""
        self.places: list[int] = []
        """By task: its place in its engine's queue."""
        self.followed: dict[int, dict[str, int]] = {}
        """By task of a free engine: the first place of each other engine that waits for it."""

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
        """Engines exist and run such tasks; indices exist; tasks wait for earlier ones alone: no cycle."""
        engines, hosts = self.chip.engines, self.chip.shares
        counts: dict[str, int] = {}
        last: dict[str, dict[str, int]] = {}
        for number, task in enumerate(self.program.tasks):
            if task.engine not in engines:
                raise self.fail(number, f"no engine `{task.engine}` on this chip")
            if ROLES.get(task.kind) not in self.chip.roles[self.chip.component_of(task.engine)].covers:
                raise self.fail(number, f"`{task.engine}` cannot do a {task.kind.value}")
            if hosts and task.kind is TaskKind.HOST:
                kind = task.work.op.kind if task.work.op is not None else ""
                if self.chip.component_of(task.engine) not in hosts.get(kind, hosts[""]):
                    what = f"`{kind}`" if kind else "work of no stated operator"
                    raise self.fail(number, f"`{task.engine}` does not run {what} (its `runs`)")
            amounts = (task.work.nbytes, task.work.macs, task.work.vector_ops)
            if not all(isinstance(amount, int) for amount in amounts):
                raise self.fail(number, "an amount of work that is no whole number")
            if min(amounts) < 0:
                raise self.fail(number, "a negative amount of work")
            loops = task.work.loops
            if loops is not None and loops.macs != task.work.macs:
                does = f"{task.work.macs} multiply-accumulates"
                raise self.fail(number, f"does {does}, but its loop nest makes {loops.macs}")
            if not 0 <= task.layer < len(self.program.layers):
                raise self.fail(number, f"is of layer {task.layer}, which does not exist")
            place = counts.get(task.engine, 0)
            clock: dict[str, int] = {}
            if task.engine not in self.free:
                clock = dict(last.get(task.engine, {}))
                clock[task.engine] = place
            for earlier in (*task.needs, *task.after):
                if not 0 <= earlier < number:
                    raise self.fail(number, f"waits for task {earlier}, which does not come before it")
                for engine, ended in self.clocks[earlier].items():
                    if ended > clock.get(engine, 0):
                        clock[engine] = ended
                engine = self.program.tasks[earlier].engine
                if engine in self.free:
                    self.followed.setdefault(earlier, {}).setdefault(task.engine, place)
                elif self.places[earlier] >= clock.get(engine, 0):
                    clock[engine] = self.places[earlier] + 1
            counts[task.engine] = place + 1
            last[task.engine] = clock
            self.clocks.append(clock)
            self.places.append(place)

    def before(self, earlier: int, later: int) -> bool:
        """Whether `earlier` has ended whenever `later` starts."""
        task, clock = self.program.tasks[earlier], self.clocks[later]
        if task.engine not in self.free:
            return self.places[earlier] < clock.get(task.engine, 0)
        following = self.program.tasks[later]
        if earlier in following.needs or earlier in following.after:
            return True
        return any(place < clock.get(engine, 0) for engine, place in self.followed.get(earlier, {}).items())

    def buffers(self) -> list[int]:
        """Each buffer is reserved once, or resident before; returns its reserving task (-1: resident)."""
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
        """In program order, reservations never exceed a capacity: grants in that order cannot deadlock."""
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
        """Every region read was loaded or produced before, is still there, and is not being overwritten.

        If two tasks use the same part of the same place and one of them writes, the earlier in program order
        has ended when the later one starts.
        """
        places: dict[Place, Accesses] = {}
        for number in self.program.resident_in:
            buffer = self.program.buffers[number]
            places[number] = Accesses()
            places[number].writes.add(-1, "", Region(buffer.tensor, number, buffer.box))
        users = [frozenset(buffer.freed_by) for buffer in self.program.buffers]
        tensors = workload.tensors
        clocks, places_of, free = self.clocks, self.places, self.free
        known: set[int] = set()
        """Checked regions, by identity: the Program holds them, and tasks share them."""
        for number, task in enumerate(self.program.tasks):
            clock = clocks[number]
            for region in task.reads:
                if id(region) not in known:
                    self._known(number, region, owner, workload)
                    known.add(id(region))
                held = region.buffer
                place: Place = region.tensor if held is None else held
                there = places.get(place)
                if there is None:
                    there = places[place] = Accesses()
                if held is not None:
                    self._held(number, held, owner, users)
                writes = there.writes
                by = writes.by_box.get(region.box)
                if by is not None and by >= 0 and writes.tensor == region.tensor and len(writes.last) == 1:
                    # The common case: one engine wrote it, this part last, and has ended by then.
                    ((engine, last),) = writes.last.items()
                    if engine in free:
                        done = len(writes) == 1 and self.before(by, number)
                    else:
                        done = by == last and places_of[by] < clock.get(engine, 0)
                    if done:
                        there.reads.add(number, task.engine, region)
                        continue
                if held is not None or tensors[region.tensor].role is Role.ACTIVATION:
                    self._read(number, region, there, workload)
                self._alone(number, region, writes)
                there.reads.add(number, task.engine, region)
            for region in task.writes:
                self._known(number, region, owner, workload)
                if region.buffer is not None:
                    self._held(number, region.buffer, owner, users)
                    self._fits(number, region, tensors[region.tensor])
                there = places.setdefault(place_of(region), Accesses())
                self._alone(number, region, there.writes)
                self._alone(number, region, there.reads)
                if there.writes.tensor not in (region.tensor, None):
                    places[place_of(region)] = there = Accesses()  # another tensor replaces it
                there.writes.add(number, task.engine, region)

    def _known(self, number: int, region: Region, owner: list[int], workload: Workload) -> None:
        """The region is a part of its tensor, in a place that exists."""
        if (tensor := workload.tensors.get(region.tensor)) is None:
            raise self.fail(number, f"uses tensor `{region.tensor}`, which does not exist")
        box = region.box
        if box is not None and not within(box, tensor.shape):
            raise self.fail(number, f"uses {box} of `{region.tensor}`, which is {tensor.shape}")
        if region.buffer is not None and not 0 <= region.buffer < len(owner):
            raise self.fail(number, f"uses buffer {region.buffer}, which does not exist")

    def _held(self, number: int, buffer: int, owner: list[int], users: list[frozenset[int]]) -> None:
        """The buffer was reserved, and is not free yet."""
        by = owner[buffer]
        if by not in (number, -1) and not self.before(by, number):
            raise self.fail(number, f"uses buffer {buffer} before it is reserved")
        ends = users[buffer]
        if ends and number not in ends and not any(self.before(number, user) for user in ends):
            raise self.fail(number, f"uses buffer {buffer}, which may be free by then")

    def _fits(self, number: int, region: Region, tensor: Tensor) -> None:
        """The buffer is large enough for what is written into it."""
        if region.buffer is not None:
            count = elements(_whole(tensor) if region.box is None else region.box)
            nbytes, held = -(-count * BITS[tensor.dtype] // 8), self.program.buffers[region.buffer].nbytes
            if nbytes > held:
                raise self.fail(number, f"writes {nbytes} B into buffer {region.buffer}, which has {held} B")

    def _alone(self, number: int, region: Region, others: Uses) -> None:
        places, clock = self.places, self.clocks[number]
        for engine, other in others.last.items():
            if other not in (-1, number) and places[other] >= clock.get(engine, 0):
                break
        else:
            return  # engines are in order: earlier tasks have ended too
        tensor, box = region.tensor, region.box
        for other, used in others.near(box):
            if other in (-1, number):
                continue
            if used.tensor == tensor and used.box is not None and box is not None and not meet(used.box, box):
                continue  # tested first, as most parts that many tasks use lie side by side
            if not self.before(other, number):
                place = "its off-chip copy" if region.buffer is None else f"buffer {region.buffer}"
                raise self.fail(
                    number, f"uses `{region.tensor}` in {place} while task {other} may still use it too"
                )

    def _read(self, number: int, region: Region, there: Accesses, workload: Workload) -> None:
        by = there.writes.by_box.get(region.box) if there.writes.tensor == region.tensor else None
        if by is not None and (by == -1 or self.before(by, number)):
            return
        whole = _whole(workload.tensors[region.tensor])
        wanted = whole if region.box is None else region.box
        parts = [
            whole if written.box is None else written.box
            for by, written in there.writes.near(wanted)
            if written.tensor == region.tensor
            and (written.box is None or meet(wanted, written.box))
            and (by == -1 or self.before(by, number))
        ]
        if wanted not in parts and not covered(wanted, parts):
            place = "off-chip" if region.buffer is None else f"buffer {region.buffer}"
            raise self.fail(number, f"reads a part of `{region.tensor}` that is not {place} by then")

    def amounts(self, workload: Workload) -> None:
        """Nothing is left out: work and traffic are at least those of the workload."""
        program = self.program
        kept = {program.buffers[number].tensor for number in program.resident_in} & workload.tensors.keys()
        spared = sum(workload.needed_bytes.get(name, 0) for name in kept)
        wanted: Mapping[str, tuple[int, int]] = {
            "multiply-accumulates": (sum(t.work.macs for t in program.tasks), workload.macs),
            "vector operations": (sum(t.work.vector_ops for t in program.tasks), workload.vector_ops),
            "bytes read": (_held(program, TaskKind.LOAD), workload.bytes_in - spared),
            "bytes written": (_held(program, TaskKind.STORE), workload.bytes_out),
        }
        for what, (have, least) in wanted.items():
            if have < least:
                lost = self._unstored(workload) if what == "bytes written" else ""
                raise self.fail(None, f"it has {have} {what}, the workload {least}{lost}")

    def _unstored(self, workload: Workload) -> str:
        """Names an output that no task stores, if there is one."""
        stored = {
            region.tensor for task in self.program.tasks for region in task.writes if region.buffer is None
        }
        lost = [name for name in workload.outputs if workload.storage(name) not in stored]
        if not lost:
            return ""
        view = "" if (held := workload.storage(lost[0])) == lost[0] else f", a view of `{held}`"
        return f": no task stores the output `{lost[0]}`{view}"


def _held(program: Program, kind: TaskKind) -> int:
    """The bytes of all tasks of a kind, of tensors: a bus that compresses moves fewer."""
    return sum([task.work.held_bytes for task in program.tasks if task.kind is kind])


def check(program: Program, chip: Chip, workload: Workload | Ledger) -> None:
    """Raises `InvariantViolation` naming the first thing wrong with `program`.

    Checked: tasks form no cycle and fit the chip's engines; a loop nest has exactly the task's
    multiply-accumulates; buffers are reserved once, used while they are held, and freed; reservations in
    program order never exceed a capacity; every region read was written by a task that happens before, and is
    overwritten by none that may run at the same time as its readers; work and traffic are at least those of
    the workload. A ledger has no graph, so only its work is checked.
    """
    found = Check(program, chip, workload)
    found.tasks()
    owner = found.buffers()
    found.space()
    if isinstance(workload, Workload):
        found.regions(workload, owner)
        found.amounts(workload)
    elif sum(task.work.macs for task in program.tasks) < workload.macs:
        raise found.fail(None, "it has fewer multiply-accumulates than the ledger")
