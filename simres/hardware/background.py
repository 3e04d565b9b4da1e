"""Batches of a background master's requests between events, in closed form.

Request n is ready at r(n); between requests the channels are served in whole rounds. Let the last request
end at E(0), the round after a request take R', any other round R, and a request S from its grant. A request
is granted after the first round that ends when it is ready or later, so the n-th ends at

    E(n) = E(0) + n (R' + S) + R A(n)    with A(n) = ceil((r(n) - E(0) - (n - 1) (R' + S) - R') / R)

rounds of the other kind so far. The roundings telescope, since each request finds the bus on a grid of
rounds that starts at the end of the previous one. This holds while the time between requests is longer than
a request takes. Of a master that asks for more, each request waits when the one before ends, and all take
equally long.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from simres.hardware.bus_state import BusState
from simres.hardware.channel import Arbitration, Channel

_MOST = 1 << 62
"""The largest number of requests in one batch: what a range may have."""


def batch(bus: BusState, master: Channel, lanes: Sequence[Channel], until: int | None) -> bool:
    """Serves as many requests of `master` as pass before `until`, and the rounds between them.

    `master` is the only one and had the bus last; `lanes` have transfers. False if there is no such batch of
    two requests or more.
    """
    if master.work:  # in the middle of a request
        return False
    free = bus.free
    for lane in lanes:
        if lane.ready > free and (until is None or lane.ready < until):
            until = lane.ready
    there = [lane for lane in lanes if lane.ready <= free]
    if not there:
        return until is not None and (_alone(bus, master, until) or _behind(bus, master, there, until))
    if bus.rules.stalls:
        return False
    return _between(bus, master, there, until) or _behind(bus, master, there, until)


def _alone(bus: BusState, master: Channel, until: int) -> bool:
    refill, rules = master.refill, bus.rules
    assert refill is not None
    took = _took(bus, master)
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
    bus.skip(master, requests, requests * _work(bus, master), end)
    return True


def _work(bus: BusState, master: Channel) -> int:
    """Ticks of the bursts of a request."""
    return master.full * bus.rules.full + master.short


def _took(bus: BusState, master: Channel) -> int:
    """Ticks of a request that has the bus to itself, with the waits for its window."""
    rules = bus.rules
    took = _work(bus, master)
    if rules.stalls:
        bursts = master.full + bool(master.short)
        took += (bursts - 1) // rules.window * (rules.latency - rules.window * rules.full)
    return took


def _behind(bus: BusState, master: Channel, lanes: Sequence[Channel], until: int | None) -> bool:
    """Serves requests that wait when the one before ends, as those of a master that asks for too much do.

    Such a master has a burst whenever it is its turn, so that all its requests take equally long. What it is
    behind changes by as much with each, but for a remainder of `Refill.slack`: so it is behind all the while
    if it is by more than that at the first request and at the last.
    """
    refill, rules, free = master.refill, bus.rules, bus.free
    assert refill is not None
    if master.arrival + rules.latency > free:
        return False
    had, later, rounds, follow = _took(bus, master), [0], _MOST, 0
    if lanes and rules.arbitration is Arbitration.ROUND_ROBIN:
        follow = master.full + bool(master.short)  # a round for each of its bursts
        later = bus.costs(lanes, master.write)
        had += follow * (rules.turnaround if lanes[-1].write != master.write else 0)
        rounds = min([lane.full - (not lane.short) for lane in lanes]) // follow
    elif lanes and rules.arbitration is Arbitration.FIFO:
        earliest = min([lane.arrival for lane in lanes])
        rounds = bisect_left(range(_MOST), earliest, key=lambda n: refill.arrival(master.served + n))
    elif lanes:
        return False  # served before the master, or never
    took = had + follow * sum(later)
    if until is not None:
        rounds = min(rounds, (until - free) // took)

    def caught_up(n: int) -> bool:
        return refill.arrival(master.served + n) + rules.latency + refill.slack > free + n * took

    requests = 0 if caught_up(0) else bisect_left(range(rounds), True, key=caught_up)
    if requests < 2 or caught_up(requests - 1):
        return False
    now = free + requests * took
    for lane in lanes:
        if follow:
            for other, cost in zip(lanes, later, strict=True):
                if other is not lane:
                    lane.held[other.index] += requests * follow * cost
        lane.held[master.index] += requests * had
    for lane in lanes if follow else ():
        lane.latency += lane.ready - lane.since
        lane.since = lane.ready = now
        lane.full -= requests * follow
        lane.work += requests * follow * rules.full
        lane.total += requests * follow * rules.full
    bus.skip(master, requests, requests * _work(bus, master), now)
    return True


def _between(bus: BusState, master: Channel, lanes: Sequence[Channel], until: int | None) -> bool:
    refill, rules, free = master.refill, bus.rules, bus.free
    assert refill is not None
    taking_turns = rules.arbitration is Arbitration.ROUND_ROBIN
    if master.ready <= free or rules.arbitration is Arbitration.FIFO:
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
