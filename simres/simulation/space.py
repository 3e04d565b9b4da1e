"""Who gets on-chip memory next: grants go in program order, and that is what rules out deadlock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from simres.hardware.sram import Scratchpad
from simres.simulation.plan import Demand


class Waiter(Protocol):
    """A lane whose head waits for space."""

    def granted_space(self, now: int, holder: int) -> None:
        """Called when the head has its buffers; `holder` is the task that made way."""


class Space:
    """Hands out buffers of some memories, each request in its turn.

    Turns are numbered through all Programs launched on these memories. A request is made when its task
    is otherwise ready; it is granted when every earlier turn was and the bytes are there.
    """

    __slots__ = ("_turn", "_turns", "memories", "waiting")

    def __init__(self, memories: Mapping[str, Scratchpad]) -> None:
        self.memories = memories
        self._turn = 0
        self._turns = 0
        self.waiting: dict[int, tuple[Waiter, Demand]] = {}
        """Who waits, by turn."""

    def admit(self, turns: int) -> int:
        """Makes room in the order for a Program with so many requests; its first turn."""
        first = self._turns
        self._turns += turns
        return first

    def request(self, turn: int, demand: Demand, waiter: Waiter) -> bool:
        """Grants `demand` now, or keeps the waiter until its turn and says False."""
        if turn == self._turn and self._take(demand):
            self._turn = turn + 1
            return True
        self.waiting[turn] = (waiter, demand)
        return False

    def serve(self, now: int, holder: int) -> None:
        """Grants what can be granted in order, after `holder` gave bytes back or took its turn."""
        while (next_in_line := self.waiting.get(self._turn)) is not None:
            waiter, demand = next_in_line
            if not self._take(demand):
                return
            del self.waiting[self._turn]
            self._turn += 1
            waiter.granted_space(now, holder)

    def _take(self, demand: Demand) -> bool:
        memories = self.memories
        if len(demand) == 1:
            memory, nbytes = demand[0]
            return memories[memory].take(nbytes)
        for number, (memory, nbytes) in enumerate(demand):
            if not memories[memory].take(nbytes):
                for taken, given in demand[:number]:
                    memories[taken].give(given)
                return False
        return True
