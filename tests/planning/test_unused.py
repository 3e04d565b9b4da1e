"""What validation says of the parts of a chip that no network uses."""

from __future__ import annotations

import pytest

from simres.planning.unused import unused_parts
from simres.plugins.registry import Registry
from simres.scenario.loader import from_document, load

REGISTRY = Registry(external=False)
PARTS = {
    "tcm": {"kind": "sram", "capacity": "64 KiB"},
    "dsp": {"kind": "host", "rate": "1 GFLOP/s"},
    "matrix": {"kind": "matrix", "rate": "1 TFLOP/s", "count": 2},
}


@pytest.mark.parametrize(
    ("scheduler", "found"),
    [
        ("serial", ["1 of hardware.matrix", "hardware.dsp", "hardware.tcm"]),
        ("overlapped", ["hardware.tcm"]),
    ],
)
def test_they_are_those_that_its_own_schedule_leaves(scheduler, found):
    document = {"workload": "resnet20", "chip": "paper", "hardware": PARTS, "scheduler": scheduler}
    assert sorted(unused_parts(from_document(document, registry=REGISTRY), REGISTRY)) == found


def test_a_part_that_one_tenant_uses_is_used():
    tenants = {"a": {"workload": "resnet20"}, "b": {"workload": "resnet20", "scheduler": "overlapped"}}
    document = {"tenants": tenants, "chip": "paper", "hardware": PARTS}
    assert unused_parts(from_document(document, registry=REGISTRY), REGISTRY) == ["hardware.tcm"]


@pytest.mark.parametrize("name", ["resnet20", "paper", "two-tenants", "stream"])
def test_shipped_chips_are_used_whole(name):
    assert unused_parts(load(name, registry=REGISTRY), REGISTRY) == []


def test_validate_says_so(simres, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("workload: resnet20\nchip: paper\nhardware: {tcm: {kind: sram, capacity: 64 KiB}}\n")
    code, out, err = simres("validate", path)
    assert (code, err) == (0, "")
    assert out == f"ok  {path}: a scenario, `resnet20` by the scheduler `serial`; unused: hardware.tcm\n"
