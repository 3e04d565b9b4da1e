"""Comparisons: columns that add up, lines that fit, one JSON document, and what cannot be compared."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from simres.errors import SimresError
from simres.exploration.comparison import MOST, compare
from simres.program.record import RecordLevel
from simres.reporting.page import Page
from simres.reporting.tables.comparison_tables import document, headline, reasons, report
from simres.reporting.text.glyphs import ASCII, BLOCKS


@given(data=st.data(), many=st.integers(2, 4))
@settings(max_examples=60, deadline=None)
def test_columns_add_up_to_the_makespans_and_so_to_their_differences(random_results, data, many):
    results = [data.draw(random_results) for _ in range(many)]
    found = compare(results)
    makespans = [result.makespan_ps for result in results]
    assert list(found.results.values()) == results
    assert found.totals[0].values == tuple(makespans)
    for rows in (found.path, found.layers):
        for number, makespan in enumerate(makespans):
            assert sum(row.values[number] or 0 for row in rows) == makespan
        effects = [row.effect for row in rows]
        assert effects == sorted(effects, reverse=True)
        assert len({(row.name, row.part) for row in rows}) == len(rows)
    for number, result in enumerate(results):
        for name, engine in result.record.engines.items():
            own = [row.values[number] for row in found.engines if row.name == name]
            assert sum(value or 0 for value in own) == (result.makespan_ps if engine.tasks else 0)


@given(
    data=st.data(),
    many=st.integers(2, 3),
    width=st.integers(40, 44) | st.integers(40, 200),
    draw=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_no_line_is_wider_than_asked(random_results, data, many, width, draw):
    width = max(width, 40 * (many - 1))
    found = compare([data.draw(random_results) for _ in range(many)])
    for whole in (False, True):
        lines = [
            line.plain
            for line in report(found, Page(width, BLOCKS if draw else ASCII, clip=True, whole=whole))
        ]
        assert max(map(cell_len, lines)) <= width
        assert "\x1b" not in "".join(lines)


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_result_beside_itself_differs_in_nothing(random_results, data):
    result = data.draw(random_results)
    found = compare([result, result])
    for rows in (found.totals, found.engines, found.path, found.layers):
        assert all(row.effect == 0 for row in rows)
    assert list(headline(found)) == ["B takes exactly as long as A."]
    assert list(reasons(found)) == []


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_the_document_says_what_the_tables_say(random_results, data):
    results = [data.draw(random_results) for _ in range(2)]
    found = compare(results)
    said = json.loads(json.dumps(document(found)))
    assert said["schema_version"] == 2
    assert [said["results"][letter]["makespan_ps"] for letter in "AB"] == [
        result.makespan_ps for result in results
    ]
    for name, rows in (("critical_path", found.path), ("layers", found.layers), ("engines", found.engines)):
        assert [tuple(row["values"].values()) for row in said[name]] == [row.values for row in rows]


def test_the_faster_one_is_said_to_be_faster(resnet20, paper):
    found = compare([paper, resnet20])
    (sentence,) = headline(found)
    assert sentence == "B is 20.86 ms faster than A, 17.86x."
    (sentence,) = headline(compare([resnet20, paper]))
    assert sentence.startswith("B is 20.86 ms slower than A")


def test_without_spans_only_what_is_known_is_compared(resnet20):
    aggregate = replace(resnet20, record=replace(resnet20.record, level=RecordLevel.AGGREGATE, rows=()))
    found = compare([aggregate, resnet20])
    assert found.path == found.layers == ()
    text = "\n".join(line.plain for line in report(found, Page(80)))
    assert "Critical path" not in text
    assert "Timelines" not in text
    assert "Engines" in text


def test_fewer_than_two_or_too_many_are_refused(resnet20):
    with pytest.raises(SimresError, match="1 result to compare"):
        compare([resnet20])
    with pytest.raises(SimresError, match="27 results to compare"):
        compare([resnet20] * (MOST + 1))


def test_the_command_compares_stored_results_and_scenarios(simres, resnet20, tmp_path):
    resnet20.save(tmp_path / "a")
    code, out, err = simres("compare", tmp_path / "a", "resnet20", "--set", "hardware.ddr.bandwidth=2 GB/s")
    assert (code, err) == (0, "")  # what is finished is left as it is
    assert re.search(r"hardware\.ddr\.bandwidth +1 GB/s +2 GB/s", out)
    code, out, err = simres("compare", "resnet20", "--set", "hardware.ddr.bandwidth=2 GB/s", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["settings"] == {"hardware.ddr.bandwidth": {"A": "1 GB/s", "B": "2 GB/s"}}
    code, out, err = simres("compare", tmp_path / "a", "--set", "hardware.ddr.bandwidth=2 GB/s")
    assert (code, out) == (2, "")
    assert "finished run" in err
    code, out, err = simres("compare", tmp_path / "a", "paper")
    assert (code, err) == (0, "")
    assert "B is 20.86 ms slower than A" in out
    code, out, err = simres("compare", tmp_path / "a" / "result.json", "resnet20", "--json")
    document = json.loads(out)
    assert (code, err) == (0, "")
    assert set(document["results"]) == {"A", "B"}
    assert all(row["values"]["A"] == row["values"]["B"] for row in document["layers"])


def test_all_shows_every_layer(simres):
    short = simres("compare", "resnet20", "paper")[1]
    whole = simres("compare", "resnet20", "paper", "--all")[1]
    assert "others" in short
    assert "others" not in whole
    assert len(whole.splitlines()) > len(short.splitlines()) + 50


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "RESULT"),
        (["resnet20"], "1 result to compare"),
        (["resnet20", "nosuch"], "no scenario `nosuch`"),
        (["resnet20", "nosuch.json"], "nosuch.json"),
        (["resnet20", "paper", "--set", "x"], "PATH=VALUE"),
    ],
)
def test_wrong_input_is_an_error_with_code_2(simres, arguments, said):
    code, out, err = simres("compare", *arguments)
    assert (code, out) == (2, "")
    assert said in err
