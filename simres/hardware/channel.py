"""The rules of a bus in ticks, and the state of each of its channels."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import repeat


class Arbitration(StrEnum):
    """Who goes next, of the channels with a burst that may start."""

    FIFO = "fifo"
    """The transfer that arrived first; of equals, the channel named first."""
    ROUND_ROBIN = "round_robin"
    """The next channel after the one served last, a burst each."""
    PRIORITY = "priority"
    """The channel named first; a later one gives way at the end of its burst."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of a bus in ticks. `burst` is in bytes, `window` in bursts, 0 for no limit."""

    arbitration: Arbitration
    burst: int
    byte: int
    overhead: int = 0
    latency: int = 0
    turnaround: int = 0
    window: int = 0
    full: int = field(init=False)
    """Ticks of a full burst."""
    stalls: bool = field(init=False)
    """Whether a lone transfer runs out of requests: its window is served before the first answer comes."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "full", self.burst * self.byte + self.overhead)
        object.__setattr__(self, "stalls", 0 < self.window * self.full < self.latency)


class Channel:
    """The state of a channel and of its current transfer, if `active`.

    `full` bursts of the transfer and a `short` one (in ticks) are left, the next may start at `ready`, the
    previous one ended at `since`. Of its time so far, `work` ticks were on the bus, `latency` without an
    answer to its requests, and `held[other]` while another channel had the bus.

    `granted` counts its bursts. If a window binds (`Rules.stalls`), `window` has the starts of the last ones,
    each less the number of the burst times the length of a full one: back-to-back bursts have the same entry,
    and entries never fall, so the reach of a window can be found by bisection.

    A background master `refill`s itself: the arrival of its next transfer follows from the count so far.
    """

    __slots__ = (
        "active",
        "arrival",
        "full",
        "granted",
        "held",
        "index",
        "latency",
        "rank",
        "ready",
        "refill",
        "served",
        "short",
        "since",
        "total",
        "window",
        "work",
        "write",
    )

    def __init__(self, index: int, rank: int, refill: Refill | None = None) -> None:
        self.index = index
        self.rank = rank
        self.refill = refill
        self.active = self.write = False
        self.arrival = self.full = self.short = self.ready = self.since = self.work = self.latency = 0
        self.granted = 0
        self.held: list[int] = []
        self.window: deque[int] = deque()
        self.served = self.total = 0
        """Ended transfers, and ticks of all bursts."""

    def copy(self) -> Channel:
        """An independent copy."""
        other = Channel.__new__(Channel)
        other.index, other.rank, other.refill = self.index, self.rank, self.refill
        other.served, other.total, other.since = self.served, self.total, self.since
        other.active = self.active
        other.arrival, other.write = self.arrival, self.write
        other.full, other.short, other.ready = self.full, self.short, self.ready
        other.work, other.latency = self.work, self.latency
        other.held = self.held.copy()
        other.granted, other.window = self.granted, self.window.copy()
        return other

    def begin(self, rules: Rules, arrival: int, nbytes: int, write: bool) -> None:
        """Starts a transfer of one byte or more, which arrives at that tick."""
        self.active, self.arrival, self.write = True, arrival, write
        self.full, rest = divmod(nbytes, rules.burst)
        self.short = rest * rules.byte + rules.overhead if rest else 0
        self.since, self.ready = arrival, arrival + rules.latency
        self.work = self.latency = self.granted = 0
        if rules.stalls:
            self.window = deque(maxlen=rules.window)

    def reach_in_a_row(self, rules: Rules, start: int) -> int:
        """The number of back-to-back bursts from `start` on that the window allows."""
        window = self.window
        if len(window) < rules.window:
            return rules.window - len(window)
        return bisect_right(window, start - rules.latency - (self.granted - rules.window) * rules.full)

    def reach(self, rules: Rules, end: int, period: int) -> int | None:
        """The number of bursts, one per `period` and the first ending at `end`, that start without a wait.

        None if there is no limit: a window's worth of periods takes longer than an answer.
        """
        missing = rules.window - len(self.window)
        for place, start in enumerate(self.upcoming(rules), missing):
            if place and start > end + (place - 1) * period:
                return place
        return None if rules.latency <= rules.full + (rules.window - 1) * period else rules.window

    def upcoming(self, rules: Rules) -> list[int]:
        """The earliest starts that the window allows for the next bursts, but for those it does not delay."""
        first = (self.granted - len(self.window)) * rules.full + rules.latency
        return [entry + first + place * rules.full for place, entry in enumerate(self.window)]

    def upcoming_in_a_row(self, rules: Rules) -> list[tuple[int, int]]:
        """The same as stretches of back-to-back bursts, from start to end; one stretch where possible."""
        window, full = self.window, rules.full
        if window[0] == window[-1]:
            first = window[0] + (self.granted - len(window)) * full + rules.latency
            return [(first, first + len(window) * full)]
        return [(start, start + full) for start in self.upcoming(rules)]

    def start_every(self, rules: Rules, period: int, bursts: int) -> None:
        """Records that full bursts, the last of which ends at `since`, started once per `period`."""
        self.granted += bursts
        last = self.since - self.granted * rules.full
        back = (min(bursts, rules.window) - 1) * (period - rules.full)
        self.window.extend(range(last - back, last + 1, period - rules.full))
        self.wait(rules)

    def start_in_a_row(self, rules: Rules, start: int, bursts: int) -> None:
        """The same for back-to-back bursts."""
        self.window.extend(repeat(start - self.granted * rules.full, min(bursts, rules.window)))
        self.granted += bursts
        self.wait(rules)

    def wait(self, rules: Rules) -> None:
        """Sets the earliest start of the next burst: the end of the last one, or when its window allows."""
        self.ready = self.since
        if len(self.window) == rules.window:
            free = self.window[0] + (self.granted - rules.window) * rules.full + rules.latency
            self.ready = max(self.ready, free)


@dataclass(frozen=True, slots=True)
class Refill:
    """The periodic requests of a background master: `arrival(n)` is the tick of its n-th request.

    `gap` is the fewest ticks from one request to the next. `arrival` differs from a straight line by at most
    `slack` ticks.
    """

    nbytes: int
    write: bool
    arrival: Callable[[int], int]
    gap: int
    slack: int
