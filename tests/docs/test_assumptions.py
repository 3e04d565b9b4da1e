"""What the page on assumptions says that each is worth is what comes out."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

import simres
from simres.plugins.registry import Registry
from simres.units import format_duration

PAGE = (Path(__file__).parents[2] / "docs" / "assumptions.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| .+ \| `(\S+=.+)` \| (.+) \| (.+) % \|$", PAGE, re.MULTILINE)
KINDS = Registry().components()


@pytest.fixture(scope="module")
def base() -> simres.Result:
    return simres.simulate("resnet18", chip="edge-npu")


def test_it_says_what_the_run_takes_as_it_stands(base):
    assert len(ROWS) > 10
    assert f"takes {format_duration(base.makespan_ps)} as it stands" in PAGE


@pytest.mark.parametrize(("setting", "makespan", "against"), ROWS, ids=[row[0] for row in ROWS])
def test_a_changed_assumption_is_worth_what_it_says(base, setting, makespan, against):
    (path, _, value) = shlex.split(setting)[0].partition("=")
    if (kind := re.search(r"kind: (\w+)", value)) and kind[1] not in KINDS:
        pytest.skip(f"the kind `{kind[1]}` is of a package that is not installed")
    found = simres.simulate("resnet18", chip="edge-npu", overrides={path: value}).makespan_ps
    assert format_duration(found) == makespan
    assert f"{100 * (found / base.makespan_ps - 1):+.1f}" == against
