"""What a Program does with a layer's bytes: nothing is lost, halos and repeats are told apart."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from simres.analysis.dataflow import handling
from simres.program import Buffer, Layer, Program, Region, Task, TaskKind, Work
from simres.scheduling.parameters import NoParameters
from simres.scheduling.serial import schedule as serial
from simres.scheduling.tiling import DoesNotFit
from simres.testing import paper_chip, workloads
from simres.workload import Loops, Op, Role, Tensor, Unit, Window, Workload
from tests.support.plans import planned, tiled


@settings(max_examples=100, deadline=None)
@given(planned(), st.integers(200, 6_000))
def test_every_byte_belongs_to_a_layer(pair, capacity):
    workload, plan = pair
    try:
        program = tiled(workload, paper_chip(f"{capacity} B"), plan)
    except DoesNotFit:
        return
    rows = handling(program, workload)
    assert sum(row.weights + row.inputs for row in rows) == program.bytes_read
    assert sum(row.stored for row in rows) == program.bytes_written
    assert sum(row.tasks for row in rows) == len(program.tasks)
    for row in rows:
        assert 0 <= row.spilled <= row.stored
        assert 0 <= row.again <= row.weights + row.inputs
        assert min(row.weights_kept, row.inputs_kept, row.halo_kept, row.halo_again) >= 0
        assert row.rows <= row.tiles


@settings(max_examples=60, deadline=None)
@given(workloads())
def test_with_room_for_all_everything_is_whole_and_comes_once(workload):
    program = serial(workload, paper_chip("1 GB"), NoParameters())
    rows = handling(program, workload)
    assert {(row.tiles, row.rows, row.channels) for row in rows} <= {(1, 1, 1)}
    assert not any(row.again or row.spilled or row.halo_kept or row.halo_again for row in rows)
    assert sum(row.weights for row in rows) == workload.weight_bytes
    assert sum(row.stored for row in rows) == workload.bytes_out


def convolution():
    """A 3 x 3 convolution of 8 rows of 8 bytes, 4 channels in and out."""
    loops = Loops(m=4, c=4, p=8, q=8, r=3, s=3)
    op = Op("conv", "conv", Unit.MATRIX, ("x", "w"), ("y",), loops.macs, loops=loops, window=Window((3, 3)))
    tensors = {
        "x": Tensor("x", Role.INPUT, (1, 4, 8, 8), "int8"),
        "w": Tensor("w", Role.WEIGHT, (4, 4, 3, 3), "int8"),
        "y": Tensor("y", Role.ACTIVATION, (1, 4, 8, 8), "int8"),
    }
    return Workload("conv", tensors, (op,), ("y",))


def rows(first, past):
    return ((0, 1), (0, 4), (first, past), (0, 8))


def halves(*, reload):
    """Two tiles of four rows, each of which reads a row of the other's input."""
    cuts = [rows(0, 5), rows(3, 8)] if reload else [rows(0, 5), rows(5, 8)]
    tasks = [Task("ddr", TaskKind.LOAD, Work(nbytes=144), 0, (), (), (Region("w"),), (Region("w", 0),), (0,))]
    for number, cut in enumerate(cuts, start=1):
        nbytes = 32 * (cut[2][1] - cut[2][0])
        x, here = Region("x", None, cut), Region("x", number, cut)
        tasks.append(Task("ddr", TaskKind.LOAD, Work(nbytes=nbytes), 0, (), (), (x,), (here,), (number,)))
    read = [
        [Region("x", 1, rows(0, 5))],
        [Region("x", 2, rows(3, 8))] if reload else [Region("x", 1, rows(3, 5)), Region("x", 2, rows(5, 8))],
    ]
    for number in (0, 1):
        made = Region("y", 3 + number, rows(4 * number, 4 * number + 4))
        tasks.append(
            Task(
                "matrix",
                TaskKind.MATRIX,
                Work(macs=1),
                0,
                (0, 1, 2),
                (),
                (*read[number], Region("w", 0)),
                (made,),
                (3 + number,),
            )
        )
    buffers = [Buffer("x", 160, "sram", (4,))] * 5
    return Program("test", "", tuple(tasks), tuple(buffers), (Layer("conv", "conv"),))


def test_a_halo_is_kept_or_loaded_again():
    (kept,) = handling(halves(reload=False), convolution())
    (again,) = handling(halves(reload=True), convolution())
    two_rows = 2 * 32
    assert (kept.tiles, kept.rows, kept.channels, kept.engines) == (2, 2, 1, ("matrix",))
    assert (kept.weights, kept.inputs, kept.again) == (144, 256, 0)
    assert (kept.halo_kept, kept.halo_again) == (two_rows, 0)
    assert (again.inputs, again.again) == (256 + two_rows, two_rows)
    assert (again.halo_kept, again.halo_again) == (0, two_rows)


def test_what_was_there_before_counts_as_kept():
    program = halves(reload=False)
    tasks = tuple(replace(task, needs=tuple(n - 1 for n in task.needs if n)) for task in program.tasks[1:])
    buffers = (Buffer("w", 144, "sram"), *program.buffers[1:])
    resident = replace(program, tasks=tasks, buffers=buffers, resident_in=(0,), resident_out=(0,))
    (row,) = handling(resident, convolution())
    assert (row.weights, row.weights_kept) == (0, 144)
    assert (row.inputs, row.inputs_kept) == (256, 0)


def test_what_is_stored_and_is_no_output_is_spilled():
    program = halves(reload=False)
    out = Task("ddr", TaskKind.STORE, Work(nbytes=128), 0, (3,), (), (Region("y", 3),), (Region("y"),))
    spill = replace(out, reads=(Region("x", 1),), writes=(Region("x"),), work=Work(nbytes=160))
    (row,) = handling(replace(program, tasks=(*program.tasks, out, spill)), convolution())
    assert (row.stored, row.spilled) == (288, 160)
