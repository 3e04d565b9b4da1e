"""Which slices of a large trace are imported: a Record holds every task, and there may be millions."""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Iterator
from dataclasses import dataclass

from simres.errors import SimresError
from simres.traces.events import Columns, Events, Frame, Slice
from simres.units import format_duration

MOST = 150_000
"""The most slices that are imported; they become some twice as many tasks, in some 500 MB."""


@dataclass(frozen=True, slots=True)
class Window:
    """The stretch of a trace that is imported, in picoseconds from its first slice; None is its end."""

    since_ps: int = 0
    until_ps: int | None = None


WHOLE = Window()
"""All of a trace."""


def select(events: Events, window: Window, path: str, most: int = MOST) -> tuple[int, list[list[Slice]]]:
    """The slices to import, by lane, in picoseconds from the window's start, which comes first.

    If there are too many, short slices of threads that launch nothing are counted to what is around them.
    Where that leaves too many or too few, the window ends earlier. Both are noted in `events.left_out`.
    Raises `SimresError` for a window without slices.
    """
    columns = events.columns
    first = min(columns.start) + window.since_ps
    until = max(columns.end) if window.until_ps is None else min(columns.start) + window.until_ps
    if until <= first or not any(start < until and end > first for start, end in _times(columns)):
        raise SimresError(f"`{path}` has no slice in this range", "give another --from and --to")
    inside = sum(start < until and end > first for start, end in _times(columns))
    shortest = 0
    if inside > most:
        until, shortest = _less(events, first, until, most)
    found: list[list[Slice]] = [[] for _ in events.lanes]
    for lane, own in columns.slices(_kept(columns, first, until, shortest)):
        if events.lanes[lane].name:
            found[lane].append(
                own._replace(start=max(own.start, first) - first, end=min(own.end, until) - first)
            )
    return first, found


def _times(columns: Columns) -> Iterator[tuple[int, int]]:
    return zip(columns.start, columns.end, strict=True)


def _kept(columns: Columns, first: int, until: int, shortest: int) -> Iterator[int]:
    frames, correlations = columns.frame, columns.correlation
    for at, (start, end) in enumerate(_times(columns)):
        if start >= until or end <= first:
            continue
        if end - start >= shortest or frames[at] == Frame.DEVICE or correlations[at] >= 0:
            yield at


def _less(events: Events, first: int, until: int, most: int) -> tuple[int, int]:
    """An earlier end, and the length below which slices of threads are counted to what is around them."""
    columns = events.columns
    frames, correlations = columns.frame, columns.correlation
    short, launches = array("q"), 0
    for at in _kept(columns, first, until, 0):
        if frames[at] != Frame.DEVICE and correlations[at] < 0:
            short.append(at)
        else:
            launches += 1
    if 2 * launches < most:
        lengths = array("q", (columns.end[at] - columns.start[at] for at in short))
        shortest = min(heapq.nlargest(most - launches, lengths)) + 1
        count = sum(length < shortest for length in lengths)
        if 4 * (len(lengths) - count) >= most - launches:  # else, too many are of one length
            what = (
                f"slices shorter than {format_duration(shortest)}, which are counted to what is around them"
            )
            events.left_out[what] = count
            return until, shortest
    starts = columns.start
    sooner = max(heapq.nsmallest(most, (max(first, starts[at]) for at in _kept(columns, first, until, 0))))
    what = (
        f"slices after the first {format_duration(sooner - first)}, as there are too many; `--from` and "
        "`--to` choose another stretch"
    )
    events.left_out[what] = sum(starts[at] >= sooner for at in _kept(columns, first, until, 0))
    return sooner, 0
