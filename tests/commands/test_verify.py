"""`simres verify`: exit codes, table and JSON."""

from __future__ import annotations

import json


def test_a_sound_result(simres, tmp_path):
    simres("simulate", "resnet20", "-o", tmp_path)
    code, out, _ = simres("verify", tmp_path)
    assert code == 0
    rows = [line.split()[:2] for line in out.splitlines()[2:]]
    assert [row[0] for row in rows] == ["order", "memory", "traffic", "data", "work", "times", "lower"]
    assert "FAILS" not in out
    code, out, _ = simres("verify", tmp_path, "--json")
    assert code == 0
    assert all(check["holds"] for check in json.loads(out)["checks"])


def test_a_result_that_was_changed(simres, tmp_path):
    simres("simulate", "resnet20", "-o", tmp_path)
    path = tmp_path / "result.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    document["lower_bound"]["terms"][0]["ps"] //= 2
    path.write_text(json.dumps(document), encoding="utf-8")
    code, out, err = simres("verify", tmp_path)
    assert code == 1
    assert "lower bound  FAILS" in out
    assert "1 of 7 checks fail: `bytes on ddr` is stated as" in err


def test_no_result(simres, tmp_path):
    code, _, err = simres("verify", tmp_path / "nothing")
    assert code == 2
    assert "no such result" in err
