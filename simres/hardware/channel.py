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
    """The transfer that arrived first; of equals, the channel that is named first."""
    ROUND_ROBIN = "round_robin"
    """The next channel after the one served last, a burst each."""
    PRIORITY = "priority"
    """The channel that is named first; one further back gives way at the end of its burst."""


@dataclass(frozen=True, slots=True)
class Rules:
    """A bus in ticks. `burst` is in bytes, `window` in bursts, 0 for no limit."""

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
    """A place in the competition and the transfer that it is at, if `active`.

    Of the transfer: `full` bursts and a `short` one (its ticks) are left, the next may start at `ready`,
    the one before ended at `since`. Of its time so far `work` ticks were on the bus, `latency` without an
    answer to its requests, and `held[other]` while another channel had the bus.

    `granted` counts its bursts. Where a window binds (`Rules.stalls`), `window` has the starts of the last
    ones, each less the number of the burst times a full one's length: bursts back to back have the same
    entry, and entries never fall, so that one can look up how far a window reaches.

    A background master `refill`s itself: its next transfer's arrival follows from how many there were.
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
        """Transfers that ended, and ticks of all bursts."""

    def copy(self) -> Channel:
        """One that goes its own way from here."""
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
        """Turns to a transfer of one byte or more, which arrives at that tick."""
        self.active, self.arrival, self.write = True, arrival, write
        self.full, rest = divmod(nbytes, rules.burst)
        self.short = rest * rules.byte + rules.overhead if rest else 0
        self.since, self.ready = arrival, arrival + rules.latency
        self.work = self.latency = self.granted = 0
        if rules.stalls:
            self.window = deque(maxlen=rules.window)

    def reach_in_a_row(self, rules: Rules, start: int) -> int:
        """How many bursts, the first at `start` and one right after the other, its window lets through."""
        window = self.window
        if len(window) < rules.window:
            return rules.window - len(window)
        return bisect_right(window, start - rules.latency - (self.granted - rules.window) * rules.full)

    def reach(self, rules: Rules, end: int, period: int) -> int | None:
        """How many bursts, the first to `end` and one a `period`, may start as soon as the one before ends.

        None if all may: a window's worth of periods takes longer than an answer.
        """
        missing = rules.window - len(self.window)
        for place, start in enumerate(self.upcoming(rules), missing):
            if place and start > end + (place - 1) * period:
                return place
        return None if rules.latency <= rules.full + (rules.window - 1) * period else rules.window

    def upcoming(self, rules: Rules) -> list[int]:
        """When its window lets each of the next bursts start, but for those that it lets start at once."""
        first = (self.granted - len(self.window)) * rules.full + rules.latency
        return [entry + first + place * rules.full for place, entry in enumerate(self.window)]

    def upcoming_in_a_row(self, rules: Rules) -> list[tuple[int, int]]:
        """The same as stretches of bursts right after each other, from start to end; one where it can be."""
        window, full = self.window, rules.full
        if window[0] == window[-1]:
            first = window[0] + (self.granted - len(window)) * full + rules.latency
            return [(first, first + len(window) * full)]
        return [(start, start + full) for start in self.upcoming(rules)]

    def start_every(self, rules: Rules, period: int, bursts: int) -> None:
        """Takes down that full bursts, the last of which ends at `since`, started once a `period`."""
        self.granted += bursts
        last = self.since - self.granted * rules.full
        back = (min(bursts, rules.window) - 1) * (period - rules.full)
        self.window.extend(range(last - back, last + 1, period - rules.full))
        self.wait(rules)

    def start_in_a_row(self, rules: Rules, start: int, bursts: int) -> None:
        """The same for bursts one right after the other."""
        self.window.extend(repeat(start - self.granted * rules.full, min(bursts, rules.window)))
        self.granted += bursts
        self.wait(rules)

    def wait(self, rules: Rules) -> None:
        """The next burst may start where the last ended, and where its window lets it."""
        self.ready = self.since
        if len(self.window) == rules.window:
            free = self.window[0] + (self.granted - rules.window) * rules.full + rules.latency
            self.ready = max(self.ready, free)


@dataclass(frozen=True, slots=True)
class Refill:
    """What a background master asks for, again and again: `arrival(n)` is the tick of its n-th request.

    `gap` is the fewest ticks from one to the next.
    """

    nbytes: int
    write: bool
    arrival: Callable[[int], int]
    gap: int
