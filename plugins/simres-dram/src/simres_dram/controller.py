"""One channel of DRAM and its controller, command by command, with stretches of row hits taken at once.

It works in whole clocks and by itself: `Controller.add` hands a port its next lines, `Controller.run` goes
on until they are there. The rules:

- *Queues.* A line (what one burst moves) is read or written in its turn. Lines of a port join the queue
  of their direction in order, as soon as it has room and, for reads, fewer than `window` of the port's are
  in flight: joined, and their data not all there yet. Ports take turns line about; what a port was handed
  at this very clock comes after what it was handed before.
  A line's first command comes a clock after it joined, at the soonest.
- *Direction.* The channel reads, and turns to writes when no read waits, or when `high` writes do and a
  batch has been read since it last turned. It turns back, if reads wait, when `low` writes are left or a
  batch has been written. A batch is `high - low` lines. Before it turns, whatever it opened a row for goes,
  and it opens and closes no others.
- *Commands.* One a clock, for the queue of the current direction. First comes the refresh of a rank that
  is due; then, of the reads or writes that may start (their row is open), the one that joined first; then
  the precharge or activate of whoever joined first. A row stays open until another of its bank is asked
  for (open page), and as long as the queue asks for it. That is FR-FCFS (Rixner et al., "Memory access
  scheduling", ISCA 2000).
- *Refresh.* A rank is due every `refi` clocks, evenly staggered by rank; from then on it gets no other
  command: its banks are precharged together as soon as all may be, it is refreshed, and all rows are shut.
- *Timing.* Commands keep the distances of `Timing`. A line is done with the last clock of its data.

Between two events (a line of another row joins, another command may come, a refresh is due) a port that
goes through open rows gets a column command at a constant pace, so these are taken as one: the cost goes
with rows and commands, not with lines. The tests compare it with the rules applied clock by clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simres_dram.addresses import AddressMap
from simres_dram.timing import Timing

NEVER = 1 << 62
_LONG_AGO = -(1 << 40)

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
        """Lines of a direction before the other is due."""
        return self.high - self.low


class Port:
    """Where lines come from: `at` the next one to join, `stop` the end of its stretch, `more` after that.

    Of what it was given `left` lines have no column command yet; the data of those that have one are
    there by `done`. `joined` and `ended` sum up the clocks at which reads joined and were done.
    """

    __slots__ = ("at", "done", "ended", "flying", "joined", "left", "more", "pending", "reads", "stop", "write")

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


class _Run:
    """Lines of one port, lane and block that wait: `count` of them, joined as the `first`, `first + step`, ..."""

    __slots__ = ("block", "count", "first", "lane", "port", "row", "step")

    def __init__(self, block: int, lane: int, row: int, port: int, first: int, step: int, count: int) -> None:
        self.block, self.lane, self.row, self.port = block, lane, row, port
        self.first, self.step, self.count = first, step, count

    def copy(self) -> _Run:
        return _Run(self.block, self.lane, self.row, self.port, self.first, self.step, self.count)


class Controller:
    """A channel of DRAM after some commands. `ended` lists transfers that had their last: (clock, port).

    Banks are numbered through all ranks and groups, groups through all ranks.
    """

    def __init__(
        self,
        timing: Timing,
        addresses: AddressMap,
        queues: Queues | None = None,
        ports: int = 1,
        window: int | None = None,
    ) -> None:
        self.timing = timing
        self.addresses = addresses
        self.queues = queues = queues or Queues()
        self.window = window
        self.ports = [Port() for _ in range(ports)]
        self.ended: list[tuple[int, int]] = []
        self.now = 1
        """The clock from which on the next command may come."""
        ranks, groups = addresses.ranks, addresses.ranks * addresses.groups
        banks = groups * addresses.banks
        self._row = [-1] * banks
        self._activate_at = [0] * banks
        self._column_at = [0] * banks
        self._precharge_at = [0] * banks
        self._direction_at = [0] * groups, [0] * groups
        """By direction and group, when the next column command may come for all that the others did."""
        self._group_at = [0] * groups
        """The same for activates."""
        self._four = [deque([_LONG_AGO] * 4, 4) for _ in range(ranks)]
        refi = timing.refi
        self._due = [refi * (rank + 1) // ranks if refi else NEVER for rank in range(ranks)]
        self._soonest_due = min(self._due)
        self._waiting: tuple[dict[int, list[_Run]], dict[int, list[_Run]]] = {}, {}
        self._count = [0, 0]
        self._joined = [0, 0]
        self._writing = False
        self._served = 0
        self._unused: set[int] = set()
        """Banks whose open row has had no column command yet."""
        self._turn = 0
        self.counts = {"activate": 0, "precharge": 0, "refresh": 0, "steps": 0}
        """Commands issued, all banks of a rank at once counting as one, and decisions made."""
        self._tables(timing, addresses)

    def _tables(self, timing: Timing, addresses: AddressMap) -> None:
        """What never changes, looked up instead of worked out."""
        of_bank = addresses.banks
        groups = range(addresses.ranks * addresses.groups)
        self._group_of = [bank // of_bank for bank in range(len(self._row))]
        self._rank_of = [group // addresses.groups for group in self._group_of]

        def gaps(group: int, first: bool, then: bool) -> tuple[int, ...]:
            return tuple(self._gap(group, other, first, then) for other in groups)

        self._gaps = tuple(
            tuple((gaps(group, first, False), gaps(group, first, True)) for group in groups)
            for first in (False, True)
        )
        """By direction and group of a column command: clocks to the next read and write of each group."""
        self._activates = tuple(
            tuple(
                (other, timing.rrd_l if other == group else timing.rrd_s)
                for other in groups
                if other // addresses.groups == group // addresses.groups
            )
            for group in groups
        )
        self._data = timing.cl + timing.bl, timing.written
        self._recovery = timing.rtp, timing.written + timing.wr
        shifts = addresses.shifts
        bits = addresses.banks.bit_length() - 1
        self._block = addresses.block
        self._bits = (
            shifts["ra"],
            shifts["bg"],
            shifts["ba"],
            shifts["ro"],
            (bits + addresses.groups.bit_length() - 1, bits),
        )
        self._lane_bank = [self._bank(lane) for lane in range(addresses.lanes)]
        self._pace = self._steady()

    def _gap(self, group: int, other: int, first: bool, then: bool) -> int:
        t, of_rank = self.timing, self.addresses.groups
        if group // of_rank != other // of_rank:
            sent, starts = (t.cwl if first else t.cl), (t.cwl if then else t.cl)
            gap = t.rtrs if first == then or first else max(2, t.rtrs)
            return max(1, sent + t.bl + gap - starts)
        if first == then:
            return t.ccd_l if group == other else t.ccd_s
        if then:
            return t.read_to_write
        return t.written + (t.wtr_l if group == other else t.wtr_s)

    def _bank(self, line: int) -> int:
        rank, group, bank, row, columns = self._bits
        return ((line >> rank[0] & rank[1]) << columns[0]) + (
            ((line >> group[0] & group[1]) << columns[1]) + (line >> bank[0] & bank[1])
        )

    def _steady(self) -> int:
        """Clocks from line to line through open rows, 0 where the lanes set no constant pace.

        They do where nobody could go before the next lane without waiting: one lane, or lanes in turn
        through groups so many that the first may go again when its turn comes.
        """
        t, lanes = self.timing, len(self._lane_bank)
        if lanes == 1:
            return t.ccd_l
        groups = [self._group_of[bank] for bank in self._lane_bank]
        if len(set(self._rank_of[bank] for bank in self._lane_bank)) > 1:
            return 0
        for lane in range(lanes):
            for ahead in range(1, lanes + 1):
                if groups[lane] == groups[(lane + ahead) % lanes] and ahead * t.ccd_s < t.ccd_l:
                    return 0
        return t.ccd_s

    def copy(self) -> Controller:
        """One that goes its own way from here."""
        other = Controller.__new__(Controller)
        other.__dict__.update(self.__dict__)
        other.ports = [port.copy() for port in self.ports]
        other.ended, other._unused = self.ended.copy(), self._unused.copy()
        for name in ("_row", "_activate_at", "_column_at", "_precharge_at", "_group_at", "_due", "_count", "_joined"):
            setattr(other, name, getattr(self, name).copy())
        other._direction_at = self._direction_at[0].copy(), self._direction_at[1].copy()
        other._four = [times.copy() for times in self._four]
        reads, writes = (
            {bank: [run.copy() for run in runs] for bank, runs in waiting.items()} for waiting in self._waiting
        )
        other._waiting = reads, writes
        other.counts = self.counts.copy()
        return other

    def add(self, clock: int, given: Mapping[int, Sequence[Lines]]) -> None:
        """Hands ports their next lines, at a clock up to which `run` has gone."""
        self.now = max(self.now, clock + 1)
        for number, lines in given.items():
            port = self.ports[number]
            port.more.extend(lines)
            port.left += sum(stop - start for start, stop, _ in lines)
            self._next_stretch(port)
        self._join(clock)

    @property
    def busy(self) -> bool:
        """Whether some port has lines without a column command."""
        return any(port.left for port in self.ports)

    # Joining the queues.

    @staticmethod
    def _next_stretch(port: Port) -> None:
        while port.at == port.stop and port.more:
            port.at, port.stop, port.write = port.more.popleft()

    def _room(self, port: Port, clock: int) -> int:
        """How many of the port's next stretch may join now."""
        flying, queues = port.flying, self.queues
        while flying and flying[0] <= clock:
            flying.popleft()
        if port.write:
            return min(port.stop - port.at, queues.writes - self._count[1])
        room = min(port.stop - port.at, queues.reads - self._count[0])
        return room if self.window is None else min(room, self.window - port.pending - len(flying))

    def _join(self, clock: int) -> None:
        """Lets join who may at this clock, ports taking turns."""
        ports = self.ports
        if len(ports) == 1:
            port = ports[0]
            while (room := self._room(port, clock)) > 0:
                self._enter(0, port, room, clock, 0)
            return
        while True:
            able = [(number, room) for number, port in enumerate(ports) if (room := self._room(port, clock)) > 0]
            if not able:
                return
            number, room = min(able, key=lambda pair: (pair[0] < self._turn, pair[0]))
            self._enter(number, ports[number], room if len(able) == 1 else 1, clock, 0)
            self._turn = (number + 1) % len(ports)

    def _enter(self, number: int, port: Port, count: int, clock: int, pace: int) -> None:
        """So many of the port's next lines join, `pace` clocks apart from `clock` on; maybe fewer at once."""
        write = port.write
        at, lanes = port.at, len(self._lane_bank)
        block, past = divmod(at, self._block)
        count = min(count, self._block - past)
        waiting = self._waiting[write]
        seq = self._joined[write]
        base = self._bank(at - at % lanes)
        shift, mask = self._bits[3]
        row = at >> shift & mask
        for ahead in range(min(count, lanes)):
            lane = (at + ahead) % lanes
            bank = base + self._lane_bank[lane]
            here = (count - ahead - 1) // lanes + 1
            runs = waiting.get(bank)
            if runs is None:
                waiting[bank] = [_Run(block, lane, row, number, seq + ahead, lanes, here)]
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
            runs.append(_Run(block, lane, row, number, seq + ahead, lanes, here))
        self._joined[write] = seq + count
        self._count[write] += count
        port.at = at + count
        if not write:
            port.joined += count * clock + pace * (count * (count - 1) // 2)
            port.reads += count
            if self.window is not None:
                port.pending += count
        if port.at == port.stop:
            self._next_stretch(port)

    # Commands.

    def run(self, until: int | None = None) -> None:
        """Issues every command up to the clock `until`; without one, until a port has its last."""
        limit = NEVER if until is None else until
        if until is not None and not self.busy:
            self._skip_refreshes(until)
        while True:
            if until is None and (self.ended or not self.busy):
                return
            if not self._step(limit):
                if until is not None:
                    self.now = max(self.now, until + 1)
                return

    def _step(self, limit: int) -> bool:
        """The next command, or the next lines to join: whichever is first. False if that is past `limit`."""
        reads, writes = self._count
        write = self._writing
        if write:
            turns = reads and (writes <= self.queues.low or self._served >= self.queues.batch)
        else:
            turns = writes and (
                not reads or (writes >= self.queues.high and self._served >= self.queues.batch)
            )
        if turns and not self._unused:
            write = self._writing = not write
            self._served, turns = 0, False
        now, due = self.now, self._soonest_due
        rows, columns, directions = self._row, self._column_at, self._direction_at[write]
        best_at, best_age, best_bank, best_run, best_hit = NEVER, 0, -1, None, False
        others: list[tuple[int, int, int, _Run, bool]] = []
        for bank, runs in self._waiting[write].items():
            row = rows[bank]
            run = runs[0]
            if len(runs) > 1:
                run = self._foremost(runs, row)
            if run.row == row:
                at = columns[bank]
                earliest = directions[self._group_of[bank]]
                hit = True
                if earliest > at:
                    at = earliest
            elif turns:
                continue
            elif row < 0:
                at = self._activate_at[bank]
                earliest = self._group_at[self._group_of[bank]]
                hit = False
                if earliest > at:
                    at = earliest
            else:
                at = self._precharge_at[bank]
                hit = False
            if at < now:
                at = now
            if at >= due and at >= self._due[self._rank_of[bank]]:
                continue
            others.append((at, run.first, bank, run, hit))
            if at < best_at or (
                at == best_at and (hit > best_hit or (hit == best_hit and run.first < best_age))
            ):
                best_at, best_age, best_bank, best_run, best_hit = at, run.first, bank, run, hit
        refresh_at, refreshed = NEVER, -1
        if due <= best_at and due <= limit:
            refresh_at, refreshed = self._next_refresh()
        arrival = self._next_arrival() if self.window is not None else NEVER
        soonest = min(best_at, refresh_at)
        if arrival < soonest and arrival <= limit:
            self.now = max(now, arrival + 1)
            self._join(arrival)
            return True
        if soonest > limit or soonest == NEVER:
            return False
        self.counts["steps"] += 1
        if refresh_at <= best_at:
            self._refresh(refreshed, refresh_at)
        elif best_hit:
            assert best_run is not None
            self._column(best_at, best_bank, best_run, others, min(limit, refresh_at - 1))
        elif rows[best_bank] < 0:
            assert best_run is not None
            self._activate(best_at, best_bank, best_run.row)
        else:
            self._precharge(best_at, best_bank)
        return True

    @staticmethod
    def _foremost(runs: list[_Run], row: int) -> _Run:
        """Of what waits for a bank, the first that hits its open row; without one, the first."""
        found, hit = runs[0], runs[0].row == row
        for run in runs:
            if run.row == row:
                if not hit or run.first < found.first:
                    found, hit = run, True
            elif not hit and run.first < found.first:
                found = run
        return found

    def _activate(self, at: int, bank: int, row: int) -> None:
        timing = self.timing
        self.counts["activate"] += 1
        self._row[bank] = row
        self._unused.add(bank)
        self._column_at[bank] = at + timing.rcd
        self._precharge_at[bank] = at + timing.ras
        self._activate_at[bank] = at + timing.rc
        groups, four = self._group_at, self._four[self._rank_of[bank]]
        four.append(at)
        window = four[0] + timing.faw
        for group, gap in self._activates[self._group_of[bank]]:
            groups[group] = max(groups[group], at + gap, window)
        self.now = at + 1

    def _precharge(self, at: int, bank: int) -> None:
        self.counts["precharge"] += 1
        self._row[bank] = -1
        self._activate_at[bank] = max(self._activate_at[bank], at + self.timing.rp)
        self.now = at + 1

    def _column(
        self, at: int, bank: int, run: _Run, others: list[tuple[int, int, int, _Run, bool]], limit: int
    ) -> None:
        """The read or write of a line, and of as many after it as nothing comes between."""
        write, number = self._writing, run.port
        port = self.ports[number]
        pace, members = self._pace, [(bank, run)]
        count = 1
        if self.window is None and port.left > 1:
            if len(self._lane_bank) > 1:
                members = self._members(at, run, others)
            count = self._stretch(at, port, members, others, limit)
        if count == 1:
            members = [(bank, run)]
        joining = 0
        if count > 1 and port.at < port.stop:
            joining = count
            self._enter(number, port, joining, at, pace)
        waiting = self._waiting[write]
        lanes = len(members)
        if self._unused:
            self._unused.difference_update([of for of, _ in members[:count]])
        for place, (of, row) in enumerate(members):
            served = (count - place - 1) // lanes + 1
            row.first += served * row.step
            row.count -= served
            if not row.count:
                runs = waiting[of]
                runs.remove(row)
                if not runs:
                    del waiting[of]
        self._count[write] -= count
        self._served += count
        last = at + (count - 1) * pace
        for back in range(min(count, lanes) - 1, -1, -1):
            self._moved(last - back * pace, members[(count - 1 - back) % lanes][0], write)
        port.left -= count
        port.done = last + self._data[write]
        if not write:
            port.ended += count * (at + self._data[0]) + pace * (count * (count - 1) // 2)
            if self.window is not None:
                port.pending -= 1
                port.flying.append(port.done)
        self.now = last + 1
        if not port.left:
            self.ended.append((port.done, number))
        self._join(last)

    def _moved(self, at: int, bank: int, write: bool) -> None:
        """What a column command keeps others from."""
        reads, writes = self._direction_at
        to_read, to_write = self._gaps[write][self._group_of[bank]]
        for group, gap in enumerate(to_read):
            if at + gap > reads[group]:
                reads[group] = at + gap
        for group, gap in enumerate(to_write):
            if at + gap > writes[group]:
                writes[group] = at + gap
        self._precharge_at[bank] = max(self._precharge_at[bank], at + self._recovery[write])

    # Stretches of row hits.

    def _members(
        self, at: int, run: _Run, others: list[tuple[int, int, int, _Run, bool]]
    ) -> list[tuple[int, _Run]]:
        """The lanes that follow each other at a constant pace from this run on; it alone if they do not."""
        lanes, alone = len(self._lane_bank), [(-1, run)]
        if not self._pace or run.step != lanes:
            return alone
        found = sorted(
            (age, bank, other, when)
            for when, age, bank, other, hit in others
            if hit and other.port == run.port and run.first <= age < run.first + lanes
        )
        if len(found) != lanes:
            return alone
        for place, (age, _, other, when) in enumerate(found):
            if (
                age != run.first + place
                or other.step != lanes
                or other.block != run.block
                or other.lane != (run.lane + place) % lanes
                or when > at + place * self._pace
            ):
                return alone
        return [(bank, other) for _, bank, other, _ in found]

    def _stretch(
        self,
        at: int,
        port: Port,
        members: list[tuple[int, _Run]],
        others: list[tuple[int, int, int, _Run, bool]],
        limit: int,
    ) -> int:
        """How many column commands of these lanes come one after the other, with nothing in between."""
        lanes, pace, write = len(self._lane_bank), self._pace, self._writing
        if len(members) != lanes:
            return 1
        run = members[0][1]
        count = sum(row.count for _, row in members)
        same = False
        if len(self.ports) > 1:
            for rival in self.ports:
                if rival is not port and rival.at < rival.stop and rival.write == write:
                    return 1
        if port.at < port.stop:
            alike = self._joins_alike(port) if port.write == write else 0
            same = port.at // self._block == run.block
            count = alike if same else min(count, alike)
        if count < 2:
            return 1
        ages = run.step if lanes == 1 else 1
        banks = [bank for bank, _ in members]
        for when, age, bank, _, hit in others:
            if bank in banks:
                continue
            if hit and age > run.first and self._no_sooner(banks, bank):
                count = min(count, (age - run.first - 1) // ages + 1)
            elif when <= limit:
                limit = when - 1
        waiting = self._waiting[write]
        for place, (bank, row) in enumerate(members):
            runs = waiting[bank]
            if len(runs) == 1:
                continue
            if not same:  # whoever asks for another row of this bank has its turn then
                count = min(count, place + (row.count - 1) * lanes + 1)
            for also in runs:
                if also is not row and also.row == row.row:
                    count = min(count, (also.first - run.first - 1) // ages + 1)
        for due in self._due:
            if at < due <= limit:
                limit = due - 1
        count = min(count, (limit - at) // pace + 1)
        other = self._count[not write]
        if other:
            batch = self.queues.batch - self._served
            if write:
                count = min(count, batch, self._count[1] - self.queues.low)
            elif other >= self.queues.high:
                count = min(count, batch)
        return max(1, count)

    def _no_sooner(self, banks: list[int], bank: int) -> bool:
        """Whether after each of `banks` the next of them may come as soon as one of `bank`."""
        group, write = self._group_of[bank], self._writing
        return all(self._gaps[write][self._group_of[one]][write][group] >= self._pace for one in banks)

    def _joins_alike(self, port: Port) -> int:
        """How many of the port's next lines make a run longer that is there, none a new one."""
        lanes = len(self._lane_bank)
        at, waiting, seq = port.at, self._waiting[port.write], self._joined[port.write]
        block, past = divmod(at, self._block)
        base = self._bank(at - at % lanes)
        for ahead in range(lanes):
            runs = waiting.get(base + self._lane_bank[(at + ahead) % lanes])
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
        return min(port.stop - at, self._block - past)

    # Refresh.

    def _next_refresh(self) -> tuple[int, int]:
        """When the next command for a refresh may come, and of which rank."""
        best, found = NEVER, -1
        of_rank = len(self._row) // len(self._due)
        for rank, due in enumerate(self._due):
            if due == NEVER:
                continue
            banks = slice(rank * of_rank, (rank + 1) * of_rank)
            open_ = [when for when, row in zip(self._precharge_at[banks], self._row[banks], strict=True) if row >= 0]
            ready = max(open_) if open_ else max(self._refresh_ready(rank))
            at = max(due, ready, self.now)
            if at < best:
                best, found = at, rank
        return best, found

    def _refresh_ready(self, rank: int) -> list[int]:
        of_rank = len(self._row) // len(self._due)
        return self._activate_at[rank * of_rank : (rank + 1) * of_rank]

    def _refresh(self, rank: int, at: int) -> None:
        of_rank = len(self._row) // len(self._due)
        banks = range(rank * of_rank, (rank + 1) * of_rank)
        self.now = at + 1
        if any(self._row[bank] >= 0 for bank in banks):
            self.counts["precharge"] += 1
            for bank in banks:
                if self._row[bank] >= 0:
                    self._row[bank] = -1
                    self._unused.discard(bank)
                    self._activate_at[bank] = max(self._activate_at[bank], at + self.timing.rp)
            return
        self.counts["refresh"] += 1
        for bank in banks:
            self._activate_at[bank] = at + self.timing.rfc
        self._due[rank] += self.timing.refi
        self._soonest_due = min(self._due)

    def _skip_refreshes(self, clock: int) -> None:
        """Of the refreshes up to a clock while nothing waits, takes all but the last of each rank at once."""
        refi, of_rank = self.timing.refi, len(self._row) // len(self._due)
        for rank, due in enumerate(self._due):
            if refi and (missed := (clock - due) // refi) > 0:
                self._row[rank * of_rank : (rank + 1) * of_rank] = [-1] * of_rank
                self._due[rank] = due + missed * refi
                self.counts["refresh"] += missed
        self._soonest_due = min(self._due)

    def _next_arrival(self) -> int:
        """When the next read is done whose port could then let another join."""
        return min((port.flying[0] for port in self.ports if port.flying and port.at < port.stop), default=NEVER)
