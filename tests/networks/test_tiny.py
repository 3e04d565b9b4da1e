"""The networks of MLPerf Tiny, against the counts of the benchmark's reference int8 models."""

from __future__ import annotations

import pytest

from simres.errors import SimresError
from simres.networks import network_names
from simres.passes.fold_batch_norm import fold_batch_norm
from simres.passes.fold_bias import fold_bias
from simres.passes.quantise import to_int8
from simres.scenario import shipped
from simres.workload import Unit
from simres.workload.json import read

COUNTS = {
    "ic": (12_501_632, 77_706),
    "kws": (2_656_768, 22_604),
    "vww": (7_489_664, 210_850),
    "vww_live": (3_733_073, None),
    "ad": (264_192, 265_864),
}
"""Multiply-accumulates; weights and biases with batch norm folded."""


@pytest.mark.parametrize("name", COUNTS)
def test_the_shipped_workload_has_the_reference_s_counts(name):
    workload = fold_bias(fold_batch_norm(read(shipped.workload(f"tiny-{name}"))))
    macs, parameters = COUNTS[name]
    assert workload.macs == macs
    weights = {
        name: workload.tensors[name].elements for op in workload.ops if op.macs for name in op.inputs[1:]
    }
    assert parameters is None or sum(weights.values()) == parameters
    assert {op.kind for op in workload.ops if op.unit is Unit.HOST} <= {"relu", "add", "avg_pool", "softmax"}


@pytest.mark.parametrize("name", COUNTS)
def test_in_int8_all_products_are(name):
    workload = to_int8(fold_bias(fold_batch_norm(read(shipped.workload(f"tiny-{name}")))))
    assert workload.amounts["int8"][0] == workload.macs


def test_they_are_found_by_name_and_only_there():
    assert network_names.parse("tiny:kws").shipped == "tiny-kws"
    assert network_names.parse("tiny:kws").input == "1x49x10"
    with pytest.raises(SimresError, match="unknown network `tiny:kwz`") as unknown:
        network_names.parse("tiny:kwz")
    assert "`tiny:kws`" in str(unknown.value.hint)
