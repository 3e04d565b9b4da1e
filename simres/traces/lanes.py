"""Lanes in time: nested slices become pieces that touch and never overlap."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import NamedTuple

from simres.traces.events import Frame, Lane, LaneKind, Slice
from simres.traces.labels import OUTSIDE, Label, Labels

_ROUNDED_PS = ((1_000_000, 2_000_000), (250_000, 500_000), (1, 2000))
"""By how much slices may overlap whose starts are all multiples of something: whole microseconds, those of a
double that counts microseconds since 1970, or nanoseconds."""
_MARKS = frozenset((Frame.NOTE, Frame.MODULE, Frame.PYTHON))
"""What need not nest with other slices of its thread, as it begins and ends within functions."""


class Piece(NamedTuple):
    """A stretch of a lane in which the same slice is the innermost one. `label` is a number of `Labels`,
    `until` the end of that slice, `operator` whether it is (part of) an operator."""

    start: int
    end: int
    label: int
    until: int
    operator: bool
    nbytes: int = 0


class Call(NamedTuple):
    """A slice with a correlation, and its lane."""

    lane: int
    start: int
    end: int
    name: str
    label: Label


class Queued(NamedTuple):
    """A piece of a queue, and the correlation with its launch, -1 for none."""

    lane: int
    start: int
    end: int
    correlation: int


@dataclass
class Timeline:
    """The pieces of a lane in order of time."""

    name: str
    kind: LaneKind
    pieces: list[Piece] = field(default_factory=list)

    def covering(self, ps: int) -> Piece | None:
        """The piece at a moment: the one that begins there, or else around it or ending there."""
        at = bisect_right(self.pieces, ps, key=lambda piece: piece.start) - 1
        return self.pieces[at] if at >= 0 and self.pieces[at].end >= ps else None

    def last_end(self, ps: int) -> int | None:
        """The latest end of a piece up to a moment."""
        at = bisect_right(self.pieces, ps, key=lambda piece: piece.end) - 1
        return self.pieces[at].end if at >= 0 else None

    def first_start(self, ps: int) -> int | None:
        """The earliest start of a piece from a moment on."""
        at = bisect_left(self.pieces, ps, key=lambda piece: piece.start)
        return self.pieces[at].start if at < len(self.pieces) else None


class Nesting:
    """Takes the slices of one lane after the other."""

    def __init__(self, labels: Labels) -> None:
        self.labels = labels
        self.timelines: list[Timeline] = []
        self.calls: dict[int, Call] = {}
        self.queued: list[Queued] = []
        self.streams: dict[int, int] = {}
        self.nested = self.moved = self.split = self.beside = 0
        """Slices within others; slices that overlap others: by a rounding, and were moved; that go on after
        the other; and that lie on a lane of their own."""

    def add(self, lane: Lane, slices: Iterable[Slice]) -> None:
        """Adds a lane, as several timelines where slices overlap. Threads come before what they launch."""
        name, kind = lane.name, lane.kind
        waiting = sorted(slices, key=lambda each: (each.start, -each.end))
        close = next(close for unit, close in _ROUNDED_PS if all(not each.start % unit for each in waiting))
        layer = 1
        while waiting:
            number = len(self.timelines)
            timeline = Timeline(name if layer == 1 else f"{name} ({layer})", kind)
            layer += 1
            self.timelines.append(timeline)
            self.streams[number] = lane.stream
            left: list[Slice] = []
            sweep = self._thread if kind is LaneKind.THREAD else self._queue
            sweep(timeline, number, waiting, close, left)
            self.beside += len(left)
            waiting = left

    def _thread(
        self, timeline: Timeline, number: int, slices: Sequence[Slice], close: int, left: list[Slice]
    ) -> None:
        """Cuts nested slices into pieces; those that overlap others and are not within them go to `left`."""
        open_: list[tuple[int, Label, Frame]] = []
        at = slices[0].start
        heap = [(each.start, -each.end, number, each) for number, each in enumerate(slices)]

        def upto(ps: int) -> None:
            """Ends the pieces up to a moment, and the slices that end by then."""
            nonlocal at
            while open_ and open_[-1][0] <= ps:
                end, label, _ = open_.pop()
                self._piece(timeline, at, end, label, end)
                at = max(at, end)
            if open_:
                self._piece(timeline, at, ps, open_[-1][1], open_[-1][0])
            at = max(at, ps)

        while heap:
            *_, order, own = heappop(heap)
            start, end = max(own.start, at), own.end
            upto(start)
            beside = False
            while open_ and end > open_[-1][0] and not beside:
                around = open_[-1][0]
                if around - start <= close:
                    start = around
                    upto(start)
                elif end - around <= close:
                    end = around
                elif own.frame in _MARKS or open_[-1][2] in _MARKS:
                    heappush(heap, (around, -end, order, own._replace(start=around)))
                    self.split += 1
                    end = around
                else:
                    beside = True
            if beside:
                left.append(own)
                continue
            self.moved += start > own.start
            if end > start:
                self.nested += bool(open_)
                label = self.labels.inside(open_[-1][1] if open_ else OUTSIDE, own)
                open_.append((end, label, own.frame))
                if own.correlation >= 0:
                    self.calls[own.correlation] = Call(number, start, end, own.name, label)
        upto(max((end for end, _, _ in open_), default=at))

    def _queue(
        self, timeline: Timeline, number: int, slices: Sequence[Slice], close: int, left: list[Slice]
    ) -> None:
        """Takes slices that follow one another; those that overlap the one before go to `left`."""
        at = slices[0].start
        for own in slices:
            start, end = max(own.start, at), own.end
            if start - own.start > close:
                left.append(own)
            elif end > start:
                self.moved += start > own.start
                label = self._launched(own, self.labels.inside(OUTSIDE, own))
                timeline.pieces.append(Piece(start, end, self.labels.number(label), end, True, own.nbytes))
                self.queued.append(Queued(number, start, end, own.correlation))
                at = end

    def _launched(self, own: Slice, label: Label) -> Label:
        """The label of a device's work: of its launch, where that is known."""
        call = self.calls.get(own.correlation)
        if call is None or not call.label.operator:
            return label
        return call.label._replace(leaf=label.leaf)

    def _piece(self, timeline: Timeline, start: int, end: int, label: Label, until: int) -> None:
        if start < end:
            number = self.labels.number(label)
            timeline.pieces.append(Piece(start, end, number, until, label.operator))
