"""One channel of DRAM and its controller, command by command, with stretches of row hits taken at once.

It works in whole clocks and by itself: `Controller.add` hands a port its next lines, `Controller.run` goes
on until they are there. The rules:

- *Queues.* A line (what one burst moves) is read or written in its turn. Lines of a port join the queue
  of their direction in order, as soon as it has room and, for reads, fewer than `window` of the port's are
  in flight: joined, and their data not all there yet. Ports take turns line about; what a port was handed
  at this very clock comes after what it was handed before.
  A line's first command comes a clock after it joined, at the soonest.
- *Direction.* The channel reads, and turns to writes when no read waits, or when `high` writes do and a
  batch (`high - low` lines) has been read since it last turned. It turns back when reads wait and only `low`
  writes do. Two marks and a batch of reads: so do DRAMsim3, Ramulator 2 and gem5. Writes that keep coming
  would keep reads out for good, so after `patience` writes it turns back whatever waits, and then reads as
  many lines before it turns again: a starvation limit, as memory controllers for FPGAs and SoCs have.
- *Commands.* One a clock. First comes the refresh of a rank that is due. Then come lines of the direction it
  turned from, whose rows were opened for them; then, of the current direction's reads or writes that may
  start (their row is open), the one that joined first; then the precharge or activate of whoever joined
  first. A row stays open until another of its bank is asked for (open page), and as long as what hits it
  joined before whoever asks for the other. That is FR-FCFS (Rixner et al., "Memory access scheduling", ISCA
  2000), with row hits that pass older lines only where these have to wait anyway (Ramulator 2's
  `FRFCFS-RowHit`).
- *Refresh.* A rank is due every `refi` clocks, evenly staggered by rank; from then on it gets no other
  command: its banks are precharged together as soon as all may be, it is refreshed, and all rows are shut.
- *Timing.* Commands keep the distances of `Timing`. A line is done with the last clock of its data.

Between two events (a line of another row joins, another command may come, a refresh is due) a port that
goes through open rows gets a column command at a constant pace, so these are taken as one: the cost goes
with rows and commands, not with lines. The tests compare it with the rules applied clock by clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simres_dram.addresses import AddressMap
from simres_dram.rows import NEVER
from simres_dram.stretches import Candidate, members, stretch, whole_rows
from simres_dram.timing import Timing
from simres_dram.waiting import Lines, Port, Queues, Run, Waiting

__all__ = ["Controller", "Lines", "Queues"]


class Controller(Waiting):
    """A channel of DRAM after some commands. `ended` lists transfers that had their last: (clock, port)."""

    def __init__(
        self,
        timing: Timing,
        addresses: AddressMap,
        queues: Queues | None = None,
        ports: int = 1,
        window: int | None = None,
    ) -> None:
        super().__init__(timing, addresses, queues or Queues(), ports, window)
        self.ended: list[tuple[int, int]] = []

    def copy(self) -> Controller:
        """One that goes its own way from here."""
        other = Controller.__new__(Controller)
        other.__dict__.update(self.__dict__)
        self.copy_to(other)
        other.ended = self.ended.copy()
        return other

    def add(self, clock: int, given: Mapping[int, Sequence[Lines]]) -> None:
        """Hands ports their next lines, at a clock up to which `run` has gone."""
        self.now = max(self.now, clock + 1)
        for number, lines in given.items():
            port = self.ports[number]
            port.more.extend(lines)
            port.left += sum(stop - start for start, stop, _ in lines)
            self.next_stretch(port)
        self.join(clock)

    def run(self, until: int | None = None) -> None:
        """Issues every command up to the clock `until`; without one, until a port has its last."""
        limit = NEVER if until is None else until
        if until is not None and not self.busy:
            self.skip_refreshes(until)
        while True:
            if until is None and (self.ended or not self.busy):
                return
            if not self.step(limit):
                if until is not None:
                    self.now = max(self.now, until + 1)
                return

    def step(self, limit: int) -> bool:
        """The next command, or the next lines to join: whichever is first. False if that is past `limit`."""
        write = self.directed()
        opened = self.unused
        left = [bank for bank, other in opened.items() if other != write] if opened else ()
        now, due = self.now, self.soonest_due
        rows, columns, directions = self.row, self.column_at, self.direction_at[write]
        best_at, best_age, best_bank, best_run, best_hit, first = NEVER, 0, -1, None, False, False
        others: list[Candidate] = []
        for bank, runs in self.waiting[write].items():
            row = rows[bank]
            run, older = runs[0], None
            if len(runs) > 1:
                run, older = self.foremost(runs, row)
            hit = run.row == row
            if hit:
                at = columns[bank]
                earliest = directions[self.group_of[bank]]
                if earliest > at:
                    at = earliest
            elif row < 0:
                at = self.activate_at[bank]
                earliest = self.group_at[self.group_of[bank]]
                if earliest > at:
                    at = earliest
            elif bank in left:
                continue
            else:
                at = self.precharge_at[bank]
            if at < now:
                at = now
            if at < due or at < self.due[self.rank_of[bank]]:
                others.append((at, run.first, bank, run, hit))
            if older and bank not in left:
                at = max(now, self.precharge_at[bank])
                if at < due or at < self.due[self.rank_of[bank]]:
                    others.append((at, older.first, bank, older, False))
        for at, age, bank, run, hit in others:
            if at < best_at or (at == best_at and (hit > best_hit or (hit == best_hit and age < best_age))):
                best_at, best_age, best_bank, best_run, best_hit = at, age, bank, run, hit
        for bank in left:
            run, _ = self.foremost(self.waiting[not write][bank], rows[bank])
            at = max(columns[bank], self.direction_at[not write][self.group_of[bank]], now)
            if at >= self.due[self.rank_of[bank]]:
                continue
            if at < best_at or (at == best_at and (not first or run.first < best_age)):
                best_at, best_age, best_bank, best_run, best_hit, first = at, run.first, bank, run, True, True
        refresh_at, refreshed = NEVER, -1
        if due <= best_at and due <= limit:
            refresh_at, refreshed = self.next_refresh()
        arrival = self.next_arrival() if self.window is not None else NEVER
        soonest = min(best_at, refresh_at)
        if arrival < soonest and arrival <= limit:
            self.now = max(now, arrival + 1)
            self.join(arrival)
            return True
        if soonest > limit or soonest == NEVER:
            return False
        self.counts["steps"] += 1
        if refresh_at <= best_at:
            self.refresh(refreshed, refresh_at)
        elif best_hit:
            assert best_run is not None
            if left:
                self.column(best_at, [(best_bank, best_run)], 1, write != first)
            else:
                self.columns(best_at, best_bank, best_run, others, min(limit, refresh_at - 1))
        elif rows[best_bank] < 0:
            assert best_run is not None
            self.activate(best_at, best_bank, best_run.row, write)
        else:
            self.precharge(best_at, best_bank)
        return True

    @staticmethod
    def foremost(runs: list[Run], row: int) -> tuple[Run, Run | None]:
        """Of what waits for a bank, the first that hits its open row, and the first, if that is another.

        Without a hit, the first alone.
        """
        first, hit = runs[0], None
        for run in runs:
            if run.first < first.first:
                first = run
            if run.row == row and (hit is None or run.first < hit.first):
                hit = run
        if hit is None or hit is first:
            return first, None
        return hit, first

    def directed(self) -> bool:
        """Turns where that is due. Whether it writes."""
        queues = self.queues
        reads, writes = self.count
        if self.writing:
            if reads and (writes <= queues.low or self.served >= queues.patience):
                self.writing, self.served = False, 0
                self.owed = queues.batch if writes <= queues.low else queues.patience
        elif writes and (not reads or (writes >= queues.high and self.served >= self.owed)):
            self.writing, self.served = True, 0
        return self.writing

    def columns(self, at: int, bank: int, run: Run, others: list[Candidate], limit: int) -> None:
        """The read or write of a line, and of as many after it as nothing comes between."""
        write, number, pace = self.writing, run.port, self.pace
        port = self.ports[number]
        hits, count = [(bank, run)], 1
        if self.window is None and port.left > 1:
            if len(self.lane_bank) > 1:
                hits = members(self, at, run, others)
            count = whole_rows(self, at, port, hits, others, limit)
            if count:
                self._take(at, port, count)
                return
            count = stretch(self, at, port, hits, others, limit)
        if count == 1:
            hits = [(bank, run)]
        elif port.at < port.stop:
            self.enter(number, port, count, at, pace)
        self.column(at, hits, count, write)

    def column(self, at: int, hits: list[tuple[int, Run]], count: int, write: bool) -> None:
        """So many reads or writes of the lines of these banks in turn, at the pace."""
        pace = self.pace
        number = hits[0][1].port
        port = self.ports[number]
        waiting, lanes = self.waiting[write], len(hits)
        if self.unused:
            for of, _ in hits[:count]:
                self.unused.pop(of, None)
        for place, (of, row) in enumerate(hits):
            served = (count - place - 1) // lanes + 1
            row.first += served * row.step
            row.count -= served
            if not row.count:
                runs = waiting[of]
                runs.remove(row)
                if not runs:
                    del waiting[of]
        self.count[write] -= count
        last = at + (count - 1) * pace
        for back in range(min(count, lanes) - 1, -1, -1):
            self.moved(last - back * pace, hits[(count - 1 - back) % lanes][0], write)
        self._account(at, port, count, write)
        if not port.left:
            self.ended.append((port.done, number))
        self.join(last)

    def _take(self, at: int, port: Port, count: int) -> None:
        """The reads or writes of whole rows (`whole_rows`); what waits then is as far on in a later row."""
        write, pace = self.writing, self.pace
        self.pass_rows(at, port, count, write)
        if not write:
            port.joined += count * at + pace * (count * (count - 1) // 2)
            port.reads += count
        self._account(at, port, count, write)

    def _account(self, at: int, port: Port, count: int, write: bool) -> None:
        """Takes down that so many of the port's lines are read or written, the first at a clock."""
        pace = self.pace
        if write == self.writing:
            self.served += count
        port.left -= count
        last = at + (count - 1) * pace
        port.done = last + self.data[write]
        if not write:
            port.ended += count * (at + self.data[0]) + pace * (count * (count - 1) // 2)
            if self.window is not None:
                port.pending -= 1
                port.flying.append(port.done)
        self.now = last + 1
