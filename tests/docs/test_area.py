"""docs/area.md has the figures of the code, and the table that benchmarks/area.py makes."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

from simres.hardware.area_costs import TECHNOLOGIES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "area.md").read_text(encoding="utf-8")
BENCHMARK = runpy.run_path(str(ROOT / "benchmarks" / "area.py"))


def test_the_table_beside_published_chips_is_what_the_command_makes():
    assert "\n".join(BENCHMARK["lines"]()) in PAGE


def test_every_technology_is_on_the_page_with_its_figures():
    rows = re.findall(r"^\| (\d+) nm \| ([\d.]+) \| ([\d.]+) \| ([\d,]+) \|$", PAGE, re.MULTILINE)
    assert {
        int(nm): (round(float(logic) * 1000), round(float(cell) * 1000), int(usd.replace(",", "")))
        for nm, logic, cell, usd in rows
    } == {nm: (one.logic, one.cell, one.wafer_usd) for nm, one in TECHNOLOGIES.items()}


def test_what_the_page_says_of_the_errors_is_true():
    off = {one.what: one.off for one in BENCHMARK["published"]()}
    assert all(abs(share) <= 0.25 for what, share in off.items() if what.startswith("EIE"))
    assert all(-0.8 < share < -0.3 for what, share in off.items() if not what.startswith("EIE"))
