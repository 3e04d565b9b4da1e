"""Some hundreds of hostile inputs over all parsers; `benchmarks/fuzz.py` has thousands."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.hostile.judging import Target, judged, made
from tests.hostile.targets import targets

EACH = 3
"""Inputs for each share that a target has of all."""


def marked(target: Target) -> object:
    """A target; what trains or reads images needs the extra [torch]."""
    marks = [pytest.mark.torch] if "numpy" in target.needs else []
    return pytest.param(target, id=target.name, marks=marks)


@pytest.mark.parametrize("target", list(map(marked, targets())))
def test_hostile_inputs_are_read_or_refused_with_a_place(target: Target, tmp_path: Path) -> None:
    outcomes: Counter[str] = Counter()
    for number in range(EACH * target.share):
        folder = tmp_path / str(number)
        folder.mkdir()
        outcomes[judged(made(target, 1, number, folder))] += 1
    assert outcomes["read"] + outcomes["refused"] == EACH * target.share


def test_one_input_can_be_made_again() -> None:
    script = Path(__file__).parents[2] / "benchmarks" / "fuzz.py"
    again = [sys.executable, script, "--target", "unit", "--only", "12"]
    assert subprocess.run(again, capture_output=True, text=True, check=True).stdout in ("read\n", "refused\n")
