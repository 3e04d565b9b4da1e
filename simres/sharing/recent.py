"""A thread-safe cache of the most recently used values, limited by their total size."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

V = TypeVar("V")


class IdentityKey:
    """Identity key: two wrappers compare equal if they wrap the same object. Keeps the object alive."""

    __slots__ = ("it",)

    def __init__(self, it: object) -> None:
        self.it = it

    def __hash__(self) -> int:
        return id(self.it)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IdentityKey) and other.it is self.it


class RecentCache(Generic[V]):
    """The most recently used values whose sizes sum to at most `most`.

    A value depends on its key alone, and never changes. A value larger than `most` is not kept, nor is one
    whose key is not hashable. Threads may share the cache.
    """

    def __init__(self, most: int, size: Callable[[V], int] = lambda _: 1) -> None:
        self._most = most
        self._size = size
        self._kept: OrderedDict[Hashable, tuple[V, int]] = OrderedDict()
        self._total = 0
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """Returns the value of a key: the kept one, or the result of `make`."""
        try:
            with self._lock:
                if (found := self._kept.get(key)) is not None:
                    self._kept.move_to_end(key)
                    return found[0]
        except TypeError:  # not hashable
            return make()
        value = make()
        size = self._size(value)
        with self._lock:
            if size <= self._most and key not in self._kept:
                self._kept[key] = (value, size)
                self._total += size
            while self._total > self._most:
                _, (_, freed) = self._kept.popitem(last=False)
                self._total -= freed
        return value

    def clear(self) -> None:
        """Removes all values."""
        with self._lock:
            self._kept.clear()
            self._total = 0
