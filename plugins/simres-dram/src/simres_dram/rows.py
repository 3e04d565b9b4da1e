"""The rows of a channel: which are open, and when the next command may come for all that came before."""

from __future__ import annotations

from collections import deque

from simres_dram.addresses import AddressMap
from simres_dram.timing import Timing

NEVER = 1 << 256
"""Beyond any clock of a run."""
_LONG_AGO = -NEVER


class Rows:
    """The banks of a channel after some commands, each issued when its time has come.

    Banks are numbered through all ranks and groups, groups through all ranks.
    """

    def __init__(self, timing: Timing, addresses: AddressMap) -> None:
        self.timing = timing
        self.addresses = addresses
        self.now = 1
        """The clock from which on the next command may come."""
        ranks, groups = addresses.ranks, addresses.ranks * addresses.groups
        banks = groups * addresses.banks
        self.row = [-1] * banks
        """The open row of each bank, -1 for none."""
        self.activate_at = [0] * banks
        self.column_at = [0] * banks
        self.precharge_at = [0] * banks
        self.direction_at = [0] * groups, [0] * groups
        """By direction and group, when the next column command may come for all that the others did."""
        self.group_at = [0] * groups
        """The same for activates."""
        self.four = [deque([_LONG_AGO] * 4, 4) for _ in range(ranks)]
        """The last four activates of each rank."""
        refi = timing.refi
        self.due = [refi * (rank + 1) // ranks if refi else NEVER for rank in range(ranks)]
        """When each rank is to be refreshed next."""
        self.soonest_due = min(self.due)
        self.unused: dict[int, bool] = {}
        """Banks whose open row has had no column command yet, and whether it was opened for a write."""
        self.counts = {"activate": 0, "precharge": 0, "refresh": 0, "steps": 0}
        """Commands issued, all banks of a rank at once counting as one, and decisions made."""
        self.tables(timing, addresses)

    def copy_to(self, other: Rows) -> None:
        """Gives `other`, which shares all this has, what changes as its own."""
        for name in (
            "row",
            "activate_at",
            "column_at",
            "precharge_at",
            "group_at",
            "due",
            "unused",
            "counts",
        ):
            setattr(other, name, getattr(self, name).copy())
        other.direction_at = self.direction_at[0].copy(), self.direction_at[1].copy()
        other.four = [times.copy() for times in self.four]

    def tables(self, timing: Timing, addresses: AddressMap) -> None:
        """What never changes, looked up instead of worked out."""
        of_bank = addresses.banks
        groups = range(addresses.ranks * addresses.groups)
        self.group_of = [bank // of_bank for bank in range(len(self.row))]
        self.rank_of = [group // addresses.groups for group in self.group_of]

        def gaps(group: int, first: bool, then: bool) -> tuple[int, ...]:
            return tuple(self.gap(group, other, first, then) for other in groups)

        self.gaps = tuple(
            tuple((gaps(group, first, False), gaps(group, first, True)) for group in groups)
            for first in (False, True)
        )
        """By direction and group of a column command: clocks to the next read and write of each group."""
        self.activates = tuple(
            tuple(
                (other, timing.rrd_l if other == group else timing.rrd_s)
                for other in groups
                if other // addresses.groups == group // addresses.groups
            )
            for group in groups
        )
        self.data = timing.cl + timing.bl, timing.written
        self.recovery = timing.rtp, timing.written + timing.wr
        shifts = addresses.shifts
        bits = addresses.banks.bit_length() - 1
        self.block_lines = addresses.block
        self.bits = (
            shifts["ra"],
            shifts["bg"],
            shifts["ba"],
            shifts["ro"],
            (bits + addresses.groups.bit_length() - 1, bits),
        )
        self.lane_bank = [self.bank(lane) for lane in range(addresses.lanes)]
        self.pace = self.steady()

    def gap(self, group: int, other: int, first: bool, then: bool) -> int:
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

    def bank(self, line: int) -> int:
        rank, group, bank, _row, columns = self.bits
        return ((line >> rank[0] & rank[1]) << columns[0]) + (
            ((line >> group[0] & group[1]) << columns[1]) + (line >> bank[0] & bank[1])
        )

    def base_and_row(self, block: int) -> tuple[int, int]:
        """The bank of a block's first lane less that lane's own, and the row."""
        line = block * self.block_lines
        shift, mask = self.bits[3]
        return self.bank(line), line >> shift & mask

    def hides(self, lines: int) -> bool:
        """Whether rows are open before they are needed where so many lines of a stream wait ahead.

        From when a line joins, its bank has as long as these lines take. In the worst case it needs a
        precharge, an activate held up by those of its other lanes, and a slot for each among the column
        commands; counted is the time until the row might be closed again, so that nothing lingers. Banks
        rest for the part of a block in which no line of the next has joined.
        """
        t, lanes, pace = self.timing, len(self.lane_bank), self.pace
        if not pace or (lanes == 1 and t.ccd_s < t.ccd_l):
            return False
        slots = 2 * (2 * lanes + 2)
        others = (lanes - 1) * t.rrd_l + -(-lanes // 4) * t.faw * (lanes > 4)
        rests = (self.block_lines - lines - lanes) * pace
        return (
            lines * pace >= slots + t.rp + others + t.rc
            and rests >= t.rc + t.written + t.wr + t.rtp + t.faw + slots + others
        )

    def steady(self) -> int:
        """Clocks from line to line through open rows, 0 where the lanes set no constant pace.

        They do where nobody could go before the next lane without waiting: one lane, or lanes in turn
        through groups so many that the first may go again when its turn comes.
        """
        t, lanes = self.timing, len(self.lane_bank)
        if lanes == 1:
            return t.ccd_l
        groups = [self.group_of[bank] for bank in self.lane_bank]
        if len({self.rank_of[bank] for bank in self.lane_bank}) > 1:
            return 0
        for lane in range(lanes):
            for ahead in range(1, lanes + 1):
                if groups[lane] == groups[(lane + ahead) % lanes] and ahead * t.ccd_s < t.ccd_l:
                    return 0
        return t.ccd_s

    def activate(self, at: int, bank: int, row: int, write: bool) -> None:
        timing = self.timing
        self.counts["activate"] += 1
        self.row[bank] = row
        self.unused[bank] = write
        self.column_at[bank] = at + timing.rcd
        self.precharge_at[bank] = at + timing.ras
        self.activate_at[bank] = at + timing.rc
        groups, four = self.group_at, self.four[self.rank_of[bank]]
        four.append(at)
        window = four[0] + timing.faw
        for group, gap in self.activates[self.group_of[bank]]:
            groups[group] = max(groups[group], at + gap, window)
        self.now = at + 1

    def precharge(self, at: int, bank: int) -> None:
        self.counts["precharge"] += 1
        self.row[bank] = -1
        self.activate_at[bank] = max(self.activate_at[bank], at + self.timing.rp)
        self.now = at + 1

    def moved(self, at: int, bank: int, write: bool) -> None:
        """What a column command keeps others from."""
        reads, writes = self.direction_at
        to_read, to_write = self.gaps[write][self.group_of[bank]]
        for group, gap in enumerate(to_read):
            if at + gap > reads[group]:
                reads[group] = at + gap
        for group, gap in enumerate(to_write):
            if at + gap > writes[group]:
                writes[group] = at + gap
        self.precharge_at[bank] = max(self.precharge_at[bank], at + self.recovery[write])

    def next_refresh(self) -> tuple[int, int]:
        """When the next command for a refresh may come, and of which rank."""
        best, found = NEVER, -1
        of_rank = len(self.row) // len(self.due)
        for rank, due in enumerate(self.due):
            if due == NEVER:
                continue
            banks = slice(rank * of_rank, (rank + 1) * of_rank)
            open_ = [
                when for when, row in zip(self.precharge_at[banks], self.row[banks], strict=True) if row >= 0
            ]
            ready = max(open_) if open_ else max(self.refresh_ready(rank))
            at = max(due, ready, self.now)
            if at < best:
                best, found = at, rank
        return best, found

    def refresh_ready(self, rank: int) -> list[int]:
        of_rank = len(self.row) // len(self.due)
        return self.activate_at[rank * of_rank : (rank + 1) * of_rank]

    def refresh(self, rank: int, at: int) -> None:
        of_rank = len(self.row) // len(self.due)
        banks = range(rank * of_rank, (rank + 1) * of_rank)
        self.now = at + 1
        if any(self.row[bank] >= 0 for bank in banks):
            self.counts["precharge"] += 1
            for bank in banks:
                if self.row[bank] >= 0:
                    self.row[bank] = -1
                    self.unused.pop(bank, None)
                    self.activate_at[bank] = max(self.activate_at[bank], at + self.timing.rp)
            return
        self.counts["refresh"] += 1
        for bank in banks:
            self.activate_at[bank] = at + self.timing.rfc
        self.due[rank] += self.timing.refi
        self.soonest_due = min(self.due)

    def skip_refreshes(self, clock: int) -> None:
        """Of the refreshes up to a clock while nothing waits, takes all but the last of each rank at once."""
        refi, of_rank = self.timing.refi, len(self.row) // len(self.due)
        for rank, due in enumerate(self.due):
            if refi and (missed := (clock - due) // refi) > 0:
                self.row[rank * of_rank : (rank + 1) * of_rank] = [-1] * of_rank
                self.due[rank] = due + missed * refi
                self.counts["refresh"] += missed
        self.soonest_due = min(self.due)
