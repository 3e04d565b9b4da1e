"""The shared bus against closed forms: turns, windows, refresh, a camera, Little's law."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from simres.hardware.specs import BackgroundSpec, BusSpec
from simres.program import Work
from tests.support.bus_reference import Transfer, drive


def bus(**kwargs):
    return BusSpec(kind="ddr", **({"bandwidth": "1 GB/s", "burst": "10 B", "channels": 2} | kwargs))


F = 10_000
"""Picoseconds of a burst of that bus."""
bursts = st.integers(1, 3000)


def ends(found):
    return [[end for _, end, _ in runs] for runs in found]


@given(bursts, bursts)
def test_two_streams_that_start_together(a, b):
    """Round robin, A first, N_A <= N_B: A ends at (2 N_A - 1) F, B at (N_A + N_B) F."""
    a, b = sorted((a, b))
    found, _ = drive(bus(), [[Transfer(10 * a, False)], [Transfer(10 * b, False)]])
    assert ends(found) == [[(2 * a - 1) * F], [(a + b) * F]]
    assert found[0][0][2] == ((0, (a - 1) * F, (("ddr.1", (a - 1) * F),), 0) if a > 1 else (0, 0, (), 0))
    assert found[1][0][2] == (0, a * F, (("ddr.0", a * F),), 0)


@given(bursts, bursts)
def test_priority_and_first_come_first_served(a, b):
    for arbitration in ("priority", "fifo"):
        found, _ = drive(
            bus(arbitration=arbitration), [[Transfer(10 * a, False, 1)], [Transfer(10 * b, False)]]
        )
        first = a + 1 if arbitration == "priority" else a + b
        second = b if arbitration == "fifo" or b == 1 else a + b
        assert ends(found) == [[first * F], [second * F]]


@given(st.integers(1, 2000), st.integers(1, 40), st.integers(0, 90))
def test_a_turn_for_every_burst_of_a_load_and_a_store(n, burst, turnaround):
    spec = bus(burst=f"{burst} B", turnaround=f"{turnaround} ns")
    found, _ = drive(spec, [[Transfer(burst * n, False)], [Transfer(burst * n, True)]])
    each = 1000 * (burst + turnaround)
    assert ends(found) == [[(2 * n - 1) * each - 1000 * turnaround], [2 * n * each - 1000 * turnaround]]


@given(st.integers(1, 64), st.integers(0, 2000), st.integers(1, 100_000))
def test_a_window_limits_the_rate(window, latency, n):
    """W bursts in max(L, W F): the rate tends to min(peak, W burst / L)."""
    spec = bus(outstanding=window, latency=f"{latency} ns", channels=1)
    [[(_, end, stall)]], _ = drive(spec, [[Transfer(10 * n, False)]])
    rounds, rest = divmod(n - 1, window)
    took = 1000 * latency + rounds * max(1000 * latency, window * F) + (rest + 1) * F
    assert end == took == spec.duration_ps(Work(nbytes=10 * n))
    assert end - (stall.latency_ps if stall else 0) == n * F
    steady = min(Fraction(1, 1000), Fraction(10 * window, 1000 * latency) if latency else Fraction(1))
    assert Fraction(10 * n, end) <= steady
    if n > 10_000 * window:
        assert Fraction(10 * n, end) > steady * Fraction(99, 100)


@given(st.integers(1, 4), st.integers(1, 16), st.integers(0, 900), st.integers(1, 4000))
def test_windows_of_several_channels_add_up(channels, window, latency, n):
    """C channels of W requests each: all of them end after what min(C W F, ...) lets through."""
    spec = bus(outstanding=window, latency=f"{latency} ns", channels=channels)
    streams = [[Transfer(10 * n * window, False)] for _ in range(channels)]
    found, _ = drive(spec, streams)
    last = max(end for [end] in ends(found))
    assert last == 1000 * latency + (n - 1) * max(1000 * latency, channels * window * F) + (
        channels * window * F
    )


@given(st.lists(st.integers(1, 50), min_size=1, max_size=12), st.integers(0, 400))
def test_littles_law(sizes, gap):
    """Mean number under way = rate x mean time in the system, over a run that starts and ends empty."""
    queues = [
        [Transfer(10 * n, False, k * gap * 1000) for k, n in enumerate(sizes)],
        [Transfer(10 * n, True, k * gap * 500) for k, n in enumerate(reversed(sizes))],
    ]
    found, _ = drive(bus(turnaround="3 ns"), queues)
    runs = [run for channel in found for run in channel]
    makespan = max(end for _, end, _ in runs)
    moments = sorted([(began, 1) for began, _, _ in runs] + [(end, -1) for _, end, _ in runs])
    area = under_way = last = 0
    for moment, change in moments:
        area += under_way * (moment - last)
        under_way, last = under_way + change, moment
    rate, time = Fraction(len(runs), makespan), Fraction(sum(e - b for b, e, _ in runs), len(runs))
    assert Fraction(area, makespan) == rate * time


@given(st.integers(1, 10**6), st.integers(2, 50))
def test_refresh_takes_its_share(nbytes, interval):
    """Every `interval` us the memory stands still for 1 us."""
    for channels in (1, 2):
        spec = bus(refresh_interval=f"{interval} us", refresh_time="1 us", channels=channels)
        found, _ = drive(spec, [[Transfer(nbytes, False)], []][:channels])
        work = nbytes * 1000
        refreshes = max(0, ceil((work - interval * 10**6) / ((interval - 1) * 10**6)))
        [[(_, end, stall)], *_] = found
        assert end == work + refreshes * 10**6
        assert (stall.bus_ps if stall else 0) == refreshes * 10**6


def test_a_camera_takes_what_it_asks_for():
    """100 MB/s of 1 GB/s: 100 requests of 100 B in 100 us, and a load in bursts of 10 B waits for each."""
    camera = BackgroundSpec(kind="background", bus="ddr", bandwidth="100 MB/s", burst="100 B", write=True)
    spec = bus(arbitration="fifo", channels=1)
    [[(_, end, stall)]], _ = drive(spec, [[Transfer(90_000, False, 1)]], [camera])
    assert end == 90_100_000  # the request at 0 was first, all others come later
    assert stall.held == (("master0", 99_999),)
    spec = bus(arbitration="round_robin", channels=1)
    [[(_, end, stall)]], background = drive(spec, [[Transfer(90_000, False)]], [camera])
    assert end == 100_000_000
    assert background["master0"] == (100, 10_000, 10_000_000)
    assert stall.held == (("master0", 10_000_000),)
