"""On-chip memory in simulated time: reservations, releases, and a queue of waiting tasks.

It makes no decisions: it grants what fits, in program order, which rules out deadlock.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

Demand = tuple[tuple[int, int], ...]
"""Bytes by memory; a memory is an index into the chip's memories."""


class Waiter(Protocol):
    """A task that waits for space."""

    def granted_space(self, now: int, holder: int) -> None:
        """Called when the bytes are granted; `holder` is the task that freed them."""


class Space:
    """The bytes of some memories, granted to each request in its turn.

    Turns are numbered through all Programs launched on these memories. A request is made when its task
    is otherwise ready; it is granted when every earlier turn was and the bytes are free. `free` are the
    free bytes by memory, `least` the fewest there ever were.
    """

    __slots__ = ("_turn", "_turns", "free", "least", "waiting")

    def __init__(self, capacities: Sequence[int]) -> None:
        self.free = list(capacities)
        self.least = list(capacities)
        self._turn = 0
        self._turns = 0
        self.waiting: dict[int, tuple[Waiter, Demand]] = {}
        """The waiters, by turn."""

    def admit(self, turns: int) -> int:
        """Adds turns for a Program with this many requests; returns its first turn."""
        first = self._turns
        self._turns += turns
        return first

    def request(self, turn: int, demand: Demand, waiter: Waiter) -> bool:
        """Grants `demand` now and returns True, or queues the waiter until its turn and returns False."""
        if turn == self._turn and self.take(demand):
            self._turn = turn + 1
            return True
        self.waiting[turn] = (waiter, demand)
        return False

    def serve(self, now: int, holder: int) -> None:
        """Grants waiting requests in order, after `holder` freed bytes or took its turn."""
        while (next_in_line := self.waiting.get(self._turn)) is not None:
            waiter, demand = next_in_line
            if not self.take(demand):
                return
            del self.waiting[self._turn]
            self._turn += 1
            waiter.granted_space(now, holder)

    def take(self, demand: Demand) -> bool:
        """Takes all of `demand`, or changes nothing and returns False if the space is not free."""
        free = self.free
        if len(demand) == 1:
            ((memory, nbytes),) = demand
            left = free[memory] - nbytes
            if left < 0:
                return False
            free[memory] = left
            if left < self.least[memory]:
                self.least[memory] = left
            return True
        for memory, nbytes in demand:
            if free[memory] < nbytes:
                return False
        for memory, nbytes in demand:
            left = free[memory] = free[memory] - nbytes
            if left < self.least[memory]:
                self.least[memory] = left
        return True
