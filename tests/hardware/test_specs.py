"""What work costs on each kind of component, against its formula, rounded up once a task."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from simres.analysis.bounds import bounds
from simres.hardware.specs import BusSpec, HostSpec, MatrixSpec, SramSpec
from simres.program import Buffer, Program, Work
from simres.testing import chip
from simres.workload import Op, Role, Tensor, Unit, Workload

amounts = st.integers(0, 10**12)
rates = st.integers(1, 10**15)
times = st.integers(0, 10**6)


@given(amounts, rates, times)
def test_computing_takes_its_launch_and_its_operations_at_the_rate(amount, rate, launch):
    named = {"rate": f"{rate} FLOP/s", "launch": f"{launch} ps"}
    matrix, host = MatrixSpec(kind="matrix", **named), HostSpec(kind="host", **named)
    operation = Fraction(10**12, rate)
    assert host.duration_ps(Work(vector_ops=amount)) == launch + ceil(amount * operation)
    assert matrix.duration_ps(Work(macs=amount)) == launch + ceil(2 * amount * operation)
    assert host.at_peak_ps(Work(vector_ops=amount)) == amount * operation
    assert matrix.at_peak_ps(Work(macs=amount)) == 2 * amount * operation


@given(amounts, rates, times, st.integers(1, 4096), times)
def test_a_transfer_takes_its_latency_its_bytes_and_the_overhead_of_every_burst(
    nbytes, rate, latency, burst, overhead
):
    bus = BusSpec(
        kind="ddr",
        bandwidth=f"{rate} B/s",
        latency=f"{latency} ps",
        burst=f"{burst} B",
        burst_overhead=f"{overhead} ps",
    )
    moving = Fraction(nbytes * 10**12, rate) + ceil(Fraction(nbytes, burst)) * overhead
    assert bus.duration_ps(Work(nbytes=nbytes)) == latency + ceil(moving)
    assert bus.at_peak_ps(Work(nbytes=nbytes)) == Fraction(nbytes * 10**12, rate)


@given(amounts, rates, st.integers(1, 4096))
def test_memory_copies_at_its_port_and_hands_out_whole_pieces(nbytes, rate, alignment):
    free = SramSpec(kind="sram", capacity="1 MiB", alignment=f"{alignment} B")
    ported = SramSpec(kind="sram", capacity="1 MiB", port_bandwidth=f"{rate} B/s")
    assert free.duration_ps(Work(nbytes=nbytes)) == 0
    assert ported.duration_ps(Work(nbytes=nbytes)) == ceil(Fraction(nbytes * 10**12, rate))
    taken = free.occupied(nbytes)
    assert taken % alignment == 0
    assert 0 <= taken - nbytes < alignment


def test_bounds_share_work_among_engines_of_a_role_and_spare_what_is_resident():
    """Rates of 1 and 2 a picosecond do 10 in 10/3 ps; of 64 B in and 64 B out, 24 B are there already."""
    tensors = {name: Tensor(name, role, (16,)) for name, role in (("x", Role.INPUT), ("y", Role.ACTIVATION))}
    relu = Op("y", "relu", Unit.HOST, ("x",), ("y",), vector_ops=10)
    machine = chip(
        {
            "ddr": BusSpec(kind="ddr", bandwidth="1 TB/s"),
            "a": HostSpec(kind="host", rate="1 TFLOP/s"),
            "b": HostSpec(kind="host", rate="2 TFLOP/s"),
        }
    )
    program = Program("test", "", (), (Buffer("x", 24, "sram"),), resident_in=(0,), resident_out=(0,))
    found = bounds(Workload("one", tensors, (relu,), ("y",)), program, machine, 77)
    assert found.engines == {"ddr": 104, "a+b": 4}
    assert (found.makespan, found.tightest) == (104, "ddr")
    longer = bounds(Workload("one", tensors, (relu,), ("y",)), program, machine, 105)
    assert (longer.dependency, longer.makespan) == (105, 104), "the chain of a Program bounds no other one"
