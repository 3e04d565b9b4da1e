"""The lexicon: an entry for everything that a result holds, and nobody else who says the same."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

from simres.analysis.critical_path import Why
from simres.program.record import Cause
from simres.program.roles import ComponentRole
from simres.program.tasks import TaskKind
from simres.reporting import lexicon
from simres.reporting.text.console import STYLES
from simres.reporting.text.glyphs import ASCII, BLOCKS
from simres.traces.events import LaneKind
from simres.workload.operators import Role

REPORTING = Path(str(files("simres.reporting")))


def test_every_cause_kind_and_role_has_an_entry():
    assert set(lexicon.CAUSES) == set(Cause)
    assert set(lexicon.KINDS) == set(TaskKind)
    assert set(lexicon.ROLES) == {*ComponentRole, *LaneKind}
    assert set(lexicon.TENSORS) == set(Role)
    assert set(lexicon.SPENT) == set(Why)


def test_every_colour_that_is_named_is_one():
    named = [
        entry.colour for table in (lexicon.CAUSES, lexicon.KINDS, lexicon.ROLES) for entry in table.values()
    ]
    assert {*named, *lexicon.TENSORS.values(), *lexicon.GROUPS, *lexicon.inks().values()} <= set(
        lexicon.COLOURS
    )
    assert all(
        re.fullmatch("#[0-9a-f]{6}", part)
        for colour in lexicon.COLOURS.values()
        for part in (colour.light, colour.dark, colour.text)
    )


def test_words_and_characters_tell_causes_and_kinds_apart():
    assert len({entry.word for entry in lexicon.CAUSES.values()}) == len(Cause)
    for glyphs in (BLOCKS, ASCII):
        drawn = [*glyphs.kinds.values(), *glyphs.causes.values()]
        assert len(set(drawn)) == len(drawn)
    assert ASCII.levels.isascii()


def test_the_terminal_and_the_page_have_a_look_for_each():
    sheet = lexicon.style_sheet()
    for cause in Cause:
        assert f"cause.{cause}" in STYLES
        assert f".c-{cause} " in sheet
    for kind in TaskKind:
        assert f"kind.{kind}" in STYLES
        assert f".k-{kind} " in sheet
    for role in ComponentRole:
        assert f"role.{role}" in STYLES
        assert f".r-{role} " in sheet
    assert "$" not in sheet


@pytest.mark.parametrize("name", ["html/page.css", "html/designs.css"])
def test_the_style_sheets_name_only_colours_of_the_lexicon(name: str):
    used = set(re.findall(r"var\(--([a-z]+)", (REPORTING / name).read_text(encoding="utf-8")))
    assert used - {"sans", "mono", "role", "dot"} <= set(lexicon.COLOURS)


def test_no_other_module_lists_the_causes():
    """A new cause is said in the lexicon: nothing else in reporting has a table of them."""
    for path in sorted(REPORTING.rglob("*")):
        if path.suffix in (".py", ".mjs", ".css") and path.name != "lexicon.py":
            text = path.read_text(encoding="utf-8")
            named = {cause for cause in Cause if re.search(rf"Cause\.{cause.name}\b|c-{cause}\b", text)}
            assert len(named) <= len(Cause) // 2, f"{path}: {named}"
