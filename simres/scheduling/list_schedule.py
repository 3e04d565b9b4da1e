"""List scheduling: starts each task as early as its costs allow.

Memory is granted in program order: a load that is issued too early delays computations, and one that is
issued too late leaves the bus idle. The chip is therefore played forward with the costs of its components,
and the next task is the one that can begin first: a load, a store or a tile.

A task may run ahead of the walk (a load long before its step, the matrix unit before the host has finished)
only if everything in between fits beside it. The next event of the walk can therefore always run, so the
procedure terminates.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from simres.hardware.chip import Chip
from simres.scheduling.queues import UNKNOWN, Queue, left_ps, move_ps, queues_of
from simres.scheduling.walk import Needs, Walk

PARKED = -2
LATER = 1 << 256
"""Later than the end of any run: the rules of workloads and units allow none of 2^128 ps."""


class Played(NamedTuple):
    """The outcome: the events of the walk in order, the engine of each step, and the end of the last."""

    order: list[int]
    engines: list[str]
    end_ps: int


class InTime:
    """Plays the chip forward and finds the order in which tasks begin.

    Loads that are not for the next step of the walk leave 1/`reserved` of the memory free (0: nothing);
    running far ahead, they would take the space that the next computations need.
    """

    def __init__(self, walk: Walk, chip: Chip, reserved: int = 0) -> None:
        self.walk = walk
        self.chip = chip
        residency, tiling = walk.residency, walk.tiling
        self.size = [tiling.pieces.size[stay.piece] for stay in residency.stays]
        """By stay: the bytes that it takes."""
        self.held = residency.held.copy()
        self.free = self.capacity = chip.scratchpad()[1].capacity - tiling.pinned_bytes
        self.reserve = self.capacity // reserved if reserved else 0
        self.frees: list[tuple[int, int]] = []
        """Times at which memory is freed, and the bytes."""
        self.granted = 0
        """Time of the last grant of memory."""
        self.frontier = 0
        """The first step of the walk that has not been issued."""
        self.issued = bytearray(len(walk.steps) + 1)
        self.free_at: dict[str, int] = {}
        self.bus_free = 0
        self.stores: deque[int] = deque()
        self.next_load = 0
        self.version = 0
        """Counts changes of `held`, and for which of them the next load was seen to have room."""
        self.load_checked = -1
        self.load_blocked = -1
        """The next load has no room while the frontier is at most this step."""
        self.off_chip: set[int] = set()
        """Pieces that were written back."""
        stays = residency.stays
        self.handed_on = [stay.handed_on for stay in stays]
        self.last = [stay.last for stay in stays]
        """By stay: the last step that uses it."""
        self.uses = [stay.uses for stay in stays]
        """By stay: the remaining steps that use it."""
        self.unstored = bytearray(stay.stored for stay in stays)
        """By stay: whether it is still to be written back."""
        self.due = [stay.due for stay in stays]
        """By stay: the remaining steps that make it."""
        self.opened_ps = [0] * len(stays)
        """By stay: when the first of the steps that make it ends."""
        self.ready_ps = [0] * len(stays)
        """By stay: when its data is available."""
        self.done_ps = [0] * len(stays)
        """By stay: when all its users so far have finished."""
        self.needs = walk.needs
        self.step_work = walk.works[1]
        self.rank: Sequence[int] = range(len(walk.events))
        """By event: of two that can begin at the same time, the lower one goes first."""
        self.engines = [""] * len(walk.steps)
        self.order: list[int] = []
        for stay in stays:
            if stay.loaded:
                self.due[stay.number] += 1
        self.loads_due = bytearray(stay.loaded for stay in stays)
        """By stay: whether it is still to be loaded."""
        self.parked: dict[int, list[Queue]] = {}
        """By stay: the operators whose next step waits for it to be made."""
        self.active = queues_of(walk, chip)
        """Operators whose next step may begin, as far as is known."""
        self.left_ps = left_ps(walk, self.active)
        """Time of all remaining steps, by engine that is the only one of its role."""
        self.load_ps, self.store_ps = move_ps(walk, chip)
        self.bus_left = sum(self.load_ps) + sum(self.store_ps.values())

    def run(self, limit_ps: int = LATER) -> Played | None:
        """Finds the order of all tasks and the end of the last.

        None if it does not end before `limit_ps`.
        """
        active, step_at = self.active, self.walk.step_at
        for _ in self.walk.events:
            if self.bus_free + self.bus_left >= limit_ps:
                return None
            best, place, queue = LATER, LATER, None
            at = 0
            while at < len(active):
                candidate = active[at]
                begins = self._begins(candidate)
                if begins == PARKED:
                    active[at] = active[-1]
                    active.pop()
                    continue
                at += 1
                if begins > best or begins == LATER:
                    continue
                rank = self.rank[step_at[candidate.position]]
                if begins < best or rank < place:
                    best, place, queue = begins, rank, candidate
            stores = self._store_begins() if self.stores else LATER
            loads = self._load_begins()
            if queue is not None and best <= stores and best <= loads:
                if self._compute(queue, best) >= limit_ps:
                    return None
            elif self._store_first(stores, loads):
                self._store(stores)
            else:
                self._load(loads)
        end = max(self.bus_free, *self.free_at.values(), 0)
        return Played(self.order, self.engines, end) if end < limit_ps else None

    def _space(self, begins: int, nbytes: int) -> int:
        """When these bytes can be granted, at `begins` or later; `LATER` if no issued task frees them."""
        if begins < self.granted:
            begins = self.granted
        free = self.free
        if free >= nbytes:
            return begins
        for at, amount in self.frees:
            free += amount
            if free >= nbytes:
                return at if at > begins else begins
        return LATER

    def _begins(self, queue: Queue) -> int:
        """When the next step of a queue could begin, on `queue.engine`.

        `LATER` if that is unknown; `PARKED` if it waits for a stay and was set aside until that is made.
        """
        position = queue.position
        needs = self.needs[position]
        if queue.ready_ps == UNKNOWN:
            due = self.due
            for stay in needs.others:
                if due[stay]:
                    self.parked.setdefault(stay, []).append(queue)
                    return PARKED
            for stay in needs.own:
                if self.loads_due[stay]:
                    self.parked.setdefault(stay, []).append(queue)
                    return PARKED
            for stay in needs.over:
                if self.uses[stay] or self.unstored[stay]:
                    return LATER
            ready = 0
            for stay in needs.others:
                if self.ready_ps[stay] > ready:
                    ready = self.ready_ps[stay]
            for stay in needs.own:
                part = self.walk.steps[position].part is not None
                ready = max(ready, self.opened_ps[stay] if part else self.ready_ps[stay])
            for stay in needs.over:
                if self.done_ps[stay] > ready:
                    ready = self.done_ps[stay]
            queue.ready_ps = ready
        begins = queue.ready_ps
        free_at = self.free_at
        if len(queue.engines) > 1:
            work = self.step_work[position]
            ends = []
            for name in queue.engines:  # of those done at the same time, the one that has been idle longest
                free = free_at.get(name, 0)
                ends.append((max(begins, free) + queue.price[name][work], free, name))
            queue.engine = min(ends)[2]
        since = free_at.get(queue.engine, 0)
        if since > begins:
            begins = since
        if needs.nbytes:
            # Taken now, the walk up to the step must have room beside it.
            frontier = self.frontier
            if position > frontier:
                over = max(self.held[frontier:position]) + needs.nbytes - self.capacity
                if over > 0 and over > self._ending(needs):
                    return LATER
            return self._space(begins, needs.nbytes)
        return begins

    def _ending(self, needs: Needs) -> int:
        """The bytes that only stores still need after a step."""
        return sum(
            [
                self.size[stay]
                for stays in (needs.read, needs.only_made)
                for stay in stays
                if self.uses[stay] == 1 and not self.handed_on[stay]
            ]
        )

    def _store_begins(self) -> int:
        """When the next store can begin."""
        return max(self.bus_free, self.ready_ps[self.stores[0]])

    def _store_first(self, stores: int, loads: int) -> bool:
        """Whether the next store, which can begin at `stores`, goes before the next load, at `loads`."""
        return stores <= loads

    def _load_begins(self) -> int:
        """When the next load can begin."""
        if self.next_load == len(self.walk.load_at) or self.frontier <= self.load_blocked:
            return LATER
        load = self.walk.loads[self.next_load]
        if self.load_checked != self.version:
            most = self.capacity - load.size
            ahead = self.held[self.frontier : load.start]
            if ahead and max(ahead) > most:
                last = max(place for place, held in enumerate(ahead) if held > most)
                self.load_blocked = self.frontier + last
                return LATER
            self.load_checked = self.version
        return self._load_granted(self.next_load)

    def _load_granted(self, number: int) -> int:
        """When a load that has room in the walk can begin."""
        sources = self.walk.sources.get(number)
        if sources and not self.off_chip.issuperset(sources):
            return LATER
        load = self.walk.loads[number]
        ahead = self.reserve if load.start > self.frontier else 0
        return self._space(self.bus_free, load.size + ahead)

    def _take(self, at: int, start: int, nbytes: int) -> None:
        """Grants memory at a time for a stay that in the walk begins at `start`."""
        if at > self.granted:
            self.granted = at
        frees = self.frees
        while frees and frees[0][0] <= at:
            self.free += frees.pop(0)[1]
        self.free -= nbytes
        if start > self.frontier:
            ahead = slice(self.frontier, start)
            self.held[ahead] = [held + nbytes for held in self.held[ahead]]
            self.version += 1

    def _used(self, stay: int, ends: int) -> None:
        """A step that uses a stay ends. After the last one its memory is free, passes to its successor, or
        waits for a store, which can always run: in none of these cases must the walk keep room for it."""
        left = self.uses[stay] = self.uses[stay] - 1
        if ends > self.done_ps[stay]:
            self.done_ps[stay] = ends
        if left or self.handed_on[stay]:
            return
        size = self.size[stay]
        if not self.unstored[stay]:
            insort(self.frees, (self.done_ps[stay], size))
        if self.last[stay] >= self.frontier:
            ahead = slice(self.frontier, self.last[stay] + 1)
            self.held[ahead] = [held - size for held in self.held[ahead]]
            self.load_blocked = -1

    def _load(self, begins: int) -> None:
        number = self.next_load
        load = self.walk.loads[number]
        self.next_load += 1
        self.load_blocked = self.load_checked = -1
        self._take(begins, load.start, load.size)
        took = self.load_ps[number]
        self.bus_left -= took
        self.bus_free = begins + took
        for stay in load.stays:
            self.ready_ps[stay.number] = self.bus_free
            self.loads_due[stay.number] = 0
            self.due[stay.number] -= 1
            self.active += self.parked.pop(stay.number, ())
        self.order.append(self.walk.load_at[number])

    def _store(self, begins: int) -> None:
        stay = self.stores.popleft()
        took = self.store_ps[stay]
        self.bus_left -= took
        self.bus_free = begins + took
        self.off_chip.add(self.walk.residency.stays[stay].piece)
        self.order.append(self.walk.store_at[stay])
        self.unstored[stay] = 0
        if self.bus_free > self.done_ps[stay]:
            self.done_ps[stay] = self.bus_free
        if not self.uses[stay] and not self.handed_on[stay]:
            insort(self.frees, (self.done_ps[stay], self.size[stay]))

    def _compute(self, queue: Queue, begins: int) -> int:
        """Issues the next step of a queue; returns when its engine could finish all that follow."""
        walk, position, engine = self.walk, queue.position, queue.engine
        queue.at += 1
        queue.position = queue.steps[queue.at] if queue.at < len(queue.steps) else -1
        queue.ready_ps = UNKNOWN
        if queue.position < 0:
            self.active.remove(queue)
        needs = self.needs[position]
        if needs.nbytes:
            self._take(begins, position, needs.nbytes)
        took = queue.price[engine][self.step_work[position]]
        ends = self.free_at[engine] = begins + took
        self.engines[position] = engine
        self.order.append(walk.step_at[position])
        self.issued[position] = 1
        if position == self.frontier:
            self.frontier = self.issued.index(0, position)
        uses, ready_ps = self.uses, self.ready_ps
        for stay in needs.read:
            if uses[stay]:
                self._used(stay, ends)
        for stay in needs.made:
            if not self.opened_ps[stay]:
                self.opened_ps[stay] = ends
            if ends > ready_ps[stay]:
                ready_ps[stay] = ends
            self.due[stay] -= 1
            if not self.due[stay]:
                self.active += self.parked.pop(stay, ())
        for stay in needs.only_made:
            self._used(stay, ends)
        if position in walk.stored_after:
            self.stores.extend(walk.stored_after[position])
        if len(queue.engines) > 1:
            return ends
        left = self.left_ps[engine] = self.left_ps[engine] - took
        return ends + left
