"""Equal units in everything that is printed, drawn and written: one row and one resource, a lane each."""

from __future__ import annotations

import json
import re

import pytest

from simres import api
from simres.analysis.explanation import explain
from simres.exploration.comparison import compare
from simres.program.record import RecordLevel
from simres.reporting.files import notebook
from simres.reporting.files.perfetto import perfetto
from simres.reporting.html.page import html
from simres.reporting.page import Page
from simres.reporting.tables.comparison_tables import report as comparison_report
from simres.reporting.tables.explanation_tables import explanation
from simres.reporting.tables.run_report import report
from simres.reporting.text.headline import limit, remarks
from simres.reporting.viewer.index import ViewIndex
from simres.reporting.viewer.picture import rows

SLOW = {"scheduler": "overlapped", "hardware.matrix.rate": "20 GFLOP/s"}
"""With these, ResNet-20 on the paper's chip is bound by its matrix unit."""


@pytest.fixture(scope="module")
def one():
    return api.simulate("resnet20", overrides=SLOW)


@pytest.fixture(scope="module")
def two():
    power = {"hardware.matrix.static_power": "50 mW", "hardware.matrix.count": 2}
    return api.simulate("resnet20", overrides=SLOW | power)


@pytest.fixture(scope="module")
def tenants():
    overrides = {"hardware.matrix.count": 2, "hardware.matrix.rate": "50 GFLOP/s"}
    return api.simulate("two-tenants", overrides=overrides)


def text_of(found):
    return "\n".join(line.plain for line in found)


def test_two_units_are_faster_and_as_efficient(one, two):
    assert two.makespan_ps < 0.6 * one.makespan_ps
    assert two.bounds.engines["matrix"] * 2 == one.bounds.engines["matrix"]
    assert two.peak("matrix") == 2 * one.peak("matrix")
    assert sum(two.energy.dynamic_fj[f"matrix.{unit}"] for unit in (0, 1)) == one.energy.dynamic_fj["matrix"]


def test_each_unit_takes_its_static_power(two):
    each = -(-50_000 * two.makespan_ps // 1000)
    assert [two.energy.static_fj[f"matrix.{unit}"] for unit in (0, 1)] == [each, each]


@pytest.mark.parametrize("details", [False, True])
def test_the_report_has_one_row_and_says_that_it_is_a_mean(two, details):
    text = text_of(report(two, Page(160, whole=details)))
    assert "in every row; x2: the mean of 2 equal units" in text
    assert "matrix." not in text
    mean = sum(two.record.engines[f"matrix.{unit}"].working_ps for unit in (0, 1)) // 2
    assert re.search(rf"^matrix x2 .* {mean / 10**6:.3f} ", text, re.MULTILINE)
    assert "50 mW each all the time" in text or not details


def test_one_unit_reads_as_ever(one):
    text = text_of(report(one, Page(160, whole=True)))
    assert not re.search(r"\bx\d|equal units|on average \(", text)


def test_the_bottleneck_is_the_units_together(two):
    share = r"busy 9\d\.\d % on average \(the busiest 9\d\.\d %\)"
    assert re.match(rf"Bottleneck: the 2 matrix units, {share}. Each stalls .* behind", limit(two))


def test_of_unused_units_it_is_said():
    found = api.simulate("resnet20", overrides={"hardware.matrix.count": 3, "hardware.host.count": 2})
    said = [remark for remark in remarks(found) if "no work" in remark]
    assert "in every row; x2 and x3: means of equal units" in text_of(report(found, Page(160)))
    assert said == [
        "The schedule gives no work to 2 of the 3 matrix units.",
        "The schedule gives no work to 1 of the 2 hosts.",
    ]


def test_tenants_share_units(tenants):
    text = text_of(report(tenants, Page(160, whole=True)))
    shared = text.split("\nShared")[1].split("\n\n")[0]
    assert [line.split()[0] for line in shared.splitlines()[4:]] == ["ddr", "sram", "matrix", "host"]
    assert "matrix.0" not in text
    bottleneck = r"Bottleneck: the 2 matrix units, busy [\d.]+ % on average over all tenants"
    assert re.match(bottleneck, limit(tenants))


def test_an_explanation_names_one_resource(two):
    found = explain(two.program, two.record)
    assert found.bottleneck.component == "matrix"
    text = text_of(explanation(two, found, Page(160)))
    assert "Critical path: the 2 matrix units" in text
    assert "The 2 matrix units at twice the rate" in text


def test_a_comparison_holds_the_mean_against_one_unit(one, two):
    found = compare([one, two])
    assert {row.name for row in (*found.engines, *found.path)} == {"ddr", "sram", "matrix", "host"}
    text = text_of(comparison_report(found, Page(160)))
    assert "makespan for every engine; of equal units, the mean" in text
    assert re.search(r"^hardware\.matrix\.count +1 +2$", text, re.MULTILINE)


def test_each_unit_has_a_lane(two):
    named = [row.name for row in rows(ViewIndex(two))]
    assert [name for name in named if name.startswith("matrix")] == ["matrix.0", "matrix.1"]
    threads = [event for event in json.loads(perfetto(two))["traceEvents"] if event["name"] == "thread_name"]
    lanes = [thread["args"]["name"] for thread in threads]
    assert lanes[3:5] == ["matrix.0 (matrix)", "matrix.1 (matrix)"]


def test_pages_have_one_row(two):
    for page in (html(two), notebook.html(two)):
        assert "matrix x2" in page
    bars = re.findall(r'<ul class="bars">.*?</ul>', html(two))
    assert len(bars) >= 3
    assert not any("matrix.0" in each for each in bars)


def test_requests_that_follow_each_other_name_the_units():
    found = api.simulate(
        "pipeline", overrides={"hardware.matrix.count": 2, "hardware.matrix.rate": "9 GFLOP/s"}
    )
    assert "the bottleneck is the 2 matrix units, the busiest of which is busy" in text_of(
        report(found, Page(300))
    )


def test_sums_alone_are_enough(two):
    brief = api.simulate(
        "resnet20", overrides=SLOW | {"hardware.matrix.count": 2}, record=RecordLevel.AGGREGATE
    )
    assert brief.engine_rows["matrix"].totals == two.engine_rows["matrix"].totals
    assert "matrix x2" in text_of(report(brief, Page(160)))
