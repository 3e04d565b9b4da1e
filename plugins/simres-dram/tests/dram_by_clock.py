"""A DRAM channel clock by clock and request by request: slow and plain, to compare the fast one with.

Written from the rules in `simres_dram.controller` alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field

LONG_AGO = -(10**9)


@dataclass(eq=False)
class Request:
    place: tuple[int, int, int, int]
    """Rank, bank group, bank, row."""
    write: bool
    port: int
    arrived: int = 0
    age: int = 0


@dataclass
class Port:
    """Requests in order, each not before its clock; at most `window` reads in flight."""

    requests: list[tuple[int, bool, int]]
    """(line, write, earliest clock)"""
    window: int | None = None
    next: int = 0
    flying: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    latencies: list[int] = field(default_factory=list)
    unknown: int = 0


def simulate(timing, map_, queues, ports, trace=None):
    """Runs all requests; the ends of their data, by port, are left in the ports. Returns command counts."""
    t = timing
    ranks, groups, banks = map_.ranks, map_.groups, map_.banks
    row_of = {}
    unused = {}  # by bank whose row was opened and has had no column command: whether for a write
    times = {}  # last command of each kind: by ("ACT", rank, group, bank), ...
    activates = {rank: [] for rank in range(ranks)}
    due = {rank: t.refi * (rank + 1) // ranks if t.refi else None for rank in range(ranks)}
    waiting = {False: [], True: []}
    counts = {"ACT": 0, "PRE": 0, "RD": 0, "WR": 0, "REF": 0}
    writing, served, age, turn = False, 0, 0, 0
    owed = queues.batch
    log = []

    def last(*what):
        return times.get(what, LONG_AGO)

    def column_ok(request, clock):
        rank, group, bank, row = request.place
        if row_of.get((rank, group, bank)) != row or clock < last("ACT", rank, group, bank) + t.rcd:
            return False
        for kind, r, g, at in log:
            same_rank, same_group = r == rank, (r, g) == (rank, group)
            if (kind == "RD" and not request.write) or (kind == "WR" and request.write):
                gap = (t.ccd_l if same_group else t.ccd_s) if same_rank else t.bl + t.rtrs
            elif kind == "RD":
                gap = t.read_to_write if same_rank else t.cl + t.bl + max(2, t.rtrs) - t.cwl
            elif same_rank:
                gap = t.cwl + t.bl + (t.wtr_l if same_group else t.wtr_s)
            else:
                gap = max(1, t.cwl + t.bl + t.rtrs - t.cl)
            if clock < at + gap:
                return False
        return True

    def activate_ok(request, clock):
        rank, group, bank, _ = request.place
        if clock < last("ACT", rank, group, bank) + t.rc or clock < last("PRE", rank, group, bank) + t.rp:
            return False
        if clock < last("REF", rank) + t.rfc:
            return False
        for g in range(groups):
            for b in range(banks):
                if clock < last("ACT", rank, g, b) + (t.rrd_l if g == group else t.rrd_s):
                    return False
        return len(activates[rank]) < 4 or clock >= activates[rank][-4] + t.faw

    def precharge_ok(rank, group, bank, clock):
        where = rank, group, bank
        return (
            clock >= last("ACT", *where) + t.ras
            and clock >= last("RD", *where) + t.rtp
            and clock >= last("WR", *where) + t.cwl + t.bl + t.wr
        )

    def precharge(rank, group, bank, clock):
        del row_of[rank, group, bank]
        unused.pop((rank, group, bank), None)
        times["PRE", rank, group, bank] = clock

    def command(clock):
        """Issues the command of this clock, if any."""
        blocked = set()
        for rank in range(ranks):
            if due[rank] is None or clock < due[rank]:
                continue
            blocked.add(rank)
            open_ = [where for where in row_of if where[0] == rank]
            if open_:
                if all(precharge_ok(*where, clock) for where in open_):
                    for where in open_:
                        precharge(*where, clock)
                    counts["PRE"] += 1
                    return None
            elif clock >= last("REF", rank) + t.rfc and all(
                clock >= last("PRE", rank, g, b) + t.rp for g in range(groups) for b in range(banks)
            ):
                times["REF", rank] = clock
                due[rank] += t.refi
                counts["REF"] += 1
                return None
        left = [where for where, write in unused.items() if write != writing]
        for request in waiting[not writing]:
            where = request.place[:3]
            if where in left and where[0] not in blocked and column_ok(request, clock):
                return request
        queue = [r for r in waiting[writing] if r.place[0] not in blocked]
        for request in queue:
            if column_ok(request, clock):
                return request
        seen = set()
        for request in queue:
            where = request.place[:3]
            if where in seen:
                continue
            hits = [r for r in queue if r.place[:3] == where and r.place[3] == row_of.get(where)]
            if any(r.age <= request.age for r in hits):
                continue
            seen.add(where)
            if where in row_of:
                if where not in left and precharge_ok(*where, clock):
                    precharge(*where, clock)
                    counts["PRE"] += 1
                    return None
            elif activate_ok(request, clock):
                row_of[where] = request.place[3]
                unused[where] = request.write
                times["ACT", *where] = clock
                activates[where[0]].append(clock)
                counts["ACT"] += 1
                if trace is not None:
                    trace.append((clock, "ACT", where))
                return None
        return None

    def enter(clock, upto):
        """Requests of up to a clock that may join their queue at this one, ports taking turns."""
        nonlocal age, turn
        while True:
            for step in range(len(ports)):
                number = (turn + step) % len(ports)
                port = ports[number]
                if port.next == len(port.requests):
                    continue
                line, write, earliest = port.requests[port.next]
                room = queues.writes if write else queues.reads
                flying = port.unknown + sum(end > clock for end in port.flying)
                if earliest > upto or len(waiting[write]) >= room:
                    continue
                if port.window is not None and not write and flying >= port.window:
                    continue
                place = map_.place(line)
                request = Request(place, write, number, clock, age)
                if not write:
                    port.unknown += 1
                port.next += 1
                age += 1
                waiting[write].append(request)
                turn = (number + 1) % len(ports)
                break
            else:
                return

    clock = 0
    while any(port.next < len(port.requests) for port in ports) or waiting[False] or waiting[True]:
        reads, writes = len(waiting[False]), len(waiting[True])
        if writing:
            if reads and (writes <= queues.low or served >= queues.patience):
                writing, served = False, 0
                owed = queues.patience if writes > queues.low else queues.batch
        elif writes and (not reads or (writes >= queues.high and served >= owed)):
            writing, served = True, 0
        request = command(clock)
        if request is not None:
            kind = "WR" if request.write else "RD"
            rank, group, bank, _ = request.place
            unused.pop((rank, group, bank), None)
            times[kind, rank, group, bank] = clock
            log.append((kind, rank, group, clock))
            del log[:-64]
            counts[kind] += 1
            if trace is not None:
                trace.append((clock, kind, request.port))
            served += request.write == writing
            waiting[request.write].remove(request)
            end = clock + (t.cwl if request.write else t.cl) + t.bl
            port = ports[request.port]
            port.ends.append(end)
            if not request.write:
                port.unknown -= 1
                port.flying = [other for other in port.flying if other > clock] + [end]
                port.latencies.append(end - request.arrived)
        enter(clock, clock - 1)
        enter(clock, clock)
        clock += 1
    return counts
