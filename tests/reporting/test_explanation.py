"""What `explain` says: names the bottleneck, adds up, fits, and is clear where there is nothing to say."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

import simres.api
from simres.analysis.explanation import LimitingFactor, PathCause, explain
from simres.analysis.unlimited import UnlimitedReplay
from simres.errors import SimresError
from simres.program import Program
from simres.program.record import Cause, RecordLevel
from simres.reporting.page import Page
from simres.reporting.tables.explanation_tables import document, explanation
from simres.reporting.text.advice import advice
from simres.reporting.text.glyphs import ASCII
from simres.reporting.text.reasons import answer, reasons
from tests.support.nanoseconds import nanosecond_chip

BOTTLENECKS = Path(__file__).parents[1] / "bottlenecks"
BOUND_BY = {
    "bus": (PathCause("ddr", LimitingFactor.SPEED), "the DDR bus", "The DDR bus at twice the bandwidth"),
    "matrix": (
        PathCause("matrix", LimitingFactor.SPEED),
        "the matrix unit",
        "The matrix unit at twice the rate",
    ),
    "host": (PathCause("host", LimitingFactor.SPEED), "the host", "The host at twice the rate"),
    "space": (
        PathCause("sram", LimitingFactor.SPACE),
        "the capacity of the SRAM",
        "More capacity than 224 KiB",
    ),
}


def text_of(result, width=80, **options):
    found = explain(result.program, result.record)
    return "\n".join(line.plain for line in explanation(result, found, Page(width, clip=True, **options)))


@pytest.mark.parametrize("name", BOUND_BY)
def test_each_known_bottleneck_is_named(name):
    result = simres.api.simulate(BOTTLENECKS / f"{name}.yaml")
    found = explain(result.program, result.record)
    resource, words, change = BOUND_BY[name]
    assert found.bottleneck == resource
    assert 2 * found.resources[resource] > result.makespan_ps
    assert f"Bottleneck: {words}, " in answer(result, found)
    assert any(said.startswith(change) for said in advice(result, found)[:2])


def test_the_tensors_that_have_the_space_are_named():
    result = simres.api.simulate(BOTTLENECKS / "space.yaml")
    found = explain(result.program, result.record)
    assert set(found.holders(Cause.SPACE)) == {f"branch{number}.conv" for number in range(5)}
    assert "for buffer space held by branch" in " ".join(reasons(result, found))


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_every_sum_is_the_makespan(random_results, data):
    result = data.draw(random_results)
    found = explain(result.program, result.record)
    makespan = result.makespan_ps
    for summed in (found.blamed, found.resources, found.causes):
        assert sum(summed.values()) == makespan
        assert list(summed.values()) == sorted(summed.values(), reverse=True)
    for resource, ps in found.resources.items():
        assert sum(found.layers(resource).values()) == ps
        assert resource.limit is LimitingFactor.START or resource.component in {
            "ddr",
            "sram",
            "matrix",
            "host",
        }
    for cause, ps in found.causes.items():
        assert sum(found.holders(cause).values()) == ps


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_no_resource_is_worth_more_than_what_hangs_on_it(random_results, data):
    """What is said to be won at the most is no less than what a replay with the resource free wins."""
    result = data.draw(random_results)
    found = explain(result.program, result.record)
    again = UnlimitedReplay(result.program, result.record)
    for (component, limit), ps in found.resources.items():
        if limit is LimitingFactor.SPACE:
            assert again.makespan_ps(memories=[component]) >= result.makespan_ps - ps
        elif Cause.SPACE not in found.causes:
            free = result.makespan_ps - again.makespan_ps([component])
            latency = found.resources.get(PathCause(component, LimitingFactor.LATENCY), 0)
            speed = found.resources.get(PathCause(component, LimitingFactor.SPEED), 0)
            assert free <= speed + latency


@settings(deadline=None, max_examples=80)
@given(data=st.data(), width=st.sampled_from([60, 80, 120]), whole=st.booleans())
def test_any_explanation_prints_whole_and_in_width(random_results, data, width, whole):
    result = data.draw(random_results)
    text = text_of(result, width, whole=whole)
    assert "\x1b" not in text
    assert all(cell_len(line) <= width for line in text.splitlines())
    assert not any(line.endswith(" ") for line in text.splitlines())
    if whole and result.makespan_ps:
        table = text.split("\nLayers  ")[1].splitlines()
        ruled = [number for number, line in enumerate(table) if set(line) == {"─"}]
        assert ruled[1] - ruled[0] - 1 == len(explain(result.program, result.record).blamed)


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_the_json_form_adds_up(random_results, data):
    result = data.draw(random_results)
    found = json.loads(json.dumps(document(result)))
    assert found["schema_version"] == 2
    makespan = result.makespan_ps
    assert sum(row["time_ps"] for row in found["blame"]) == makespan
    assert sum(row["time_ps"] for row in found["resources"]) == makespan
    assert [part["start_ps"] for part in found["path"]] == [0, *(part["end_ps"] for part in found["path"])][
        :-1
    ]


def test_tenants_and_who_goes_first():
    slow = {"hardware.ddr.bandwidth": "2 GB/s"}
    result = simres.api.simulate("two-tenants", overrides=slow)
    found = explain(result.program, result.record)
    said = " ".join(reasons(result, found))
    assert re.search(r"on the DDR bus(, the matrix unit)?( and the [a-z ]+)?, taken by large", said)
    assert "nothing is due, until small arrives." in said
    assert any("`--set tenants.small.priority=1`" in change for change in advice(result, found))
    first = simres.api.simulate("two-tenants", overrides={**slow, "tenants.small.priority": 1})
    assert not any("priority" in change for change in advice(first, explain(first.program, first.record)))


def test_a_lone_processor_is_not_told_to_overlap():
    result = simres.api.simulate("tiny:ad", chip="mcu", overrides={"scheduler": "serial"})
    found = explain(result.program, result.record)
    assert not any("scheduler=overlapped" in change for change in advice(result, found))


def test_what_cannot_overlap_is_told_to(paper, resnet20):
    for result, how in ((resnet20, "`--set scheduler=overlapped`"), (paper, "needs the traced network")):
        found = explain(result.program, result.record)
        assert "No two engines overlap." in " ".join(reasons(result, found))
        assert any(how in change for change in advice(result, found))


def test_what_room_on_chip_is_worth_comes_with_what_crossed_the_bus_again():
    small = {"hardware.sram.capacity": "192 KiB"}
    result = simres.api.simulate("mobilenet_v2", chip="edge-npu", overrides=small)
    found = explain(result.program, result.record)
    first, *others = advice(result, found)
    assert first.startswith("More on-chip memory")
    assert "cross the bus again" in first
    assert not any("cross the bus again" in change for change in others)
    assert any("`fold_batch_norm`" in change for change in others)
    folded = simres.api.simulate(
        "mobilenet_v2", chip="edge-npu", overrides={**small, "passes": ["fold_batch_norm"]}
    )
    changes = advice(folded, explain(folded.program, folded.record))
    assert not any("`fold_batch_norm`" in change for change in changes)


def test_nothing_takes_no_time(make_result):
    result = make_result(Program("test", "", ()), nanosecond_chip())
    assert text_of(result).startswith("random on paper: 0 s, as no task takes any time.")
    assert document(result)["bottleneck"] is None


def test_few_rows_unless_all_are_asked_for(resnet20):
    assert "the 12 longest of 109; all with --all" in text_of(resnet20)
    assert "97 others" in text_of(resnet20)
    assert "others" not in text_of(resnet20, whole=True)
    assert len(text_of(resnet20, whole=True).splitlines()) > 109


def test_ascii_where_blocks_cannot_be_drawn(resnet20):
    assert text_of(resnet20, glyphs=ASCII).isascii()


def test_without_spans_there_is_no_explanation(make_result, paper):
    result = make_result(paper.program, nanosecond_chip(), RecordLevel.AGGREGATE)
    with pytest.raises(SimresError, match="aggregate") as raised:
        document(result)
    assert "`simres explain SCENARIO` records in full" in raised.value.hint
