"""The tasks of a Program as a scheduling problem: what waits for what, and what each takes where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from math import gcd

from simres.hardware.chip import Chip
from simres.program.orders import OrderedBuffers, OrderedTasks, Pattern
from simres.program.tasks import Program, Task, TaskKind


class TaskGraph:
    """The tasks of a Program on a chip. Open are their order, and which of the engines of a role does each.

    Times count ticks, `fine` of which are `unit_ps` picoseconds. The tiles of an operator stay in the order
    that they have in the Program.
    """

    def __init__(self, program: Program, chip: Chip) -> None:
        self.program = program
        self.chip = chip
        self.tasks: tuple[Task, ...] = tuple(program.tasks)
        places = [self._places(task) for task in self.tasks]
        self.unit_ps = gcd(*(took for place in places for took in place.values())) or 1
        self.fine = 2 * len(self.tasks) + 1
        """Ticks of a unit. A task without a duration takes one, and grants of memory are a tick apart, so
        that no two tasks in a row start at once; together, all these are less than a unit."""
        self.took = [
            {name: self.fine * took // self.unit_ps or 1 for name, took in place.items()} for place in places
        ]
        """By task: the engines that can do it, and the ticks that it takes on each."""
        self.least = [min(took.values()) for took in self.took]
        self.waits = _waits(self.tasks)
        """By task: those whose ends it waits for."""
        self.chains = _chains(self.tasks)
        """Pairs of tasks of which the second starts no earlier than the first."""
        self.before = [set(waits) for waits in self.waits]
        """By task: those that have ended when it starts in any order, as far as that is seen at once."""
        for first, second in self.chains:
            if len(self.took[first]) == 1 and self.took[first].keys() == self.took[second].keys():
                self.before[second].add(first)
        memories = chip.memories
        self.size = [memories[buffer.memory].occupied(buffer.nbytes) for buffer in program.buffers]
        """By buffer: the bytes it takes."""
        self.room = {name: spec.capacity for name, spec in memories.items()}
        for number in program.resident_in:
            self.room[program.buffers[number].memory] -= self.size[number]
        self.reserved_by = {
            buffer: number for number, task in enumerate(self.tasks) for buffer in task.reserves
        }

    def _places(self, task: Task) -> dict[str, int]:
        engines = self.chip.engines
        names: Sequence[str] = (task.engine,)
        if task.kind in (TaskKind.MATRIX, TaskKind.HOST):
            role = self.chip.roles[self.chip.component_of(task.engine)]
            names = tuple(self.chip.able(role, task.work.op.kind if task.work.op is not None else ""))
        return {name: engines[name].duration_ps(task.work) for name in names}

    @cached_property
    def earlier(self) -> list[int]:
        """By task: those that have ended when it starts in any order, as the bits of a number."""
        found: list[int] = []
        for before in self.before:
            bits = 0
            for other in before:
                bits |= found[other] | 1 << other
            found.append(bits)
        return found

    def follows(self, later: int, earlier: int) -> bool:
        """Whether a task waits for another in any order."""
        return bool(self.earlier[later] >> earlier & 1)

    @cached_property
    def heads(self) -> list[int]:
        """By task: no order starts it earlier."""
        found: list[int] = []
        for before in self.before:
            found.append(max((found[other] + self.least[other] for other in before), default=0))
        return found

    @cached_property
    def tails(self) -> list[int]:
        """By task: what at least follows its end."""
        found = [0] * len(self.tasks)
        for number in range(len(self.tasks) - 1, -1, -1):
            for other in self.before[number]:
                found[other] = max(found[other], found[number] + self.least[number])
        return found

    @property
    def busiest(self) -> int:
        """No order takes less: the work of the engines of a role, between what comes before and after it."""
        found: dict[tuple[str, ...], list[int]] = {}
        for number, took in enumerate(self.took):
            found.setdefault(tuple(dict.fromkeys(map(self.resource, took))), []).append(number)
        return max(
            min(self.heads[number] for number in numbers)
            + -(-sum(self.least[number] for number in numbers) // len(names))
            + min(self.tails[number] for number in numbers)
            for names, numbers in found.items()
        )

    def resource(self, engine: str) -> str:
        """What does one task at a time: an engine, or all channels of a bus."""
        component = self.chip.component_of(engine)
        return component if component in self.chip.shared else engine

    @cached_property
    def played(self) -> list[tuple[int, int]]:
        """By task: its start and end in the order that the Program has, each as early as it can be."""
        program, room = self.program, dict(self.room)
        users = [len(buffer.freed_by) for buffer in program.buffers]
        used: dict[int, list[int]] = {}
        for number, buffer in enumerate(program.buffers):
            for user in buffer.freed_by:
                used.setdefault(user, []).append(number)
        free_at: dict[str, int] = {}
        frees: list[tuple[int, int]] = []
        granted = -1
        found: list[tuple[int, int]] = []
        until = [0] * len(users)
        for number, task in enumerate(self.tasks):
            resource = self.resource(task.engine)
            start = max([free_at.get(resource, 0), *(found[other][1] for other in self.before[number])])
            if task.reserves:
                start = max(start, granted + 1)
                for asked in task.reserves:
                    room[program.buffers[asked].memory] -= self.size[asked]
                frees.sort()
                while frees and (frees[0][0] <= start or any(left < 0 for left in room.values())):
                    at, freed = frees.pop(0)
                    start = max(start, at)
                    room[program.buffers[freed].memory] += self.size[freed]
                granted = start
            end = free_at[resource] = start + self.took[number][task.engine]
            found.append((start, end))
            for held in used.get(number, ()):
                users[held] -= 1
                until[held] = max(until[held], end)
                if not users[held]:
                    frees.append((until[held], held))
        return found

    @property
    def makespan_ps(self) -> int:
        """When the last task ends in the order that the Program has, in picoseconds."""
        return max((end for _, end in self.played), default=0) // self.fine * self.unit_ps

    def ordered(self, starts: Sequence[int], engines: Sequence[str]) -> Program:
        """The Program with its tasks in the order of these starts, on these engines."""
        tasks = tuple(
            replace(task, engine=engine, needs=tuple(sorted(waits.difference(task.after))))
            for task, engine, waits in zip(self.tasks, engines, self.waits, strict=True)
        )
        order = sorted(range(len(tasks)), key=lambda number: (starts[number], number))
        issued = OrderedTasks(Pattern(replace(self.program, tasks=tasks)), order)
        return replace(self.program, tasks=tuple(issued), buffers=tuple(OrderedBuffers(issued)))


def _waits(tasks: Sequence[Task]) -> list[set[int]]:
    """By task: those that it waits for. A reader waits for all who wrote to a buffer: which engine does what,
    and so what its order says already, may change."""
    writers: dict[int, list[int]] = {}
    found = []
    for number, task in enumerate(tasks):
        waits = {*task.needs, *task.after}
        for region in task.reads:
            if region.buffer is not None:
                waits.update(writers.get(region.buffer, ()))
        for region in task.writes:
            if region.buffer is not None:
                writers.setdefault(region.buffer, []).append(number)
        found.append(waits)
    return found


def _chains(tasks: Sequence[Task]) -> list[tuple[int, int]]:
    """Pairs of tasks: a tile of an operator, and the next one."""
    last: dict[tuple[int, TaskKind], int] = {}
    found = []
    for number, task in enumerate(tasks):
        if task.kind not in (TaskKind.LOAD, TaskKind.STORE):
            key = (task.layer, task.kind)
            if key in last:
                found.append((last[key], number))
            last[key] = number
    return found
