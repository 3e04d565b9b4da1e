"""The floor of a chip: rectangles as large as the areas, side by side without gaps or overlaps."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import simres
from simres.analysis.area import ChipArea, ComponentArea
from simres.reporting.html.floor_plan import Place, drawing, floor, laid_out
from simres.reporting.html.page import html


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=12))
def test_every_component_has_its_share(sizes: list[int]):
    sizes.sort(reverse=True)
    places = list(laid_out(sizes, Place(0, 0, 420, 300)))
    for size, place in zip(sizes, places, strict=True):
        assert place.wide * place.high == pytest.approx(420 * 300 * size / sum(sizes), rel=1e-6)
        assert place.x >= 0
        assert place.y >= 0
        assert place.x + place.wide <= 420 * (1 + 1e-9)
        assert place.y + place.high <= 300 * (1 + 1e-9)


def test_the_report_has_it_with_its_figures():
    result = simres.simulate("resnet20", overrides={"technology": "28 nm"})
    assert result.area is not None
    page = html(result)
    assert '<section id="area"' in page
    assert '<a href="#area">Area</a>' in page
    assert "Defaults are the area of cells alone" in page
    assert re.findall("<title>([a-z]+): ", drawing(result.area)) == ["matrix", "sram", "ddr", "host"]


def test_a_chip_without_an_area_has_none():
    result = simres.simulate(
        "paper", overrides={f"hardware.{name}.area": "0 mm2" for name in ("ddr", "sram", "matrix", "host")}
    )
    assert floor(result) == ""


def test_names_are_escaped():
    area = ChipArea(45, (ComponentArea("<b>", "host", 10**6, 1),))
    assert "<b>" not in drawing(area)
