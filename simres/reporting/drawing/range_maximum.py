"""Range maximum queries: the largest number of any range in logarithmic time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


class Pyramid:
    """A binary tree of maxima: each level holds the maxima of pairs in the level below."""

    __slots__ = ("_levels",)

    def __init__(self, values: Sequence[int]) -> None:
        self._levels = [list(values)]
        while len(below := self._levels[-1]) > 1:
            above = list(map(max, below[::2], below[1::2]))
            self._levels.append(above if len(below) % 2 == 0 else [*above, below[-1]])

    def largest(self, first: int, past: int) -> int:
        """Returns the largest number in `first` to `past - 1`, and at least 0; 0 for an empty range."""
        most = 0
        for level in self._levels:
            if first >= past:
                break
            if first % 2:
                most = max(most, level[first])
                first += 1
            if past % 2:
                past -= 1
                most = max(most, level[past])
            first //= 2
            past //= 2
        return most

    def beyond(self, limit: int, past: int) -> Iterator[int]:
        """Yields the indices before `past` whose numbers exceed `limit`, in order."""
        asked = [(len(self._levels) - 1, 0)]
        while asked:
            level, number = asked.pop()
            if number << level >= past or number >= len(self._levels[level]):
                continue
            if self._levels[level][number] <= limit:
                continue
            if level:
                asked += [(level - 1, 2 * number + 1), (level - 1, 2 * number)]
            else:
                yield number
