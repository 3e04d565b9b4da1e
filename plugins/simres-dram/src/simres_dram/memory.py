"""Channels of DRAM together: transfers split by their addresses, and clocks as picoseconds."""

from __future__ import annotations

from collections.abc import Mapping

from simres.program import Work
from simres.units import PS_PER_S
from simres_dram.controller import Controller, Lines
from simres_dram.spec import DramSpec


class Memory:
    """The controllers of all channels. `ends` are transfers that have ended and nobody took away yet.

    Every transfer is split among the channels by its addresses, and ends when its last part does.
    """

    def __init__(self, spec: DramSpec) -> None:
        self._addresses = spec.addresses
        self._line = spec.line
        self.channels = [
            Controller(spec.clocks, spec.addresses, spec.queues, spec.ports, spec.outstanding)
            for _ in range(spec.channels)
        ]
        self.ends: list[tuple[int, int]] = []
        """Clock and port, first to last."""
        self._parts = [0] * spec.ports
        """Channels in which each port's transfer has lines to come."""
        self._done = [0] * spec.ports
        """The clock by which what each port has of its transfer so far is there."""
        self._given = [0] * spec.ports

    def copy(self) -> Memory:
        """One that goes its own way from here."""
        other = Memory.__new__(Memory)
        other._addresses, other._line = self._addresses, self._line
        other.channels = [controller.copy() for controller in self.channels]
        other.ends, other._parts = self.ends.copy(), self._parts.copy()
        other._done, other._given = self._done.copy(), self._given.copy()
        return other

    def split(self, work: Work) -> list[list[Lines]]:
        """The lines of a transfer by channel; addresses beyond the capacity begin again at 0."""
        found: list[list[Lines]] = [[] for _ in self.channels]
        addresses, line = self._addresses, self._line
        total = addresses.lines * len(found)
        past = 0
        for first, last in work.extents or ((0, work.nbytes),):
            start, stop = first // line, -(-last // line)
            if past > start >= past - 1:  # what two extents share is moved once
                start = past
            past = stop
            while start < stop:
                base = start - start % total
                until = min(stop, base + total)
                for channel, lines in enumerate(found):
                    low = addresses.of_channel(channel, start - base)
                    high = addresses.of_channel(channel, until - base)
                    if low == high:
                        continue
                    if lines and lines[-1][1] == low:
                        low = lines.pop()[0]
                    lines.append((low, high, work.write))
                start = until
        return found

    def add(self, clock: int, works: Mapping[int, Work]) -> None:
        """Ports turn to transfers, each of a byte or more, at a clock up to which `run` has gone."""
        given: list[dict[int, list[Lines]]] = [{} for _ in self.channels]
        for port, work in works.items():
            self._done[port] = clock
            for lines_of, lines in zip(given, self.split(work), strict=True):
                if lines:
                    lines_of[port] = lines
                    self._parts[port] += 1
                    self._given[port] += sum(stop - start for start, stop, _ in lines)
        for controller, lines_of in zip(self.channels, given, strict=True):
            if lines_of:
                controller.add(clock, lines_of)

    def moved(self, port: int) -> int:
        """Lines of a port that were read or written, from the start."""
        return self._given[port] - sum(controller.ports[port].left for controller in self.channels)

    def run(self, until: int) -> None:
        """Goes on up to a clock."""
        for controller in self.channels:
            controller.run(until)
            self._take(controller)
        self.ends.sort()

    def run_to_end(self) -> None:
        """Goes on until the first transfer to end is certain: some channels perhaps beyond that end."""
        while True:
            going = [controller for controller in self.channels if controller.busy]
            if self.ends and all(controller.now > self.ends[0][0] for controller in going):
                return
            behind = min(going, key=lambda controller: controller.now)
            behind.run()
            self._take(behind)
            self.ends.sort()

    def _take(self, controller: Controller) -> None:
        for clock, port in controller.ended:
            self._done[port] = max(self._done[port], clock)
            self._parts[port] -= 1
            if not self._parts[port]:
                self.ends.append((self._done[port], port))
        controller.ended.clear()


class Beat:
    """Clocks to picoseconds and back, and what a transfer did with its time."""

    def __init__(self, spec: DramSpec) -> None:
        timing = spec.clocks
        self._hertz = spec.chip.clock
        self._first = timing.cl + 1, timing.cwl + 1
        """Clocks from asking to the first data at the soonest, of reads and writes."""
        self._line = timing.bl
        self._channels = spec.channels

    def clock(self, ps: int) -> int:
        """The first clock that does not begin before."""
        return -(-ps * self._hertz // PS_PER_S)

    def picosecond(self, clock: int) -> int:
        """When a clock begins, rounded up."""
        return -(-clock * PS_PER_S // self._hertz)

    def moving(self, lines: int) -> int:
        """Picoseconds, rounded down, for which so many lines have the data buses of all channels."""
        return lines * self._line * PS_PER_S // (self._hertz * self._channels)

    def stall(self, write: bool, lines: int, took: int) -> tuple[int, int]:
        """Of the picoseconds that so many lines took, those of latency and those without the bus.

        A transfer works while its data moves, at the peak rate of all channels. Rows that have to be opened,
        refresh, turnaround and whoever else has the bus come to waits for the bus.
        """
        working = min(took, self.moving(lines))
        latency = min(took - working, self._first[write] * PS_PER_S // self._hertz)
        return latency, took - working - latency
