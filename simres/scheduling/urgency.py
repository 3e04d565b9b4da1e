"""List scheduling by urgency: of the tasks that can begin, the one with the longest chain behind it is first.

`InTime` takes loads in the order of the walk: of two independent branches it serves the first one first,
although the second may have the longer path to the end. Here each task's *tail* decides: the time from its
start to the end of the longest chain of tasks behind it (Graham, SIAM Journal on Applied Mathematics 17,
1969).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simres.hardware.chip import Chip
from simres.scheduling.list_schedule import LATER, InTime
from simres.scheduling.queues import Queue
from simres.scheduling.walk import Event, Walk

SEEN = 8
"""The number of the most urgent remaining loads that are examined, beside the next one of the walk."""


class ByUrgency(InTime):
    """Plays the chip forward like `InTime`; among loads, stores and tiles, the longest tail goes first."""

    def __init__(self, walk: Walk, chip: Chip, reserved: int = 0) -> None:
        super().__init__(walk, chip, reserved)
        rank = self.rank = [-tail for tail in tails_of(walk, self.active, self.load_ps, self.store_ps)]
        load_at = walk.load_at
        self.loads = sorted(range(len(load_at)), key=lambda load: (rank[load_at[load]], load))
        """The remaining ones, the most urgent first."""
        self.loaded = bytearray(len(load_at) + 1)
        self.first = 0
        """The next load in the order of the walk."""

    def _store_begins(self) -> int:
        """When a store can begin: of those that can begin first, the most urgent one becomes the next."""
        rank, store_at, ready_ps = self.rank, self.walk.store_at, self.ready_ps
        due = [(max(self.bus_free, ready_ps[stay]), rank[store_at[stay]], stay) for stay in self.stores]
        begins, _, stay = min(due)
        self.stores.remove(stay)
        self.stores.appendleft(stay)
        return begins

    def _store_first(self, stores: int, loads: int) -> bool:
        if stores != loads:
            return stores < loads
        walk, rank = self.walk, self.rank
        return rank[walk.store_at[self.stores[0]]] <= rank[walk.load_at[self.next_load]]

    def _load_begins(self) -> int:
        """When a load can begin: of the examined ones that can begin first, the most urgent one is next."""
        seen = self.loads[:SEEN]
        if not seen:
            return LATER
        if self.first not in seen:
            seen.append(self.first)
        loads, held, frontier = self.walk.loads, self.held, self.frontier
        best = LATER
        for number in seen:
            load = loads[number]
            if max(held[frontier : load.start], default=0) > self.capacity - load.size:
                continue
            begins = self._load_granted(number)
            if begins < best:
                best, self.next_load = begins, number
                if begins == self.bus_free:
                    break
        return best

    def _load(self, begins: int) -> None:
        load = self.next_load
        self.loads.remove(load)
        self.loaded[load] = 1
        self.first = self.loaded.index(0, self.first)
        super()._load(begins)


def tails_of(
    walk: Walk, queues: Sequence[Queue], load_ps: Sequence[int], store_ps: Mapping[int, int]
) -> list[int]:
    """By event of a walk: picoseconds from its start to the end of the longest chain of tasks behind it.

    `load_ps` are the times of loads, `store_ps` those of the stores of stays. The tiles of an operator run
    one after the other; several units share every tile.
    """
    stays, needs, sources = walk.residency.stays, walk.needs, walk.sources
    step_ps = [0] * len(walk.steps)
    for queue in queues:
        for position in queue.steps:
            work = walk.works[1][position]
            step_ps[position] = min(each[work] for each in queue.price.values()) // len(queue.engines)
    used = [0] * len(stays)
    """By stay: the tail of the tasks that read it."""
    taken = [0] * len(stays)
    """By stay: the tail of the tasks that take over its buffer."""
    stored: dict[int, int] = {}
    """By piece: the tail of its next load."""
    following: dict[int, int] = {}
    """By operator: the tail of its next step."""
    tails = [0] * len(walk.events)
    for number in range(len(tails) - 1, -1, -1):
        event, which = walk.events[number]
        if event is Event.STORE:
            tail = store_ps[which] + max(stored.get(stays[which].piece, 0), taken[which])
            used[which] = max(used[which], tail)
        elif event is Event.LOAD:
            tail = load_ps[which] + max([used[stay.number] for stay in walk.loads[which].stays])
            for piece in sources.get(which, ()):
                stored[piece] = max(stored.get(piece, 0), tail)
        else:
            need, op = needs[which], walk.steps[which].op
            behind = [following.get(op, 0)]
            behind += [used[stay] for stay in need.made]
            behind += [taken[stay] for stay in (*need.read, *need.made)]
            tail = following[op] = max(behind) + step_ps[which]
            for stay in need.read:
                used[stay] = max(used[stay], tail)
            for stay in need.over:
                taken[stay] = tail
        tails[number] = tail
    return tails
