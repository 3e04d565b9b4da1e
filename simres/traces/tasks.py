"""Tasks in time, made of the pieces of lanes: cut where a dependency begins or ends, and put in order."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from simres.traces.dependencies import Dependency, Edge, Rebuilt, Waiting
from simres.traces.events import LaneKind, Moment
from simres.traces.lanes import Piece, Timeline

_Stretch = tuple[int, int]


class TimedTask(NamedTuple):
    """A task of the trace, in picoseconds. `label` is a number of `Labels`."""

    start: int
    end: int
    lane: int
    label: int
    nbytes: int = 0


class Ordered(NamedTuple):
    """Tasks in order of their start, and by kind the pairs of which the second waits for the first."""

    tasks: list[TimedTask]
    edges: Mapping[Dependency, list[tuple[int, int]]]


def ordered(timelines: Sequence[Timeline], rebuilt: Rebuilt, untraced: int) -> Ordered:
    """The tasks of all lanes. `untraced` is the label of what a thread does between two slices."""
    cuts: dict[int, set[int]] = {}
    arrivals: dict[int, list[_Stretch]] = {}
    for edge in rebuilt.edges:
        for moment in (edge.source, edge.target):
            cuts.setdefault(moment.lane, set()).add(moment.ps)
        arrivals.setdefault(edge.target.lane, []).append((edge.target.ps, edge.source.ps))
    waits: dict[int, list[Waiting]] = {}
    for wait in rebuilt.waits:
        waits.setdefault(wait.lane, []).append(wait)
    tasks: list[TimedTask] = []
    for lane, timeline in enumerate(timelines):
        pieces: Iterable[Piece] = timeline.pieces
        if timeline.kind is LaneKind.THREAD:
            filled = _filled(timeline.pieces, arrivals.get(lane, []), untraced)
            pieces = _cut(_without(filled, waits.get(lane, [])), sorted(cuts.get(lane, ())))
        tasks += [TimedTask(piece.start, piece.end, lane, piece.label, piece.nbytes) for piece in pieces]
    tasks.sort()
    return Ordered(tasks, _pairs(tasks, rebuilt.edges))


def _filled(pieces: Sequence[Piece], arrivals: Iterable[_Stretch], untraced: int) -> Iterator[Piece]:
    """Yields the pieces of a thread, and between two of them what it did without an event.

    Where the second is known to have waited for something that ended in between, it waited.
    """
    woken: dict[int, int] = {}
    for at, source in arrivals:
        woken[at] = max(source, woken.get(at, source))
    for before, after in pairwise([None, *pieces]):
        assert after is not None
        since = after.start if before is None else before.end
        if since < after.start and woken.get(after.start, since) <= since:
            yield Piece(since, after.start, untraced, after.start, False)
        yield after


def _without(pieces: Iterable[Piece], waits: Sequence[Waiting]) -> Iterator[Piece]:
    """Yields what is left of the pieces outside the waits."""
    stretches = sorted((wait.start, wait.end) for wait in waits)
    at = 0
    for piece in pieces:
        start = piece.start
        while at < len(stretches) and stretches[at][1] <= start:
            at += 1
        place = at
        while place < len(stretches) and stretches[place][0] < piece.end and start < piece.end:
            if start < stretches[place][0]:
                yield piece._replace(start=start, end=stretches[place][0])
            start = max(start, stretches[place][1])
            place += 1
        if start < piece.end:
            yield piece._replace(start=start)


def _cut(pieces: Iterable[Piece], cuts: Sequence[int]) -> Iterator[Piece]:
    """Yields the pieces, cut at some moments; those that touch and have one label are one."""
    held: Piece | None = None
    for piece in pieces:
        if held is not None and held.end == piece.start and held.label == piece.label:
            piece = piece._replace(start=held.start)
        elif held is not None:
            yield held
        at = bisect_right(cuts, piece.start)
        while at < len(cuts) and cuts[at] < piece.end:
            yield piece._replace(end=cuts[at])
            piece = piece._replace(start=cuts[at])
            at += 1
        held = piece
        if at < len(cuts) and cuts[at] == piece.end:
            yield piece
            held = None
    if held is not None:
        yield held


def _pairs(tasks: Sequence[TimedTask], edges: Iterable[Edge]) -> Mapping[Dependency, list[tuple[int, int]]]:
    """The tasks between which edges run: the last that ends by the source, the first from the target on."""
    starts: dict[int, list[int]] = {}
    ends: dict[int, list[int]] = {}
    numbers: dict[int, list[int]] = {}
    for number, task in enumerate(tasks):
        starts.setdefault(task.lane, []).append(task.start)
        ends.setdefault(task.lane, []).append(task.end)
        numbers.setdefault(task.lane, []).append(number)

    def last(moment: Moment) -> int | None:
        at = bisect_right(ends.get(moment.lane, []), moment.ps) - 1
        return numbers[moment.lane][at] if at >= 0 else None

    def first(moment: Moment) -> int | None:
        at = bisect_left(starts.get(moment.lane, []), moment.ps)
        return numbers[moment.lane][at] if at < len(starts.get(moment.lane, [])) else None

    found: dict[Dependency, dict[tuple[int, int], None]] = {}
    for edge in edges:
        source, target = last(edge.source), first(edge.target)
        if source is not None and target is not None:
            found.setdefault(edge.kind, {})[source, target] = None
    return {kind: sorted(pairs) for kind, pairs in found.items()}
