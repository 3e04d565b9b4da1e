"""A shared bus, one burst after the other: slow and plain, to compare the fast one with (`drive`).

Written from the rules in `simres.hardware.bus` alone. All times are exact picoseconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from simpy import Environment

from simres.hardware.bus import Bus
from simres.program import Work

PS_PER_S = 10**12


@dataclass
class Transfer:
    nbytes: int
    write: bool
    at: int = 0
    """Picosecond on the wall clock at which its channel is given it."""
    arrival: Fraction = Fraction(0)
    end: Fraction | None = None
    latency: Fraction = Fraction(0)
    held: dict[int, Fraction] = field(default_factory=dict)
    starts: list[Fraction] = field(default_factory=list)
    left: int = 0
    ready: Fraction = Fraction(0)
    since: Fraction = Fraction(0)


def memory_time(spec, wall):
    """Time that the memory has seen by `wall`."""
    seen, k = Fraction(wall), 1
    while spec.refresh_time and k * spec.refresh_interval < wall:
        seen -= min(Fraction(spec.refresh_time), wall - k * spec.refresh_interval)
        k += 1
    return seen


def wall_time(spec, memory):
    """The earliest moment at which the memory has seen this much time."""
    wall, k = Fraction(memory), 1
    while spec.refresh_time and k * spec.refresh_interval < wall:
        wall += spec.refresh_time
        k += 1
    return wall


def simulate(spec, channels, masters=()):
    """Runs lists of Transfers by channel to their end, which is set in each.

    `masters` are the specs of background masters. Returns how long each of them had the bus until then.
    """
    lanes = len(channels)
    queues = [list(queue) for queue in channels]
    urgent = [lanes + n for n, master in enumerate(masters) if master.urgent]
    rank = [*urgent, *[n for n in range(lanes + len(masters)) if n not in urgent]]
    asked = [0] * len(masters)
    work = [Fraction(0)] * len(masters)
    free, last, direction = Fraction(0), -1, None
    heads: dict[int, Transfer] = {}

    def arrive(number, transfer, arrival, before):
        transfer.arrival = arrival
        transfer.left = transfer.nbytes
        transfer.since = max(arrival, before)
        transfer.ready = max(arrival + spec.latency, before)
        heads[number] = transfer

    def next_of(number, before):
        if number >= lanes:
            n = number - lanes
            master = masters[n]
            at = -(-asked[n] * master.burst * PS_PER_S // master.bandwidth)
            asked[n] += 1
            arrive(number, Transfer(master.burst, master.write, at), memory_time(spec, at), before)
            return
        while queues[number]:
            transfer = queues[number].pop(0)
            late = transfer.at >= wall_time(spec, before)
            arrival = memory_time(spec, transfer.at) if late else before
            if transfer.nbytes:
                arrive(number, transfer, arrival, arrival)
                return
            transfer.arrival, transfer.end = arrival, arrival + spec.latency
            transfer.latency = Fraction(spec.latency)
            before = transfer.end

    for number in range(lanes + len(masters)):
        next_of(number, Fraction(0))
    while any(number < lanes for number in heads):
        now = max(free, min(head.ready for head in heads.values()))
        able = [number for number, head in heads.items() if head.ready <= now]
        if spec.arbitration == "fifo":
            chosen = min(able, key=lambda n: (heads[n].arrival, n))
        elif spec.arbitration == "priority":
            chosen = min(able, key=rank.index)
        else:
            chosen = min(able, key=lambda n: (n <= last, n))
        head = heads[chosen]
        turn = spec.turnaround if direction is not None and direction != head.write else 0
        nbytes = min(head.left, spec.burst)
        length = Fraction(nbytes * PS_PER_S, spec.bandwidth) + spec.burst_overhead
        start = now + turn
        free = start + length
        for number, other in heads.items():
            if number != chosen and other.ready < free:
                lost = free - max(other.ready, now)
                other.held[chosen] = other.held.get(chosen, Fraction(0)) + lost
        head.latency += head.ready - head.since
        head.starts.append(start)
        head.left -= nbytes
        head.since = head.ready = free
        window = spec.outstanding
        if window and len(head.starts) >= window:
            head.ready = max(free, head.starts[-window] + spec.latency)
        if chosen >= lanes:
            work[chosen - lanes] += length
        last, direction = chosen, head.write
        if not head.left:
            head.end = free
            del heads[chosen]
            next_of(chosen, free)
    return work


def drive(spec, channels, masters=()):
    """Runs lists of Transfers on the event-driven bus: ends and stalls by channel, and the masters' work."""
    env = Environment()
    names = [f"ddr.{number}" for number in range(len(channels))]
    background = {f"master{number}": master for number, master in enumerate(masters)}
    lanes = Bus(env, spec).channels(names, background)
    found = [[] for _ in channels]

    def channel(number, queue):
        for place, transfer in enumerate(queue):
            queued = place > 0 and transfer.at < env.now
            if transfer.at > env.now:
                yield env.timeout(transfer.at - int(env.now))
            work = Work(nbytes=transfer.nbytes, write=transfer.write)
            began = int(env.now)
            stall = yield lanes[number].begin(work, spec.duration_ps(work), queued)
            found[number].append((began, int(env.now), stall))

    for number, queue in enumerate(channels):
        env.process(channel(number, queue))
    env.run()
    return found, lanes[0].background(max([end for runs in found for _, end, _ in runs], default=0))
