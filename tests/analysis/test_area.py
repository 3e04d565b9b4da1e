"""The area of a chip: of its parts, by default or stated, in every result and its file."""

from __future__ import annotations

from pathlib import Path

import pytest

import simres
from simres.errors import InvalidFile, SimresError
from simres.hardware.area_costs import TECHNOLOGIES, sram_um2
from simres.result.summary import figure_at, summary


def test_a_chip_is_the_sum_of_its_components():
    area = simres.simulate("resnet20").area
    assert area is not None
    assert area.nm == 45
    assert [one.component for one in area.components] == ["ddr", "sram", "matrix", "host"]
    assert area.um2 == sum(one.um2 for one in area.components)
    assert area.uusd == sum(one.uusd for one in area.components)
    assert area.defaults
    assert not any(one.area_stated or one.cost_stated for one in area.components)


def test_a_technology_changes_areas_and_nothing_else():
    before, after = (
        simres.simulate("resnet20", overrides={"technology": text}) for text in ("45 nm", "16 nm")
    )
    assert before.area is not None
    assert after.area is not None
    assert after.area.um2 < before.area.um2
    assert (after.makespan_ps, after.energy.total_fj) == (before.makespan_ps, before.energy.total_fj)


def test_what_is_stated_is_said_to_be():
    area = simres.simulate(
        "resnet20", overrides={"hardware.sram.area": "2 mm2", "hardware.ddr.cost": "4 USD"}
    ).area
    assert area is not None
    found = {one.component: one for one in area.components}
    assert (found["sram"].um2, found["sram"].area_stated, found["sram"].cost_stated) == (
        2 * 10**6,
        True,
        False,
    )
    assert (found["ddr"].uusd, found["ddr"].area_stated, found["ddr"].cost_stated) == (4 * 10**6, False, True)


def test_a_chip_says_its_technology_and_a_scenario_may_say_another():
    chip = simres.simulate("resnet20", chip="tpu-like").area
    other = simres.simulate("resnet20", chip="tpu-like", overrides={"technology": "7 nm"}).area
    assert chip is not None
    assert other is not None
    assert (chip.nm, other.nm) == (28, 7)
    assert next(one.um2 for one in chip.components if one.component == "sram") == sram_um2(28 << 20, 28)


def test_a_result_file_has_it(tmp_path: Path):
    result = simres.simulate("resnet20", overrides={"technology": "28 nm"})
    read = simres.load(result.save(tmp_path))
    assert read.area == result.area
    before, after = simres.rerun(tmp_path / "result.json")
    assert before.area == after.area


def test_a_result_without_one_is_read_and_shown(tmp_path: Path):
    import json

    path = simres.simulate("resnet20").save(tmp_path)
    document = json.loads(path.read_text())
    del document["area"]
    path.write_text(json.dumps(document))
    assert simres.load(path).area is None


def test_an_expectation_may_be_of_it():
    document = summary(simres.simulate("resnet20"))
    assert figure_at(document, "area.total", "um2") == document["area"]["total_um2"]
    assert figure_at(document, "area.cost", "uUSD") == document["area"]["cost_uusd"]
    with pytest.raises(SimresError, match="not of"):
        figure_at(document, "area.total", "ps")


@pytest.mark.parametrize("text", ["30 nm", "28", "28 mm", "0 nm", "7"])
def test_a_wrong_technology_is_refused_at_its_place(text: str):
    with pytest.raises(InvalidFile, match="technology"):
        simres.simulate("resnet20", overrides={"technology": text})


def test_every_technology_has_an_area():
    for nm in TECHNOLOGIES:
        area = simres.simulate("paper", overrides={"technology": f"{nm} nm"}).area
        assert area is not None
        assert area.um2 > 0
