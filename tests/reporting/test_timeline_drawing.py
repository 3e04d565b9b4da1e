"""The drawing: no line too wide, no span lost, lanes as long as the Record says, legible in one colour."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from simres.commands.options import ResultOptions
from simres.commands.session import Session
from simres.commands.timeline import timeline as command
from simres.errors import SimresError
from simres.program import Layer, Program, Task, TaskKind, Work
from simres.program.record import Cause, RecordLevel
from simres.reporting.drawing.lane_cells import DrawnInterval, fullest, lanes
from simres.reporting.drawing.timeline_drawing import layer_window, show_timeline, timeline
from simres.reporting.page import Page
from simres.reporting.text.console import Output
from simres.reporting.text.glyphs import ASCII, BLOCKS
from simres.testing import paper_chip

WIDTHS = st.sampled_from([40, 80, 120, 200])


def worked(record, program, engine, since, until):
    """Picoseconds that an engine works between two moments, span by span."""
    return sum(
        max(0, min(span.end, until) - max(span.begun, since))
        for span in record.spans
        if program.tasks[span.task].engine == engine
    )


@given(data=st.data(), width=WIDTHS)
@settings(max_examples=150, deadline=None)
def test_lanes_agree_with_the_record(random_results, data, width):
    result = data.draw(random_results)
    record, makespan = result.record, result.makespan_ps
    if not makespan:
        return
    since = data.draw(st.integers(0, makespan - 1))
    until = data.draw(st.integers(since + 1, makespan))
    window = DrawnInterval(since, until, width)
    for lane in lanes(result.program, record, window):
        assert len(lane.cells) == width
        works = worked(record, result.program, lane.engine, since, until)
        assert lane.working_ps == works
        drawn = sum(isinstance(state, TaskKind) for state in lane.cells)
        # Each cell is (until - since) / width long; the lane is right to half of one.
        assert 2 * abs(drawn * (until - since) - works * width) <= until - since
    for lane in lanes(result.program, record, DrawnInterval(0, makespan, width)):
        engine = record.engines[lane.engine]
        waits = sum(isinstance(state, Cause) for state in lane.cells)
        assert abs(waits * makespan - sum(engine.waiting_ps.values()) * width) <= 2 * makespan


@given(data=st.data(), width=st.integers(1, 60))
@settings(max_examples=100, deadline=None)
def test_the_fullest_moment_of_each_cell(random_results, data, width):
    result = data.draw(random_results)
    if not result.makespan_ps:
        return
    since = data.draw(st.integers(0, result.makespan_ps - 1))
    window = DrawnInterval(since, result.makespan_ps, width)
    most = fullest(result.stays, "sram", window)
    for number, drawn in enumerate(most):
        # Cells are half-open; in units of 1 / width picoseconds their ends are whole.
        first = since * width + number * window.span_ps
        moments = {first} | {
            stay.start_ps * width
            for stay in result.stays
            if first <= stay.start_ps * width < first + window.span_ps
        }
        held = [
            sum(stay.nbytes for stay in result.stays if stay.start_ps * width <= moment < stay.end_ps * width)
            for moment in moments
        ]
        assert drawn == max(held)


@given(data=st.data(), width=WIDTHS, draw=st.booleans())
@settings(max_examples=100, deadline=None)
def test_no_line_is_wider_than_asked(random_results, data, width, draw):
    result = data.draw(random_results)
    if not result.makespan_ps:
        return
    since = data.draw(st.integers(0, result.makespan_ps - 1))
    text = timeline(result, Page(width, BLOCKS if draw else ASCII), since).plain
    assert all(cell_len(line) <= width for line in text.splitlines())
    assert "\x1b" not in text
    for name, engine in result.record.engines.items():
        if engine.working_ps:
            assert any(line.startswith(name) for line in text.splitlines())


@pytest.mark.parametrize("width", [80, 120, 200])
def test_resnet20_fills_the_width(resnet20, width):
    lines = timeline(resnet20, Page(width)).plain.splitlines()
    assert max(cell_len(line) for line in lines) == width
    assert {"layer", "ddr", "matrix", "host", "sram"} <= {line.split()[0] for line in lines if line.strip()}
    assert "88.2 %" in next(line for line in lines if line.startswith("ddr"))


@pytest.mark.parametrize("glyphs", [BLOCKS, ASCII])
def test_everything_differs_without_colour(glyphs):
    drawn = [*glyphs.kinds.values(), *glyphs.causes.values(), " "]
    assert set(glyphs.kinds) == set(TaskKind)
    assert set(glyphs.causes) == set(Cause)
    assert len(set(drawn)) == len(drawn)
    assert all(cell_len(glyph) == 1 for glyph in drawn)


def test_ascii_where_the_stream_takes_no_more(resnet20):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    show_timeline(resnet20, Output(stream), width=80)
    stream.flush()
    assert stream.buffer.getvalue().isascii()


def test_zoom_by_layer(resnet20):
    first, last = layer_window(resnet20, "layers.0.conv1")
    layer = next(layer for layer in resnet20.layers if layer.name == "layers.0.conv1")
    assert (first, last) == (layer.start_ps, layer.end_ps)
    assert layer_window(resnet20, "layers.0") == layer_window(resnet20, "layers.0.*")
    with pytest.raises(SimresError, match="no layer") as caught:
        layer_window(resnet20, "layers.0.convl")
    assert "`layers.0.conv1`" in caught.value.hint


def test_wrong_stretches(resnet20, make_result):
    with pytest.raises(SimresError, match=r"ends at 1\.238 ms"):
        timeline(resnet20, Page(80), 2 * 10**9)
    with pytest.raises(SimresError, match="empty"):
        timeline(resnet20, Page(80), 1000, 1000)
    with pytest.raises(SimresError, match="columns wide"):
        timeline(resnet20, Page(3))
    with pytest.raises(SimresError, match="either --layer or"):
        show_timeline(resnet20, Output(io.StringIO()), since_ps=0, layer="conv")
    aggregate = make_result(resnet20.program, paper_chip(), RecordLevel.AGGREGATE)
    with pytest.raises(SimresError, match="aggregate") as caught:
        timeline(aggregate, Page(80))
    assert "record='full'" in caught.value.hint
    with pytest.raises(SimresError, match="takes no time"):
        timeline(make_result(Program("none", "", ()), paper_chip()), Page(80))


def test_a_window_of_a_few_picoseconds(make_result):
    """Fewer picoseconds than columns: a cell is one picosecond."""
    tasks = (Task("matrix", TaskKind.MATRIX, Work(macs=5), 0),)
    result = make_result(Program("one", "", tasks, layers=(Layer("one", "row"),)), paper_chip())
    assert result.makespan_ps == 10
    text = timeline(result, Page(80)).plain
    lane = next(line for line in text.splitlines() if line.startswith("matrix"))
    assert lane.count(BLOCKS.kinds[TaskKind.MATRIX]) == 10


def test_many_spans_in_one_cell_show_their_share(make_result):
    """Loads of 1 ns with gaps of 3 ns, thousands a cell: a quarter of the lane is drawn as work."""
    tasks = []
    for number in range(4000):
        needs = (2 * number - 1,) if number else ()
        tasks.append(Task("ddr", TaskKind.LOAD, Work(nbytes=1), 0, needs=needs))
        tasks.append(Task("host", TaskKind.HOST, Work(vector_ops=30), 0, needs=(2 * number,)))
    result = make_result(Program("many", "", tuple(tasks), layers=(Layer("many", "row"),)), paper_chip())
    found = lanes(result.program, result.record, DrawnInterval(0, result.makespan_ps, 60))
    drawn = {lane.engine: sum(isinstance(s, TaskKind) for s in lane.cells) for lane in found}
    assert drawn == {"ddr": 15, "host": 45}


def test_the_command(resnet20, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    resnet20.save(tmp_path)
    command(Session(), ResultOptions(result=str(tmp_path)))
    assert capsys.readouterr().out.strip() == timeline(resnet20, Page(100)).plain.strip()
    stored = ResultOptions(result=str(tmp_path / "result.json"))
    command(Session(), stored, since="0", until="0.2 ms", width=80)
    assert "0 s to 200 us" in capsys.readouterr().out
    with pytest.raises(SimresError, match="--from needs a unit"):
        command(Session(), ResultOptions(result=str(tmp_path)), since="12")
    with pytest.raises(SimresError, match="no such result"):
        command(Session(), ResultOptions(result=str(tmp_path / "none.json")))
