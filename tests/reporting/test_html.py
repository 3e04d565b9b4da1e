"""The page of a result: what it says, and that nothing in it comes alive."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simres.api
from simres.analysis.critical_path import critical_path
from simres.program import Region, TaskKind, Work
from simres.program.draft import Draft
from simres.program.record import RecordLevel
from simres.reporting.html.packed import packed
from simres.reporting.html.page import html
from simres.reporting.tables.result_tables import layer_columns
from simres.result.data import Origin
from simres.testing import check_reporter, paper_chip
from simres.units import format_duration

VOID = {"meta", "link", "input", "br"}
HOSTILE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "<!--",
    "${title} $main &lt;",
    "]]>\u2028\x1b[31m",
)


class Page(HTMLParser):
    """The elements of a page in order, and its text; fails where tags do not nest."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.inside = [], [], {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        element = [tag, dict(attrs), ""]
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.elements.append([tag, dict(attrs), ""])

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        for element in self.open:
            element[2] += data

    def all(self, tag, **attributes):
        return [
            element
            for element in self.elements
            if element[0] == tag and all(element[1].get(key) == value for key, value in attributes.items())
        ]


def data_of(page):
    (element,) = page.all("script", type="application/json")
    return json.loads(element[2])


def unpacked(text):
    """What `packed` wrote, read by the rule in its docstring."""
    numbers, number, change, place = [], 0, 0, 0
    for byte in b64decode(text):
        change |= (byte & 127) << place
        place += 7
        if not byte & 128:
            number += -(change + 1) // 2 if change % 2 else change // 2
            numbers.append(number)
            change = place = 0
    return numbers


def hostile(make_result, name=HOSTILE[0]):
    """A run in which every name is an attack."""
    chip = paper_chip(capacity="1 kB")
    draft = Draft(chip)
    for number, attack in enumerate(HOSTILE):
        draft.layer(attack, attack, attack)
        buffer = draft.buffer(attack, 64, "sram")
        load = Work(nbytes=64 * (number + 1))
        draft.task("ddr", TaskKind.LOAD, load, reads=[Region(attack)], writes=[buffer])
        draft.task("matrix", TaskKind.MATRIX, Work(macs=50_000), reads=[buffer])
    result = make_result(draft.freeze(name, name), chip, name=name)
    scenario = {"name": name, name: [*HOSTILE]}
    return replace(result, origin=Origin(scenario, name, {name: name}, 0), warnings=HOSTILE)


@given(st.lists(st.integers(-(2**70), 2**70)))
def test_packed_columns_come_back(numbers):
    assert unpacked(packed(numbers)) == numbers


def test_columns_that_rise_steadily_take_little():
    assert len(packed(range(0, 300_000, 3))) <= 100_000 * 4 / 3 + 4


def test_any_result_makes_a_page():
    check_reporter("html")


@given(st.data())
@settings(max_examples=20, deadline=None)
def test_the_data_is_the_record(random_results, data):
    result = data.draw(random_results)
    if not result.makespan_ps:
        return
    found = data_of(Page(html(result)))
    spans = {name: unpacked(column) for name, column in found["spans"].items() if name != "counts"}
    lanes = [
        name
        for (name, _), count in zip(found["lanes"], found["spans"]["counts"], strict=True)
        for _ in range(count)
    ]
    rows = zip(
        lanes,
        *(spans[name] for name in ("task", "since", "ready", "space", "latency", "bus", "work")),
        strict=True,
    )
    assert sorted(rows) == sorted(
        (
            result.program.tasks[span.task].engine,
            span.task,
            span.since,
            span.ready - span.since,
            span.granted - span.ready,
            span.latency_ps,
            span.bus_ps,
            span.working_ps,
        )
        for span in result.record.spans
    )
    # Holders are counted back in the order of the page.
    for number, (back, task) in enumerate(zip(spans["holder"], spans["task"], strict=True)):
        span = next(
            span
            for span in result.record.spans
            if (span.task, span.since) == (task, spans["since"][number]) and span.holder != task
        )
        if span.ready > span.since:
            assert spans["task"][number - back] == span.holder
    lengths = unpacked(found["path"][0])
    path = critical_path(result.program, result.record)
    assert sum(lengths) == result.makespan_ps
    assert [spans["task"][row] if row >= 0 else -1 for row in unpacked(found["path"][1])] == [
        part.task for part in path
    ]
    stays = [unpacked(column) for column in found["stays"]]
    tensors = [found["tensors"][number] for number in stays[1]]
    assert list(zip(tensors, stays[2], stays[3], strict=True)) == [
        (stay.tensor, stay.nbytes, stay.start_ps)
        for stay in result.stays
        if result.record.memories[stay.memory].peak
    ]


def test_nothing_of_a_result_becomes_markup(make_result):
    result = hostile(make_result)
    text = html(result)
    page = Page(text)
    kinds = [element[1].get("type") for element in page.all("script")]
    assert kinds == ["application/json", "module"]
    assert not page.all("img")
    for _, attributes, _ in page.elements:
        assert not any(name.startswith("on") for name in attributes)
        assert {"src", "srcset", "action", "formaction", "background", "ping"}.isdisjoint(attributes)
    assert "<!--" not in text
    found = data_of(page)
    assert found["layers"] == list(HOSTILE)
    assert set(found["tensors"]) == set(HOSTILE)


def test_the_page_asks_for_nothing_and_runs_its_own_script_only(resnet20):
    text = html(resnet20)
    page = Page(text)
    (policy,) = page.all("meta", **{"http-equiv": "Content-Security-Policy"})
    script = re.search(r'<script type="module">(.*)</script>', text, re.DOTALL)[1]
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert policy[1]["content"] == (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    )
    assert [link[1]["href"].partition(":")[0] for link in page.all("link")] == ["data"]
    assert all(link[1]["href"].startswith("#") for link in page.all("a"))
    (style,) = page.all("style")
    assert "url(" not in style[2]
    assert "@import" not in style[2]
    assert "fetch(" not in script
    assert "import " not in script


@pytest.mark.parametrize("name", ["paper", "resnet20", "two-tenants", "pipeline"])
def test_the_page_is_sound(name):
    result = simres.api.simulate(name)
    page = Page(html(result))
    ids = [element[1]["id"] for element in page.elements if "id" in element[1]]
    assert len(ids) == len(set(ids))
    assert [element[2] for element in page.all("h1")] == [name]
    sections = [element[1]["id"] for element in page.all("section")]
    assert [link[1]["href"][1:] for link in page.all("a")[1:]] == sections
    named = ["summary", "timeline", "path", "memory", "layers", "roofline", "energy", "area", "origin"]
    assert sections == [one for one in named if one != "memory" or result.stays]
    for element in page.all("button"):
        assert element[1].get("aria-label") or element[2].strip()
    for element in page.all("canvas"):
        assert element[1].get("aria-label") or element[1].get("aria-hidden")
    labelled = [label for label in page.all("label") if label[2].strip()]
    assert len(labelled) == len(page.all("input"))
    for tag in ("aria-labelledby", "aria-describedby", "for"):
        for _, attributes, _ in page.elements:
            assert attributes.get(tag) in (None, *ids)
    for element in page.all("table"):
        assert element[2]
    assert len(page.all("caption")) == len(page.all("table"))


def test_the_page_says_what_the_result_says(resnet20):
    page = Page(html(resnet20))
    (answer,) = page.all("p", **{"class": "answer"})
    assert answer[2] == f"{format_duration(resnet20.makespan_ps)} per inference"
    (main,) = page.all("main")
    for column in layer_columns(resnet20):
        assert column.total in main[2]
    for layer in resnet20.program.layers:
        assert page.all("button", **{"data-show": layer.name})
    assert resnet20.origin.workload_digest in main[2]
    assert "bandwidth: 1 GB/s" in main[2]


@pytest.mark.parametrize("level", [RecordLevel.AGGREGATE, RecordLevel.NONE])
def test_without_a_full_record_there_is_no_timeline_and_the_page_says_so(level):
    page = Page(html(simres.api.simulate("resnet20", record=level)))
    assert data_of(page) is None
    assert not page.all("canvas")
    assert not page.all("section", id="path")
    (section,) = page.all("section", id="timeline")
    assert f"Recorded at level {level.value}" in section[2]


def test_every_part_of_the_page_comes_with_the_package():
    folder = files("simres.reporting.html")
    for name in ("page.html", "page.css", "script/result.mjs"):
        assert folder.joinpath(name).is_file()


def test_the_command_writes_a_stored_result_and_a_scenario_alike(simres, tmp_path):
    assert simres("simulate", "resnet20", "-o", tmp_path / "out")[0] == 0
    pages = []
    for number, named in enumerate((tmp_path / "out", tmp_path / "out" / "result.json", "resnet20")):
        file = tmp_path / f"{number}.html"
        code, out, _ = simres("report", named, "-o", file)
        assert (code, out) == (0, f"wrote {file}\n")
        pages.append(file.read_text(encoding="utf-8"))
    assert pages[0] == pages[1] == pages[2]


def test_the_command_takes_chips_and_settings_as_simulate_does(simres, tmp_path):
    file = tmp_path / "page.html"
    setting = ("--set", "scheduler=serial")
    assert simres("report", "resnet20", "--chip", "mcu", *setting, "-o", file)[0] == 0
    (heading,) = Page(file.read_text(encoding="utf-8")).all("h1")
    assert heading[2] == "resnet20 on mcu"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gone"], "no scenario `gone`"),
        (["gone.json"], "no such result"),
        (["empty"], "no such result"),
        (["out", "--set", "images=2"], "is a finished run, and --set goes with a scenario"),
        (["out", "--chip", "mcu"], "is a finished run, and --chip goes with a scenario"),
        (["out", "-o", "empty"], "`empty` is a folder"),
        (["out", "-o", "out/result.json/page.html"], "is not a folder"),
    ],
)
def test_what_can_go_wrong_is_said_and_nothing_written(simres, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    assert simres("simulate", "resnet20", "-o", "out")[0] == 0
    before = sorted(tmp_path.rglob("*"))
    code, _, err = simres("report", *arguments)
    assert code == 2
    assert said in err
    assert sorted(tmp_path.rglob("*")) == before
