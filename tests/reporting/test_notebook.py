"""A Result in a notebook: one well-formed fragment in which no name is markup."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given, settings
from hypothesis import strategies as st

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


def test_shows_itself(paper):
    assert paper._repr_html_() == html(paper)
    assert "22.10 ms an image" in html(paper)
