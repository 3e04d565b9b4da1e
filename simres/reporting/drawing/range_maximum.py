"""Range maximum queries: the largest of any run of numbers in logarithmic time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


class Pyramid:
    """Numbers, over them the larger of every two, over these again, up to the largest of all."""

    __slots__ = ("_levels",)

    def __init__(self, values: Sequence[int]) -> None:
        self._levels = [list(values)]
        while len(below := self._levels[-1]) > 1:
            above = list(map(max, below[::2], below[1::2]))
            self._levels.append(above if len(below) % 2 == 0 else [*above, below[-1]])

    def largest(self, first: int, past: int) -> int:
        """The largest from number `first` up to, not with, `past`; 0 where that is none, or all are less."""
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
        """Which of the numbers before `past` are larger than `limit`, in order."""
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
