"""The lower bound in a result, as stored and as read again."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

import simres
from simres.api import simulate


@pytest.fixture(scope="module")
def result():
    return simulate("resnet20", chip="edge-npu")


def test_it_survives_its_file_with_every_reason(result, tmp_path):
    document = result.to_document()
    terms = document["lower_bound"]["terms"]
    assert document["lower_bound"]["makespan_ps"] == max(term["ps"] for term in terms)
    assert document["bounds_ps"]["makespan"] == document["lower_bound"]["makespan_ps"]
    assert document["above_lower_bound"] == result.makespan_ps / document["lower_bound"]["makespan_ps"] - 1
    assert all(term["reason"].endswith(".") for term in terms)
    assert simres.load(result.save(tmp_path)).bounds == result.bounds


def test_a_result_from_before_there_was_one_is_read(result, tmp_path):
    document = result.to_document()
    del document["lower_bound"], document["above_lower_bound"]
    path = tmp_path / "result.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    found = simres.load(path)
    assert found.bounds.lower.terms == ()
    assert found.bounds.makespan == max(result.bounds.engines.values())
    assert found.above_lower_bound > result.above_lower_bound


def test_the_chain_of_a_program_is_no_part_of_it(result):
    """Another schedule may have a shorter one."""
    longer = replace(result.bounds, dependency=2 * result.makespan_ps)
    assert longer.makespan == result.bounds.makespan < longer.dependency
    assert longer.tightest != "dependency"


def test_a_term_that_is_no_time_is_refused(result, tmp_path):
    document = result.to_document()
    document["lower_bound"]["terms"][0]["ps"] = -1
    path = tmp_path / "result.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(simres.SimresError, match=r"lower_bound\.bytes on ddr: -1 is no time"):
        simres.load(path)
