"""The controller against two cycle-level simulators, on the same traffic (`reference_traffic`)."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from reference_traffic import DEVICES, FILES, Row, outside, rows, run, tolerance
from simres_dram.controller import Controller
from simres_dram.spec import DramSpec

REFERENCE = json.loads(FILES[0].read_text(encoding="utf-8"))
NAMED = "cl cwl rcd rp ras rrd_s rrd_l faw ccd_s ccd_l wtr_s wtr_l wr rtp rfc refi"
TIMES = {"bl": "nBL", "rtrs": None} | {name: f"n{name.upper()}" for name in NAMED.split()}


@pytest.mark.parametrize(
    "row",
    [row for path in FILES for row in rows(path)],
    ids=lambda row: "-".join(str(value) for value in row.values() if not isinstance(value, dict)),
)
def test_between_the_two_simulators(row: Row) -> None:
    bandwidth, latency = run(row)
    assert abs(outside(bandwidth, row)) <= tolerance(row)
    if row["read_window"]:
        assert abs(outside(latency, row, "rd_lat_ns")) <= 0.05


@pytest.mark.parametrize("name", DEVICES)
def test_the_devices_are_those_of_the_reference(name: str) -> None:
    spec, stated = DramSpec(kind="dram", device=DEVICES[name]), REFERENCE["configs"][name]
    clocks = asdict(spec.clocks)
    assert {key: clocks[key] for key in clocks if TIMES[key]} == {
        key: stated[TIMES[key]] for key in clocks if TIMES[key]
    }
    assert spec.clocks.rc == stated["nRC"]
    assert spec.clocks.read_to_write == stated["rd_to_wr_ck"]
    assert spec.clocks.written + spec.clocks.wtr_l == stated["wr_to_rd_same_bg_ck"]
    assert spec.clocks.written + spec.clocks.wtr_s == stated["wr_to_rd_other_bg_ck"]
    assert spec.line == stated["line_bytes"]
    assert spec.capacity == stated["capacity_MiB"] << 20
    assert spec.bandwidth / 1e9 == pytest.approx(stated["peak_GBps"], rel=1e-3)


@pytest.mark.parametrize("name", DEVICES)
def test_refresh_takes_what_its_closed_form_says(name: str) -> None:
    spec = DramSpec(kind="dram", device=DEVICES[name])
    t = spec.clocks
    controller = Controller(t, spec.addresses, spec.queues)
    lines = 2_000_000
    controller.add(0, {0: [(0, lines, False)]})
    controller.run()
    stated = next(form[name] for form in REFERENCE["closed_forms"] if form["what"].startswith("refresh"))
    assert lines * t.bl / controller.ports[0].done == pytest.approx(stated, rel=2e-3)
    assert 1 - (t.rtp + t.rp + t.rfc + t.rcd) / t.refi == pytest.approx(stated, abs=1e-4)


@pytest.mark.parametrize("name", DEVICES)
def test_an_idle_bank_answers_as_its_closed_form_says(name: str) -> None:
    spec = DramSpec(kind="dram", device=DEVICES[name])
    t = spec.clocks
    controller = Controller(t, spec.addresses, spec.queues)
    stated = {form["what"].split(":")[0]: form for form in REFERENCE["closed_forms"]}

    def latency(line: int, at: int) -> int:
        controller.run(at)
        controller.ended.clear()
        controller.add(at, {0: [(line, line + 1, False)]})
        controller.run()
        return controller.ended[0][0] - at

    assert latency(0, 0) == 1 + t.rcd + t.cl + t.bl
    hit, conflict = latency(0, 1000), latency(spec.addresses.lines // 2, 2000)
    nanoseconds = 1e9 / spec.chip.clock
    assert hit * nanoseconds == pytest.approx(stated["idle read, row hit"][f"{name}_ns"], abs=0.02)
    assert conflict * nanoseconds == pytest.approx(stated["idle read, row conflict"][f"{name}_ns"], abs=0.02)


def test_one_chip_of_eight_bits_has_the_timeline_of_a_whole_rank() -> None:
    # Eight bits move 8 B a burst: the same commands at the same clocks, an eighth of the bytes.
    chip, rank = (DramSpec(kind="dram", device="DDR3-1600K-x8", width=width) for width in (8, 64))
    assert (chip.line, rank.line) == (8, 64)
    assert (chip.clocks, chip.addresses) == (rank.clocks, rank.addresses)
