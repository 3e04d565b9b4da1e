"""Runs of months: no number of picoseconds stands for `never`."""

from __future__ import annotations

import pytest

from simres import api


@pytest.mark.parametrize("passes", [[], ["fuse_epilogues"]])
def test_a_run_longer_than_two_to_the_62_picoseconds(passes: list[str]) -> None:
    slow = {"hardware.matrix.rate": "10 FLOP/s", "passes": passes}
    serial, overlapped = (
        api.simulate("resnet20", overrides={**slow, "scheduler": scheduler}, record="none")
        for scheduler in ("serial", "overlapped")
    )
    assert overlapped.makespan_ps > 1 << 62
    assert overlapped.makespan_ps <= serial.makespan_ps
