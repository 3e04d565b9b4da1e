"""The state of a shared bus between two grants: channels, direction, last owner, end of the last burst."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from simres.hardware.channel import Channel, Refill, Rules


class BusState:
    """The bus after some grants. `free` is the end of its last burst, `last` the index of its last owner."""

    __slots__ = ("channels", "ended", "free", "last", "rules", "write")

    def __init__(self, rules: Rules, lanes: int, masters: Sequence[tuple[Refill, bool]] = ()) -> None:
        """`masters` come after the lanes; urgent ones come before them in rank."""
        self.rules = rules
        self.channels = [Channel(number, number) for number in range(lanes)]
        for refill, urgent in masters:
            number = len(self.channels)
            self.channels.append(Channel(number, number - (1 << 30) * urgent, refill))
        self.free = 0
        self.last = -1
        self.write: bool | None = None
        self.ended: Channel | None = None
        """The lane whose transfer ended with the last burst, until the caller clears it."""
        for channel in self.channels[lanes:]:
            self.refill(channel)

    def copy_to(self, other: BusState) -> None:
        """Copies this state to `other`, with separate channels."""
        for name in ("rules", "free", "last", "write"):
            setattr(other, name, getattr(self, name))
        other.channels = [channel.copy() for channel in self.channels]
        other.ended = None if self.ended is None else other.channels[self.ended.index]

    def add(self, index: int, arrival: int, nbytes: int, write: bool) -> None:
        """Adds a transfer of one byte or more to a channel that has none."""
        channel = self.channels[index]
        channel.begin(self.rules, arrival, nbytes, write)
        channel.held = [0] * len(self.channels)
        if channel.ready < self.free:  # a burst is under way
            channel.held[self.last] = self.free - channel.ready

    def costs(self, order: Iterable[Channel], before: bool | None) -> list[int]:
        """Ticks of one full burst of each channel in turn; the previous direction was `before`."""
        full, found = self.rules.full, []
        for channel in order:
            found.append(full + (self.rules.turnaround if channel.write != before else 0))
            before = channel.write
        return found

    def skip(self, master: Channel, requests: int, ticks: int, free: int) -> None:
        """Skips `requests` of a background master, of `ticks` in all; the last ends at `free`."""
        master.served += requests
        master.total += ticks
        master.since = self.free = free
        self.refill(master)

    def refill(self, channel: Channel) -> None:
        """Adds the next request of a background master."""
        assert channel.refill is not None
        after = channel.since
        self.add(
            channel.index, channel.refill.arrival(channel.served), channel.refill.nbytes, channel.refill.write
        )
        channel.held[self.last] = 0  # its own bursts do not count as waiting
        channel.since = max(after, channel.arrival)
        channel.ready = max(after, channel.ready)
