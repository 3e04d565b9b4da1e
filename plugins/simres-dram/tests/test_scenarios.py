"""The shipped scenarios, and that the README says what comes out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import simres
from simres.units import format_duration

ROOT = Path(__file__).parents[1]
SCENARIOS = sorted((ROOT / "scenarios").glob("*.yaml"))
SCENARIO = ROOT / "scenarios" / "resnet20-ddr3-1600.yaml"
README = (ROOT / "README.md").read_text(encoding="utf-8")
ROW = r"^\| (\S+) \| (\d+) bits \| (.+) GB/s \| (.+) \| (.+) \| (.+) % \|$"


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_a_shipped_scenario_meets_its_expectations(path: Path) -> None:
    result = simres.simulate(path)
    assert result.expectations
    assert all(expectation.met for expectation in result.expectations)
    assert result.origin.versions["simres-dram"] == "0.1.0"
    assert result.chip["ddr"].kind == "dram"


def test_no_faster_than_an_ideal_bus_of_the_same_peak() -> None:
    real = simres.simulate(SCENARIO)
    ideal = simres.simulate("resnet20", overrides={"hardware.ddr.bandwidth": "1.6 GB/s"})
    assert ideal.makespan_ps < real.makespan_ps < 1.05 * ideal.makespan_ps
    assert real.bounds.engines == ideal.bounds.engines
    assert simres.simulate(SCENARIO).record == real.record


@pytest.mark.parametrize("row", re.findall(ROW, README, re.MULTILINE), ids=lambda row: f"{row[0]}-{row[1]}")
def test_the_readme_says_what_comes_out(row: tuple[str, ...]) -> None:
    device, width, peak, ideal, real, more = row
    changes = {"hardware.ddr.device": device, "hardware.ddr.width": int(width)}
    result = simres.simulate(SCENARIO, overrides=changes)
    rate = result.chip["ddr"].peak_per_s
    assert rate is not None
    assert f"{rate / 1e9:#.4g}" == peak
    bus = simres.simulate("resnet20", overrides={"hardware.ddr.bandwidth": f"{rate} B/s"})
    assert (format_duration(bus.makespan_ps), format_duration(result.makespan_ps)) == (ideal, real)
    assert f"{100 * (result.makespan_ps / bus.makespan_ps - 1):.1f}" == more


def test_a_map_that_keeps_a_stream_in_one_bank_group_is_slower() -> None:
    changes = {
        "hardware.ddr.device": "DDR4-2400T-x8",
        "hardware.ddr.width": 64,
        "hardware.ddr.address_map": "ro-ra-ba-bg-co-ch",
    }
    makespan = format_duration(simres.simulate(SCENARIO, overrides=changes).makespan_ps)
    assert makespan == "223.9 us"
    assert makespan in re.sub(r"\s+", " ", README)
