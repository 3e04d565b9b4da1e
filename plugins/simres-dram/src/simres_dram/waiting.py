"""Lines that wait: the queues of a channel, and the ports from which lines join them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from simres_dram.addresses import AddressMap
from simres_dram.rows import NEVER, Rows
from simres_dram.timing import Timing

Lines = tuple[int, int, bool]
"""A channel's lines from the first up to, not with, the second; whether they are written."""


@dataclass(frozen=True, slots=True)
class Queues:
    """Lines that wait at most, and the numbers of writes at which the channel turns."""

    reads: int = 32
    writes: int = 32
    high: int = 26
    low: int = 6

    @property
    def batch(self) -> int:
        """Reads at the least before the next turn to writes."""
        return self.high - self.low

    @property
    def patience(self) -> int:
        """Writes at the most while reads wait; after so many, reads have as many lines."""
        return 4 * self.writes


class Port:
    """Where lines come from: `at` the next one to join, `stop` the end of its stretch, `more` after that.

    Of what it was given `left` lines have no column command yet; the data of those that have one are
    there by `done`. `joined` and `ended` sum up the clocks at which reads joined and were done.
    """

    __slots__ = (
        "at",
        "done",
        "ended",
        "flying",
        "joined",
        "left",
        "more",
        "pending",
        "reads",
        "stop",
        "write",
    )

    def __init__(self) -> None:
        self.at = self.stop = self.left = self.done = self.pending = 0
        self.write = False
        self.more: deque[Lines] = deque()
        self.flying: deque[int] = deque()
        """When the data of reads under way will be there; kept only where there is a window."""
        self.joined = self.ended = self.reads = 0

    def copy(self) -> Port:
        """One that goes its own way from here."""
        other = Port.__new__(Port)
        for name in ("at", "stop", "left", "done", "pending", "write", "joined", "ended", "reads"):
            setattr(other, name, getattr(self, name))
        other.more, other.flying = self.more.copy(), self.flying.copy()
        return other


class Run:
    """Lines of a port, lane and block that wait: `count` of them, joined as `first`, `first + step`, ..."""

    __slots__ = ("block", "count", "first", "lane", "port", "row", "step")

    def __init__(self, block: int, lane: int, row: int, port: int, first: int, step: int, count: int) -> None:
        self.block, self.lane, self.row, self.port = block, lane, row, port
        self.first, self.step, self.count = first, step, count

    def copy(self) -> Run:
        return Run(self.block, self.lane, self.row, self.port, self.first, self.step, self.count)


class Waiting(Rows):
    """A channel with its queues: by direction and bank, the runs that wait, oldest first."""

    def __init__(
        self, timing: Timing, addresses: AddressMap, queues: Queues, ports: int, window: int | None
    ) -> None:
        super().__init__(timing, addresses)
        self.queues = queues
        self.window = window
        self.ports = [Port() for _ in range(ports)]
        self.waiting: tuple[dict[int, list[Run]], dict[int, list[Run]]] = {}, {}
        self.count = [0, 0]
        """Lines that wait, by direction."""
        self.joined = [0, 0]
        """Lines that ever joined, by direction."""
        self.writing = False
        self.served = 0
        """Lines read or written since it last turned."""
        self.owed = queues.batch
        """Reads that it stays for, once it has turned to them."""
        self.turn = 0
        """The port whose turn to join it is."""
        self.hidden = self.hides(queues.reads), self.hides(queues.writes)
        """By direction, whether a stream finds its rows open."""

    def copy_to(self, other: Rows) -> None:
        super().copy_to(other)
        assert isinstance(other, Waiting)
        other.ports = [port.copy() for port in self.ports]
        other.count, other.joined = self.count.copy(), self.joined.copy()
        reads, writes = (
            {bank: [run.copy() for run in runs] for bank, runs in waiting.items()} for waiting in self.waiting
        )
        other.waiting = reads, writes

    @property
    def busy(self) -> bool:
        """Whether some port has lines without a column command."""
        return any(port.left for port in self.ports)

    @staticmethod
    def next_stretch(port: Port) -> None:
        while port.at == port.stop and port.more:
            port.at, port.stop, port.write = port.more.popleft()

    def room(self, port: Port, clock: int) -> int:
        """How many of the port's next stretch may join now."""
        flying, queues = port.flying, self.queues
        while flying and flying[0] <= clock:
            flying.popleft()
        if port.write:
            return min(port.stop - port.at, queues.writes - self.count[1])
        room = min(port.stop - port.at, queues.reads - self.count[0])
        return room if self.window is None else min(room, self.window - port.pending - len(flying))

    def join(self, clock: int) -> None:
        """Lets join who may at this clock, ports taking turns."""
        ports = self.ports
        if len(ports) == 1:
            port = ports[0]
            while (room := self.room(port, clock)) > 0:
                self.enter(0, port, room, clock, 0)
            return
        while True:
            able = [
                (number, room) for number, port in enumerate(ports) if (room := self.room(port, clock)) > 0
            ]
            if not able:
                return
            number, room = min(able, key=lambda pair: (pair[0] < self.turn, pair[0]))
            self.enter(number, ports[number], room if len(able) == 1 else 1, clock, 0)

    def enter(self, number: int, port: Port, count: int, clock: int, pace: int) -> None:
        """So many of the port's next lines join, `pace` clocks apart from `clock` on; maybe fewer at once."""
        write = port.write
        at, lanes = port.at, len(self.lane_bank)
        block, past = divmod(at, self.block_lines)
        count = min(count, self.block_lines - past)
        waiting = self.waiting[write]
        seq = self.joined[write]
        base = self.bank(at - at % lanes)
        shift, mask = self.bits[3]
        row = at >> shift & mask
        for ahead in range(min(count, lanes)):
            lane = (at + ahead) % lanes
            bank = base + self.lane_bank[lane]
            here = (count - ahead - 1) // lanes + 1
            runs = waiting.get(bank)
            if runs is None:
                waiting[bank] = [Run(block, lane, row, number, seq + ahead, lanes, here)]
                continue
            last = runs[-1]
            if last.block == block and last.port == number:
                if last.count == 1:
                    step = seq + ahead - last.first
                    if here == 1 or step == lanes:
                        last.step = step
                        last.count += here
                        continue
                elif last.first + last.count * last.step == seq + ahead and (here == 1 or last.step == lanes):
                    last.count += here
                    continue
            runs.append(Run(block, lane, row, number, seq + ahead, lanes, here))
        self.joined[write] = seq + count
        self.count[write] += count
        self.turn = (number + 1) % len(self.ports)
        port.at = at + count
        if not write:
            port.joined += count * clock + pace * (count * (count - 1) // 2)
            port.reads += count
            if self.window is not None:
                port.pending += count
        if port.at == port.stop:
            self.next_stretch(port)

    def joins_alike(self, port: Port) -> int:
        """How many of the port's next lines make a run longer that is there, none a new one."""
        lanes = len(self.lane_bank)
        at, waiting, seq = port.at, self.waiting[port.write], self.joined[port.write]
        block, past = divmod(at, self.block_lines)
        base = self.bank(at - at % lanes)
        for ahead in range(lanes):
            runs = waiting.get(base + self.lane_bank[(at + ahead) % lanes])
            if not runs:
                return 1
            last = runs[-1]
            if (
                last.block != block
                or self.ports[last.port] is not port
                or last.step != lanes
                or last.first + last.count * lanes != seq + ahead
            ):
                return 1
        return min(port.stop - at, self.block_lines - past)

    def next_arrival(self) -> int:
        """When the next read is done whose port could then let another join."""
        return min(
            (port.flying[0] for port in self.ports if port.flying and port.at < port.stop), default=NEVER
        )

    def pass_rows(self, at: int, port: Port, count: int, write: bool) -> None:
        """Moves all that waits, which is of one port and row, on by so many lines of the port's next rows.

        Its banks' rows are opened and closed on the way; column commands come at the pace from `at` on.
        """
        lanes, pace, block = len(self.lane_bank), self.pace, self.block_lines
        waiting = self.waiting[write]
        runs = [run for (run,) in waiting.values()]
        waiting.clear()
        here, blocks = runs[0].block, count // block
        left = sum(run.count for run in runs) + (here + 1) * block - port.at
        for later in range(blocks + 1):
            base, row = self.base_and_row(here + later)
            for lane, offset in enumerate(self.lane_bank):
                bank = base + offset
                if later:
                    self.counts["activate"] += 1
                    self.counts["precharge"] += self.row[bank] >= 0
                    self.row[bank] = row
                last = later * block + left - lanes + lane
                if later < blocks and last >= 0:
                    self.precharge_at[bank] = at + last * pace + self.recovery[write]
        for run in runs:
            run.block, run.row = here + blocks, row
            run.first += count
            waiting[base + self.lane_bank[run.lane]] = [run]
        self.joined[write] += count
        self.turn = (runs[0].port + 1) % len(self.ports)
        foremost = min(runs, key=lambda run: run.first)
        last = at + (count - 1) * pace
        for back in range(min(count, lanes) - 1, -1, -1):
            lane = (foremost.lane - 1 - back) % lanes
            self.moved(last - back * pace, base + self.lane_bank[lane], write)
        port.at += count
        self.next_stretch(port)
