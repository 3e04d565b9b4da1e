"""Weights that stay on chip between inferences: all that pay."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simres.errors import AnswerIsNo
from simres.scheduling.overlapped import Parameters, best, schedule
from simres.testing import paper_chip, prove, workloads
from simres.workload import Loops, Op, Role, Tensor, Unit, Workload

KEPT = Parameters(weights="kept")


def network(pixels: int, *widths: int) -> Workload:
    """Products one after the other of so many pixels, 4 channels wide at first and then as given."""
    tensors, ops = [Tensor("x", Role.INPUT, (pixels, 4))], []
    before, channels = "x", 4
    for number, width in enumerate(widths):
        weight, name = f"w{number}", f"y{number}"
        loops = Loops(n=pixels, m=width, c=channels)
        macs = pixels * width * channels
        tensors += [
            Tensor(weight, Role.WEIGHT, (width, channels)),
            Tensor(name, Role.ACTIVATION, (pixels, width)),
        ]
        ops.append(Op(name, "matmul", Unit.MATRIX, (before, weight), (name,), macs, loops=loops))
        before, channels = name, width
    return Workload("products", {tensor.name: tensor for tensor in tensors}, tuple(ops), (before,))


def kept(workload: Workload, capacity: int) -> set[str]:
    machine = paper_chip(f"{capacity} B")
    program = schedule(workload, machine, KEPT)
    prove(program, machine, workload)
    return {program.buffers[number].tensor for number in program.resident_in}


def test_all_weights_are_kept_where_there_is_room():
    assert kept(network(8, 16, 4), 100_000) == {"w0", "w1"}


@settings(max_examples=40, deadline=None)
@given(workloads(), st.integers(100, 3_000))
def test_keeping_weights_is_never_slower_than_streaming_them(workload, capacity):
    machine = paper_chip(f"{capacity} B")
    try:
        program = schedule(workload, machine, KEPT)
    except AnswerIsNo:
        return
    kept = prove(program, machine, workload).makespan_ps
    assert kept <= best(workload, machine)[0].estimate_ps


@pytest.mark.parametrize("capacity", [20_000, 24_000, 40_000, 80_000])
def test_keeping_weights_is_never_slower(capacity):
    workload = network(512, 16, 16, 256)
    machine = paper_chip(f"{capacity} B")
    streamed = prove(schedule(workload, machine, Parameters()), machine, workload).makespan_ps
    program = schedule(workload, machine, KEPT)
    assert prove(program, machine, workload).makespan_ps <= streamed
