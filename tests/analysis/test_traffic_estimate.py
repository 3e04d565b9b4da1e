"""LB1, the estimate: the design's table, and what it is made of."""

from __future__ import annotations

import pytest

from simres.analysis.traffic_estimate import estimate, live_bytes
from simres.hardware.specs import HostSpec, MatrixSpec
from simres.passes.application import apply
from simres.plugins.registry import Registry
from simres.program import Work
from simres.scenario import shipped
from simres.workload import Workload
from simres.workload.json import read

BUILT_IN = Registry(external=False)
MIB = 2**20


def fused(name: str, *passes: str) -> Workload:
    workload = read(shipped.workload(name))
    assert isinstance(workload, Workload)
    return apply([*passes, "fuse_epilogues"], workload, BUILT_IN)


@pytest.mark.parametrize(
    ("name", "passes", "lb0", "peak", "bus_us", "host_us"),
    [
        ("resnet20", [], 1088464, 131072, 1088.5, 27.9),
        ("resnet20", ["quantise_int8"], 277032, 32768, 277.0, 27.9),
        ("resnet18", [], 47344960, 1605632, 49573, 489),
        ("resnet18", ["quantise_int8"], 11879840, 401408, 11880, 489),
    ],
)
def test_the_designs_table_for_one_mebibyte(name, passes, lb0, peak, bus_us, host_us):
    workload = fused(name, "fold_batch_norm", *passes)
    found = estimate(workload, MIB, 10**9)
    assert workload.compulsory_bytes == lb0
    assert found.bus_bytes == lb0 + found.spilled_bytes
    assert found.peak_live_bytes == peak
    assert found.bus_ps / 10**6 == pytest.approx(bus_us, abs=0.05 if bus_us < 2000 else 0.5)
    host = HostSpec.model_validate({"kind": "host", "rate": "10 GFLOP/s"})
    assert host.duration_ps(Work(vector_ops=workload.vector_ops)) / 10**6 == pytest.approx(host_us, abs=0.5)
    matrix = MatrixSpec.model_validate({"kind": "matrix", "rate": "1 TFLOP/s"})
    took = matrix.duration_ps(Work(macs=workload.macs)) / 10**6
    assert took == pytest.approx({"resnet20": 81.1, "resnet18": 3628}[name], abs=0.5)


def test_only_what_exceeds_the_memory_is_spilled_and_at_every_boundary():
    workload = fused("resnet18", "fold_batch_norm")
    live = live_bytes(workload)
    for capacity in (0, 2**16, MIB, 2**30):
        found = estimate(workload, capacity, 10**9)
        assert found.spilled_bytes == 2 * sum(nbytes - capacity for nbytes in live if nbytes > capacity)
    assert estimate(workload, max(live), 10**9).bus_bytes == workload.compulsory_bytes


def test_a_shortcut_convolution_shares_the_boundary_of_its_sibling():
    workload = fused("resnet18", "fold_batch_norm")
    computing = [op for op in workload.ops if op.unit != "view"]
    assert len(live_bytes(workload)) == len(computing) - 3  # three blocks have a shortcut convolution
