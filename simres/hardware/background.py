"""Batches of a background master's requests between events, in closed form.

Request n is ready at r(n); between requests the channels are served in whole rounds. Let the last request
end at E(0), the round after a request take R', any other round R, and a request S from its grant. A request
is granted after the first round that ends when it is ready or later, so the n-th ends at

    E(n) = E(0) + n (R' + S) + R A(n)    with A(n) = ceil((r(n) - E(0) - (n - 1) (R' + S) - R') / R)

rounds of the other kind so far. The roundings telescope, since each request finds the bus on a grid of
rounds that starts at the end of the previous one. This holds while the time between requests is longer than
a request takes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from simres.hardware.bus_state import BusState
from simres.hardware.channel import Arbitration, Channel

_MOST = 1 << 40
"""The largest number of requests in one batch, where nothing else limits it."""


def batch(bus: BusState, master: Channel, lanes: Sequence[Channel], until: int | None) -> bool:
    """Serves as many requests of `master` as pass before `until`, and the rounds between them.

    `master` is the only one and had the bus last; `lanes` have transfers. False if there is no such batch of
    two requests or more.
    """
    if master.work:  # in the middle of a request
        return False
    if not lanes:
        return until is not None and _alone(bus, master, until)
    return not bus.rules.stalls and _between(bus, master, lanes, until)


def _alone(bus: BusState, master: Channel, until: int) -> bool:
    refill, rules = master.refill, bus.rules
    assert refill is not None
    bursts = master.full + bool(master.short)
    work = master.full * rules.full + master.short
    took = work
    if rules.stalls:
        took += (bursts - 1) // rules.window * (rules.latency - rules.window * rules.full)
    if master.arrival + rules.latency < bus.free or refill.gap < took:
        return False  # the master is behind its schedule
    first = master.served
    most = min(_MOST, (until - bus.free) // refill.gap + 1)
    requests = bisect_right(
        range(most), until, key=lambda n: refill.arrival(first + n) + rules.latency + took
    )
    if requests < 2:
        return False
    end = refill.arrival(first + requests - 1) + rules.latency + took
    bus.skip(master, requests, requests * work, end)
    return True


def _between(bus: BusState, master: Channel, lanes: Sequence[Channel], until: int | None) -> bool:
    refill, rules, free = master.refill, bus.rules, bus.free
    assert refill is not None
    taking_turns = rules.arbitration is Arbitration.ROUND_ROBIN
    if master.ready <= free or rules.arbitration is Arbitration.FIFO:
        return False
    if any(lane.ready > free for lane in lanes):
        return False
    served = lanes if taking_turns else [min(lanes, key=lambda lane: lane.rank)]
    if not taking_turns and master.rank > served[0].rank:
        return False  # the master gets nothing while that lane has bursts
    rounds = min([lane.full - (not lane.short) for lane in served])

    after_master = bus.costs(served, master.write)
    after_round = bus.costs(served, served[-1].write)
    later, usual = sum(after_master), sum(after_round)
    turn = rules.turnaround if served[-1].write != master.write else 0
    bursts = master.full + bool(master.short)
    work = master.full * rules.full + master.short
    between = bursts - 1 if taking_turns else 0  # rounds served between the master's bursts
    had = work + (1 + between) * turn
    took = had + between * later
    if refill.gap <= max(later, usual) + took + later - usual:
        return False

    def others(n: int) -> int:
        """The number of rounds that do not follow a burst of the master, up to request n."""
        ready = master.ready if n == 1 else refill.arrival(master.served + n - 1) + rules.latency
        return -(-(ready - free - (n - 1) * (later + took) - later) // usual)

    def end(n: int) -> int:
        return free + n * (later + took) + usual * others(n)

    if others(1) < 0:
        return False
    most = min(rounds // (1 + between), _MOST)
    requests = bisect_right(range(1, most + 1), rounds, key=lambda n: others(n) + n * (1 + between))
    if until is not None:
        requests = bisect_right(range(1, requests + 1), until, key=end)
    if requests < 2:
        return False
    usually = others(requests)
    now, follow = end(requests), requests * (1 + between)
    for lane in lanes:
        for other, first, cost in zip(served, after_master, after_round, strict=True):
            if other is not lane:
                lane.held[other.index] += follow * first + usually * cost
        lane.held[master.index] += requests * had
    for lane in served:
        lane.latency += lane.ready - lane.since
        lane.since = lane.ready = now
        lane.full -= follow + usually
        lane.work += (follow + usually) * rules.full
        lane.total += (follow + usually) * rules.full
    bus.skip(master, requests, requests * work, now)
    return True
