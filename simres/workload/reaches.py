"""The reach of an operator: which part of an input it reads for a part of its output, axis by axis.

A reach is data. For each axis of an input there is a rule: the range read there follows a range of the output
(`Along`), comes from a table (`LookUp`), is what the operator sums over (`Summed`), or is all of it (None).
So it can be stored with a workload, and cutting an operator needs none of its code.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from simres.workload.boxes import Box, Range

Shape = tuple[int, ...]

CHECKED: Mapping[str, object] = {"extra": "forbid", "strict": True}


@dataclass(frozen=True, slots=True)
class Along:
    """The range follows that of axis `axis` of the output.

    Output element i reads the elements from `each * ((i * times + first) // over)` up to the last of block
    `(i * times + last) // over`, where a block has `each` elements. By default it reads element i.

    `outside` says what becomes of elements beyond the ends: `skip` reads nothing there (zero padding, or a
    part that another input makes), `clamp` reads the nearest element, `mirror` reads the mirrored one.
    """

    __pydantic_config__ = CHECKED

    axis: int
    times: int = 1
    over: int = 1
    first: int = 0
    last: int = 0
    each: int = 1
    outside: Literal["skip", "clamp", "mirror"] = "skip"

    def of(self, made: Range, size: int) -> Range | None:
        """What elements `made` of the output read of `size` elements; None if nothing."""
        low = (made[0] * self.times + self.first) // self.over * self.each
        high = ((made[1] - 1) * self.times + self.last) // self.over * self.each + self.each - 1
        if self.outside == "mirror":
            low, high = min(low, 2 * (size - 1) - high), max(high, -low)
        if self.outside != "skip":
            low, high = min(max(low, 0), size - 1), min(max(high, 0), size - 1)
        low, high = max(low, 0), min(high, size - 1)
        return (low, high + 1) if low <= high else None

    def blocks(self, place: int) -> Range:
        """The first and the last block that element `place` of the output reads, on an endless axis."""
        at = place * self.times
        return (at + self.first) // self.over, (at + self.last) // self.over

    @property
    def block(self) -> int:
        """How many neighbours in the output read the same elements, where blocks do not overlap; else 1."""
        return self.over if self.times == 1 and self.first == self.last == 0 else 1


@dataclass(frozen=True, slots=True)
class LookUp:
    """Rows of a table, one for each place along `axes` of the output; which ones is known only when it runs.

    As many rows are read as there are places, and all of them where there are more places than rows.
    """

    __pydantic_config__ = CHECKED

    axes: tuple[int, ...]

    def of(self, made: Box, shape: Sequence[int], rows: int, since: int) -> Range:
        """The rows that stand for those looked up, of `rows`, by a part `made` of an output of this `shape`.

        `since` counts the rows that were looked up in the table before: as long as there are enough, no row
        stands for two.
        """
        first, count = 0, 1
        for axis in self.axes:
            start, stop = made[axis]
            first = first * shape[axis] + start
            count *= stop - start
        if count >= rows:
            return (0, rows)
        start = min((since + first) % rows, rows - count)
        return (start, start + count)


@dataclass(frozen=True, slots=True)
class Summed:
    """All of the axis, which the operator sums over: the sum can be made in chunks."""

    __pydantic_config__ = CHECKED


Rule = Along | LookUp | Summed | None
"""How much is read along one axis of an input; None: all of it."""

Reads = tuple[Rule, ...]
"""The rules of one input, one for each of its axes."""

SUMMED = Summed()


def everything(rank: int) -> Reads:
    """Reads all of an input."""
    return (None,) * rank


def same(rank: int) -> Reads:
    """Reads the elements at the place of those that are made."""
    return tuple(Along(axis) for axis in range(rank))


def broadcast(shape: Sequence[int], made: Sequence[int]) -> Reads:
    """Reads the elements at the place of those that are made, after broadcasting; of a vector, all."""
    before = len(made) - len(shape)
    if before < 0 or (len(shape) == 1 and before):
        return everything(len(shape))
    return tuple(
        Along(before + axis) if size != 1 and size == made[before + axis] else None
        for axis, size in enumerate(shape)
    )


def window(axis: int, kernel: int, stride: int = 1, before: int = 0, dilation: int = 1) -> Along:
    """The elements under a window of `kernel` taps, `before` being the padding at the start of the axis."""
    return Along(axis, times=stride, first=-before, last=(kernel - 1) * dilation - before)


def transposed_window(axis: int, kernel: int, stride: int = 1, before: int = 0, dilation: int = 1) -> Along:
    """The same of a transposed convolution: input i is in outputs `i * stride - before + tap * dilation`."""
    return Along(axis, over=stride, first=before - (kernel - 1) * dilation + stride - 1, last=before)


def part(reads: Reads, shape: Sequence[int], box: Box, made: Sequence[int], since: int | None) -> Box | None:
    """The part of an input of this `shape` that is read for `box` of an output of shape `made`.

    None where nothing is read. `since` is that of `LookUp.of`; None where any row of a table may be wanted.
    """
    found: list[Range] = []
    for rule, size in zip(reads, shape, strict=True):
        if isinstance(rule, Along):
            read = rule.of(box[rule.axis], size)
            if read is None:
                return None
            found.append(read)
        elif isinstance(rule, LookUp) and since is not None:
            found.append(rule.of(box, made, size, since))
        else:
            found.append((0, size))
    return tuple(found)


def touched(rule: Rule, size: int, made: Sequence[int]) -> int:
    """How many of `size` elements of an axis are read at least for an output of shape `made`, gaps apart."""
    return _along(rule, size, (0, made[rule.axis])) if isinstance(rule, Along) else size


def touched_together(rules: Sequence[Rule], shape: Sequence[int], made: Sequence[int]) -> int:
    """How many elements of an input of this `shape` are read at least for an output of shape `made`.

    Where several axes follow one of the output, as along a diagonal, each place of it counts for what it
    reads along one of them, if it reads something along all; and so do rows that are looked up for it.
    """
    total = 1
    follow: dict[int, list[tuple[Along, int]]] = {}
    for rule, size in zip(rules, shape, strict=True):
        if isinstance(rule, Along):
            follow.setdefault(rule.axis, []).append((rule, size))
    seen = set(follow)
    for rule, size in zip(rules, shape, strict=True):
        if isinstance(rule, LookUp):
            total *= size if seen.isdisjoint(rule.axes) else min(1, size)
            seen.update(rule.axes)
        elif not isinstance(rule, Along):
            total *= size
    for axis, there in follow.items():
        places = _reading(there, made[axis]) if len(there) > 1 else (0, made[axis])
        total *= max([_along(rule, size, places) for rule, size in there])
    return total


def _reading(rules: Sequence[tuple[Along, int]], count: int) -> Range:
    """The places, of `count`, that read something by all the rules."""
    first, past = 0, count
    for rule, size in rules:
        if rule.outside == "skip":
            places = range(count)
            first = max(first, bisect_left(places, True, key=lambda place: rule.blocks(place)[1] >= 0))
            past = min(
                past, bisect_left(places, True, key=lambda place: rule.blocks(place)[0] * rule.each >= size)
            )
    return first, max(first, past)


def _along(rule: Along, size: int, places: Range) -> int:
    """How many of `size` elements of an axis these places of the output read at least, gaps left out."""
    start, count = places[0], places[1] - places[0]
    if not count:
        return 0
    if start:
        shift = start * rule.times
        rule = replace(rule, first=rule.first + shift, last=rule.last + shift)
    if rule.times <= rule.last - rule.first + rule.over:
        found = rule.of((0, count), size)
        return found[1] - found[0] if found else 0
    if rule.outside != "skip":  # at least what lies inside
        return max(min(1, size), _along(replace(rule, outside="skip"), size, (0, count)))
    # The ranges of different places share nothing here: only the first and the last may be cut off.
    first = bisect_left(range(count), True, key=lambda place: rule.blocks(place)[1] >= 0)
    past = bisect_left(range(count), True, key=lambda place: rule.blocks(place)[0] * rule.each >= size)
    if past - first <= 2:
        return sum(_read(rule, place, size) for place in range(first, past))
    inner = past - first - 2
    low, high = (
        sum_of_quotients(inner, rule.times, (first + 1) * rule.times + shift, rule.over)
        for shift in (rule.first, rule.last)
    )
    inside = rule.each * (high - low + inner)
    return _read(rule, first, size) + inside + _read(rule, past - 1, size)


def _read(rule: Along, place: int, size: int) -> int:
    read = rule.of((place, place + 1), size)
    return read[1] - read[0] if read else 0


def sum_of_quotients(count: int, times: int, shift: int, over: int) -> int:
    """The sum of `(i * times + shift) // over` over the first `count` numbers i, in logarithmic time.

    As in Euclid's algorithm, by counting the points of a lattice below a line (Graham, Knuth and Patashnik,
    Concrete Mathematics, 3.5).
    """
    total = count * (shift // over) + count * (count - 1) // 2 * (times // over)
    times, shift = times % over, shift % over
    highest = times * count + shift
    if highest < over:
        return total
    return total + sum_of_quotients(highest // over, over, highest % over, times)
