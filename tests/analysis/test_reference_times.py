"""LB0, LB1 and the roofline in every result, and how far from them it is."""

from __future__ import annotations

import json

import pytest

import simres.api
from simres.analysis.reference_times import at_the_roof_ps

FUSED = {"passes": ["fold_batch_norm", "fold_bias", "fuse_epilogues"], "scheduler": "overlapped"}


def test_a_layer_is_as_long_as_the_slowest_of_its_works():
    rates = (10**9, 10**12, 10**10)
    assert at_the_roof_ps([(1000, 0, 0)], *rates) == 10**6
    assert at_the_roof_ps([(1000, 10**6, 0)], *rates) == 2 * 10**6
    assert at_the_roof_ps([(1000, 10**6, 10**5)], *rates) == 10**7
    assert at_the_roof_ps([(1000, 10**6, 10**5), (1000, 0, 0)], *rates) == 11 * 10**6
    assert at_the_roof_ps([(1, 0, 0)], 3 * 10**12, 0, 0) == 1


@pytest.mark.parametrize(
    ("overrides", "lb0"),
    # 1 GB/s: the bytes of weights, folded biases, input and output, in nanoseconds
    [({}, 1_091_216), (FUSED, 1_088_464)],
)
def test_resnet20_on_the_papers_chip(overrides, lb0):
    result = simres.api.simulate("resnet20", overrides=overrides)
    by_name = {item.name: item for item in result.references}
    assert [*by_name] == ["LB0", "LB1", "roofline"]
    assert (by_name["LB0"].ps, by_name["LB0"].nbytes) == (lb0 * 1000, lb0)
    assert by_name["LB1"].nbytes == lb0  # every activation fits into the memory
    assert by_name["LB0"].proven
    assert not by_name["LB1"].proven
    assert result.makespan_ps >= by_name["LB0"].ps
    found = json.loads(result.to_json())["references"]
    for name, item in by_name.items():
        assert found[name]["ps"] == item.ps
        assert found[name]["makespan_is_times"] == pytest.approx(result.makespan_ps / item.ps)


def test_serial_is_no_faster_than_the_roofline_of_its_layers():
    """One layer after the other, each at least as long as its roof says."""
    result = simres.api.simulate("resnet20")
    roofline = next(item for item in result.references if item.name == "roofline")
    assert roofline.ps <= result.makespan_ps


def test_a_ledger_has_its_stated_bytes(paper):
    names = {item.name: item for item in paper.references}
    assert [*names] == ["LB0", "roofline"]
    assert names["LB0"].nbytes == paper.program.bytes_read + paper.program.bytes_written


def test_channels_share_one_peak():
    one = simres.api.simulate("resnet20")
    two = simres.api.simulate("resnet20", overrides={"hardware.ddr.channels": 2})
    assert one.peak("bus") == two.peak("bus") == 10**9
    assert [item.ps for item in one.references] == [item.ps for item in two.references]
