"""A page: what is laid out on it stays in its width, and nothing of what is said is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from simres.reporting.page import Page
from simres.reporting.text.columns import Column
from simres.reporting.text.glyphs import ASCII

WORDS = st.lists(st.text("abcdefgh", min_size=1, max_size=9), min_size=1, max_size=30).map(" ".join)


@given(WORDS, st.integers(20, 80))
def test_prose_is_wrapped_between_words(text: str, width: int):
    found = [line.plain for line in Page(width).prose(text)]
    assert " ".join(found) == text
    assert all(cell_len(line) <= width for line in found)


def test_a_figure_stays_with_its_percent_sign():
    assert [line.plain for line in Page(20).prose("it is busy all of 76.0 % here")] == [
        "it is busy all of",
        "76.0 % here",
    ]


@given(WORDS, WORDS, st.integers(20, 80))
def test_a_caption_that_does_not_fit_moves_below_its_title(title: str, caption: str, width: int):
    blank, head, *below = [line.plain for line in Page(width).titled(title, caption)]
    assert blank == ""
    if cell_len(f"{title}  {caption}") <= width:
        assert (head, below) == (f"{title}  {caption}", [])
    else:
        assert (head, " ".join(below)) == (title, caption)


@given(st.lists(WORDS, min_size=1, max_size=5), st.integers(30, 80))
def test_a_column_that_folds_is_there_in_full(texts: list[str], width: int):
    names = [f"row{number}" for number in range(len(texts))]
    columns = [Column("name", names, right=False), Column("what it is", texts, right=False, folds=True)]
    _, rule, *rows = [line.plain for line in Page(width, ASCII).table(columns)]
    assert set(rule) == {"-"}
    assert all(cell_len(line) <= width for line in rows)
    assert " ".join(" ".join(rows).split()) == " ".join(
        f"{name} {text}" for name, text in zip(names, texts, strict=True)
    )


def test_names_are_shortened_only_where_the_page_clips():
    columns = [Column("name", ["a.very.long.name.of.a.layer.1"], right=False, elastic=True)]
    kept = [line.plain for line in Page(12).table(columns)]
    assert kept[-1] == "a.very.long.name.of.a.layer.1"
    assert cell_len([line.plain for line in Page(12, clip=True).table(columns)][-1]) == 12


def test_a_bar_gets_what_is_left_or_nothing():
    columns = [Column("name", ["x" * 20])]
    assert Page(60).bar_room(columns, 40) == 38
    assert Page(90).bar_room(columns, 40) == 40
    assert Page(30).bar_room(columns, 40) == 0
