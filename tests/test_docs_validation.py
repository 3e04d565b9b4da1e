"""The page on how right simres is: its quick sections are what comes out, and the others are all there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "validation.md").read_text(encoding="utf-8")


def test_the_quick_sections_are_what_comes_out():
    for package in ("simres_dram", "simres_systolic", "simres_utilisation"):
        pytest.importorskip(package)
    command = [sys.executable, "benchmarks/validation.py", "--check"]
    paths = os.pathsep.join(path for path in sys.path if path)
    environment = os.environ | {"PYTHONPATH": paths}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


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
