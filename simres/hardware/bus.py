"""A bus to off-chip memory, exact to the burst, with one event per transfer.

The rules, in the *memory's time*, which stands still for `refresh_time` at every multiple of
`refresh_interval` (bursts, requests and turnarounds under way take that much longer):

- A transfer arrives when its channel turns to it. All its bursts are full but the last; a burst of n
  bytes occupies the bus for `n / bandwidth` and the overhead and header of a burst.
- Its first burst may start `latency` after its arrival. With `outstanding` W, its burst k may start
  `latency` after burst k - W started: a request is outstanding from its issue to its first byte.
  Its bursts start in order, each at the end of the previous one or later.
- When the bus is free and bursts may start, one is granted: of the transfer that arrived first (`fifo`),
  of the next channel after the one served last (`round_robin`), or of the first channel (`priority`).
  Arrivals of the same instant count. There is no preemption: a better claim waits for the end of the
  burst.
- A burst in the other direction than the previous one first turns the bus around, for `turnaround`
  (nothing before the first burst of a run).
- A background master is one more channel, after the others (before them under `priority`, if urgent),
  with a transfer of its `burst` every `burst / bandwidth`.

A transfer is *served* while its bursts are on the bus. It stalls on `latency` while its next burst may not
start yet, and on the `bus` while another transfer holds it, it turns around, or the memory stands still.

The clock is an exact ratio; only reported times are rounded (up) to picoseconds. Back-to-back transfers of
a channel follow on the exact tick, so rounding does not accumulate over a stream.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from simpy import Environment, Event

from simres.hardware.channel import Channel, Refill, Rules
from simres.hardware.engine import Done, Engine, MasterWork, Stall, after_arrivals
from simres.hardware.specs import BackgroundSpec, BusSpec
from simres.program.tasks import Work
from simres.units import PS_PER_S

if TYPE_CHECKING:  # a bus that nobody shares has no use for it
    from simres.hardware.arbitration import Arbiter


def _rules(spec: BusSpec, per_ps: int) -> Rules:
    return Rules(
        spec.arbitration,
        burst=spec.burst,
        byte=PS_PER_S * per_ps // spec.bandwidth,
        overhead=spec.between_bursts_ps * per_ps,
        latency=spec.latency * per_ps,
        turnaround=spec.turnaround * per_ps,
        window=spec.outstanding or 0,
    )


class _Clock:
    """Converts between wall time and the memory's time, in ticks: a picosecond and a byte are whole ticks."""

    def __init__(self, spec: BusSpec) -> None:
        self.per_ps = Fraction(PS_PER_S, spec.bandwidth).denominator
        self._pause = spec.refresh_time * self.per_ps
        self._interval = spec.refresh_interval * self.per_ps

    def memory(self, wall: int) -> int:
        """The ticks of the memory's time at that wall time."""
        if not self._pause or wall <= self._interval:
            return wall
        refreshes, past = divmod(wall, self._interval)
        return refreshes * self._interval - (refreshes - 1) * self._pause + max(0, past - self._pause)

    @property
    def slack(self) -> int:
        """The most ticks by which the memory's time of whole picoseconds differs from a straight line."""
        return self.per_ps + 2 * self._pause

    def least(self, ps: int) -> int:
        """The fewest ticks of the memory's time in a span of `ps`."""
        ticks = ps * self.per_ps
        return ticks - (ticks // self._interval + 1) * self._pause if self._pause else ticks

    def wall(self, memory: int) -> int:
        """The first wall tick at which the memory's time has reached `memory`."""
        if not self._pause or memory <= self._interval:
            return memory
        return memory + -(-(memory - self._interval) // (self._interval - self._pause)) * self._pause

    def picosecond(self, memory: int) -> int:
        """The same in picoseconds, rounded up."""
        return -(-self.wall(memory) // self.per_ps)


class Bus(Engine):
    """The engine of a bus with one channel and no other traffic; `channels` builds those of any other."""

    def __init__(self, env: Environment, spec: BusSpec) -> None:
        super().__init__(env, spec)
        self._bus = spec
        self._clock = _Clock(spec)
        self._rules = _rules(spec, self._clock.per_ps)
        self._free = 0
        self._write: bool | None = None
        self._stall = Stall(latency_ps=spec.latency) if spec.latency else None
        self._plain = not spec.turnaround and not spec.refresh_time and spec.outstanding is None

    def channels(self, names: Sequence[str], masters: Mapping[str, BackgroundSpec]) -> Sequence[Engine]:
        if len(names) == 1 and not masters:
            return (self,)
        return SharedBus(self.env, self._bus, names, masters).ports

    def begin(self, work: Work, duration_ps: int, queued: bool) -> Event:
        """See `Engine.begin`. The latency comes first, as a stall, then the bytes."""
        if not self._plain:
            return self._begin_in_memory_time(work, queued)
        ticks_per_ps = self._clock.per_ps
        if ticks_per_ps > 1:
            now = int(self.env.now)
            start = self._free if queued else now * ticks_per_ps
            nbytes, rules = work.nbytes, self._rules
            bursts = -(-nbytes // rules.burst)
            self._free = start + rules.latency + nbytes * rules.byte + bursts * rules.overhead
            duration_ps = -(-self._free // ticks_per_ps) - now
        return Done(self.env, duration_ps, self._stall)

    def _begin_in_memory_time(self, work: Work, queued: bool) -> Event:
        spec, clock = self._bus, self._clock
        now = int(self.env.now)
        start = self._free if queued else clock.memory(now * clock.per_ps)
        turn = 0
        if work.nbytes:
            turn = spec.turnaround if self._write not in (None, work.write) else 0
            self._write = work.write
        without_data = spec.latency + spec.window_ps(work.nbytes)
        exact = Fraction(spec.transfer_ps(work.nbytes) + without_data + turn)
        self._free = start + exact.numerator * (clock.per_ps // exact.denominator)
        took = clock.picosecond(self._free) - now
        latency = min(took, int(without_data))
        refreshed = clock.wall(self._free) - clock.wall(start) - (self._free - start)
        bus = min(took - latency, turn + refreshed // clock.per_ps)
        return Done(self.env, took, Stall(latency, bus))


class _Port(Engine):
    """One channel of a shared bus."""

    def __init__(self, bus: SharedBus, number: int) -> None:
        super().__init__(bus.env, bus.spec)
        self.bus = bus
        self.number = number
        self.free = 0
        """The tick of the memory's time at which its last transfer ended."""
        self.began = 0
        self.done: Event | None = None

    def begin(self, work: Work, duration_ps: int, queued: bool) -> Event:  # noqa: ARG002
        """See `Engine.begin`."""
        return self.bus.arrive(self, work, queued)

    def background(self, until_ps: int) -> Mapping[str, MasterWork]:
        return self.bus.background(until_ps) if self.number == 0 else {}


class SharedBus:
    """The state that the channels of a bus share: the Arbiter, one event for the next end, and the waiting
    transfers.

    `_now` is the Arbiter up to the last arrival or end, `_then` its continuation to the next end, if nothing
    else arrives.
    """

    def __init__(
        self, env: Environment, spec: BusSpec, names: Sequence[str], masters: Mapping[str, BackgroundSpec]
    ) -> None:
        from simres.hardware.arbitration import Arbiter

        self.env = env
        self.spec = spec
        self._clock = _Clock(spec)
        rules = _rules(spec, self._clock.per_ps)
        self._masters = masters
        self._now = Arbiter(
            rules, len(names), [(self._refill(master), master.urgent) for master in masters.values()]
        )
        self._then: Arbiter | None = None
        self._alarm: Event | None = None
        self._alarm_ps = 0
        self._settling = False
        self._arrived: list[tuple[int, int, Work]] = []
        self._names = (*names, *masters)
        self._worked = self._reported = 0
        """Bus ticks of ended transfers, and the picoseconds reported for them."""
        self.ports = [_Port(self, number) for number in range(len(names))]

    def _refill(self, master: BackgroundSpec) -> Refill:
        clock = self._clock

        def arrival(number: int) -> int:
            return clock.memory(master.request_ps(number) * clock.per_ps)

        return Refill(master.burst, master.write, arrival, clock.least(master.least_gap_ps), clock.slack)

    def arrive(self, port: _Port, work: Work, queued: bool) -> Event:
        """Starts a transfer on a channel; returns the event of its end."""
        port.began = now = int(self.env.now)
        per_ps = self._clock.per_ps
        arrival = port.free if queued else self._clock.memory(now * per_ps)
        if not work.nbytes:
            port.free = arrival + self.spec.latency * per_ps
            took = self._clock.picosecond(port.free) - now
            latency = min(took, self.spec.latency)
            frozen = took - latency
            return Done(self.env, took, Stall(latency, frozen, (("", frozen),) if frozen else ()))
        self._arrived.append((arrival, port.number, work))
        self._settle_last()
        port.done = Event(self.env)
        return port.done

    def background(self, until_ps: int) -> Mapping[str, MasterWork]:
        """The work of each background master up to the end of the run."""
        if not self._masters:
            return {}
        until = self._clock.memory(until_ps * self._clock.per_ps)
        self._now.run(until)
        over = max(0, self._now.free - until)
        found = {}
        for (name, spec), channel in zip(
            self._masters.items(), self._now.channels[len(self.ports) :], strict=True
        ):
            ticks = channel.total - (over if channel.index == self._now.last else 0)
            found[name] = MasterWork(
                channel.served, channel.served * spec.burst, max(0, ticks) // self._clock.per_ps
            )
        return found

    def _settle_last(self) -> None:
        if not self._settling:
            self._settling = True
            after_arrivals(self.env, self._settle)

    def _settle(self, _event: Event) -> None:
        """Passes new arrivals to the Arbiter and sets the alarm for the next end."""
        self._settling = False
        self._arrived.sort(key=lambda arrived: arrived[:2])
        while self._arrived:
            arrival = self._arrived[0][0]
            if self._then is not None and self._then.free < arrival:
                break  # events that follow that end come first
            self._now.run(arrival)
            while self._arrived and self._arrived[0][0] == arrival:
                _, number, work = self._arrived.pop(0)
                self._now.add(number, arrival, work.nbytes, work.write)
            self._then = self._ahead()
        if self._then is None:
            self._then = self._ahead()
        if self._then is not None:
            self._set_alarm(self._clock.picosecond(self._then.free))

    def _ahead(self) -> Arbiter | None:
        """The Arbiter at the next end of a transfer; None if there is no transfer."""
        lanes = self._now.channels[: len(self.ports)]
        if self._now.ended is None and not any(channel.active for channel in lanes):
            return None
        then = self._now.copy()
        then.run()
        return then

    def _set_alarm(self, at_ps: int) -> None:
        if self._alarm is not None:
            if self._alarm_ps == at_ps:
                return
            self._alarm.callbacks = []
        self._alarm = Done(self.env, at_ps - int(self.env.now))
        self._alarm_ps = at_ps
        self._alarm.callbacks.append(self._ring)

    def _ring(self, _event: Event) -> None:
        """Ends the transfer that is due."""
        assert self._then is not None
        self._now, self._then, self._alarm = self._then, None, None
        ended, self._now.ended = self._now.ended, None
        assert ended is not None
        port = self.ports[ended.index]
        done, port.done = port.done, None
        assert done is not None
        port.free = self._now.free
        done.succeed(self._stall(port, ended))
        self._settle_last()

    def _stall(self, port: _Port, channel: Channel) -> Stall:
        """The stalls of a transfer, in whole picoseconds that add up."""
        per_ps = self._clock.per_ps
        now = int(self.env.now)
        took = now - port.began
        latency = min(took, channel.latency // per_ps)
        # Rounded up as long as the reported sum fits into the time that has passed.
        self._worked += channel.work
        working = min(took - latency, -(-self._worked // per_ps) - self._reported, now - self._reported)
        self._reported += working
        bus = took - latency - working
        if not bus:
            return Stall(latency)
        # Turnaround, refresh and rounding remainders belong to the bus itself.
        own = took * per_ps - channel.latency - channel.work - sum(channel.held)
        shares = [*channel.held, max(own, 0)]
        total = sum(shares) or 1
        marks = [0, *(bus * share // total for share in accumulate(shares))]
        marks[-1] = bus
        parts = (later - earlier for earlier, later in pairwise(marks))
        held = zip((*self._names, ""), parts, strict=True)
        return Stall(latency, bus, tuple((name, ps) for name, ps in held if ps))
