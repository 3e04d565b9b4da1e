"""The Program's form carries what later schedulers need: tiles, halos, recomputation, fusion."""

from __future__ import annotations

import dataclasses

import pytest

from simres.errors import InvariantViolation
from simres.program import Buffer, Layer, Program, Region, Task, TaskKind, Work
from simres.testing import paper_chip, prove
from simres.workload import Loops, Op, Role, Tensor, Unit, Window, Workload

ROWS, CHANNELS = 8, 4


def two_convolutions() -> Workload:
    """x -> conv1 -> mid -> conv2 -> y, all 4 x 8 x 8, 3 x 3 kernels with padding 1."""
    shape = (1, CHANNELS, ROWS, ROWS)
    tensors = {
        "x": Tensor("x", Role.INPUT, shape),
        "w1": Tensor("w1", Role.WEIGHT, (CHANNELS, CHANNELS, 3, 3)),
        "mid": Tensor("mid", Role.ACTIVATION, shape),
        "w2": Tensor("w2", Role.WEIGHT, (CHANNELS, CHANNELS, 3, 3)),
        "y": Tensor("y", Role.ACTIVATION, shape),
    }
    loops = Loops(m=CHANNELS, c=CHANNELS, p=ROWS, q=ROWS, r=3, s=3)
    window = Window((3, 3), padding=(1, 1, 1, 1))
    ops = tuple(
        Op(name, "conv2d", Unit.MATRIX, inputs, outputs, loops.macs, 0, loops, window)
        for name, inputs, outputs in (("conv1", ("x", "w1"), ("mid",)), ("conv2", ("mid", "w2"), ("y",)))
    )
    return Workload("pair", tensors, ops, ("y",))


def rows(start, stop):
    return ((0, 1), (0, CHANNELS), (start, stop), (0, ROWS))


def row_bytes(count):
    return CHANNELS * ROWS * 4 * count


def fused_pair(halo: int = 1) -> Program:
    """Both convolutions by tiles of 4 rows; the middle map never exists whole, its halo is computed twice."""
    tasks: list[Task] = []
    buffers: list[Buffer] = []

    def macs(count):
        return Loops(m=CHANNELS, c=CHANNELS, p=count, q=ROWS, r=3, s=3)

    def tile(first, last):
        mid = (max(0, first - halo), min(ROWS, last + halo))
        into = (max(0, mid[0] - 1), min(ROWS, mid[1] + 1))
        start, held = len(tasks), len(buffers)
        for box in (into, mid, (first, last)):
            buffers.append(Buffer("?", row_bytes(box[1] - box[0]), "sram", box=rows(*box)))
        x, m, y = held, held + 1, held + 2
        mid_macs, out_macs = macs(mid[1] - mid[0]), macs(last - first)
        tasks.extend(
            [
                Task(
                    "ddr",
                    TaskKind.LOAD,
                    Work(nbytes=row_bytes(into[1] - into[0])),
                    0,
                    reads=(Region("x", None, rows(*into)),),
                    writes=(Region("x", x, rows(*into)),),
                    reserves=(x,),
                ),
                Task(
                    "matrix",
                    TaskKind.MATRIX,
                    Work(macs=mid_macs.macs, loops=mid_macs),
                    0,
                    needs=(0, start),
                    reads=(Region("w1", 0), Region("x", x, rows(*into))),
                    writes=(Region("mid", m, rows(*mid)),),
                    reserves=(m,),
                ),
                Task(
                    "matrix",
                    TaskKind.MATRIX,
                    Work(macs=out_macs.macs, loops=out_macs),
                    1,
                    needs=(1, start + 1),
                    reads=(
                        Region("w2", 1),
                        Region("mid", m, rows(max(0, first - 1), min(ROWS, last + 1))),
                    ),
                    writes=(Region("y", y, rows(first, last)),),
                    reserves=(y,),
                ),
                Task(
                    "ddr",
                    TaskKind.STORE,
                    Work(nbytes=row_bytes(last - first)),
                    1,
                    needs=(start + 2,),
                    reads=(Region("y", y, rows(first, last)),),
                    writes=(Region("y", None, rows(first, last)),),
                ),
            ]
        )
        for buffer, tensor, user in ((x, "x", start + 1), (m, "mid", start + 2), (y, "y", start + 3)):
            buffers[buffer] = dataclasses.replace(buffers[buffer], tensor=tensor, freed_by=(user,))

    weight_bytes = CHANNELS * CHANNELS * 9 * 4
    for number, name in enumerate(("w1", "w2")):
        buffers.append(Buffer(name, weight_bytes, "sram"))
        tasks.append(
            Task(
                "ddr",
                TaskKind.LOAD,
                Work(nbytes=weight_bytes),
                number,
                reads=(Region(name),),
                writes=(Region(name, number),),
                reserves=(number,),
            )
        )
    tile(0, 4)
    tile(4, 8)
    for number in range(2):
        users = tuple(n for n, task in enumerate(tasks) if any(r.buffer == number for r in task.reads))
        buffers[number] = dataclasses.replace(buffers[number], freed_by=users)
    layers = (Layer("conv1", "conv2d"), Layer("conv2", "conv2d"))
    return Program("fused", "pair", tuple(tasks), tuple(buffers), layers)


def test_a_fused_pair_is_sound_and_moves_only_what_it_must():
    workload = two_convolutions()
    program = fused_pair()
    record = prove(program, paper_chip("6 kB"), workload)
    halo_in = 2 * row_bytes(2)  # rows 2..6 of x come in for both tiles
    assert program.bytes_read == workload.bytes_in + halo_in
    assert program.bytes_written == workload.bytes_out
    assert (
        sum(task.work.macs for task in program.tasks)
        == workload.macs + 2 * Loops(m=CHANNELS, c=CHANNELS, q=ROWS, r=3, s=3).macs
    )
    assert record.memories["sram"].peak < sum(tensor.nbytes for tensor in workload.tensors.values())


def test_a_missing_halo_row_is_found():
    with pytest.raises(InvariantViolation, match="reads a part of `mid` that is not buffer"):
        prove(fused_pair(halo=0), paper_chip("6 kB"), two_convolutions())
