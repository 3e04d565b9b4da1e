"""The workbench: facts that several simulations share, so that each is computed once.

Code that simulates more than once (a sweep, a search, a what-if) makes a `Workbench` and passes it down; a
single simulation makes its own. No other cache outlives a simulation, except two kinds that cannot go wrong:

- `functools.lru_cache` on functions whose arguments are plain values, and all that the answer depends on.
- Facts about a `Pattern` are kept with it (`simres.program.orders.Pattern.fact`), and end with it.

A key holds all that its fact depends on. `tests/sharing/test_keys.py` changes every parameter of every
component and scheduler on one workbench, and fails if the answer differs from that of a fresh one.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

from simres.sharing.recent import RecentCache

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Shelf:
    """One sort of fact: the last ones used are kept, up to `most` in `size` altogether."""

    name: str
    most: int
    size: Callable[[Any], int] = lambda _: 1


CHIP_FILES = Shelf("chip files without problems", 16)
"""By text, path and registry."""
REWRITES = Shelf("networks after passes", 8)
"""By the network itself and what was done to it, so that all schedules of a network have one object."""
BOUND_SUMS = Shelf("sums that lower bounds are made of", 8)
"""By the network itself."""
PARTS = Shelf("networks with fused operators taken apart", 8)
"""By digest, as all that follows, so that a network that is read again shares it."""
HALVES = Shelf("networks with half the batch", 8)
MAPSPACES = Shelf("mapspaces", 4)
"""By network and pinned weights."""
SEARCHES = Shelf("searches for plans", 4)
"""By mapspace and computing units."""
KNOWN_TILES = Shelf("tiles that tilings have in common", 1)
"""By network, memory but its capacity, pinned weights and thread."""
OUTLOOKS = Shelf("what is known of plans before they are walked", 256)
"""By network, memory, plan, pinned weights and most steps; tilings and walks too."""
TILINGS = Shelf("tilings", 1)
WALKS = Shelf("walks", 1 << 14, lambda walk: walk.size)
"""Sizes are in steps: some 50 MB."""


class Workbench:
    """Facts by shelf and key. Threads may share one."""

    def __init__(self) -> None:
        self._shelves: dict[str, RecentCache[Any]] = {}

    def get(self, shelf: Shelf, key: Hashable, make: Callable[[], V]) -> V:
        """Returns the fact of a key: the kept one, or the result of `make`."""
        found: V = self._on(shelf).get(key, make)
        return found

    def clear(self, shelf: Shelf) -> None:
        """Removes all facts of a sort."""
        self._on(shelf).clear()

    def _on(self, shelf: Shelf) -> RecentCache[Any]:
        found = self._shelves.get(shelf.name)
        if found is None:
            found = self._shelves.setdefault(shelf.name, RecentCache(shelf.most, shelf.size))
        return found
