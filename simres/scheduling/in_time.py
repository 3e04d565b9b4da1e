"""The order of an overlapped schedule: every task where, as far as costs tell, it would begin.

Memory is granted in program order, so a load that stands too early makes computations wait, and one that
stands too late wastes the bus. So the chip is played forward with the costs of its components: the task
that can begin first is written next, be it a load, a store or a tile.

A task may run ahead of the walk (a load long before its step, the matrix unit before the host is done)
only as long as everything between fits beside it. So whatever comes next in the walk can always be done,
which is why this ends.
"""

from __future__ import annotations

from bisect import insort
from collections import deque

from simres.program import TaskKind
from simres.scheduling.residency import Stay
from simres.scheduling.writer import UNITS, Writer

UNKNOWN = -1
_LATER = 1 << 62


class _Queue:
    """The steps that engines of one role do, in the order of the walk."""

    __slots__ = ("at", "engines", "kind", "ready_ps", "steps")

    def __init__(self, kind: TaskKind, engines: list[str]) -> None:
        self.kind = kind
        self.engines = engines
        self.steps: list[int] = []
        self.at = 0
        self.ready_ps = UNKNOWN
        """When what the next step reads is there, once that is known."""


class InTime:
    """Plays the chip forward and writes tasks in the order in which they begin."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        residency = self.residency = writer.residency
        tiling = residency.tiling
        self.size = tiling.pieces.size
        self.capacity = tiling.capacity
        self.held = residency.held.copy()
        self.free = tiling.capacity
        self.frees: list[tuple[int, int]] = []
        """When memory will be given back, and how much."""
        self.granted = 0
        """When memory was last granted."""
        self.frontier = 0
        """The first step of the walk that is not written yet."""
        self.written = bytearray(len(residency.steps) + 1)
        self.free_at: dict[str, int] = {}
        self.bus_free = 0
        self.stores: deque[Stay] = deque()
        self.next_load = 0
        self.version = 0
        """Counts changes of `held`, and for which of them the next load was seen to have room."""
        self.load_checked = -1
        self.load_blocked = -1
        """The next load has no room as long as the frontier is at most here."""
        self.loads_before: list[int] = []
        """By step: how many loads must be written before it."""
        loads = residency.loads
        following = 0
        for position in range(len(residency.steps)):
            while following < len(loads) and loads[following].start <= position:
                following += 1
            self.loads_before.append(following)
        self.storing: dict[int, list[Stay]] = {}
        """By step: what is written back after it."""
        for stay in residency.stays:
            if stay.stored:
                stay.uses += 1
                self.storing.setdefault(residency.written[stay.piece], []).append(stay)
        self.queues = self._queues()

    def _queues(self) -> list[_Queue]:
        chip, tiling = self.writer.chip, self.residency.tiling
        found: dict[TaskKind, _Queue] = {}
        by_op: list[_Queue] = []
        for op in tiling.ops:
            kind, role = UNITS.get(op.unit, (TaskKind.MOVE, None))
            if kind not in found:
                found[kind] = _Queue(kind, [tiling.memory] if role is None else list(chip.named(role)))
                if role is not None:
                    chip.fastest(role, self.residency.steps[0].work)  # says so when there is none
            by_op.append(found[kind])
        for position, step in enumerate(self.residency.steps):
            by_op[step.op].steps.append(position)
        return list(found.values())

    def run(self) -> int:
        """Writes all tasks, and says when the last would end."""
        left = len(self.residency.steps) + len(self.residency.loads) + sum(map(len, self.storing.values()))
        while left:
            best, queue, engine = _LATER, None, ""
            for candidate in self.queues:
                if candidate.at < len(candidate.steps):
                    begins, name = self._begins(candidate)
                    if begins < best:
                        best, queue, engine = begins, candidate, name
            stores = self._store_begins() if self.stores else _LATER
            loads = self._load_begins()
            if queue is not None and best <= stores and best <= loads:
                self._compute(queue, engine, best)
            elif stores <= loads:
                self._store(stores)
            else:
                self._load(loads)
            left -= 1
        return max(self.bus_free, *self.free_at.values(), 0)

    def _space(self, begins: int, nbytes: int) -> int:
        """When so many bytes can be granted, at `begins` or later; `_LATER` if nothing frees them yet."""
        begins = max(begins, self.granted)
        free = self.free
        if free >= nbytes:
            return begins
        for at, amount in self.frees:
            free += amount
            if free >= nbytes:
                return max(begins, at)
        return _LATER

    def _ahead(self, position: int, nbytes: int) -> bool:
        """Whether so many bytes could be taken now for a step at `position`: the walk up to it has room."""
        most = self.capacity - nbytes
        return max(self.held[self.frontier : position]) <= most

    def _begins(self, queue: _Queue) -> tuple[int, str]:
        """When the next step of a queue could begin, and on which engine; `_LATER` if that is not known."""
        position = queue.steps[queue.at]
        if self.loads_before[position] > self.next_load:
            return _LATER, ""
        read, made = self.residency.by_step[position]
        if queue.ready_ps == UNKNOWN:
            ready = 0
            for stay in read:
                if stay.writer < 0 or (stay.due and stay not in made):
                    return _LATER, ""
                if stay.ready_ps > ready:
                    ready = stay.ready_ps
            for stay in made:
                if stay.follows is not None and stay.region is None:
                    if stay.follows.uses:
                        return _LATER, ""
                    ready = max(ready, stay.follows.done_ps)
            queue.ready_ps = ready
        begins, engine = queue.ready_ps, queue.engines[0]
        free_at = self.free_at
        if len(queue.engines) > 1:
            work = self.residency.steps[position].work
            engines = self.writer.chip.engines
            engine = min(
                queue.engines,
                key=lambda name: max(begins, free_at.get(name, 0)) + engines[name].duration_ps(work),
            )
        begins = max(begins, free_at.get(engine, 0))
        nbytes = 0
        for stay in made:
            if stay.region is None and stay.follows is None:
                nbytes += self.size[stay.piece]
        if nbytes:
            if position > self.frontier and not self._ahead(position, nbytes):
                return _LATER, ""
            begins = self._space(begins, nbytes)
        return begins, engine

    def _store_begins(self) -> int:
        return max(self.bus_free, self.stores[0].ready_ps)

    def _load_begins(self) -> int:
        loads = self.residency.loads
        if self.next_load == len(loads) or self.frontier <= self.load_blocked:
            return _LATER
        stay = loads[self.next_load]
        size = self.size[stay.piece]
        if self.load_checked != self.version:
            most = self.capacity - size
            ahead = self.held[self.frontier : stay.start]
            if ahead and max(ahead) > most:
                last = max(place for place, held in enumerate(ahead) if held > most)
                self.load_blocked = self.frontier + last
                return _LATER
            self.load_checked = self.version
        if not self.writer.brought_out(stay.piece):
            return _LATER
        return self._space(self.bus_free, size)

    def _take(self, at: int, start: int, nbytes: int) -> None:
        """Grants memory at a time for a stay that in the walk begins at `start`."""
        self.granted = max(self.granted, at)
        frees = self.frees
        while frees and frees[0][0] <= at:
            self.free += frees.pop(0)[1]
        self.free -= nbytes
        if start > self.frontier:
            ahead = slice(self.frontier, start)
            self.held[ahead] = [held + nbytes for held in self.held[ahead]]
            self.version += 1

    def _used(self, stay: Stay, ends: int) -> None:
        """A user of a stay ends; after the last one its memory is free, or its successor's."""
        stay.uses -= 1
        if ends > stay.done_ps:
            stay.done_ps = ends
        if not stay.uses and not stay.handed_on:
            insort(self.frees, (stay.done_ps, self.size[stay.piece]))

    def _load(self, begins: int) -> None:
        stay = self.residency.loads[self.next_load]
        self.next_load += 1
        self.load_blocked = self.load_checked = -1
        self._take(begins, stay.start, self.size[stay.piece])
        work, engine, _ = self.writer.move(stay.piece)
        self.bus_free = stay.ready_ps = begins + self.writer.chip.engines[engine].duration_ps(work)
        self.writer.load(stay)

    def _store(self, begins: int) -> None:
        stay = self.stores.popleft()
        work, _, engine = self.writer.move(stay.piece)
        self.bus_free = begins + self.writer.chip.engines[engine].duration_ps(work)
        self.writer.store(stay)
        self._used(stay, self.bus_free)

    def _compute(self, queue: _Queue, engine: str, begins: int) -> None:
        position = queue.steps[queue.at]
        queue.at += 1
        queue.ready_ps = UNKNOWN
        read, made = self.residency.by_step[position]
        nbytes = 0
        for stay in made:
            if stay.region is None and stay.follows is None:
                nbytes += self.size[stay.piece]
        if nbytes:
            self._take(begins, position, nbytes)
        work = self.residency.steps[position].work
        ends = self.free_at[engine] = begins + self.writer.chip.engines[engine].duration_ps(work)
        self.writer.compute(position, queue.kind, engine)
        for stay in read:
            if not stay.handed_on or stay.uses:
                self._used(stay, ends)
        for stay in made:
            stay.ready_ps = ends
            stay.due -= 1
            if stay not in read:
                self._used(stay, ends)
        for stay in self.storing.get(position, ()):
            self.stores.append(stay)
        self.written[position] = 1
        if position == self.frontier:
            self.frontier = self.written.index(0, position)
