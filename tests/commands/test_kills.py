"""Jobs that are killed at any moment, and taken up again, leave what they leave without."""

from __future__ import annotations

from random import Random

import pytest

from benchmarks import kills

JOBS = {job.name: job for job in kills.JOBS}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["report", "sweep", "simulate"])
def test_nothing_is_lost_or_half_written(name: str) -> None:
    tally = kills._job(JOBS[name], 4, Random(0))
    assert tally.sent.total() == 4
    assert not tally.faults


def test_what_is_half_written_is_found(tmp_path) -> None:
    (tmp_path / "page.html").write_text("<html>")
    (tmp_path / "table.jsonl").write_text('{"a": 1}\n{"a": ')
    (tmp_path / "net.json").write_text('{"a": 1')
    assert [fault.split("`")[1] for fault in kills._broken(tmp_path)] == ["net.json", "page.html"]
