"""Periodic burst patterns under a limited window: detects the period and skips many at once.

A window that binds makes the next bursts depend on the starts of the last ones. The period is found in two
ways:

- If the next window of every channel falls into the gaps of the others, burst k starts exactly a latency L
  after burst k - W, and so do all later ones: the period is L, whatever the order of grants.
- Otherwise a state recurs after a while, and from then on everything repeats. Brent's cycle detection
  (BIT 20, 1980) compares each state with an earlier one, which it renews after 1, 2, 4, ... steps.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from simres.hardware.bus_state import BusState
from simres.hardware.channel import Channel, Rules

_FIRST_LOOK = 4
"""Steps before the first state is saved: the break itself is handled before that."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A moment to compare with: if a later one has the same `state`, the bursts in between repeat."""

    state: tuple[Any, ...]
    free: int
    sums: dict[int, tuple[int, int, int, int, list[int]]]


class Repetition:
    """Follows a bus step by step since the last break, and skips whole periods once it repeats."""

    __slots__ = ("_patience", "_seen", "_steps")

    def __init__(self) -> None:
        self.forget()

    def copy(self) -> Repetition:
        """An independent copy."""
        other = Repetition.__new__(Repetition)
        other._seen, other._steps, other._patience = self._seen, self._steps, self._patience
        return other

    def forget(self) -> None:
        """Handles a break: earlier states do not recur."""
        self._seen: _Seen | None = None
        self._steps, self._patience = 0, _FIRST_LOOK

    def leap(self, bus: BusState, waiting: Sequence[Channel], now: int, until: int | None) -> bool:
        """Skips as many periods as pass before `until`; False if none is known or not even one fits."""
        members = []
        for channel in waiting:
            if channel.granted or channel.ready <= now:
                members.append(channel)
            elif until is None or channel.ready < until:
                until = channel.ready
        if _fall_into_gaps(bus, members, until):
            self.forget()
            return True
        seen = self._seen
        self._steps += 1
        renew = self._steps >= self._patience
        if not renew and (seen is None or seen.state[:2] != (bus.last, bus.write)):
            return False
        state = _state(bus, members)
        if seen is not None and state == seen.state and _repeat(bus, seen, members, until):
            self.forget()
            return True
        if renew:
            sums = {c.index: (c.full, c.work, c.latency, c.total, c.held.copy()) for c in members}
            self._seen = _Seen(state, bus.free, sums)
            self._steps = 0
            self._patience *= 2
        return False


def _fall_into_gaps(bus: BusState, members: Sequence[Channel], until: int | None) -> bool:
    """Skips whole windows at once, if no channel's next window conflicts with another's."""
    rules = bus.rules
    width, latency, full = rules.window, rules.latency, rules.full
    busy = width * full * len(members)
    if busy > latency or (until is not None and until < bus.free + busy):
        return False
    times = members[0].full
    for c in members:
        times = min(times, (c.full - 1) // width)
        if times < 1 or c.granted < width or (rules.turnaround and c.write != bus.write):
            return False
    stretches = [(*stretch, c.index) for c in members for stretch in c.upcoming_in_a_row(rules)]
    stretches.sort()
    (first, _, _), (_, last, index) = stretches[0], stretches[-1]
    if until is not None:
        times = min(times, (until - last) // latency + 1)
    if times < 1 or first < bus.free or last > first + latency:
        return False
    if any(end > start for (_, end, _), (start, _, _) in pairwise(stretches)):
        return False
    bursts, shift = times * width, times * latency
    for c in members:
        c.full -= bursts
        c.work += bursts * full
        c.total += bursts * full
        c.latency += shift - bursts * full
        _shift(rules, c, shift, bursts)
    bus.free, bus.last, bus.write = last + shift - latency, index, bus.channels[index].write
    return True


def _state(bus: BusState, members: Sequence[Channel]) -> tuple[Any, ...]:
    """The state that decides everything that follows, relative to the end of the last burst."""
    free, full = bus.free, bus.rules.full
    parts = []
    for c in members:
        origin = free - c.granted * full
        parts.append(
            (c.index, c.ready - c.since, max(0, c.ready - free), *[entry - origin for entry in c.window])
        )
    return bus.last, bus.write, tuple(parts)


def _repeat(bus: BusState, seen: _Seen, members: Sequence[Channel], until: int | None) -> bool:
    """Repeats the steps since `seen` as often as they pass without a break."""
    period = bus.free - seen.free
    done = {c.index: seen.sums[c.index][0] - c.full for c in members}
    times = min([(c.full - 1) // done[c.index] for c in members if done[c.index]], default=0)
    if until is not None:
        times = min(times, (until - bus.free) // period)
    if times < 1:
        return False
    for c in members:
        _, work, latency, total, held = seen.sums[c.index]
        c.full -= times * done[c.index]
        c.work += times * (c.work - work)
        c.latency += times * (c.latency - latency)
        c.total += times * (c.total - total)
        c.held = [now + times * (now - then) for now, then in zip(c.held, held, strict=True)]
        if c.granted:
            _shift(bus.rules, c, times * period, times * done[c.index])
    bus.free += times * period
    return True


def _shift(rules: Rules, channel: Channel, ticks: int, bursts: int) -> None:
    """Shifts the channel's last bursts by `bursts` in number and `ticks` in time."""
    channel.since += ticks
    channel.ready += ticks
    channel.granted += bursts
    change = ticks - bursts * rules.full
    channel.window = deque([entry + change for entry in channel.window], rules.window)
