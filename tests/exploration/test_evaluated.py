"""Sweeps and searches from Python: the rows of the command line, as data and as a DataFrame."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import simres
from simres.errors import InvalidFile, SimresError
from simres.exploration.table import rows_in

VARY = {"hardware.ddr.bandwidth": "1,2 GB/s", "hardware.sram.capacity": ["64 KiB", "128 KiB"]}
SERIAL = {"scheduler": "serial"}


@pytest.fixture(scope="module")
def chips():
    return simres.sweep("resnet20", VARY, goals=["latency * area", "area"], overrides=SERIAL)


def test_every_point_has_a_row(chips):
    assert len(chips) == 4
    assert [knob.key for knob in chips.knobs] == list(VARY)
    points = {(row["hardware.ddr.bandwidth"], row["hardware.sram.capacity"]) for row in chips.rows}
    assert points == {(rate, size) for rate in (10**9, 2 * 10**9) for size in (65536, 131072)}


def test_a_row_is_what_a_simulation_says(chips):
    row = next(row for row in chips.rows if row["hardware.ddr.bandwidth"] == 2 * 10**9)
    size = f"{row['hardware.sram.capacity']} B"
    result = simres.simulate(
        "resnet20", overrides={"hardware.ddr.bandwidth": "2 GB/s", "hardware.sram.capacity": size, **SERIAL}
    )
    assert result.area is not None
    assert (row["makespan_ps"], row["energy_fj"]) == (result.makespan_ps, result.energy.total_fj)
    assert (row["area_um2"], row["cost_uusd"]) == (result.area.um2, result.area.uusd)


def test_the_front_is_of_the_goals(chips):
    least = min(row["image_ps"] * row["area_um2"] for row in chips.rows)
    assert chips.best[0]["image_ps"] * chips.best[0]["area_um2"] == least
    assert min(row["area_um2"] for row in chips.rows) in [row["area_um2"] for row in chips.best]


def test_a_frame_has_the_rows_and_the_goals(chips):
    pytest.importorskip("pandas")
    frame = chips.to_pandas()
    assert list(frame["key"]) == [row["key"] for row in chips.rows]
    product = frame["image_ps"] / 10**12 * frame["area_um2"] / 10**6
    assert list(frame["latency * area"]) == pytest.approx(list(product))
    assert frame["best"].sum() == len(chips.best)


def test_without_pandas_the_remedy_is_said(chips, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(SimresError, match="needs pandas") as error:
        chips.to_pandas()
    assert "simres[pandas]" in str(error.value.hint)


def test_rows_are_kept_where_asked_for(tmp_path: Path):
    vary = {"hardware.ddr.bandwidth": "1,2 GB/s"}
    before = simres.sweep("resnet20", vary, overrides=SERIAL, output=tmp_path)
    assert {row["key"] for row in rows_in(tmp_path / "sweep.jsonl")} == {row["key"] for row in before.rows}
    assert simres.sweep("resnet20", vary, overrides=SERIAL, output=tmp_path).rows == before.rows


def test_a_scenario_may_say_what_varies_and_counts():
    fixed = {"scheduler": "serial", "hardware.sram.capacity": "64 KiB"}
    found = simres.sweep("design-space", overrides=fixed)
    assert [knob.key for knob in found.knobs] == ["hardware.ddr.bandwidth"]
    assert [goal.name for goal in found.goals] == ["latency", "sram", "bandwidth"]


def test_a_search_keeps_to_its_limits():
    pytest.importorskip("optuna")
    found = simres.explore(
        "resnet20", VARY, goals="latency,area", limits={"bandwidth": "1 GB/s"}, points=4, overrides=SERIAL
    )
    assert len(found) == 4
    assert found.best
    assert {row["hardware.ddr.bandwidth"] for row in found.best} == {10**9}


def test_a_technology_may_vary_and_changes_no_time():
    found = simres.sweep("resnet20", {"technology": "45 nm,28 nm"}, goals="area", overrides=SERIAL)
    assert len({row["makespan_ps"] for row in found.rows}) == 1
    assert [row["area_um2"] for row in found.best] == [min(row["area_um2"] for row in found.rows)]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"vary": {}}, "no knob varies"),
        ({"vary": {"hardware.ddr.bandwith": "1,2 GB/s"}}, "bandwith"),
        ({"vary": VARY, "goals": "speed"}, "unknown goal"),
        ({"vary": VARY, "workers": 0}, "workers"),
        ({"vary": VARY, "overrides": {"hardware.ddr.bandwidth": "1 GB/s"}}, "both set and varied"),
    ],
)
def test_what_is_wrong_is_said(arguments: dict[str, object], said: str):
    with pytest.raises((SimresError, InvalidFile), match=said):
        simres.sweep("resnet20", **arguments)


def test_a_loaded_scenario_is_no_name():
    with pytest.raises(SimresError, match="name or the file"):
        simres.sweep(simres.api.find_scenario("resnet20"), VARY)


def test_importing_simres_loads_neither_pandas_nor_torch():
    code = "import sys, simres; simres.sweep; print(sorted({'pandas', 'torch', 'optuna'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "[]"
