"""Operators of the output stage: gone from the host, and nothing else changes."""

from __future__ import annotations

from dataclasses import replace

import pytest

import simres
from simres.api import find_workload
from simres.errors import SimresError
from simres.passes.fuse_epilogues import fuse_epilogues
from simres.passes.output_stage import in_output_stage
from simres.workload.rules import problems_of_workload

RESNET = find_workload("resnet20")
FOLDED = "[fold_batch_norm, fold_bias]"


def test_nothing_is_taken_where_a_chip_states_nothing():
    assert in_output_stage(RESNET, ()) is RESNET
    assert in_output_stage(RESNET, {"sigmoid"}) is RESNET


def host_work(**overrides: object) -> int:
    result = simres.simulate("resnet20", overrides={"passes": FOLDED, **overrides})
    return sum(layer.vector_ops for layer in result.layers)


@pytest.mark.parametrize("scheduler", ["serial", "overlapped"])
def test_the_host_does_what_is_left(scheduler: str):
    """Behind a convolution whose batch norm is folded stands a ReLU in 10 of 19 cases; the others follow an
    addition, which has two operands and stays with its ReLU on the host."""
    before = simres.simulate("resnet20", overrides={"passes": FOLDED, "scheduler": scheduler})
    overrides = {"passes": FOLDED, "scheduler": scheduler, "hardware.matrix.epilogues": ["relu"]}
    after = simres.simulate("resnet20", overrides=overrides)
    relus = [op for op in before.scheduled.ops if op.kind == "relu"]
    kept = [op for op in after.scheduled.ops if op.kind == "relu"]
    assert (len(relus), len(kept)) == (19, 9)
    spared = sum(op.vector_ops for op in relus) - sum(op.vector_ops for op in kept)
    assert before.scheduled.vector_ops - after.scheduled.vector_ops == spared > 0
    done = [sum(layer.vector_ops for layer in result.layers) for result in (before, after)]
    assert done[0] - done[1] == spared
    assert sum(layer.macs for layer in after.layers) == sum(layer.macs for layer in before.layers)
    busy = [result.record.engines["host"].working_ps for result in (before, after)]
    assert busy[0] - busy[1] == spared * 100  # 10 GFLOP/s
    assert after.makespan_ps <= before.makespan_ps
    assert after.energy.total_fj < before.energy.total_fj


def test_a_chain_loses_what_it_begins_with():
    fused = fuse_epilogues(RESNET)
    taken = in_output_stage(fused, {"batch_norm", "relu"})
    assert taken is fused, "a batch norm has its scale and shift beside what it reads"
    folded = simres.simulate("resnet20", overrides={"passes": "[fold_batch_norm, fold_bias, fuse_epilogues]"})
    chained = in_output_stage(folded.scheduled, {"relu"})
    before = {op.name: [part.kind for part in op.fused] for op in folded.scheduled.ops}
    after = {op.name: [part.kind for part in op.fused] for op in chained.ops}
    changed = {name for name in before if before[name] != after[name]}
    assert changed
    assert all(before[name][0] == "relu" and after[name] == before[name][1:] for name in changed)
    assert not list(problems_of_workload(chained))


def test_a_result_that_others_read_too_stays():
    """The output of the network is what it was, and so is every tensor that two operators read."""
    taken = in_output_stage(RESNET, {"relu"})
    assert taken.outputs == RESNET.outputs
    shared = {name for name, readers in RESNET.consumers.items() if len(readers) > 1}
    assert shared <= taken.tensors.keys()


def test_the_area_stays_and_the_stored_result_reads_back(tmp_path):
    overrides = {"passes": FOLDED, "hardware.matrix.epilogues": "[relu]"}
    result = simres.simulate("resnet20", overrides=overrides)
    assert simres.load(result.save(tmp_path)).makespan_ps == result.makespan_ps
    assert simres.rerun(tmp_path)[1].makespan_ps == result.makespan_ps


def test_two_units_must_both_have_it():
    both = {"hardware.matrix.epilogues": "[relu]", "hardware.other": "{kind: matrix, rate: 1 TFLOP/s}"}
    assert host_work(**both) == host_work(**{"hardware.other": "{kind: matrix, rate: 1 TFLOP/s}"})


def test_an_unknown_operator_is_refused_with_its_place():
    with pytest.raises(
        SimresError, match=r"hardware.matrix.epilogues: there is no operator `rellu`"
    ) as error:
        simres.simulate("resnet20", overrides={"hardware.matrix.epilogues": "[rellu]"})
    assert "relu" in str(error.value.hint)


def test_a_workload_without_such_operators_is_the_same_object():
    linear = replace(RESNET, ops=tuple(op for op in RESNET.ops if op.kind != "relu"))
    assert in_output_stage(linear, {"relu"}) is linear
