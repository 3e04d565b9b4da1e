"""Stages and stacks: which are stacks, what runs next in them, and how little of a map they keep."""

from __future__ import annotations

import pytest
from hypothesis import given

from simres.scheduling.cuts import Cut
from simres.scheduling.groups import groups
from simres.scheduling.ordering import ordered
from simres.scheduling.plans import Plan, one_by_one
from simres.scheduling.residency import Residency
from simres.scheduling.stages import leaders, stacked
from simres.scheduling.tiling import Tiling
from simres.testing import paper_chip, prove, workloads
from simres.workload import Loops, Op, Role, Tensor, Unit, Window, Workload
from tests.support.plans import tiled


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


def rows(stages, count: int) -> Plan:
    """A plan of maps of one image, each in so many rows."""
    return Plan(stages, tuple((number, Cut((1, 1, count, 1))) for stage in stages for number in stage))


@given(workloads())
def test_no_group_is_a_stack(workload):
    found = groups(workload)
    for stage in found.members:
        matrix = [number for number in stage if found.ops[number].unit is Unit.MATRIX]
        assert leaders(stage, found.ops, workload) == matrix
        assert not stacked(stage, found.ops, workload)


@pytest.mark.parametrize("layers", [2, 3, 5])
def test_a_stack_of_convolutions_needs_three_rows_of_each_map(layers):
    """In rows: weights, three of each map read and one of each made are enough for compulsory traffic."""
    count, channels = 32, 4
    workload = chain(layers, count, channels)
    row = count * channels * 4
    weights = layers * channels * channels * 9 * 4
    capacity = weights + layers * 4 * row
    machine = paper_chip(f"{capacity} B")
    stack = rows((tuple(range(layers)),), count)
    program = tiled(workload, machine, stack)
    prove(program, machine, workload)
    assert program.bytes_read + program.bytes_written == workload.compulsory_bytes
    assert Residency(Tiling(workload, *machine.scratchpad(), one_by_one(groups(workload)))).spilled > 0


def test_whatever_is_furthest_down_comes_next():
    workload = chain(3, 8, 1)
    tiling = Tiling(workload, *paper_chip("1 MiB").scratchpad(), rows(((0, 1, 2),), 8))
    assert [step.op for step in ordered(tiling)][:9] == [0, 0, 1, 0, 1, 2, 0, 1, 2]


def test_a_sum_takes_each_slice_of_what_the_stage_makes_at_once():
    """The second convolution sums over all columns of the first, in four chunks, one for each column."""
    workload, machine = chain(2, 4, 4), paper_chip("1 MiB")
    cuts = ((0, Cut((1, 4, 1, 1))), (1, Cut((1, 1, 1, 1), chunks=4)))
    tiling = Tiling(workload, *machine.scratchpad(), Plan(((0, 1),), cuts))
    assert [step.op for step in ordered(tiling)] == [0, 1] * 4
    prove(tiled(workload, machine, tiling.plan), machine, workload)
