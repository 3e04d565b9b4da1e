"""The controller, which takes stretches of row hits at once, against the same rules clock by clock."""

from __future__ import annotations

import os
from itertools import pairwise

import pytest
from dram_by_clock import Port, simulate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from simres_dram.addresses import AddressMap
from simres_dram.controller import Controller, Queues
from simres_dram.timing import Timing

EXAMPLES = int(os.environ.get("SIMRES_EXAMPLES", "60"))
"""Of random traffic; clock by clock is slow."""

ORDERS = [
    ("ro", "ra", "ba", "bg", "co", "ch"),
    ("ro", "ra", "ba", "co", "bg", "ch"),
    ("ro", "ba", "bg", "co", "ra", "ch"),
    ("ro", "ra", "co", "bg", "ba", "ch"),
    ("ba", "bg", "ra", "ro", "co", "ch"),
    ("ro", "co", "ra", "ba", "bg", "ch"),
]


@st.composite
def timings(draw):
    cwl, bl = draw(st.integers(5, 12)), draw(st.sampled_from([2, 4]))
    ccd_s = draw(st.integers(bl, bl + 1))
    rcd, rp, rtp = draw(st.integers(3, 17)), draw(st.integers(3, 17)), draw(st.integers(2, 9))
    rrd_s = draw(st.integers(1, 6))
    wtr_s = draw(st.integers(1, 6))
    rfc = draw(st.integers(20, 60))
    return Timing(
        cl=cwl + draw(st.integers(0, 5)),
        cwl=cwl,
        rcd=rcd,
        rp=rp,
        ras=rcd + rtp + draw(st.integers(0, 15)),
        rrd_s=rrd_s,
        rrd_l=rrd_s + draw(st.integers(0, 3)),
        faw=4 * rrd_s + draw(st.integers(0, 12)),
        ccd_s=ccd_s,
        ccd_l=ccd_s + draw(st.integers(0, 3)),
        wtr_s=wtr_s,
        wtr_l=wtr_s + draw(st.integers(0, 6)),
        wr=draw(st.integers(2, 18)),
        rtp=rtp,
        rfc=rfc,
        refi=draw(st.sampled_from([0, 300, 700, 1500])),
        rtrs=draw(st.integers(1, 3)),
        bl=bl,
    )


@st.composite
def maps(draw):
    return AddressMap(
        draw(st.sampled_from(ORDERS)),
        ranks=draw(st.sampled_from([1, 1, 1, 2])),
        groups=draw(st.sampled_from([1, 1, 2, 4])),
        banks=draw(st.sampled_from([1, 2, 4])),
        rows=8,
        columns=draw(st.sampled_from([2, 8, 16])),
    )


@st.composite
def streams(draw):
    """A DRAM with long rows, and a port or two that go through many of them."""
    map_ = AddressMap(
        draw(st.sampled_from(ORDERS)),
        ranks=draw(st.sampled_from([1, 1, 2])),
        groups=draw(st.sampled_from([1, 2, 4])),
        banks=draw(st.sampled_from([2, 4])),
        rows=8,
        columns=draw(st.sampled_from([64, 128])),
    )
    reads, writes = draw(st.sampled_from([8, 16, 32])), draw(st.sampled_from([8, 32]))
    start = draw(st.integers(0, map_.lines // 2))
    stop = min(map_.lines, start + draw(st.integers(3 * map_.block, 3 * map_.block + 700)))
    ports = [[(draw(st.integers(0, 50)), [(start, stop, draw(st.booleans()))])]]
    if draw(st.booleans()):
        ports.append([(draw(st.integers(0, 3000)), [(5, 40, draw(st.booleans()))])])
    ddr3 = Timing(11, 8, 11, 11, 28, 5, 5, 24, 4, 4, 6, 6, 12, 6, 40, 1500)
    ddr4 = Timing(17, 12, 17, 17, 39, 4, 6, 26, 4, 6, 3, 9, 18, 9, 60, 2200)
    timing = draw(st.one_of(st.sampled_from([ddr3, ddr4]), timings()))
    return timing, map_, Queues(reads, writes, writes * 4 // 5, writes // 5), ports


@st.composite
def queues(draw):
    reads, writes = draw(st.sampled_from([1, 3, 8, 32])), draw(st.sampled_from([2, 8, 32]))
    high = draw(st.integers(1, writes))
    return Queues(reads, writes, high, draw(st.integers(0, high - 1)))


@st.composite
def traffic(draw, lines):
    """Transfers of a port: gaps after the one before, and stretches of lines in one direction."""
    found = []
    for _ in range(draw(st.integers(1, 3))):
        write = draw(st.booleans())
        stretches = []
        for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3]))):
            start = draw(st.integers(0, lines - 1))
            stop = min(lines, start + draw(st.sampled_from([1, 1, 3, 12, 50])))
            stretches.append((start, stop, write if draw(st.integers(0, 5)) else not write))
        found.append((draw(st.sampled_from([0, 0, 1, 40, 2500])), stretches))
    return found


@st.composite
def cases(draw):
    map_ = draw(maps())
    ports = [draw(traffic(map_.lines)) for _ in range(draw(st.sampled_from([1, 1, 2, 3])))]
    window = draw(st.sampled_from([None, None, 1, 2, 5]))
    return draw(timings()), map_, draw(queues()), ports, window


def fast(timing, map_, queues, ports, window, also=()):
    """The controller driven as a bus drives it: every port gets a transfer when the one before is done."""
    controller = Controller(timing, map_, queues, len(ports), window)
    given = [list(transfers) for transfers in ports]
    due = [transfers[0][0] for transfers in given]  # when each port gets its next
    ends, starts = [[] for _ in ports], [[] for _ in ports]
    extra = sorted(also)
    while any(given) or controller.busy:
        able = [number for number, transfers in enumerate(given) if transfers and due[number] is not None]
        ahead = controller.copy()
        ahead.run()
        first = min((clock for clock, _ in ahead.ended), default=None)
        at = min((due[number] for number in able), default=None)
        if extra and (at is None or extra[0] < at) and (first is None or extra[0] < first):
            controller.run(extra.pop(0))  # stopping anywhere changes nothing
        elif at is not None and (first is None or at <= first):
            controller.run(at)
            now = [number for number in able if due[number] == at]
            controller.add(at, {number: given[number].pop(0)[1] for number in now})
            for number in now:
                starts[number].append(at)
                due[number] = None
        else:
            controller.run(first)
        for clock, number in controller.ended:
            ends[number].append(clock)
            if given[number]:
                due[number] = clock + given[number][0][0]
        controller.ended.clear()
    return controller, starts, ends


def slow(timing, map_, queues, ports, window, starts):
    """The same lines, each transfer's not before its start."""
    plain = []
    for transfers, at in zip(ports, starts, strict=True):
        requests = [
            (line, write, start)
            for (_, stretches), start in zip(transfers, at, strict=True)
            for first, stop, write in stretches
            for line in range(first, stop)
        ]
        plain.append(Port(requests, window))
    counts = simulate(timing, map_, queues, plain)
    return plain, counts


def agree(timing, map_, queues, ports, window=None, also=()):
    controller, starts, ends = fast(timing, map_, queues, ports, window, also)
    plain, counts = slow(timing, map_, queues, ports, window, starts)
    for number, transfers in enumerate(ports):
        done = 0
        for (_, stretches), end in zip(transfers, ends[number], strict=True):
            lines = sum(stop - start for start, stop, _ in stretches)
            assert end == max(plain[number].ends[done : done + lines])
            done += lines
        port = controller.ports[number]
        assert port.ended - port.joined == sum(plain[number].latencies)
    assert controller.counts["activate"] == counts["ACT"]
    return controller


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases(), st.lists(st.integers(0, 400), max_size=4))
def test_every_transfer_ends_at_the_same_clock(case, also):
    agree(*case, also)


@pytest.mark.slow
@settings(max_examples=EXAMPLES // 6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(streams(), st.lists(st.integers(0, 4000), max_size=3))
def test_long_streams_end_at_the_same_clock(case, also):
    agree(*case, None, also)


def test_whole_rows_are_taken_at_once():
    timing = Timing(11, 8, 11, 11, 28, 5, 5, 24, 4, 4, 6, 6, 12, 6, 208, 6240)
    rows = 14
    ports = [[(0, [(0, rows * 128, False)])]]
    controller = agree(timing, AddressMap(rows=64), Queues(), ports, None)
    assert controller.counts["activate"] == rows + 1  # the row that is open at a refresh is opened again
    assert controller.counts["steps"] < 3 * rows


def test_a_port_whose_stretch_just_joined_gives_way():
    timing = Timing(5, 5, 3, 3, 5, 1, 1, 4, 2, 2, 1, 1, 2, 2, 20, 0, 1, 2)
    first = [(0, [(0, 1, True)]), (0, [(0, 12, True)])]
    other = [(0, [(0, 1, True)]), (0, [(0, 1, False)]), (0, [(0, 1, True)])]
    agree(timing, AddressMap(banks=1, rows=8, columns=8), Queues(1, 2, 1, 0), [first, other])


def test_a_stream_of_writes_does_not_keep_reads_out():
    timing = Timing(11, 8, 11, 11, 28, 5, 5, 24, 4, 4, 6, 6, 12, 6, 208, 6240)
    lines = 4000
    controller = Controller(timing, AddressMap(rows=64), Queues(), 2)
    controller.add(0, {0: [(0, lines, False)], 1: [(8 * lines, 9 * lines, True)]})
    controller.run()
    reads, writes = (lines - port.left for port in controller.ports)
    assert lines in (reads, writes)
    assert min(reads, writes) > 0.9 * lines


def test_a_drain_of_writes_goes_down_to_the_low_mark():
    # Groups of 40 reads and as many writes: a drain is as long as its group, less the mark.
    timing = Timing(11, 8, 11, 11, 28, 5, 5, 24, 4, 4, 6, 6, 12, 6, 208, 0)
    port = [(0, [(n * 40, n * 40 + 40, n % 2 == 1) for n in range(20)])]
    trace = []
    plain = [Port([(line, write, 0) for a, b, write in port[0][1] for line in range(a, b)])]
    simulate(timing, AddressMap(rows=64), Queues(), plain, trace)
    kinds = [kind for _, kind, _ in trace if kind in ("RD", "WR")]
    turns = sum(one != other for one, other in pairwise(kinds))
    assert turns < 25  # in batches of 20 there would be 40
    agree(timing, AddressMap(rows=64), Queues(), [port])
