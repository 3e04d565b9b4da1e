"""The top of the HTML page: the figure that counts, what to change, requests and tenants side by side."""

from __future__ import annotations

import re

import simres
from simres.reporting.html.page import html
from tests.reporting.test_html import Page


def texts(page, tag, **attributes):
    return [re.sub(r"\s+", " ", element[2]) for element in page.all(tag, **attributes)]


def test_the_figure_that_counts_and_three_changes(resnet20):
    page = Page(html(resnet20))
    assert texts(page, "p", **{"class": "eyebrow"}) == ["resnet20, fp32, batch 1, on paper, schedule serial"]
    assert texts(page, "p", **{"class": "answer"}) == ["1.238 ms per inference"]
    assert texts(page, "p", **{"class": "said"}) == [
        "Bottleneck: the DDR bus, 88.2 % of the critical path; 13.4 % above the lower bound."
    ]
    assert texts(page, "div", **{"class": "change"}) == [
        (
            "What to change--int8about -70 %2x DDR bandwidthat most -44 %"
            "--set scheduler=overlappedat most -12 %"
            "Of the time, estimated from the critical path; simres whatif simulates it."
        )
    ]
    widths = [element[1]["style"] for element in page.all("i", **{"class": "saved"})]
    assert widths == ["width:69.6%", "width:44.08%", "width:11.85%"]


def test_of_requests_p99_counts_and_not_when_the_last_one_ended():
    settings = {"load.images": 300, "load.rate": "2000/s", "scheduler": "serial"}
    page = Page(html(simres.simulate("stream", overrides=settings)))
    assert texts(page, "p", **{"class": "answer"}) == ["2.548 ms p99, 871.6 us p50"]
    facts = dict(zip(texts(page, "dt"), texts(page, "dd"), strict=True))
    assert facts["requests"] == "270"
    assert facts["arrive at"] == "2.069 k/s"
    assert facts["of what the chip can serve"] == "79.9 %"
    assert facts["later than 500 us"] == "209 (77.4 %)"
    assert (facts["mean queue"], facts["longest queue"]) == ("1.33", "7")
    (bins,) = page.all("ul", **{"class": "bars histogram"})
    assert bins[2].startswith("to 400 us")
    assert page.all("i", **{"class": "late"})
    assert "Bounds" not in texts(page, "h3")


def test_tenants_stand_side_by_side():
    page = Page(html(simres.simulate("two-tenants", overrides={"scheduler": "serial"})))
    assert texts(page, "article", **{"class": "tenant"}) == [
        "smallresnet20, int8, batch 1953.9 usalone386.0 usslowdown2.47xstarts at1 mspriority0",
        "largemobilenet_v2, int8, batch 15.883 msalone5.619 msslowdown1.05xpriority0",
    ]


def test_code_in_sentences_is_marked_up_after_escaping():
    from simres.reporting.html.markup import said

    assert said("try `--int8` & `<b>`") == "try <code>--int8</code> &amp; <code>&lt;b&gt;</code>"


def test_labels_of_ceilings_keep_their_distance():
    from simres.reporting.pictures.chart import apart

    assert apart({"matrix": 20.0, "host": 100.0}) == {"matrix": 20.0, "host": 100.0}
    assert apart({"matrix": 50.0, "host": 52.0}) == {"matrix": 43.5, "host": 58.5}
    assert apart({"matrix": 50.0, "host": 50.0}) == {"matrix": 42.5, "host": 57.5}
    assert apart({}) == {}
