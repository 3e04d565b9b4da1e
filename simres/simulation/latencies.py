"""A store of latencies in bounded memory: exact up to a count, within a stated error beyond.

Up to `EXACT` values are kept as they are, 8 bytes each unless one is larger. Beyond that, all values go into
bins by their first `_BITS` binary digits, so a bin is at most `ERROR` of its values wide, and there are few
bins for any range of times.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction

EXACT = 1 << 17
"""The number of values kept as they are: 1 MiB."""
_LARGEST_KEPT = (1 << 64) - 1
"""The largest value of 8 bytes; half a year in picoseconds."""
_STEPS = (100, 125, 160, 200, 250, 320, 400, 500, 630, 800)
_BITS = 11
ERROR = Fraction(1, 1 << (_BITS - 1))
"""The largest relative error of a quantile of more than `EXACT` values, always upward: less than 0.1 %."""


class Latencies:
    """The latencies of many requests, in picoseconds."""

    __slots__ = ("_bins", "_kept", "count", "largest", "total")

    def __init__(self) -> None:
        self._kept: array[int] | list[int] = array("Q")
        self._bins: Counter[int] | None = None
        self.count = self.total = self.largest = 0

    def add(self, ps: int) -> None:
        """Adds one latency."""
        self.count += 1
        self.total += ps
        if ps > self.largest:
            self.largest = ps
        if self._bins is not None:
            self._bins[_top(ps)] += 1
            return
        if ps > _LARGEST_KEPT and isinstance(self._kept, array):
            self._kept = list(self._kept)
        self._kept.append(ps)
        if self.count > EXACT:
            self._bins = Counter(map(_top, self._kept))
            self._kept = array("Q")

    @property
    def error(self) -> Fraction:
        """The largest relative error of a quantile, always upward; 0 if it is exact."""
        return Fraction(0) if self._bins is None else ERROR

    def quantiles(self, shares: Iterable[Fraction]) -> list[int]:
        """For each share, the smallest value that this share does not exceed (nearest rank); 0 if empty.

        With bins, the upper end of the value's bin, but no more than the largest value.
        """
        if not self.count:
            return [0 for _ in shares]
        ranks = [max(1, -(-share.numerator * self.count // share.denominator)) for share in shares]
        if self._bins is None:
            ordered: Sequence[int] = sorted(self._kept)
            return [ordered[rank - 1] for rank in ranks]
        found = []
        ends = sorted(self._bins.items())
        for rank in ranks:
            below = 0
            for end, times in ends:
                below += times
                if below >= rank:
                    found.append(min(end, self.largest))
                    break
        return found

    def histogram(self) -> tuple[tuple[int, int], ...]:
        """The number of values up to each of a few limits and above the previous limit.

        Limits are 1, 1.25, 1.6, 2, 2.5, 3.2, 4, 5, 6.3 and 8 times a power of ten (the decimal series R10 of
        ISO 3), over the range of the values, without empty ones at both ends; as exact as `quantiles`.
        """
        if not self.count:
            return ()
        values = ((ps, 1) for ps in self._kept) if self._bins is None else self._bins.items()
        limits = [0]
        while limits[-1] < self.largest:
            power, step = divmod(len(limits) - 1 + 2 * len(_STEPS), len(_STEPS))
            limits.append(_STEPS[step] * 10**power // 100)
        found = [0] * len(limits)
        for value, times in values:
            found[bisect_left(limits, min(value, self.largest))] += times
        first = next(place for place, times in enumerate(found) if times)
        return tuple(zip(limits[first:], found[first:], strict=True))


def _top(ps: int) -> int:
    """The largest value with the same leading binary digits."""
    rest = ps.bit_length() - _BITS
    return ps if rest <= 0 else ps | ((1 << rest) - 1)
