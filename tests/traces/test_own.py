"""What `--perfetto` wrote comes back as the same run, to the picosecond."""

from __future__ import annotations

import pytest

import simres.api
from simres.analysis.critical_path import critical_path
from simres.errors import SimresError
from simres.reporting.files.perfetto import perfetto, side_by_side
from simres.scenario import shipped
from simres.traces.importing import import_trace
from simres.traces.selection import Window

QUICK = ("paper", "resnet20", "tiny")
SLOW = ("two-tenants",)


def back(result, path):
    """The result that comes back."""
    path.write_text(perfetto(result))
    return import_trace(path)


def same(result, again):
    assert again.makespan_ps == result.makespan_ps
    assert again.record.engines == result.record.engines
    assert again.record.rows == result.record.rows
    assert critical_path(again.program, again.record) == critical_path(result.program, result.record)


@pytest.mark.parametrize("name", [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)])
def test_a_shipped_scenario_comes_back(tmp_path, name):
    result = simres.api.simulate(name, record="full")
    same(result, back(result, tmp_path / "t.json"))


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", [name for name in shipped.scenarios() if name not in (*QUICK, *SLOW)])
def test_every_other_shipped_scenario_comes_back(tmp_path, name):
    result = simres.api.simulate(name, record="full")
    same(result, back(result, tmp_path / "t.json"))


def test_several_runs_in_one_trace_are_refused_by_name(tmp_path, resnet20):
    path = tmp_path / "t.json"
    path.write_text(side_by_side({"A": resnet20, "B": resnet20}))
    with pytest.raises(SimresError, match="the runs A, B, and an import takes one"):
        import_trace(path)


def test_no_stretch_of_a_run_is_taken_and_a_broken_one_is_refused(tmp_path, resnet20):
    path = tmp_path / "t.json"
    text = perfetto(resnet20)
    path.write_text(text)
    with pytest.raises(SimresError, match="cannot cut"):
        import_trace(path, Window(5))
    for old, new in (
        ('"engine":"ddr"', '"engine":"fpu"'),
        ('"span":[0,', '"span":["a",'),
        ('"kind":"load"', '"kind":"lo"'),
    ):
        path.write_text(text.replace(old, new, 1))
        with pytest.raises(SimresError, match="damaged trace of simres"):
            import_trace(path)
