"""The scheduler `row_stationary`: proven on random networks, and AlexNet's layers as Eyeriss does them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simres_systolic.array import ArraySpec
from simres_systolic.blocking import Sizes, best_blocking
from simres_systolic.layers import schedule
from simres_systolic.row_stationary import Registers

from simres.errors import AnswerIsNo
from simres.program import TaskKind
from simres.scheduling.parameters import NoParameters
from simres.testing import check_scheduler, chip, graphs, paper_chip, prove
from simres.workload import Loops, Op, Role, Tensor, Unit, Window, Workload

ARRAY = ArraySpec.model_validate(
    {
        "kind": "array",
        "rows": 4,
        "columns": 5,
        "clock": "1 GHz",
        "dataflow": "rs",
        "fill": "shown",
        "input_registers": 3,
        "weight_registers": 6,
        "sum_registers": 2,
    }
)
"""An array whose passes take few channels and few filters."""
EYERISS = (12, 14, Registers(12, 224, 24), 4, 4, True)
BUFFER = 108 * 1024


def row_stationary(capacity: str):  # type: ignore[no-untyped-def]
    return chip({**paper_chip(capacity).components, "matrix": ARRAY})


@st.composite
def convolutions(draw: st.DrawFn) -> Workload:
    """Convolutions after each other, with groups, strides, padding, and biases, and ReLUs after some."""
    dtype = draw(st.sampled_from(["int8", "int16", "fp32"]))
    images, channels, height, width = (draw(st.integers(1, most)) for most in (3, 4, 9, 9))
    groups = draw(st.integers(1, 2))
    shape = (images, channels * groups, height, width)
    tensors = {"x": Tensor("x", Role.INPUT, shape, dtype)}
    ops: list[Op] = []
    name = "x"
    for number in range(draw(st.integers(1, 2))):
        loops = Loops(groups, images, draw(st.integers(1, 5)), shape[1] // groups)
        kernel = (draw(st.integers(1, min(3, shape[2]))), draw(st.integers(1, min(3, shape[3]))))
        stride = (draw(st.integers(1, 2)), draw(st.integers(1, 2)))
        padding = (draw(st.integers(0, 1)), 0, draw(st.integers(0, 1)), draw(st.integers(0, 1)))
        p, q = (
            (shape[2 + axis] + padding[2 * axis] + padding[2 * axis + 1] - kernel[axis]) // stride[axis] + 1
            for axis in (0, 1)
        )
        loops = replace(loops, p=p, q=q, r=kernel[0], s=kernel[1])
        shape = (images, groups * loops.m, p, q)
        made, weights, biases = f"conv{number}", f"w{number}", f"b{number}"
        read = [name, weights]
        tensors[weights] = Tensor(weights, Role.WEIGHT, (groups * loops.m, loops.c, *kernel), dtype)
        if draw(st.booleans()):
            tensors[biases] = Tensor(biases, Role.WEIGHT, (groups * loops.m,), "fp32")
            read.append(biases)
        tensors[made] = Tensor(made, Role.ACTIVATION, shape, dtype)
        window = Window(kernel, stride, padding)
        ops.append(
            Op(made, "conv", Unit.MATRIX, tuple(read), (made,), loops.macs, loops=loops, window=window)
        )
        name = made
        for following in range(draw(st.integers(0, 2))):
            made = f"relu{number}_{following}"
            tensors[made] = Tensor(made, Role.ACTIVATION, shape, dtype)
            ops.append(Op(made, "relu", Unit.HOST, (name,), (made,), vector_ops=tensors[made].elements))
            name = made
    return Workload("convolutions", tensors, tuple(ops), (name,))


@settings(max_examples=200, deadline=None)
@given(convolutions(), st.sampled_from(["120 B", "300 B", "4 kB"]))
def test_every_program_of_convolutions_is_sound(workload: Workload, capacity: str) -> None:
    machine = row_stationary(capacity)
    try:
        program = schedule(workload, machine, NoParameters())
    except AnswerIsNo:
        return
    prove(program, machine, workload)
    assert sum(task.work.vector_ops for task in program.tasks) == workload.vector_ops


@settings(max_examples=60, deadline=None)
@given(graphs(max_ops=6), st.sampled_from(["600 B", "4 kB", "64 kB"]))
def test_every_program_is_sound(workload: Workload, capacity: str) -> None:
    machine = row_stationary(capacity)
    try:
        program = schedule(workload, machine, NoParameters())
    except AnswerIsNo:
        return
    prove(program, machine, workload)


def test_it_keeps_the_contract_of_schedulers() -> None:
    check_scheduler("row_stationary")


@pytest.mark.parametrize(
    ("loops", "input_side", "stride", "images", "filters", "rows"),
    [
        # Images, filters and rows whose sums stay; for the chip are published (1, 96, 7), (1, 64, 27) and
        # three times (4, 64, 13).
        (Loops(1, 4, 96, 3, 55, 55, 11, 11), 227, 4, 1, 96, 7),
        (Loops(1, 4, 128, 48, 27, 27, 5, 5), 27, 1, 1, 66, 27),  # in threes of 22: no filter is left over
        (Loops(1, 4, 384, 256, 13, 13, 3, 3), 13, 1, 4, 64, 13),
        (Loops(1, 4, 192, 192, 13, 13, 3, 3), 13, 1, 4, 64, 13),
        (Loops(1, 4, 128, 192, 13, 13, 3, 3), 13, 1, 4, 64, 13),
    ],
)
def test_alexnet_is_mapped_as_on_eyeriss(
    loops: Loops, input_side: int, stride: int, images: int, filters: int, rows: int
) -> None:
    found = best_blocking(loops, Sizes(2, 2, 2, input_side, input_side, stride), EYERISS, BUFFER)
    assert found is not None
    assert (found.images, found.filters, found.rows) == (images, filters, rows)


def test_filters_come_for_each_strip_and_maps_for_each_group_of_filters() -> None:
    loops = Loops(1, 1, 6, 2, 8, 8, 3, 3)
    tensors = (
        Tensor("x", Role.INPUT, (1, 2, 10, 10), "int16"),
        Tensor("w", Role.WEIGHT, (6, 2, 3, 3), "int16"),
        Tensor("y", Role.ACTIVATION, (1, 6, 8, 8), "int16"),
    )
    op = Op("y", "conv", Unit.MATRIX, ("x", "w"), ("y",), loops.macs, loops=loops, window=Window((3, 3)))
    workload = Workload("one", {tensor.name: tensor for tensor in tensors}, (op,), ("y",), 108)
    machine = row_stationary("1200 B")
    program = schedule(workload, machine, NoParameters())
    prove(program, machine, workload)
    found = best_blocking(replace(loops), Sizes(2, 2, 2, 10, 10, 1), ARRAY.row_stationary, 1200)
    assert found is not None
    strips, rounds = -(-8 // found.rows), -(-6 // found.filters)
    assert strips * rounds > 1
    moved = dict.fromkeys("xw", 0)
    for task in program.tasks:
        if task.kind is TaskKind.LOAD:
            moved[task.reads[0].tensor] += task.work.nbytes
    halo = sum(min(8, first + found.rows) - first + 2 for first in range(0, 8, found.rows))
    assert moved == {"x": 2 * 2 * 10 * halo * rounds, "w": 2 * 108 * strips}
    assert program.bytes_written == 2 * 6 * 64
