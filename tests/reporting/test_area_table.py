"""The table of areas: every component with its share, and whether the chip states it."""

from __future__ import annotations

import simres
from simres.analysis.area import ChipArea, ComponentArea
from simres.reporting.page import Page
from simres.reporting.tables.area_table import LOWER, caption, columns
from simres.reporting.tables.run_report import report


def lines(overrides: dict[str, str]) -> str:
    result = simres.simulate("resnet20", overrides=overrides)
    return "\n".join(line.plain for line in report(result, Page(width=100, whole=True)))


def test_the_details_have_it():
    text = lines({"technology": "28 nm"})
    assert "4.997 mm2 in 28 nm, 204.4 mUSD of silicon" in text
    assert LOWER in text


def test_what_is_stated_is_no_default():
    stated = {f"hardware.{name}.area": "1 mm2" for name in ("ddr", "sram", "matrix", "host")}
    text = lines(stated | {f"hardware.{name}.cost": "2 USD" for name in ("ddr", "sram", "matrix", "host")})
    assert "4 mm2 in 45 nm, 8 USD of silicon" in text
    assert LOWER not in text


def test_every_column_adds_up_and_says_where_it_is_from():
    area = ChipArea(
        16,
        (
            ComponentArea("ddr", "bus", 0, 0),
            ComponentArea("sram", "memory", 3 * 10**6, 10**6, True, False),
            ComponentArea("matrix", "matrix", 10**6, 3 * 10**6, False, True),
        ),
    )
    found = {column.head: column for column in columns(area)}
    assert list(found["component"].cells) == ["sram", "matrix"]
    assert list(found["share"].cells) == ["75.0", "25.0"]
    assert list(found["from"].cells) == ["stated, cost by default", "default, cost stated"]
    assert caption(area) == "4 mm2 in 16 nm, 4 USD of silicon"
