"""Passes keep MACs and shapes, and save exactly what they say."""

from __future__ import annotations

import pytest

from simres.passes.fold_batch_norm import fold_batch_norm
from simres.scheduling.parameters import NoParameters
from simres.scheduling.serial import schedule
from simres.testing import paper_chip, prove
from simres.workload import Op, Role, Tensor, Unit, Workload


def network(*, second_reader: bool = False, as_output: bool = False, unit: Unit = Unit.MATRIX) -> Workload:
    shape = (1, 4, 2, 2)
    tensors = {"x": Tensor("x", Role.INPUT, shape)}
    for name in ("conv", "norm", "relu"):
        tensors[name] = Tensor(name, Role.ACTIVATION, shape)
    tensors["weight"] = Tensor("weight", Role.WEIGHT, (4, 4, 1, 1))
    for name in ("scale", "shift"):
        tensors[name] = Tensor(name, Role.WEIGHT, (4,))
    first = Op("conv", "conv2d", unit, ("x", "weight"), ("conv",), macs=64 if unit is Unit.MATRIX else 0)
    norm = Op("norm", "batch_norm", Unit.HOST, ("conv", "scale", "shift"), ("norm",), vector_ops=32)
    last = Op("relu", "relu", Unit.HOST, ("conv" if second_reader else "norm",), ("relu",), vector_ops=16)
    outputs = ("relu", "conv") if as_output else ("relu", "norm") if second_reader else ("relu",)
    return Workload("test", tensors, (first, norm, last), outputs)


def test_a_folded_norm_leaves_its_shift_and_takes_its_work_along():
    before = network()
    after = fold_batch_norm(before)
    assert [op.name for op in after.ops] == ["conv", "relu"]
    assert after.ops[0].inputs == ("x", "weight", "shift")
    assert (after.macs, after.vector_ops) == (before.macs, before.vector_ops - 32)
    assert after.compulsory_bytes == before.compulsory_bytes - before.tensors["scale"].nbytes
    assert {after.tensors[name].shape for name in after.outputs} == {before.tensors["relu"].shape}
    prove(schedule(after, paper_chip(), NoParameters()), paper_chip(), after)


@pytest.mark.parametrize("kwargs", [{"second_reader": True}, {"as_output": True}, {"unit": Unit.MOVE}])
def test_a_norm_whose_input_is_needed_stays(kwargs):
    before = network(**kwargs)
    assert fold_batch_norm(before) == before
