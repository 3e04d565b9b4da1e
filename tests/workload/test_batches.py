"""Networks with more or fewer inferences in a batch."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from simres.api import find_workload
from simres.testing import workloads
from simres.workload import Op, Role, Tensor, Unit, Workload
from simres.workload.batches import halved, scaled


@settings(max_examples=200, deadline=None)
@given(workloads())
def test_half_of_twice_as_many_is_the_same(workload):
    if all(tensor.shape for tensor in workload.tensors.values()):
        assert halved(scaled(workload, 2)) == workload


@pytest.mark.parametrize("name", ["resnet20", "mobilenet_v2", "vit_b_16"])
def test_shipped_networks_can_be_halved_as_often_as_they_were_doubled(name):
    network = find_workload(name)
    assert halved(network) is None
    assert halved(halved(scaled(network, 4))) == network


def test_what_does_not_grow_with_the_batch_cannot_be_halved():
    """Three operations are none for each of two inferences."""
    tensors = (Tensor("x", Role.INPUT, (2, 4)), Tensor("y", Role.ACTIVATION, (2, 4)))
    op = Op("y", "relu", Unit.HOST, ("x",), ("y",), vector_ops=7)
    assert halved(Workload("odd", {tensor.name: tensor for tensor in tensors}, (op,), ("y",))) is None
