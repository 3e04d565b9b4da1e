"""The kind `dram` in simulated time: an event a transfer, whatever its size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise

from simpy import Environment, Event

from simres.hardware.engine import Done, Engine, Stall, after_arrivals
from simres.hardware.specs import BackgroundSpec
from simres.program import Work
from simres_dram.memory import Beat, Memory
from simres_dram.spec import DramSpec


class Dram(Engine):
    """The engine of a DRAM with one port; `channels` makes those of any other."""

    def __init__(self, env: Environment, spec: DramSpec) -> None:
        super().__init__(env, spec)
        self._dram = spec
        self._memory = Memory(spec)
        self._beat = Beat(spec)
        self._free = 0
        """The clock at which the last transfer ended."""

    def channels(self, names: Sequence[str], masters: Mapping[str, BackgroundSpec]) -> Sequence[Engine]:  # noqa: ARG002
        if len(names) == 1:
            return (self,)
        return SharedDram(self.env, self._dram, names).ports

    def begin(self, work: Work, duration_ps: int, queued: bool) -> Event:  # noqa: ARG002
        """See `Engine.begin`. Nothing else comes meanwhile, so the end is worked out at once."""
        memory, beat = self._memory, self._beat
        now = int(self.env.now)
        at = self._free if queued else beat.clock(now)
        if not work.nbytes:
            self._free = at
            return Done(self.env, 0)
        before = memory.moved(0)
        memory.run(at)
        memory.add(at, {0: work})
        memory.run_to_end()
        self._free, _ = memory.ends.pop()
        took = beat.picosecond(self._free) - now
        return Done(self.env, took, Stall(*beat.stall(work.write, memory.moved(0) - before, took)))


class _Port(Engine):
    """One port of a shared DRAM, the transfer that it is at, and what all had moved when that arrived."""

    def __init__(self, dram: SharedDram, number: int) -> None:
        super().__init__(dram.env, dram.spec)
        self._dram = dram
        self.number = number
        self.free = self.began = 0
        self.write = False
        self.done: Event | None = None
        self.before: list[int] = []

    def begin(self, work: Work, duration_ps: int, queued: bool) -> Event:  # noqa: ARG002
        """See `Engine.begin`."""
        at = self.free if queued else self._dram.beat.clock(int(self.env.now))
        if not work.nbytes:
            self.free = at
            return Done(self.env, 0)
        self.began, self.write = int(self.env.now), work.write
        self.done = Event(self.env)
        self._dram.arrive(self.number, at, work)
        return self.done


class SharedDram:
    """What the ports of a DRAM share: its memory, and one event for the next transfer to end.

    `_now` is the memory up to the last arrival or end, `_then` its continuation up to the next end, should
    nothing else arrive.
    """

    def __init__(self, env: Environment, spec: DramSpec, names: Sequence[str]) -> None:
        self.env = env
        self.spec = spec
        self._names = names
        self.beat = Beat(spec)
        self._now = Memory(spec)
        self._then: Memory | None = None
        self._arrived: list[tuple[int, int, Work]] = []
        self._settling = False
        self._alarm: Event | None = None
        self.ports = [_Port(self, number) for number in range(len(names))]

    def arrive(self, number: int, at: int, work: Work) -> None:
        """A port turns to a transfer, at a clock."""
        self._arrived.append((at, number, work))
        self._settle_last()

    def _settle_last(self) -> None:
        if not self._settling:
            self._settling = True
            after_arrivals(self.env, self._settle)

    def _settle(self, _event: Event) -> None:
        """Lets the memory know of what arrived, and sets the alarm for the next end."""
        self._settling = False
        while self._arrived:
            at = min(clock for clock, _, _ in self._arrived)
            works = {number: work for clock, number, work in self._arrived if clock == at}
            self._arrived = [arrived for arrived in self._arrived if arrived[0] > at]
            self._now.run(at)
            moved = [self._now.moved(port.number) for port in self.ports]
            for number in works:
                self.ports[number].before = moved
            self._now.add(at, works)
            self._then = None
        if self._now.ends:
            self._set_alarm(self._now.ends[0][0])
        elif any(port.done for port in self.ports):
            if self._then is None:
                self._then = self._now.copy()
                self._then.run_to_end()
            self._set_alarm(self._then.ends[0][0])

    def _set_alarm(self, clock: int) -> None:
        if self._alarm is not None:
            self._alarm.callbacks = []
        self._alarm = Done(self.env, self.beat.picosecond(clock) - int(self.env.now))
        self._alarm.callbacks.append(self._ring)

    def _ring(self, _event: Event) -> None:
        """A transfer has ended."""
        self._alarm = None
        if not self._now.ends:
            assert self._then is not None
            if len(self._then.channels) == 1:
                self._now = self._then
            else:  # some of its channels may have gone too far
                self._now.run(self._then.ends[0][0])
        self._then = None
        clock, number = self._now.ends.pop(0)
        port = self.ports[number]
        port.free = clock
        done, port.done = port.done, None
        assert done is not None
        done.succeed(self._stall(port))
        self._settle_last()

    def _stall(self, port: _Port) -> Stall:
        """Where the time of a transfer went, and who had the bus while it waited for that."""
        lines = [
            self._now.moved(other.number) - before
            for other, before in zip(self.ports, port.before, strict=True)
        ]
        latency, bus = self.beat.stall(port.write, lines[port.number], int(self.env.now) - port.began)
        if not bus:
            return Stall(latency)
        others = [0 if other is port else self.beat.moving(lines[other.number]) for other in self.ports]
        shares = [*others, max(0, bus - sum(others))]  # the rest is the memory's own
        marks = [0, *(bus * share // sum(shares) for share in accumulate(shares))]
        parts = (later - earlier for earlier, later in pairwise(marks))
        held = zip((*self._names, ""), parts, strict=True)
        return Stall(latency, bus, tuple((name, ps) for name, ps in held if ps))
