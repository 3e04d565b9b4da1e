"""The shared bus against a plain one that takes burst after burst."""

from __future__ import annotations

from math import ceil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simres.hardware.arbitration import Arbiter
from simres.hardware.specs import BackgroundSpec, BusSpec
from tests.support.bus_reference import Transfer, drive, simulate, wall_time


def agree(spec, channels, masters=()):
    worked = simulate(spec, channels, masters)
    found, background = drive(spec, channels, masters)
    total = 0
    for queue, runs in zip(channels, found, strict=True):
        for transfer, (began, end, stall) in zip(queue, runs, strict=True):
            assert end == ceil(wall_time(spec, transfer.end))
            latency, bus, held, _ = stall or (0, 0, (), 0)
            assert latency == min(int(transfer.latency), end - began)
            assert 0 <= bus <= end - began - latency
            assert sum(ps for _, ps in held) == bus or (len(found) == 1 and not masters)
            work = spec.transfer_ps(transfer.nbytes)
            if len(found) > 1 or masters:
                for name, ps in held:
                    number = int(name[-1]) + len(channels) * name.startswith("master") if name else -1
                    if name:
                        assert abs(ps - transfer.held.get(number, 0)) <= 3  # picoseconds of rounding
                assert abs(end - began - latency - bus - work) <= 3  # picoseconds of rounding
            total += end - began - latency - bus
    makespan = max([end for runs in found for _, end, _ in runs], default=0)
    if len(found) > 1 or masters:
        assert total + sum(master.working_ps for master in background.values()) <= makespan
    return worked


@st.composite
def cases(draw):
    """A bus, transfers by channel, and background masters."""
    latency = draw(st.sampled_from([0, 0, 3, 40, 500, 3000]))
    bandwidth = draw(st.sampled_from([10**9, 19_200_000_000, 10**12, 3 * 10**12, 12_345_678_901]))
    burst = draw(st.sampled_from([1, 7, 16, 64, 256]))
    interval = draw(st.sampled_from([0, 0, 5, 200])) * -(-burst * 10**12 // bandwidth)
    spec = BusSpec(
        kind="ddr",
        bandwidth=f"{bandwidth} B/s",
        burst=f"{burst} B",
        burst_overhead=f"{draw(st.sampled_from([0, 0, 1, 17]))} ps",
        latency=f"{latency} ps",
        channels=draw(st.integers(1, 4)),
        arbitration=draw(st.sampled_from(["fifo", "round_robin", "priority"])),
        outstanding=draw(st.sampled_from([None, None, 1, 2, 3, 8])),
        turnaround=f"{draw(st.sampled_from([0, 0, 5, 90]))} ps",
        refresh_interval=f"{interval} ps",
        refresh_time=f"{draw(st.integers(0, interval // 2)) if interval else 0} ps",
    )
    most = draw(st.sampled_from([4, 60, 150])) * spec.burst
    sizes = st.integers(0, most)
    alike = draw(st.integers(most // 2, most))
    end = max(1, 2 * ceil(spec.transfer_ps(alike)))
    moments = st.one_of(st.just(0), st.integers(0, end), st.integers(0, 20))
    channels = [
        [
            Transfer(draw(st.one_of(st.just(alike), sizes)), draw(st.booleans()), draw(moments))
            for _ in range(draw(st.sampled_from([1, 1, 0, 2, 4])))
        ]
        for _ in range(spec.channels)
    ]
    for queue in channels:
        queue.sort(key=lambda transfer: transfer.at)
    others = []
    for _ in range(draw(st.sampled_from([0, 0, 1, 2]))):
        nbytes = draw(st.sampled_from([1, 64, 200]))
        # Slow enough that channels are served whatever the order.
        share = draw(st.integers(4, 40))
        work = spec.transfer_ps(nbytes) + 2 * spec.turnaround + spec.latency + spec.window_ps(nbytes)
        rate = max(1, int(nbytes * 10**12 / (share * work * 2)))
        others.append(
            BackgroundSpec(
                kind="background",
                bus="ddr",
                bandwidth=f"{rate} B/s",
                burst=f"{nbytes} B",
                write=draw(st.booleans()),
                urgent=draw(st.booleans()),
            )
        )
    return spec, channels, others


@st.composite
def long_cases(draw):
    """Long transfers with few breaks, so that leaps over windows and requests are taken, and long pauses."""
    burst = draw(st.sampled_from([4, 16]))
    length = burst * 1000  # picoseconds of a burst
    interval = draw(st.sampled_from([0, 0, 40])) * length
    spec = BusSpec(
        kind="ddr",
        bandwidth="1 GB/s",
        burst=f"{burst} B",
        latency=f"{draw(st.sampled_from([0, 3, 11, 40, 97])) * length} ps",
        channels=draw(st.integers(1, 3)),
        arbitration=draw(st.sampled_from(["fifo", "round_robin", "round_robin", "priority"])),
        outstanding=draw(st.sampled_from([None, None, 1, 2, 5, 16])),
        turnaround=f"{draw(st.sampled_from([0, 0, 500, 7000]))} ps",
        burst_overhead=f"{draw(st.sampled_from([0, 0, 3]))} ps",
        refresh_interval=f"{interval} ps",
        refresh_time=f"{interval // 50} ps",
    )
    sizes = st.integers(20 * burst, 400 * burst)
    moments = st.one_of(st.just(0), st.integers(0, 300 * length), st.integers(0, 2000 * length))
    channels = [
        [
            Transfer(draw(sizes), draw(st.booleans()), draw(moments))
            for _ in range(draw(st.sampled_from([0, 1, 1, 2])))
        ]
        for _ in range(spec.channels)
    ]
    for queue in channels:
        queue.sort(key=lambda transfer: transfer.at)
    masters = []
    for _ in range(draw(st.sampled_from([0, 1, 1, 2]))):
        nbytes = draw(st.sampled_from([1, burst, 3 * burst, 4 * burst + 1]))
        work = spec.transfer_ps(nbytes) + spec.window_ps(nbytes) + 2 * spec.turnaround
        gap = int(work * draw(st.sampled_from([3, 7, 20]))) + draw(st.integers(0, length))
        masters.append(
            BackgroundSpec(
                kind="background",
                bus="ddr",
                bandwidth=f"{max(1, nbytes * 10**12 // gap)} B/s",
                burst=f"{nbytes} B",
                write=draw(st.booleans()),
                urgent=draw(st.booleans()),
            )
        )
    return spec, channels, masters


@st.composite
def greedy_cases(draw):
    """A background master that asks for more than the bus has, or for nearly all of it."""
    spec, channels, _ = draw(long_cases())
    nbytes = draw(st.sampled_from([1, spec.burst, 3 * spec.burst, 4 * spec.burst + 1]))
    work = spec.transfer_ps(nbytes) + spec.window_ps(nbytes)
    gap = max(1, int(work * draw(st.sampled_from([0.2, 0.5, 0.9, 0.99, 1, 1.01, 1.2, 1.5, 2, 2.5]))))
    rate = max(1, nbytes * 10**12 // gap)
    greedy = BackgroundSpec(
        kind="background",
        bus="ddr",
        bandwidth=f"{rate} B/s",
        burst=f"{nbytes} B",
        write=draw(st.booleans()),
    )
    return spec, channels, [greedy]


@settings(max_examples=60, deadline=None)
@given(greedy_cases())
def test_it_leaps_over_the_requests_of_a_master_that_is_behind(case):
    agree(*case)


@pytest.mark.parametrize("arbitration", ["fifo", "round_robin", "priority"])
def test_the_grants_beside_a_greedy_master_do_not_grow_with_the_bytes(monkeypatch, arbitration):
    grants = []
    granted = Arbiter._grant
    monkeypatch.setattr(Arbiter, "_grant", lambda self, *args: grants.append(granted(self, *args)))
    greedy = BackgroundSpec(kind="background", bus="ddr", bandwidth="3 GB/s", burst="1 KiB")
    spec = BusSpec(kind="ddr", bandwidth="1 GB/s", burst="64 B", arbitration=arbitration, channels=2)
    counts = []
    for nbytes in (10**5, 10**8, 10**11):
        grants.clear()
        # The second transfer comes when the first one has ended: the master has the bus for long before.
        drive(spec, [[Transfer(nbytes, False, 0)], [Transfer(nbytes, True, 10**4 * nbytes)]], [greedy])
        counts.append(len(grants))
    assert max(counts) < 200


@settings(max_examples=200, deadline=None)
@given(cases())
def test_it_grants_as_the_plain_one_does(case):
    agree(*case)


@settings(max_examples=100, deadline=None)
@given(long_cases())
def test_it_leaps_where_the_plain_one_goes_burst_by_burst(case):
    agree(*case)


@pytest.mark.slow
@pytest.mark.exhaustive
@settings(max_examples=20_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.one_of(cases(), cases(), cases(), long_cases(), greedy_cases()))
def test_it_grants_as_the_plain_one_does_in_20000_cases(case):
    agree(*case)
