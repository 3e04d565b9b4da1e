"""The answer in three lines: for one network, several, requests over time, and chips with idle parts."""

from __future__ import annotations

import simres
from simres.program import Program
from simres.program.record import RecordLevel
from simres.reporting.text import brief
from simres.reporting.text.headline import warnings
from simres.testing import paper_chip


def test_one_network(resnet20):
    assert brief.lines(resnet20) == [
        "resnet20, fp32, batch 1, on paper, schedule serial: 1.238 ms, 808/s, MAC utilisation 6.6 %.",
        "Bottleneck: the DDR bus, 88.2 % of the critical path; 13.4 % above the lower bound.",
        "Try first: `--int8` (about -70 %), 2x DDR bandwidth (at most -44 %); estimates.",
    ]


def test_a_ledger_has_no_data_type(paper):
    assert brief.lines(paper) == [
        "paper, schedule paper: 22.10 ms, 45.2/s, MAC utilisation 1.5 %.",
        "Bottleneck: the host, 73.4 % of the critical path; 36.3 % above the lower bound.",
        "Try first: 2x host rate (at most -37 %), overlapping engines (at most -27 %); estimates.",
    ]


def test_a_network_wider_than_the_unit_is_a_warning_with_its_remedy():
    wide = simres.simulate("resnet20", chip="edge-npu")
    assert brief.ran(wide).startswith("resnet20, fp32, batch 1, on edge-npu, schedule overlapped: ")
    assert warnings(wide) == [
        "resnet20 is fp32, run at the integer rate of `matrix` (2.3 TOP/s): try `--int8`"
    ]
    changed = {"passes": "[quantize_int8, batch_4]", "scheduler": "serial"}
    narrow = simres.simulate("resnet20", chip="edge-npu", overrides=changed)
    assert brief.ran(narrow).startswith("resnet20, int8, batch 4, on edge-npu, schedule serial: ")
    assert " for 4 inferences, " in brief.ran(narrow)
    assert warnings(narrow) == []


def test_several_networks():
    lines = brief.lines(simres.simulate("two-tenants", overrides={"scheduler": "serial"}))
    assert lines[0] == (
        "two-tenants, on paper (changed), schedule serial. small (resnet20, int8, batch 1) 953.9 us (2.47x "
        "alone); large (mobilenet_v2, int8, batch 1) 5.883 ms (1.05x alone)."
    )


def test_requests_over_time():
    few = {"load.images": 300, "scheduler": "{name: serial}"}
    assert brief.lines(simres.simulate("stream", overrides=few | {"load.rate": "2000/s"})) == [
        (
            "stream: resnet20, int8, batch 1, on paper (changed), schedule serial: 270 requests at 2.069 "
            "k/s, p50 871.6 us, p99 2.548 ms, 209 of them later than 500 us."
        ),
        "Bottleneck: the DDR bus, busy 57.2 %; 79.9 % of the 2.591 k/s that the chip can serve.",
        "Try first: 2x DDR bandwidth; `simres whatif` says what it is worth.",
    ]


def test_parts_that_nothing_uses_are_named():
    parts = {
        "hardware.tcm": "{kind: sram, capacity: 64 KiB}",
        "hardware.slow": "{kind: matrix, rate: 1 GFLOP/s}",
        "hardware.matrix.count": "2",
    }
    result = simres.simulate("resnet20", overrides=parts)
    assert result.unused == {"matrix": 1, "slow": 1, "tcm": 1}
    assert brief.lines(result)[-1] == (
        "Unused: 1 of the 2 matrix units, the slow matrix unit and the tcm memory."
    )


def test_without_a_critical_path_the_busiest_engine_counts(make_result, paper):
    result = make_result(paper.program, paper_chip(), RecordLevel.AGGREGATE, name="mine")
    assert brief.lines(result)[1:] == [
        "Bottleneck: the host, busy 73.4 %; 297.7 % above the lower bound.",
        "Try first: 2x host rate; `simres whatif` says what it is worth.",
    ]


def test_nothing_takes_any_time(make_result):
    result = make_result(Program("none", "", ()), paper_chip())
    assert brief.lines(result)[1] == "No task takes any time."
