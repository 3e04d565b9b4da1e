"""Stages and stacks: any way to join them is sound, and without stacks all is as it was."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simres.errors import AnswerIsNo
from simres.scheduling.ordering import ordered
from simres.scheduling.residency import Residency
from simres.scheduling.stages import leaders, stacked, stages
from simres.scheduling.tiled import written
from simres.scheduling.tiling import Tiling, cut
from simres.scheduling.unfused import unfused
from simres.testing import paper_chip, prove, workloads
from simres.workload import Loops, Op, Role, Tensor, Unit, Window, Workload


def joined(joints):
    """Stages as usual, but those at `joints` are in one with the stage before."""

    def staging(ops, workload):
        found = []
        for number, stage in enumerate(stages(ops, workload)):
            if found and number in joints:
                found[-1] = sorted([*found[-1], *stage])
            else:
                found.append(stage)
        return found

    return staging


def chain(layers: int, rows: int, channels: int) -> Workload:
    """Convolutions of 3 x 3, one after the other."""
    shape = (1, channels, rows, rows)
    tensors = {"x": Tensor("x", Role.INPUT, shape)}
    ops, source = [], "x"
    for number in range(layers):
        weight = Tensor(f"w{number}", Role.WEIGHT, (channels, channels, 3, 3))
        loops = Loops(m=channels, c=channels, p=rows, q=rows, r=3, s=3)
        tensors |= {weight.name: weight, f"y{number}": Tensor(f"y{number}", Role.ACTIVATION, shape)}
        ops.append(
            Op(
                name=f"conv{number}",
                kind="conv",
                unit=Unit.MATRIX,
                inputs=(source, weight.name),
                outputs=(f"y{number}",),
                macs=loops.macs,
                loops=loops,
                window=Window((3, 3), padding=(1,) * 4),
            )
        )
        source = f"y{number}"
    return Workload("chain", tensors, tuple(ops), (source,))


@given(workloads())
def test_no_stage_is_a_stack_unless_asked_for(workload):
    ops = [op for op in workload.ops if op.unit is not Unit.VIEW]
    for stage in stages(ops, workload):
        matrix = [number for number in stage if ops[number].unit is Unit.MATRIX]
        assert leaders(stage, ops, workload) == matrix
        assert not stacked(stage, ops, workload)


@settings(max_examples=200, deadline=None)
@given(
    workloads(),
    st.integers(1, 20_000),
    st.sets(st.integers(1, 12)),
    st.sampled_from([1, 4, 64]),
    st.booleans(),
)
def test_any_stacks_are_sound_on_random_graphs(workload, capacity, joints, share, overlap):
    machine = paper_chip(f"{capacity} B", "3 GB/s")
    memory, spec = machine.scratchpad()
    try:
        tiling = cut(unfused(workload), memory, spec, share, staging=joined(joints))
        program = written(workload, machine, tiling, overlap=overlap).program("test")
    except AnswerIsNo:
        return
    record = prove(program, machine, workload)
    assert sum(task.work.macs for task in program.tasks) == workload.macs
    assert sum(task.work.vector_ops for task in program.tasks) == workload.vector_ops
    assert record.makespan_ps * machine.components["ddr"].bandwidth >= workload.compulsory_bytes * 10**12


@pytest.mark.parametrize("layers", [2, 3, 5])
def test_a_stack_of_convolutions_needs_three_rows_of_each_map(layers):
    """In rows: weights, three of each map read and one of each made are enough for compulsory traffic."""
    rows, channels = 32, 4
    workload = chain(layers, rows, channels)
    row = rows * channels * 4
    weights = layers * channels * channels * 9 * 4
    capacity = weights + layers * 4 * row
    machine = paper_chip(f"{capacity} B")
    memory, spec = machine.scratchpad()
    tiling = Tiling(workload, memory, spec, capacity, staging=joined(range(layers)))
    program = written(workload, machine, tiling, overlap=True).program("test")
    prove(program, machine, workload)
    assert sum(task.work.nbytes for task in program.tasks if task.work.nbytes) == workload.compulsory_bytes
    assert Residency(Tiling(workload, memory, spec, 32)).spilled > 0


def test_whatever_is_furthest_down_comes_next():
    workload = chain(3, 8, 1)
    memory, spec = paper_chip("1 MiB").scratchpad()
    tiling = Tiling(workload, memory, spec, 1 << 20, staging=joined({1, 2}))
    assert [step.op for step in ordered(tiling)][:9] == [0, 0, 1, 0, 1, 2, 0, 1, 2]
