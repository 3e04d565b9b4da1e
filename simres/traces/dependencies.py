"""Dependencies between the lanes of a trace, each with the kind of evidence that it comes from.

What is within one lane needs none: a thread does one thing after the other, and so does a stream.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import accumulate, pairwise
from typing import NamedTuple

from simres.traces.events import Flow, Moment, StreamWait
from simres.traces.lanes import Call, Nesting, Queued, Timeline


class Dependency(StrEnum):
    """The kinds of dependencies between tasks, by what says so."""

    DATA = "data"
    """A task of a simulated run reads what another one made."""
    SCHEDULE = "schedule order"
    """The schedule of a simulated run puts another task first."""
    THREAD_ORDER = "thread order"
    """A thread does one thing after the other."""
    NESTING = "nesting"
    """A thread enters a slice within another one, or comes back from it."""
    STREAM_ORDER = "stream order"
    """A stream of a device starts its work in the order of the launches."""
    LAUNCH = "launch"
    """The correlation id of a call and of the work of a device that it launched."""
    SYNCHRONISATION = "synchronisation"
    """A call that returns when a stream, an event or a device is done."""
    STREAM_WAIT = "stream wait"
    """A stream that waits for an event of another one (CUPTI's `cuda_sync`)."""
    FLOW = "flow"
    """An arrow that the trace's writer drew."""
    FORWARD_BACKWARD = "forward-backward"
    """The flow `fwdbwd` from an operator to its gradient on another thread."""
    BACKWARD_CALL = "backward call"
    """A thread with operators whose gradients another thread computes while it is idle: autograd passes
    the work to its own thread, and returns when that is done."""


class Edge(NamedTuple):
    """What follows `target` waits for what ends at `source`."""

    kind: Dependency
    source: Moment
    target: Moment


class Waiting(NamedTuple):
    """A stretch in which a thread only waits, whatever its slices say."""

    lane: int
    start: int
    end: int


class Rebuilt(NamedTuple):
    """The dependencies between lanes, the waits that they explain, and what could not be known."""

    edges: list[Edge]
    waits: list[Waiting]
    unknown: Mapping[str, int]


_SYNCHRONISES = re.compile(r"(?:cuda|hip|cu|mtia)\w*Synchronize", re.IGNORECASE)
_COPIES = re.compile(r"memcpy|memset", re.IGNORECASE)
_FORWARD_BACKWARD = "fwdbwd"


def rebuild(nesting: Nesting, flows: Sequence[Flow], waits: Sequence[StreamWait]) -> Rebuilt:
    """The dependencies of a trace whose lanes are `nesting.timelines`; flows refer to these."""
    found = _Rebuilding(nesting, {wait.correlation: wait for wait in waits if wait.correlation >= 0})
    found.launches()
    found.stream_order()
    found.synchronisations()
    found.stream_waits()
    found.flows(flows)
    found.backward_calls(flows)
    return Rebuilt(list(dict.fromkeys(found.edges)), found.waits, found.unknown)


class _Rebuilding:
    def __init__(self, nesting: Nesting, stated: Mapping[int, StreamWait]) -> None:
        self.timelines: Sequence[Timeline] = nesting.timelines
        self.calls: Mapping[int, Call] = nesting.calls
        self.queued: list[Queued] = sorted(nesting.queued, key=lambda each: each.start)
        self.streams: Mapping[int, int] = nesting.streams
        self.stated = stated
        self.edges: list[Edge] = []
        self.waits: list[Waiting] = []
        self.unknown: Counter[str] = Counter()

    def edge(self, kind: Dependency, source: Moment, target: Moment) -> None:
        """Adds an edge; one that runs back in time is left out, and counted."""
        if source.ps <= target.ps:
            self.edges.append(Edge(kind, source, target))
        else:
            self.unknown[f"dependencies by {kind} that run back in time, and were left out"] += 1

    def launches(self) -> None:
        """From each launch to the work of the device. A copy that the call waits for also ends the wait."""
        for each in self.queued:
            call = self.calls.get(each.correlation)
            if call is None:
                self.unknown["pieces of work of a device whose launch is not in the trace"] += 1
                continue
            target = Moment(each.lane, each.start)
            blocks = _COPIES.search(call.name) and call.start <= each.start and each.end <= call.end
            sent = call.start if blocks else min(call.end, each.start)
            if sent < call.start:
                self.unknown["pieces of work of a device that begin before their launch"] += 1
                continue
            self.edge(Dependency.LAUNCH, Moment(call.lane, sent), target)
            if blocks:
                self.returned(Moment(each.lane, each.end), call, Dependency.SYNCHRONISATION)

    def returned(self, source: Moment, call: Call, kind: Dependency) -> None:
        """A call waits from its start for `source`, and does the rest afterwards."""
        at = max(call.start, source.ps)
        if at > call.start:
            self.waits.append(Waiting(call.lane, call.start, at))
        self.edge(kind, source, Moment(call.lane, at))

    def stream_order(self) -> None:
        """Between the work of a stream and its copies, which lie on two lanes."""
        latest: dict[int, Queued] = {}
        for each in self.queued:
            stream = self.streams[each.lane]
            if stream < 0:  # no number, so which copies belong to it is not known
                continue
            before = latest.get(stream)
            if before is not None and before.lane != each.lane and before.end <= each.start:
                source, target = Moment(before.lane, before.end), Moment(each.lane, each.start)
                self.edge(Dependency.STREAM_ORDER, source, target)
            latest[stream] = each

    def synchronisations(self) -> None:
        """From the last work that a call waits for to the rest of the call."""
        launched = _Launched(self.queued, self.calls, self.streams)
        for correlation, call in self.calls.items():
            if not _SYNCHRONISES.search(call.name):
                continue
            stated = self.stated.get(correlation)
            record = self.calls.get(stated.record) if stated else None
            since = record.start if record else call.start
            done = launched.last(since, stated.on if record and stated else stated.stream if stated else -1)
            if done is not None and done.end > call.end:
                done = launched.within(call)  # of some of the streams only, and the trace does not say which
                self.unknown["synchronisations of which the trace does not say with what"] += done is None
            if done is not None:
                self.returned(Moment(done.lane, done.end), call, Dependency.SYNCHRONISATION)

    def stream_waits(self) -> None:
        """From the last work before an event was recorded to the first after a stream was told to wait."""
        launched = _Launched(self.queued, self.calls, self.streams)
        for wait in self.stated.values():
            call, record = self.calls.get(wait.correlation), self.calls.get(wait.record)
            if "Wait" not in wait.kind or call is None or record is None:
                continue
            before, after = launched.last(record.start, wait.on), launched.first(call.start, wait.stream)
            if before is not None and after is not None:
                source, target = Moment(before.lane, before.end), Moment(after.lane, after.start)
                self.edge(Dependency.STREAM_WAIT, source, target)

    def flows(self, flows: Sequence[Flow]) -> None:
        """From the slice in which a flow begins to where it ends, on another lane."""
        for flow in flows:
            if flow.source.lane == flow.target.lane:
                continue
            piece = self.timelines[flow.source.lane].covering(flow.source.ps)
            sent = max(flow.source.ps, min(piece.until, flow.target.ps) if piece else flow.source.ps)
            backward = flow.category == _FORWARD_BACKWARD
            kind = Dependency.FORWARD_BACKWARD if backward else Dependency.FLOW
            self.edge(kind, Moment(flow.source.lane, sent), flow.target)

    def backward_calls(self, flows: Sequence[Flow]) -> None:
        """A thread without an operator of its own waits while another computes the gradients of its own."""
        pairs = {
            (flow.source.lane, flow.target.lane): flow.target
            for flow in flows
            if flow.category == _FORWARD_BACKWARD and flow.source.lane != flow.target.lane
        }
        for caller, worker in pairs:
            targets = sorted(
                flow.target.ps
                for flow in flows
                if (flow.source.lane, flow.target.lane) == (caller, worker)
                and flow.category == _FORWARD_BACKWARD
            )
            for start, end in _breaks(self.timelines[caller]):
                at = bisect_right(targets, start)
                if at == len(targets) or targets[at] >= end:
                    continue
                first = self.timelines[worker].first_start(start)
                last = self.timelines[worker].last_end(end)
                if first is not None and last is not None and start <= first < last <= end:
                    self.edge(Dependency.BACKWARD_CALL, Moment(caller, first), Moment(worker, first))
                    self.edge(Dependency.BACKWARD_CALL, Moment(worker, last), Moment(caller, last))
                    self.waits.append(Waiting(caller, first, last))


def _breaks(timeline: Timeline) -> Iterator[tuple[int, int]]:
    """Yields the stretches in which a thread is in no operator."""
    since: int | None = timeline.pieces[0].start if timeline.pieces else None
    for before, after in pairwise([*timeline.pieces, None]):
        assert before is not None
        if before.operator:
            since = before.end
        if since is not None and after is not None and after.operator and after.start > since:
            yield since, after.start
    if since is not None and timeline.pieces[-1].end > since:
        yield since, timeline.pieces[-1].end


def _later(one: Queued, other: Queued) -> Queued:
    """What ends later."""
    return other if other.end >= one.end else one


class _Launched:
    """The work of devices in the order of its launches, for all streams (-1) and for each by its number."""

    def __init__(
        self, queued: Sequence[Queued], calls: Mapping[int, Call], streams: Mapping[int, int]
    ) -> None:
        known = sorted(
            (call.start, each.start, each) for each in queued if (call := calls.get(each.correlation))
        )
        grouped: dict[int, list[tuple[int, int, Queued]]] = {-1: known}
        for entry in known:
            if (stream := streams[entry[2].lane]) >= 0:
                grouped.setdefault(stream, []).append(entry)
        self.at = {stream: [start for start, _, _ in entries] for stream, entries in grouped.items()}
        self.of = {stream: [each for _, _, each in entries] for stream, entries in grouped.items()}
        self.latest = {stream: list(accumulate(of, _later)) for stream, of in self.of.items()}
        self.by_end = sorted(self.of[-1], key=lambda each: each.end)

    def last(self, since: int, stream: int) -> Queued | None:
        """Of what was launched before a moment, what ends last."""
        at = bisect_right(self.at.get(stream, []), since) - 1
        return self.latest[stream][at] if at >= 0 else None

    def first(self, since: int, stream: int) -> Queued | None:
        """The first that was launched after a moment."""
        starts = self.at.get(stream, [])
        at = bisect_right(starts, since)
        return self.of[stream][at] if at < len(starts) else None

    def within(self, call: Call) -> Queued | None:
        """What ends last during a call."""
        at = bisect_right(self.by_end, call.end, key=lambda each: each.end) - 1
        return self.by_end[at] if at >= 0 and self.by_end[at].end > call.start else None
