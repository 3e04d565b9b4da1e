"""Arbitration of a shared bus, exact to the burst and computed in closed form between events.

The rules are those of `simres.hardware.bus`, in the memory's time. Time is in ticks; a burst takes a whole
number of them. Between two breaks (an arrival, a transfer's last burst, a change of direction) the order of
bursts repeats, so whole rounds are granted at once and only the bursts around a break one by one: the cost
grows with the number of transfers, not of bursts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from simres.hardware.background import batch
from simres.hardware.bus_state import BusState
from simres.hardware.channel import Arbitration, Channel, Refill, Rules
from simres.hardware.periodic_bursts import Repetition


class Arbiter(BusState):
    """Grants bursts by the rules of a bus, and skips over periods that repeat."""

    __slots__ = ("_master", "_repetition")

    def __init__(self, rules: Rules, lanes: int, masters: Sequence[tuple[Refill, bool]] = ()) -> None:
        """`masters` come after the lanes; urgent ones come before them in rank."""
        self._repetition = Repetition()
        self._master = lanes if len(masters) == 1 else -2
        """The index of the only background master, None unless there is exactly one."""
        super().__init__(rules, lanes, masters)

    def copy(self) -> Arbiter:
        """An independent copy."""
        other = Arbiter.__new__(Arbiter)
        self.copy_to(other)
        other._master = self._master
        other._repetition = self._repetition.copy()
        return other

    def add(self, index: int, arrival: int, nbytes: int, write: bool) -> None:
        """Adds a transfer of one byte or more to a channel that has none."""
        super().add(index, arrival, nbytes, write)
        self._repetition.forget()

    def run(self, until: int | None = None) -> None:
        """Makes every grant before `until`, but stops at the last grant of a lane's transfer: see `ended`."""
        rules = self.rules
        taking_turns = rules.arbitration is Arbitration.ROUND_ROBIN
        while self.ended is None:
            waiting = [channel for channel in self.channels if channel.active]
            if not waiting:
                return
            now = max(self.free, min([channel.ready for channel in waiting]))
            if until is not None and now >= until:
                return
            if self.last == self._master and batch(self, self.channels[self.last], waiting[:-1], until):
                continue
            eligible, limit = [], until
            for channel in waiting:
                if channel.ready <= now:
                    eligible.append(channel)
                elif limit is None or channel.ready < limit:
                    limit = channel.ready
            if taking_turns and len(eligible) > 1:
                last = self.last
                eligible.sort(key=lambda channel: (channel.index <= last, channel.index))
                if self._rounds(eligible, now, limit):
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
            if rules.stalls and self._repetition.leap(self, waiting, now, until):
                continue
            self._grant(chosen, now, bursts, limit, waiting)

    def _turn(self, channel: Channel) -> int:
        """Ticks that the bus needs to turn around before a burst of this channel."""
        return self.rules.turnaround if self.write is not None and self.write != channel.write else 0

    def _grant(
        self, channel: Channel, now: int, bursts: int, limit: int | None, waiting: Iterable[Channel]
    ) -> None:
        """Grants the next bursts to this channel: as many as may start before `limit`."""
        rules = self.rules
        start = now + self._turn(channel)
        if channel.full:
            length = rules.full
            if bursts > 1 and limit is not None:
                bursts = min(bursts, 1 + max(0, limit - 1 - start) // length)
            if bursts > 1 and rules.stalls:
                bursts = min(bursts, channel.reach_in_a_row(rules, start))
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
        if rules.stalls:
            channel.start_in_a_row(rules, start, bursts)
        self.last, self.write = channel.index, channel.write
        if not channel.full and not channel.short:
            channel.active = False
            channel.served += 1
            self._repetition.forget()
            if channel.refill is None:
                self.ended = channel
            else:
                self.refill(channel)

    def _rounds(self, order: Sequence[Channel], now: int, limit: int | None) -> bool:
        """Grants as many whole rounds as pass without a break; False if not even one does."""
        rules = self.rules
        rounds = min([channel.full - (not channel.short) for channel in order])
        before = order[-1].write
        if rounds < 1 or (rules.turnaround and self.write != before):
            return False
        costs = self.costs(order, before)
        period = sum(costs)
        if limit is not None:
            rounds = min(rounds, (limit - now) // period)
        if rules.stalls:
            end = now
            for channel, cost in zip(order, costs, strict=True):
                end += cost
                reach = channel.reach(rules, end, period)
                # A channel that waits for its window does not wait for the others: its last does not count.
                rounds = rounds if reach is None else min(rounds, reach - 1)
        if rounds < 1:
            return False
        at = now + (rounds - 1) * period
        for channel, cost in zip(order, costs, strict=True):
            at += cost
            channel.latency += channel.ready - channel.since
            channel.since = channel.ready = at
            if rules.stalls:
                channel.start_every(rules, period, rounds)
            channel.full -= rounds
            channel.work += rounds * rules.full
            channel.total += rounds * rules.full
            for other in order:
                if other is not channel:
                    other.held[channel.index] += rounds * cost
        self.free = at
        self.last, self.write = order[-1].index, order[-1].write
        return True
