"""`simres explain` as people and scripts meet it."""

from __future__ import annotations

import json

import pytest

from simres import api


def test_a_scenario_and_its_stored_result_are_explained_alike(simres, tmp_path):
    assert simres("simulate", "resnet20", "-o", tmp_path)[0] == 0
    code, now, err = simres("explain", "resnet20")
    assert (code, err) == (0, "")
    assert now.startswith("resnet20: 1.238 ms. Bottleneck: the DDR bus, 88.2 % of the critical path.\n")
    assert simres("explain", tmp_path) == (0, now, "")
    assert simres("explain", tmp_path / "result.json") == (0, now, "")


def test_a_network_on_a_chip_with_a_value_changed(simres):
    code, out, _ = simres("explain", "resnet20", "--chip", "paper", "--set", "hardware.host.rate=1 MFLOP/s")
    assert code == 0
    assert "Bottleneck: the host, " in out.splitlines()[0]


def test_json_is_one_document(simres):
    code, out, err = simres("explain", "paper", "--json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert found["schema_version"] == 2
    assert found["bottleneck"] == {"component": "host", "limit": "speed"}
    assert sum(row["time_ps"] for row in found["blame"]) == found["makespan_ps"] == 22_102_407_200


@pytest.mark.parametrize("width", [40, 80])
def test_it_fits_where_columns_say_so_and_has_no_colour_in_a_pipe(simres, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    code, out, _ = simres("explain", "two-tenants", "--all")
    assert code == 0
    assert "\x1b" not in out
    if width >= 80:
        assert max(map(len, out.splitlines())) <= width


def test_a_result_without_spans_is_an_error_with_a_hint(simres, tmp_path):
    api.simulate("resnet20", record="aggregate").save(tmp_path)
    code, out, err = simres("explain", tmp_path)
    assert (code, out) == (2, "")
    assert "recorded at level `aggregate`" in err
    assert "hint: " in err


def test_what_goes_with_a_scenario_does_not_go_with_a_result(simres, tmp_path):
    api.simulate("resnet20").save(tmp_path)
    for option in (("--set", "scheduler=serial"), ("--chip", "paper")):
        code, _, err = simres("explain", tmp_path, *option)
        assert code == 2
        assert option[0] in err


@pytest.mark.parametrize("wrong", ["no-such", "no/such.json", "no/such.yaml"])
def test_what_is_not_there_is_an_error(simres, wrong):
    code, out, err = simres("explain", wrong)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")


def test_requests_over_time_are_recorded_in_full(simres):
    code, out, err = simres("explain", "stream", "--set", "load.images=20")
    assert (code, err) == (0, "")
    assert out.startswith("stream: ")
    assert "Causes  the critical path, end to end" in out
