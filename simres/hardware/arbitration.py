"""Who gets a shared bus, burst by burst, worked out in leaps: whole numbers and no clockwork.

The rules are those of `simres.hardware.bus`, in the memory's time. Time is in ticks, of which a whole
number make a burst. Between two breaks (an arrival, a transfer's last burst, a change of direction) the
order of bursts repeats, so whole rounds are taken at once and only the bursts around a break one by one:
the cost goes with transfers, whatever the size of a burst.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


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

    A background master `refill`s itself: its next transfer's arrival follows from how many there were.
    """

    __slots__ = (
        "active",
        "arrival",
        "full",
        "held",
        "index",
        "latency",
        "rank",
        "ready",
        "refill",
        "served",
        "short",
        "since",
        "starts",
        "total",
        "work",
        "write",
    )

    def __init__(self, index: int, rank: int, refill: Refill | None = None) -> None:
        self.index = index
        self.rank = rank
        self.refill = refill
        self.active = self.write = False
        self.arrival = self.full = self.short = self.ready = self.since = self.work = self.latency = 0
        self.held: list[int] = []
        self.starts: deque[int] | None = None
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
        other.starts = None if self.starts is None else self.starts.copy()
        return other


@dataclass(frozen=True, slots=True)
class Refill:
    """What a background master asks for, again and again: `arrival(n)` is the tick of its n-th request."""

    nbytes: int
    write: bool
    arrival: Callable[[int], int]


@dataclass(frozen=True, slots=True)
class _Seen:
    """A moment to compare with: if what follows from it has the same `state`, it goes on repeating."""

    state: tuple[Any, ...]
    free: int
    sums: dict[int, tuple[int, int, int, int, list[int]]]


class Arbiter:
    """The bus as it is after some grants. `free` is when its last burst ends, `last` who had it."""

    __slots__ = ("_patience", "_seen", "_steps", "channels", "ended", "free", "last", "rules", "write")

    def __init__(self, rules: Rules, lanes: int, masters: Sequence[tuple[Refill, bool]] = ()) -> None:
        """`masters` come after the lanes, but before them in rank where they are urgent."""
        self.rules = rules
        self.channels = [Channel(number, number) for number in range(lanes)]
        for refill, urgent in masters:
            number = len(self.channels)
            self.channels.append(Channel(number, number - (1 << 30) * urgent, refill))
        self.free = 0
        self.last = -1
        self.write: bool | None = None
        self.ended: Channel | None = None
        """The lane whose transfer ended with the last burst, until somebody takes it away."""
        self._forget()
        for channel in self.channels[lanes:]:
            self._refill(channel)

    def copy(self) -> Arbiter:
        """One that goes its own way from here."""
        other = Arbiter.__new__(Arbiter)
        for name in ("rules", "free", "last", "write", "_seen", "_steps", "_patience"):
            setattr(other, name, getattr(self, name))
        other.channels = [channel.copy() for channel in self.channels]
        other.ended = None if self.ended is None else other.channels[self.ended.index]
        return other

    def add(self, index: int, arrival: int, nbytes: int, write: bool) -> None:
        """A transfer of one byte or more arrives on a channel that has none."""
        rules, channel = self.rules, self.channels[index]
        channel.active, channel.arrival, channel.write = True, arrival, write
        channel.full, rest = divmod(nbytes, rules.burst)
        channel.short = rest * rules.byte + rules.overhead if rest else 0
        channel.since, channel.ready = arrival, arrival + rules.latency
        channel.work = channel.latency = 0
        channel.held = [0] * len(self.channels)
        if channel.ready < self.free:  # a burst is under way
            channel.held[self.last] = self.free - channel.ready
        channel.starts = deque(maxlen=rules.window) if rules.stalls else None
        self._forget()

    def run(self, until: int | None = None) -> None:
        """Makes every grant before `until`, but stops when a lane's transfer has its last: see `ended`."""
        rules = self.rules
        taking_turns = rules.arbitration is Arbitration.ROUND_ROBIN
        while self.ended is None:
            waiting = [channel for channel in self.channels if channel.active]
            if not waiting:
                return
            now = max(self.free, min([channel.ready for channel in waiting]))
            if until is not None and now >= until:
                return
            eligible, limit = [], until
            for channel in waiting:
                if channel.ready <= now:
                    eligible.append(channel)
                elif limit is None or channel.ready < limit:
                    limit = channel.ready
            if taking_turns and len(eligible) > 1:
                last = self.last
                eligible.sort(key=lambda channel: (channel.index <= last, channel.index))
                if not rules.stalls and self._rounds(eligible, now, limit):
                    continue
                chosen, bursts = eligible[0], 1
            else:
                if len(eligible) == 1:
                    chosen = eligible[0]
                elif rules.arbitration is Arbitration.FIFO:
                    chosen = min(eligible, key=lambda channel: (channel.arrival, channel.index))
                else:
                    chosen = min(eligible, key=lambda channel: channel.rank)
                bursts = max(1, chosen.full)
            if rules.stalls:
                if self._repeat(waiting, now, until):
                    continue
                bursts = 1
            self._grant(chosen, now, bursts, limit, waiting)

    def _turn(self, channel: Channel) -> int:
        """Ticks that the bus needs to turn around before a burst of this channel."""
        return self.rules.turnaround if self.write is not None and self.write != channel.write else 0

    def _grant(
        self, channel: Channel, now: int, bursts: int, limit: int | None, waiting: Iterable[Channel]
    ) -> None:
        """The next bursts are this channel's: as many as may start before `limit`."""
        rules = self.rules
        start = now + self._turn(channel)
        if channel.full:
            length = rules.full
            if bursts > 1 and limit is not None:
                bursts = min(bursts, 1 + max(0, limit - 1 - start) // length)
            channel.full -= bursts
        else:
            length, bursts, channel.short = channel.short, 1, 0
        end = start + bursts * length
        channel.latency += channel.ready - channel.since
        channel.work += bursts * length
        channel.total += bursts * length
        for other in waiting:
            if other.ready < end and other is not channel:
                other.held[channel.index] += end - max(other.ready, now)
        channel.since = channel.ready = self.free = end
        if channel.starts is not None:
            channel.starts.append(start)
            if len(channel.starts) == rules.window:
                channel.ready = max(end, channel.starts[0] + rules.latency)
        self.last, self.write = channel.index, channel.write
        if not channel.full and not channel.short:
            channel.active = False
            channel.served += 1
            self._forget()
            if channel.refill is None:
                self.ended = channel
            else:
                self._refill(channel)

    def _rounds(self, order: Sequence[Channel], now: int, limit: int | None) -> bool:
        """Takes as many whole rounds as pass without a break; False when not even one does."""
        rules = self.rules
        rounds = min([channel.full - (not channel.short) for channel in order])
        before = order[-1].write
        if rounds < 1 or (rules.turnaround and self.write != before):
            return False
        costs = []
        for channel in order:
            costs.append(rules.full + (rules.turnaround if channel.write != before else 0))
            before = channel.write
        period = sum(costs)
        if limit is not None:
            rounds = min(rounds, (limit - now) // period)
            if rounds < 1:
                return False
        at = now + (rounds - 1) * period
        for channel, cost in zip(order, costs, strict=True):
            at += cost
            channel.latency += channel.ready - channel.since
            channel.since = channel.ready = at
            channel.full -= rounds
            channel.work += rounds * rules.full
            channel.total += rounds * rules.full
            for other in order:
                if other is not channel:
                    other.held[channel.index] += rounds * cost
        self.free = at
        self.last, self.write = order[-1].index, order[-1].write
        return True

    def _refill(self, channel: Channel) -> None:
        assert channel.refill is not None
        after = channel.since
        self.add(
            channel.index,
            channel.refill.arrival(channel.served),
            channel.refill.nbytes,
            channel.refill.write,
        )
        channel.held[self.last] = 0  # what it waits for itself does not count
        channel.since = max(after, channel.arrival)
        channel.ready = max(after, channel.ready)

    # With a window that binds, what comes next depends on when the last bursts started. Such a state comes
    # back after a while, and then everything repeats. Brent's way to find when (BIT 20, 1980) compares each
    # state with one seen before, which it renews after 1, 2, 4, ... steps.

    def _forget(self) -> None:
        self._seen: _Seen | None = None
        self._steps, self._patience = 0, 1

    def _repeat(self, waiting: Sequence[Channel], now: int, until: int | None) -> bool:
        """Takes as many repetitions as pass without a break, if the state was seen before."""
        seen = self._seen
        self._steps += 1
        renew = self._steps >= self._patience
        if not renew and (seen is None or seen.state[:2] != (self.last, self.write)):
            return False
        free, latency = self.free, self.rules.latency
        members = []
        for channel in waiting:
            if channel.starts or channel.ready <= now:
                members.append(channel)
            elif until is None or channel.ready < until:
                until = channel.ready
        state = (
            self.last,
            self.write,
            tuple(
                (
                    c.index,
                    c.ready - c.since,
                    max(0, c.ready - free),
                    *[max(0, start + latency - free) for start in c.starts or ()],
                )
                for c in members
            ),
        )
        if seen is not None and state == seen.state and self._leap(seen, members, until):
            self._forget()
            return True
        if renew:
            sums = {c.index: (c.full, c.work, c.latency, c.total, c.held.copy()) for c in members}
            self._seen = _Seen(state, free, sums)
            self._steps = 0
            self._patience *= 2
        return False

    def _leap(self, seen: _Seen, members: Sequence[Channel], until: int | None) -> bool:
        period = self.free - seen.free
        done = {c.index: seen.sums[c.index][0] - c.full for c in members}
        times = min([(c.full - 1) // done[c.index] for c in members if done[c.index]], default=0)
        if until is not None:
            times = min(times, (until - self.free) // period)
        if times < 1:
            return False
        shift = times * period
        for c in members:
            _, work, latency, total, held = seen.sums[c.index]
            c.full -= times * done[c.index]
            c.work += times * (c.work - work)
            c.latency += times * (c.latency - latency)
            c.total += times * (c.total - total)
            c.held = [now + times * (now - then) for now, then in zip(c.held, held, strict=True)]
            if c.starts or done[c.index]:
                c.since += shift
                c.ready += shift
            if c.starts:
                c.starts = deque((start + shift for start in c.starts), self.rules.window)
        self.free += shift
        return True
