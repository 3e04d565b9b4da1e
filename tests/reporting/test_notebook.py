"""A Result in a notebook: one well-formed fragment in which no name is markup."""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st

import simres
from simres.reporting.files.notebook import html

KNOWN = {
    *("div", "style", "p", "strong", "br", "table", "thead", "tbody", "tr", "th", "td", "span"),
    *("details", "summary"),
}


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.text, self.rows = [], [], 0

    def handle_starttag(self, tag, attributes):
        assert tag in KNOWN
        assert not {"src", "href", "onload", "onclick"} & dict(attributes).keys()
        self.rows += tag == "tr"
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_well_formed_and_escaped(random_results, data):
    result = data.draw(random_results)
    reader = Reader()
    reader.feed(html(result))
    reader.close()
    assert reader.open == []
    engines = sum(engine.tasks > 0 for engine in result.record.engines.values())
    assert reader.rows == 2 + engines + len(result.layers)


def test_a_running_notebook_shows_results_as_this_table(monkeypatch):
    shown = {}
    formatter = SimpleNamespace(for_type=shown.__setitem__)
    shell = SimpleNamespace(display_formatter=SimpleNamespace(formatters={"text/html": formatter}))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    paper = simres.simulate("paper")
    assert shown == {simres.Result: html}
    assert "paper, schedule paper: 22.10 ms, 45.2/s" in shown[type(paper)](paper)


def test_nothing_happens_where_no_notebook_runs(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    assert simres.simulate("paper").makespan_ps
