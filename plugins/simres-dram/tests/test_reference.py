"""The controller against two cycle-level simulators, DRAMsim3 and Ramulator 2, on the same traffic.

`dram-streams.json` has their figures: same timing, same queues, same addresses, refresh on. They differ
from each other in what a controller is free to do, so the measure is the interval between the two.
"""

from __future__ import annotations

import json
import random
from dataclasses import asdict
from pathlib import Path

import pytest
from simres_dram.addresses import AddressMap
from simres_dram.controller import Controller
from simres_dram.spec import DramSpec

REFERENCE = json.loads((Path(__file__).parent / "dram-streams.json").read_text(encoding="utf-8"))
MAPS = {"row": "ro-ra-ba-bg-co-ch", "bgint": "ro-ra-ba-co-bg-ch"}
DEVICES = {"ddr3": "DDR3-1600K-x8", "ddr4": "DDR4-2400T-x8"}
MIXES = ("copy_stagger", "rand_mix")
NAMED = "cl cwl rcd rp ras rrd_s rrd_l faw ccd_s ccd_l wtr_s wtr_l wr rtp rfc refi"
TIMES = {"bl": "nBL", "rtrs": None} | {name: f"n{name.upper()}" for name in NAMED.split()}


def dram(row: dict[str, str]) -> DramSpec:
    return DramSpec(kind="dram", device=DEVICES[row["dram"]], address_map=MAPS[row["address_map"]])


def stream(pattern: str, addresses: AddressMap) -> list[tuple[int, int, bool]]:
    """The traffic as stretches of lines and whether they are written."""
    chance = random.Random(1)
    some = range(40_000)
    if pattern.startswith("seq"):
        return [(0, 100_000, pattern == "seq_write")]
    if pattern == "copy_stagger":  # the written half begins half of the banks further on
        other = addresses.lines // 2 + addresses.block * addresses.banks // 2
        return [(n // 2 + n % 2 * other, n // 2 + n % 2 * other + 1, n % 2 == 1) for n in some]
    writes = {"rand_read": 0, "rand_mix": 1, "rand_write": 3}[pattern]  # of three lines
    lines = [chance.randrange(addresses.lines) for _ in some]
    return [(line, line + 1, n % 3 >= 3 - writes) for n, line in enumerate(lines)]


@pytest.mark.parametrize("row", REFERENCE["rows"], ids=lambda row: "-".join(map(str, list(row.values())[:4])))
def test_between_the_two_simulators(row: dict[str, str]) -> None:
    spec = dram(row)
    window = row["read_window"]
    controller = Controller(spec.clocks, spec.addresses, spec.queues, 1, window)
    lines = stream(row["pattern"], spec.addresses)
    if window:
        lines = lines[:20_000] if len(lines) > 1 else [(0, 20_000, False)]
    controller.add(0, {0: lines})
    controller.run()
    port = controller.ports[0]
    moved = sum(stop - start for start, stop, _ in lines)
    bandwidth = moved * spec.clocks.bl / port.done
    found = [row[name]["bw_frac"] for name in ("dramsim3", "ramulator2")]
    within = 0.05 if row["pattern"] in MIXES else 0.02
    assert min(found) * (1 - within) <= bandwidth <= max(found) * (1 + within)
    if window:
        latency = (port.ended - port.joined) / port.reads * 1e9 / spec.chip.clock
        found = [row[name]["rd_lat_ns"] for name in ("dramsim3", "ramulator2")]
        assert min(found) * 0.95 <= latency <= max(found) * 1.05


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
