"""On-chip memory as it fills and empties. It decides nothing: it grants what fits and counts."""

from __future__ import annotations


class Scratchpad:
    """Bytes in use of a capacity. `peak` is the most there ever was at once."""

    __slots__ = ("capacity", "peak", "used")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.used = 0
        self.peak = 0

    def take(self, nbytes: int) -> bool:
        """Reserves `nbytes`, or changes nothing and says False when there is not the space."""
        used = self.used + nbytes
        if used > self.capacity:
            return False
        self.used = used
        if used > self.peak:
            self.peak = used
        return True

    def give(self, nbytes: int) -> None:
        """Gives `nbytes` back."""
        self.used -= nbytes
