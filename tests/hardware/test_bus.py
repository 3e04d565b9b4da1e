"""The bus keeps its clock exactly and rounds only what it reports."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from simres.hardware.specs import BusSpec, SramSpec
from simres.program import Buffer, Program, Region, Task, TaskKind, Work
from simres.simulation.run import run
from simres.testing import behaviours, chip, prove

bandwidths = st.sampled_from([10**9, 19_200_000_000, 3, 7 * 10**9, 12_345_678_901])


def replayed(spec, sizes, **kwargs):
    machine = chip({"ddr": spec})
    tasks = tuple(Task("ddr", TaskKind.LOAD, Work(nbytes=size), 0, **kwargs) for size in sizes)
    return run(Program("test", "", tasks), machine, behaviours(machine))[0]


@given(bandwidths, st.lists(st.integers(0, 5000), min_size=1, max_size=30), st.integers(0, 3))
def test_back_to_back_transfers_gather_no_rounding(bandwidth, sizes, overhead):
    spec = BusSpec(kind="ddr", bandwidth=f"{bandwidth} B/s", burst="64 B", burst_overhead=f"{overhead} ps")
    record = replayed(spec, sizes)
    exact = Fraction(0)
    for span, size in zip(record.spans, sizes, strict=True):
        exact += Fraction(size * 10**12, bandwidth) + -(-size // 64) * overhead
        assert span.end == ceil(exact)


@given(bandwidths, st.integers(0, 5000), st.integers(0, 90))
def test_latency_adds_once_a_request(bandwidth, size, latency):
    spec = BusSpec(kind="ddr", bandwidth=f"{bandwidth} B/s", latency=f"{latency} ns")
    assert replayed(spec, [size] * 3).makespan_ps == ceil(
        3 * (latency * 1000 + Fraction(size * 10**12, bandwidth))
    )


def test_a_transfer_that_waits_for_another_starts_when_that_is_reported():
    """Cause before effect: 1/3 ps may not be used before the rounded end of what it depends on."""
    spec = BusSpec(kind="ddr", bandwidth="3 TB/s")
    machine = chip({"ddr": spec})
    tasks = [Task("ddr", TaskKind.LOAD, Work(nbytes=1), 0)]
    tasks += [Task("ddr", TaskKind.LOAD, Work(nbytes=1), 0, needs=(n,)) for n in range(5)]
    record, chain = run(Program("test", "", tuple(tasks)), machine, behaviours(machine))
    assert [span.end for span in record.spans] == [1, 2, 3, 4, 5, 6]
    assert chain == 6


def test_a_transfer_into_space_just_given_back_starts_when_that_is_reported():
    """The space is free at 2 ps, when the store's end at 4/3 ps is reported, and not before."""
    machine = chip(
        {"ddr": BusSpec(kind="ddr", bandwidth="3 TB/s"), "sram": SramSpec(kind="sram", capacity="1 B")}
    )
    byte = Work(nbytes=1)
    tasks = (
        Task("ddr", TaskKind.LOAD, byte, 0, writes=(Region("x", 0),), reserves=(0,)),
        Task("ddr", TaskKind.STORE, byte, 0, needs=(0,), reads=(Region("x", 0),)),
        Task("ddr", TaskKind.LOAD, byte, 0, writes=(Region("y", 1),), reserves=(1,)),
    )
    buffers = (Buffer("x", 1, "sram", (1,)), Buffer("y", 1, "sram", (2,)))
    record = prove(Program("test", "", tasks, buffers), machine)
    assert [span.end for span in record.spans] == [1, 2, 3]


def test_a_64_byte_burst_at_19_2_gb_is_a_third():
    assert BusSpec(kind="ddr", bandwidth="19.2 GB/s").transfer_ps(64) == Fraction(10000, 3)


def test_a_header_takes_the_time_of_its_bytes_with_each_burst() -> None:
    # A PCIe lane of 500 MB/s: packets of 128 B with 20 B before each, so 148 B are on it for 128 B.
    lane = {"kind": "ddr", "bandwidth": "500 MB/s", "burst": "128 B", "latency": "1 us"}
    packets = BusSpec(**lane, burst_header="20 B")
    assert packets.between_bursts_ps == 40_000
    for nbytes in (1, 128, 129, 1_000_000):
        work = Work(nbytes=nbytes)
        assert packets.duration_ps(work) == BusSpec(**lane, burst_overhead="40 ns").duration_ps(work)
    works = [Work(nbytes=100_000)] * 3
    assert packets.together_ps(works) == sum(map(packets.transfer_ps, (100_000,) * 3))
    assert packets.at_peak_ps(works[0]) == BusSpec(**lane).at_peak_ps(works[0])
