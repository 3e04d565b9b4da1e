"""The page on how right simres is: its quick sections are what comes out, and the others are all there."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from simres.analysis.validation import Agreement, Compared
from simres.reporting.page import Page
from simres.reporting.tables.validation_table import document, report
from simres.units import format_duration

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "validation.md").read_text(encoding="utf-8")


def test_the_quick_sections_are_what_comes_out():
    for package in ("simres_dram", "simres_systolic", "simres_utilisation"):
        pytest.importorskip(package)
    command = [sys.executable, "benchmarks/validation.py", "--check"]
    paths = os.pathsep.join(path for path in sys.path if path)
    environment = os.environ | {"PYTHONPATH": paths}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_stored_calibration_has_a_row(tmp_path, monkeypatch):
    for package in ("simres_dram", "simres_systolic", "simres_utilisation"):
        pytest.importorskip(package)
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    validation = importlib.import_module("validation")
    monkeypatch.setattr(validation, "DATA", tmp_path)
    near, far = (
        Compared(name, "conv", 1000, 10**9, ps) for name, ps in (("a", 11 * 10**8), ("b", 5 * 10**8))
    )
    found = Agreement("net", "a machine", "a chip", 2 * 10**9, 0.04, 19 * 10**8, (near, far))
    stored = {"schema_version": 1, "networks": [document(found)]}
    (tmp_path / "calibration-here.json").write_text(json.dumps(stored))
    (row,) = [line for line in validation.calibrations() if line.startswith("| net ")]
    assert row == "| net | a machine | 2 ms | 4 % | 1.9 ms | -5.0 % | 1 of 2 | -50 % |"


def test_the_page_of_calibration_has_the_figures_that_are_stored():
    page = (ROOT / "docs" / "calibrate.md").read_text(encoding="utf-8")
    stored = json.loads((ROOT / "docs" / "data" / "calibration-cpu.json").read_text(encoding="utf-8"))
    for found in stored["networks"]:
        layers = tuple(
            Compared(**{key: value for key, value in layer.items() if key != "error"})
            for layer in found["layers"]
        )
        times = (found["measured_ps"], found["measured_spread"], found["simulated_ps"])
        one = Agreement(found["network"], found["machine"], "my-cpu.yaml", *times, layers)
        cells = (
            format_duration(one.measured_ps),
            format_duration(one.simulated_ps),
            f"{100 * one.error:+.1f} %",
        )
        assert f"| {' | '.join(cells)} | {len(one.within)} of {len(one.convolutions)} |" in page.replace(
            "**", ""
        )
        if one.network == "torchvision:resnet18":
            assert "\n".join(line.plain.rstrip() for line in report(one, Page(96))) in page


def test_errors_are_those_of_the_figures_beside_them():
    rows = re.findall(
        r"^\| .+ \| (\S+) (\w?s) \(\d\) \| (\S+) (\w?s) \| \S+ \| (\S+) % \|$", PAGE, re.MULTILINE
    )
    assert len(rows) >= 7
    scale = {"us": 1e-6, "ms": 1e-3, "s": 1}
    for published, first, simulated, second, error in rows:
        found, known = float(simulated) * scale[second], float(published) * scale[first]
        # Each is printed with four digits.
        assert 100 * (found / known - 1) == pytest.approx(float(error), abs=0.15)
