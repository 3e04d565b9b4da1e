"""The printed report: whole, aligned, honest about what limits the run, quiet about nothing."""

from __future__ import annotations

import io
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from simres.analysis.blame import held_up_by, together_ps
from simres.program import Layer, Program, Task, TaskKind, Work
from simres.program.record import Cause, RecordLevel
from simres.reporting.page import Page
from simres.reporting.tables.result_tables import expectation_columns
from simres.reporting.tables.run_report import report, show
from simres.reporting.text import console, headline
from simres.reporting.text.amounts import COUNT, TIME, percent, printable, scale
from simres.reporting.text.columns import Column, bar, fit, lines, shorten
from simres.reporting.text.glyphs import ASCII, BLOCKS
from simres.result.data import Expectation
from simres.result.summary import summary
from simres.testing import paper_chip
from simres.text import three_digits
from simres.workload import Op, Role, Tensor, Unit


def text_of(result, width=120, **options):
    return "\n".join(line.plain for line in report(result, Page(width, **options)))


@given(data=st.data(), width=st.sampled_from([80, 120, 200]))
@settings(max_examples=80, deadline=None)
def test_any_result_prints_whole_and_in_width(random_results, data, width):
    result = data.draw(random_results)
    text = text_of(result, width, clip=True)
    assert "\x1b" not in text
    assert all(cell_len(line) <= width for line in text.splitlines())
    assert not any(line.endswith(" ") for line in text.splitlines())
    table = text.split("\nLayers  ")[1].split("\n\n")[0].splitlines()
    ruled = [number for number, line in enumerate(table) if set(line) == {"─"}]
    assert ruled[1] - ruled[0] - 1 == len(result.layers)
    details = text_of(result, width, clip=True, whole=True)
    assert all(cell_len(line) <= width for line in details.splitlines())


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_blame_adds_up_to_the_waiting(random_results, data):
    result = data.draw(random_results)
    for name, engine in result.record.engines.items():
        waits = sum(engine.waiting_ps[cause] for cause in (Cause.DATA, Cause.ORDER, Cause.SPACE))
        waits += sum(engine.bus_held_by.values())
        blame = held_up_by(result.program, result.record, name)
        assert sum(blame.values()) == waits
        assert all(ps > 0 for ps in blame.values())


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_time_with_engines_at_work_together(random_results, data):
    record = data.draw(random_results).record
    spans = [span for span in record.spans if span.working_ps]
    moments = sorted({moment for span in spans for moment in (span.begun, span.end)})
    slow = sum(
        until - since
        for since, until in pairwise(moments)
        if sum(span.begun <= since < span.end for span in spans) > 1
    )
    assert together_ps(record) == slow


def test_the_sheet(paper):
    text = text_of(paper, 80)
    assert text.startswith("paper, schedule paper: 22.10 ms, 45.2/s, MAC utilisation 1.5 %.")
    words = " ".join(text.split())
    assert "The host, busy 73.4 %. It stalls 5.882 ms on dependencies" in words
    assert ", mostly behind the DDR bus; no two engines overlap." in words
    assert "36.3 % above the lower bound of 16.22 ms: every vector operation at peak rate." in words
    total = next(line for line in text.splitlines() if line.startswith("total"))
    assert {"22102.407", "5557.844", "324.403", "16220.160"} <= set(total.split())


def test_its_expectations(paper):
    stated = replace(
        paper,
        expectations=(
            Expectation("makespan_ps", 22102407200, 22102407200),
            Expectation("traffic_bytes.read", 5557844, 5557845),
            Expectation("engines.host.tasks", 19, 19),
        ),
    )
    text = text_of(stated, 100)
    assert "1 of 3 missed" in text
    assert "MISSED" in text
    assert "engines.host.tasks" not in text
    text = text_of(stated, 100, whole=True)
    rows = {line.split()[0]: line for line in text.splitlines() if line}
    assert rows["makespan_ps"].split() == ["makespan_ps", *["22.1024072", "ms"] * 2, "0", "0", "met"]
    assert "+1 B" in rows["traffic_bytes.read"]
    assert "MISSED" in rows["traffic_bytes.read"]
    assert " 19 " in rows["engines.host.tasks"]


@pytest.mark.parametrize(
    ("path", "expected", "found", "cells"),
    [
        ("load.throughput", 8_700_000, 8_700_803, ["8.7 k/s", "8.700803 k/s", "+803/ks"]),
        ("tenants.a.load.throughput_per_ks", 2_000_000, 1_999_000, ["2 k/s", "1.999 k/s", "-1/s"]),
        ("capacity_per_ks", 2_000_000, 2_000_000, ["2 k/s", "2 k/s", "0"]),
        ("memories.sram.capacity", 2048, 2048, ["2 KiB", "2 KiB", "0"]),
        ("load.missed", 40, 41, ["40", "41", "+1"]),
        ("load.queue.most", 4, 8, ["4", "8", "+4"]),
        ("load.missed_share", 0.0228, 41 / 1800, ["0.0228", "0.0227778", "-2.22222e-05"]),
        ("load.p99", 555_000_000, 555_116_102, ["555 us", "555.116102 us", "+116.102 ns"]),
    ],
)
def test_what_is_expected_is_said_in_its_own_unit(path, expected, found, cells):
    _, *columns = expectation_columns([Expectation(path, expected, found)])
    assert [str(column.cells[0]).partition(" (")[0] for column in columns[:3]] == cells


def test_resnet20(resnet20):
    words = " ".join(text_of(resnet20, whole=True).split())
    assert "The DDR bus, busy 88.2 %." in words
    assert "13.4 % above the lower bound of 1.091 ms: weights, inputs and outputs moved once" in words
    assert "Copies on chip take no time here: 2 tasks, 48 KiB" in words
    assert "Coverage: 76 of 76 ops, 100 % of MACs." in words


@pytest.mark.parametrize("name", ["resnet20", "paper"])
def test_it_fits_on_a_screen(name, request):
    result = request.getfixturevalue(name)
    short, whole = text_of(result), text_of(result, whole=True)
    for height in (24, 36, 50):
        small = text_of(result, height=height)
        assert len(small.splitlines()) <= height
        assert "\nEngines  " in small
    for what in ("simulated is", "LB0", "roofline", "Energy  "):
        assert what in whole
    assert ("LB1" in whole) is (name == "resnet20")
    assert len(whole.splitlines()) >= len(short.splitlines())
    rows = whole.split("\nLayers  ")[1].split("\n\n")[0].splitlines()
    assert len(rows) >= len(result.layers)
    assert "with most work; all with --details" in short


def test_what_does_not_fit_is_named(paper):
    lines = text_of(paper, height=24).splitlines()
    assert lines[4] == "Engines  busy + stalled + idle = 22.10 ms in every row"
    assert lines[-5] == "More with --details: layers, bounds, notes."
    assert lines[-3:] == lines[:3]
    assert text_of(paper, height=50).splitlines()[-5] == "More with --details."


def test_warnings_and_unmodelled_operators_are_shown(resnet20):
    odd = Op("odd", "odd", Unit.UNMODELLED, (), ("odd",))
    tensors = {**resnet20.workload.tensors, "odd": Tensor("odd", Role.ACTIVATION, (1,))}
    ops = (*resnet20.workload.ops, odd)
    workload = replace(resnet20.workload, ops=ops, tensors=tensors, warnings=("odd is free",))
    text = text_of(replace(resnet20, workload=workload, warnings=("odd is free", "and this")), whole=True)
    assert "Coverage: 76 of 77 ops, MACs of the rest unknown." in text
    lines = text.splitlines()
    assert lines[3:5] == lines[-2:] == ["warning: odd is free", "warning: and this"]
    assert text.count("warning: odd is free") == 2


def test_an_engine_that_never_rests(make_result):
    tasks = (Task("matrix", TaskKind.MATRIX, Work(macs=5), 0),)
    result = make_result(Program("one", "", tasks, layers=(Layer("one", "row"),)), paper_chip())
    assert headline.limit(result) == "Bottleneck: the matrix unit, busy all the time."
    assert headline.distance(result) == "No lower bound is known."


def test_a_run_that_mostly_waits_for_first_bytes(make_result):
    tasks = tuple(Task("ddr", TaskKind.LOAD, Work(nbytes=10), 0) for _ in range(3))
    program = Program("three", "", tasks, layers=(Layer("one", "row"),))
    result = make_result(program, paper_chip(latency="90 ns"))
    assert headline.limit(result) == (
        "No engine is busy half of the time; the busiest: the DDR bus, busy 10.0 %. "
        "It stalls 270 ns on memory latency."
    )


def test_nothing_at_all(make_result):
    result = make_result(Program("none", "", ()), paper_chip())
    assert "No task takes any time." in text_of(result)


@pytest.mark.parametrize("level", [RecordLevel.AGGREGATE, RecordLevel.NONE])
def test_without_spans(make_result, paper, level):
    text = text_of(make_result(paper.program, paper_chip(), level), whole=True)
    assert f"Recorded at level `{level.value}`" in text
    head = next(line for line in text.splitlines() if line.startswith("layer"))
    assert "time" not in head
    row = next(line for line in text.splitlines() if line.startswith("conv15 "))
    assert ("1086.340" in row.split()[:4]) is (level is RecordLevel.AGGREGATE)


def test_a_pipe_has_no_colour_and_cuts_nothing(resnet20, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    long = "layers." * 40 + "end"
    program = replace(
        resnet20.program,
        layers=tuple(replace(layer, name=long) for layer in resnet20.program.layers),
    )
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    monkeypatch.setattr("sys.stdout", stream)
    out = console.stdout()
    assert out.width == console.PIPE_WIDTH
    show(replace(resnet20, program=program), out, details=True)
    stream.flush()
    text = stream.buffer.getvalue().decode()
    assert "\x1b" not in text
    assert text.count(long) == len(program.layers)


def test_long_names_do_not_drive_out_the_figures(resnet20):
    layers = tuple(
        replace(layer, name=f"encoder.layers.encoder_layer_0.self_attention.{number}")
        for number, layer in enumerate(resnet20.program.layers)
    )
    text = text_of(
        replace(resnet20, program=replace(resnet20.program, layers=layers)), 80, clip=True, whole=True
    )
    head = next(line for line in text.splitlines() if line.startswith("layer "))
    assert {"time", "ddr", "matrix", "host"} <= set(head.split())
    assert all(f"attention.{number} " in text for number in range(len(layers)))


def test_columns_and_no_color(monkeypatch, paper):
    class Terminal(io.StringIO):
        encoding = "utf-8"

        def isatty(self):
            return True

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr("sys.stdout", Terminal())
    coloured = console.stdout()
    assert coloured.width == 100
    show(paper, coloured)
    assert "\x1b[36m" in coloured.stream.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr("sys.stdout", Terminal())
    plain = console.stdout()
    show(paper, plain)
    assert "\x1b[36m" not in plain.stream.getvalue()
    for stated, width in (("0", 120), ("-3", 120), ("7", console.NARROWEST), ("9" * 30, console.WIDEST)):
        monkeypatch.setenv("COLUMNS", stated)
        monkeypatch.setattr("sys.stdout", io.StringIO())
        assert console.stdout().width == width


def test_ascii_streams_get_ascii(resnet20, monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", stream)
    show(resnet20, console.stdout())
    stream.flush()
    assert b"###" in stream.buffer.getvalue()


def test_columns_are_left_out_by_rank():
    columns = [
        Column("name", ["a", "bb"], right=False),
        Column("last", ["1", "22"], rank=1),
        Column("first", ["x", "y"], rank=2),
    ]
    assert [c.head for c in fit(columns, 80)] == ["name", "last", "first"]
    assert [c.head for c in fit(columns, 12)] == ["name", "last"]
    assert [c.head for c in fit(columns, 1)] == ["name"]
    assert [line.plain for line in lines(columns, 10)] == [
        "name  last",
        "----------",
        "a        1",
        "bb      22",
    ]


@given(st.text(max_size=30), st.integers(0, 40))
def test_shortening(text, size):
    assert cell_len(shorten(text, size)) <= max(size, 0)
    assert shorten(text, cell_len(text)) == text


@given(st.lists(st.integers(0, 10**15), min_size=1, max_size=6), st.integers(1, 60))
def test_bars_fill_their_size(amounts, size):
    whole = sum(amounts)
    drawn = bar([(amount, "x", "") for amount in amounts], whole, size)
    assert len(drawn) == (size if whole else 0)


@given(st.integers(0, 10**18))
def test_one_unit_a_column(value):
    for ladder in (TIME, COUNT):
        unit = scale(value, ladder)
        text = unit.text(value)
        assert (text == "-") is (value == 0)
        assert not value or abs(float(text) * unit.size - value) <= unit.size / 1000
        assert len(text.partition(".")[0]) <= 6 or unit.unit in ("s", "T")


def test_the_docs_define_every_number(resnet20):
    page = (Path(__file__).parents[2] / "docs" / "reading-results.md").read_text(encoding="utf-8")
    document = summary(resnet20)
    engine = document["engines"]["ddr"]
    said = {*document, *engine, *engine["waiting_ps"], *document["memories"]["sram"]}
    said |= {*document["layers"][0], *document["traffic_bytes"], *document["bounds_ps"]}
    said |= {*document["expectations"][0]}
    missing = {key for key in said - {"schema_version", "origin", "name", "role", "ddr"} if key not in page}
    assert not missing
    for glyphs in (BLOCKS, ASCII):
        drawn = [*glyphs.kinds.values(), *glyphs.causes.values()]
        assert all(f"`{glyph}`" in page for glyph in drawn)


PARTS = ((0, 5), (1, 10**6), (1, 3), (99999, 10**5), (3, 3))


def test_small_things():
    assert [percent(*pair) for pair in PARTS] == ["-", "<0.1", "33.3", ">99.9", "100.0"]
    assert [three_digits(x) for x in (12345.6, 807.85, 45.24, 0.0452)] == ["12346", "808", "45.2", "0.0452"]
    assert printable("a\x1b[31m\nb") == "a?[31m?b"
