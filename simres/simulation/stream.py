"""Requests over time: arrival, batching, service and departure, in constant memory.

A request arrives, waits in the open batch until that is closed, and then for its launch to start. Without
batches, each request is a launch of its own, which joins the engines' queues at once. A batch is closed when
it is full. After its first request has waited for `timeout_ps`, it is closed as soon as every earlier launch
has started: while the chip is behind, the batch grows. It runs with the smallest planned size that it fits
into. Requests that arrive at the instant at which a batch is closed are in it, if they fit.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple, Protocol

from simpy import Environment, Event
from simpy.events import URGENT

from simres import jobs
from simres.hardware.engine import Done, after_arrivals
from simres.program.record import Served, StreamTotals
from simres.program.tasks import Program
from simres.simulation.flattened import Launch
from simres.simulation.latencies import Latencies

PERCENTILES = {
    "p50": Fraction(1, 2),
    "p90": Fraction(9, 10),
    "p95": Fraction(19, 20),
    "p99": Fraction(99, 100),
    "p99_9": Fraction(999, 1000),
    "max": Fraction(1),
}
"""The percentiles reported for latencies."""


@dataclass(frozen=True, slots=True)
class Stream:
    """Requests for the Programs in `programs`, whose keys are the most requests that each serves at once.

    `arrivals` returns a new series of picoseconds, counted from `start_ps`; its first `requests` are used.
    The largest key is the size of a full batch. The first `warmup` are left out of the figures.
    """

    programs: Mapping[int, Program]
    arrivals: Callable[[], Iterator[int]]
    requests: int
    warmup: int = 0
    start_ps: int = 0
    deadline_ps: int = 0
    timeout_ps: int = 0


class Requests(NamedTuple):
    """A stream with its Programs made ready to run."""

    stream: Stream
    plans: Mapping[int, Launch]


class LaunchedRequests(NamedTuple):
    """The requests of a launch: the number of the first, the arrival of each, and the time of the launch."""

    first: int
    came: tuple[int, ...]
    launched_ps: int


class Queues(Protocol):
    """The queues that launches join."""

    environment: Environment

    def submit(self, launch: Launch, asked: LaunchedRequests) -> None:
        """Queues an instance of a Program on every engine."""


class _Crowd:
    """A number of requests, and its integral over time."""

    __slots__ = ("area", "most", "number", "since")

    def __init__(self) -> None:
        self.number = self.area = self.since = self.most = 0

    def change(self, by: int, now: int) -> None:
        """Changes the number by `by`."""
        self.area += self.number * (now - self.since)
        self.since = now
        self.number += by
        if self.number > self.most:
            self.most = self.number


class Desk:
    """Accepts requests, batches and launches them, and records their times."""

    def __init__(self, requests: Requests, queues: Queues) -> None:
        self.stream = stream = requests.stream
        self.queues = queues
        self._plans = requests.plans
        self._size_of = _sizes(requests.plans)
        self._most = max(requests.plans)
        self._coming = stream.arrivals()
        self._next = -1
        self._cut = False
        """Whether requests are no longer admitted, because the user asked for an early end."""
        self._open: deque[int] = deque()
        self._settling = False
        self._alarm_ps = -1
        self._not_begun = 0
        self._closed = self.arrived = self.gone = 0
        self._present, self._waiting = _Crowd(), _Crowd()
        self._latencies, self._waits = Latencies(), Latencies()
        self._stayed = self._waited = self._missed = 0
        self._before = (0, 0)
        """The areas of present and waiting requests at the arrival of the first that counts."""
        self._first = self._last = self._from = self._until = 0
        self._present_at_last = 0
        self._launched: Counter[int] = Counter()
        self._asked: Counter[int] = Counter()
        self._fastest: dict[int, int] = {}
        self._look_ahead()
        if self._next >= 0:
            first = Done(
                queues.environment, self._next
            )  # after Programs that fill the memory at that instant
            first.callbacks.append(self._come)

    @property
    def missing(self) -> int:
        """The number of requests that did not arrive, unless asked to end early, or were not served."""
        return (self.arrived if self._cut else self.stream.requests) - self.gone

    def p99_ps(self) -> int:
        """The 99th percentile of the latencies so far, 0 before any counts."""
        return self._latencies.quantiles([PERCENTILES["p99"]])[0]

    def _look_ahead(self) -> None:
        """Sets the time of the next arrival, -1 if there is none."""
        self._next = -1
        self._cut = jobs.end_asked()
        if self.arrived < self.stream.requests and not self._cut:
            following = next(self._coming, None)
            if following is not None:
                self._next = self.stream.start_ps + following

    def _come(self, _event: Event) -> None:
        """Handles every request that arrives at this instant."""
        environment = self.queues.environment
        now = int(environment.now)
        while self._next == now:
            if self.arrived == self.stream.warmup:
                self._begin_to_count(now)
            if not self.arrived:
                self._first = now
            self.arrived += 1
            self._open.append(now)
            self._present.change(1, now)
            self._waiting.change(1, now)
            self._look_ahead()
        self._last, self._present_at_last = now, self._present.number
        if self._next >= 0:
            event = Event(environment)
            event._ok, event._value = True, None
            event.callbacks.append(self._come)
            environment.schedule(event, URGENT, self._next - now)
        if self._most == 1:
            while self._open:
                self._launch(1)
        else:
            self._settle_last()

    def _begin_to_count(self, now: int) -> None:
        self._from = now
        for crowd in (self._present, self._waiting):
            crowd.change(0, now)
            crowd.most = crowd.number
        self._before = (self._present.area, self._waiting.area)

    def _settle_last(self) -> None:
        if not self._settling:
            self._settling = True
            after_arrivals(self.queues.environment, self._settle)

    def _settle(self, _event: Event) -> None:
        """Closes the batch if it is due."""
        self._settling = False
        now = int(self.queues.environment.now)
        while len(self._open) >= self._most:
            self._launch(self._most)
        if not self._open:
            return
        due = self._open[0] + self.stream.timeout_ps
        if due <= now:
            if not self._not_begun:
                self._launch(len(self._open))
        elif due != self._alarm_ps:
            self._alarm_ps = due
            alarm = Done(self.queues.environment, due - now)
            alarm.callbacks.append(lambda _event: self._settle_last())

    def _launch(self, number: int) -> None:
        first = self._closed
        self._closed += number
        size = self._size_of[number]
        self._not_begun += 1
        self._launched[size] += 1
        self._asked[size] += number
        came = tuple([self._open.popleft() for _ in range(number)])
        self.queues.submit(self._plans[size], LaunchedRequests(first, came, int(self.queues.environment.now)))

    def begun(self, asked: LaunchedRequests, now: int) -> None:
        """Handles the start of the first task of a launch."""
        came = asked.came
        self._not_begun -= 1
        self._waiting.change(-len(came), now)
        skipped = self.stream.warmup - asked.first
        for number, at in enumerate(came):
            self._waited += now - at
            if number >= skipped:
                self._waits.add(now - at)
        if self._most > 1 and self._open:
            self._settle_last()

    def ended(self, asked: LaunchedRequests, now: int) -> None:
        """Handles the end of the last task of a launch."""
        came = asked.came
        size = self._size_of[len(came)]
        took = now - asked.launched_ps
        if took < self._fastest.get(size, took + 1):
            self._fastest[size] = took
        self._present.change(-len(came), now)
        self.gone += len(came)
        self._until = now
        skipped = self.stream.warmup - asked.first
        for number, at in enumerate(came):
            self._stayed += now - at
            if number >= skipped:
                self._latencies.add(now - at)
                self._missed += 0 < self.stream.deadline_ps < now - at

    def totals(self) -> StreamTotals:
        """The totals of the stream."""
        latencies, waits = self._latencies, self._waits
        shares = PERCENTILES.values()
        present, waiting = self._before
        return StreamTotals(
            arrived=self.arrived,
            warmup=self.stream.warmup,
            counted=latencies.count,
            first_ps=self._first,
            last_ps=self._last,
            from_ps=self._from,
            until_ps=self._until,
            stayed_ps=self._stayed,
            waited_ps=self._waited,
            present_ps=self._present.area,
            waiting_ps=self._waiting.area,
            counted_latency_ps=latencies.total,
            counted_wait_ps=waits.total,
            counted_present_ps=self._present.area - present,
            counted_waiting_ps=self._waiting.area - waiting,
            most_present=self._present.most,
            most_waiting=self._waiting.most,
            present_at_last=self._present_at_last,
            latency_ps=dict(zip(PERCENTILES, latencies.quantiles(shares), strict=True)),
            wait_ps=dict(zip(PERCENTILES, waits.quantiles(shares), strict=True)),
            one_in=latencies.error.denominator if latencies.error else 0,
            upto_ps=latencies.histogram(),
            served=tuple(
                Served(
                    launch.first,
                    launch.first + len(launch.plan.lane),
                    size,
                    self._launched[size],
                    self._asked[size],
                    self._fastest.get(size, 0),
                )
                for size, launch in self._plans.items()
            ),
            deadline_ps=self.stream.deadline_ps,
            missed=self._missed,
        )


def _sizes(plans: Mapping[int, Launch]) -> list[int]:
    """For each number of requests, the smallest planned size that fits them."""
    sizes = sorted(plans)
    return [next(size for size in sizes if size >= number) for number in range(sizes[-1] + 1)]
