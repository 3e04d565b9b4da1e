"""The interactive timeline: what is drawn, said and found without a terminal, and the app at its keys."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from simres.program import TaskKind
from simres.program.record import RecordLevel
from simres.reporting.drawing.lane_cells import DrawnInterval, lanes
from simres.reporting.drawing.lane_drawing import drawn
from simres.reporting.page import Page
from simres.reporting.text.glyphs import ASCII, BLOCKS
from simres.reporting.viewer.details import details, held
from simres.reporting.viewer.index import ViewIndex
from simres.reporting.viewer.keys import KEYS
from simres.reporting.viewer.picture import (
    PictureRow,
    Sort,
    cells_in,
    explained,
    label_width,
    picture,
    rows,
    tallness,
    title,
)
from simres.reporting.viewer.viewport import LEAST_PS, View

WIDTHS = st.integers(40, 200)


def indexed(data, random_results):
    result = data.draw(random_results)
    return ViewIndex(result) if result.makespan_ps else None


def stretch(data, makespan_ps):
    since = data.draw(st.integers(0, makespan_ps - 1))
    return since, data.draw(st.integers(since + 1, makespan_ps))


@given(data=st.data(), width=WIDTHS, draws=st.booleans())
@settings(max_examples=60, deadline=None)
def test_a_picture_fits_and_its_lanes_are_those_of_the_record(random_results, data, width, draws):
    index = indexed(data, random_results)
    if index is None:
        return
    since, until = stretch(data, index.result.makespan_ps)
    page = Page(width, BLOCKS if draws else ASCII)
    made = picture(index, since, until, page)
    cells = cells_in(index, width)
    for line in (*made.ruler, *made.lanes):
        assert label_width(index) + cells + cell_len(line.tail) <= width
        assert 2 + cell_len(line.head) < label_width(index)
        assert cell_len(line.cells.plain) <= (cells if line.row >= 0 else width - label_width(index))
    assert {line.row for line in made.lanes} == set(range(len(rows(index))))
    window = DrawnInterval(since, until, cells)
    expected = {lane.engine: lane for lane in lanes(index.result.program, index.result.record, window)}
    for line in made.lanes:
        row = rows(index)[line.row]
        if row.sort is Sort.ENGINE:
            assert line.cells.plain == drawn(expected[row.name].cells, page.glyphs).plain
    if not draws:
        assert all(line.cells.plain.isascii() for line in made.lanes)
    assert all(cell_len(line.plain) <= width for line in explained(index, page))
    again = picture(index, since, until, page)
    assert [line.cells.plain for line in again.lanes] == [line.cells.plain for line in made.lanes]


@given(data=st.data(), width=WIDTHS)
@settings(max_examples=60, deadline=None)
def test_rows_left_out_are_empty_and_change_no_other(random_results, data, width):
    index = indexed(data, random_results)
    if index is None:
        return
    everything = picture(index, 0, index.result.makespan_ps, Page(width))
    left_out = {row for row in rows(index) if row.sort in (Sort.PATH, Sort.MEMORY)}
    partly = picture(index, 0, index.result.makespan_ps, Page(width), without=left_out)
    assert len(partly.lanes) == len(everything.lanes)
    for one, other in zip(everything.lanes, partly.lanes, strict=True):
        if rows(index)[one.row] in left_out:
            assert not other.cells.plain
        else:
            assert other.cells.plain == one.cells.plain


@given(data=st.data(), width=WIDTHS)
@settings(max_examples=60, deadline=None)
def test_what_is_said_fits_and_names_what_is_there(random_results, data, width):
    index = indexed(data, random_results)
    if index is None:
        return
    at_ps = data.draw(st.integers(0, index.result.makespan_ps - 1))
    for row in rows(index):
        said = details(index, row, at_ps, Page(width))
        assert said
        assert "\x1b" not in "".join(line.plain for line in said)
        assert all(len(line.plain) <= width or " " not in line.plain.strip() for line in said)
    for line in held(index, at_ps, width):
        assert cell_len(line.plain) <= width
    total = sum(
        stay.nbytes for stay in index.result.stays if stay.start_ps <= at_ps < stay.end_ps and stay.memory
    )
    assert sum(sum(index.held(name).at(at_ps).values()) for name in index.memories) == total


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_the_row_at_a_moment_is_the_one_that_the_record_has_there(random_results, data):
    index = indexed(data, random_results)
    if index is None:
        return
    record, tasks = index.result.record, index.result.program.tasks
    at_ps = data.draw(st.integers(0, index.result.makespan_ps - 1))
    for engine in index.engines:
        own = [
            (number, span) for number, span in enumerate(record.spans) if tasks[span.task].engine == engine
        ]
        there = [number for number, span in own if span.since <= at_ps < span.end]
        assert index.row_at(engine, at_ps) == (there[0] if there else None)
        after = [number for number, span in own if span.begun > at_ps and span.working_ps]
        assert index.row_after(engine, at_ps) == (after[0] if after else None)
        before = [number for number, span in own if span.begun < at_ps and span.working_ps]
        assert index.row_before(engine, at_ps) == (before[-1] if before else None)
    for number, span in enumerate(record.spans):
        holder = index.holder_row(number)
        if holder is not None:
            ended = index.span(holder)
            assert (ended.task, ended.end) in {
                (span.holder, span.ready),
                (span.space_holder, span.granted),
            }
        stays = index.stays_of(number)
        assert len(stays) == len(tasks[span.task].reserves)
        assert all(stay.start_ps == span.granted for stay in stays)


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_the_path_as_a_lane_is_as_long_as_the_path(random_results, data):
    index = indexed(data, random_results)
    if index is None:
        return
    window = DrawnInterval(0, index.result.makespan_ps, 1)
    drawn_ps = sum(each.amounts(window.edges, 1)[0] for each in index.path_states.values())
    idle_ps = sum(part.took_ps for part in index.path if part.task < 0)
    assert drawn_ps + idle_ps == index.result.makespan_ps
    at_ps = data.draw(st.integers(0, index.result.makespan_ps - 1))
    part = index.path[index.stretch_at(at_ps)]
    assert part.start_ps <= at_ps < part.end_ps
    if part.task >= 0:
        row = index.row_of(part.task, part.start_ps)
        assert row is not None
        assert index.span(row).task == part.task


@given(
    makespan=st.integers(1, 10**12),
    moves=st.lists(
        st.one_of(
            st.tuples(st.just("zoom"), st.sampled_from([(1, 2), (2, 1), (1, 3)]), st.floats(0, 1)),
            st.tuples(st.just("pan"), st.integers(-(10**12), 10**12), st.none()),
            st.tuples(st.just("at"), st.integers(-5, 10**12), st.none()),
            st.tuples(st.just("show"), st.floats(0, 1), st.floats(0, 1)),
        ),
        max_size=12,
    ),
)
def test_whatever_one_does_the_view_stays_in_the_run_and_the_cursor_in_the_view(makespan, moves):
    view = View.whole(makespan)
    for kind, one, other in moves:
        if kind == "zoom":
            around = view.since_ps + int(other * (view.span_ps - 1))
            before = (around - view.since_ps) * 1000 // view.span_ps
            view = view.zoomed(*one, around)
            if view.since_ps > 0 and view.until_ps < makespan:
                # What is under the pointer stays there, to a rounded picosecond.
                after = (around - view.since_ps) * 1000 // view.span_ps
                assert abs(after - before) <= 1 + 1000 // view.span_ps
        elif kind == "pan":
            view = view.panned(one)
        elif kind == "at":
            view = view.at(one)
        else:
            start, end = sorted((int(one * (makespan - 1)), int(other * (makespan - 1)) + 1))
            view = view.showing(start, max(end, start + 1))
            assert view.since_ps <= start
            assert view.until_ps >= min(end, makespan)
            view = view.at(start)
        assert 0 <= view.since_ps <= view.at_ps < view.until_ps <= makespan
        assert view.span_ps >= min(LEAST_PS, makespan)


def test_zooming_in_and_out_again_shows_the_same(resnet20):
    view = View.whole(resnet20.makespan_ps).at(resnet20.makespan_ps // 2)
    assert view.zoomed(1, 2, view.at_ps).zoomed(2, 1, view.at_ps) == view


def test_layers_are_found_by_a_part_of_their_name_or_a_glob(resnet20):
    index = ViewIndex(resnet20)
    names = [layer.name for layer in resnet20.program.layers]
    found = {names[match.layer] for match in index.matches("LAYERS.0")}
    assert found == {name for name in names if "layers.0" in name} != set()
    assert {names[match.layer] for match in index.matches("*.conv1")} == {
        name for name in names if name.endswith(".conv1")
    }
    assert index.matches("  ") == index.matches("nowhere") == []
    moments = [match.since_ps for match in index.matches("conv")]
    assert moments == sorted(moments)


def test_the_title_keeps_the_moment_where_not_everything_fits(resnet20):
    index = ViewIndex(resnet20)
    wide = title(index, 0, 10**6, 60, 500, 200)
    assert wide.startswith("at 500 ps   0 s to 1 us")
    assert title(index, 0, 10**6, 60, 500, 12) == "at 500 ps"


def test_a_result_without_spans_is_refused(resnet20):
    from dataclasses import replace

    from simres.errors import SimresError

    aggregate = replace(resnet20.record, level=RecordLevel.AGGREGATE)
    with pytest.raises(SimresError, match="no timeline"):
        ViewIndex(replace(resnet20, record=aggregate))


# The app


@asynccontextmanager
async def shown(result, size=(80, 24), glyphs=BLOCKS, **options):
    """The app with everything worked out, and its pilot."""
    from simres.reporting.viewer.app import Viewer

    app = Viewer(ViewIndex(result), Page(glyphs=glyphs), **options)
    async with app.run_test(size=size) as pilot:
        for _ in range(200):
            if app._drawn is not None and not app.unknown:
                break
            await pilot.pause(0.02)
        await pilot.pause()
        yield app, pilot


def screen(app):
    """What is on the screen, a line a string."""
    return ["".join(part.text for part in strip) for strip in app.screen._compositor.render_strips()]


def walk(result, *keys, size=(80, 24), **options):
    """The app after some keys: its view, and its screen."""

    async def go():
        async with shown(result, size, **options) as (app, pilot):
            for key in keys:
                await pilot.press(key)
            await pilot.pause()
            return app.view, screen(app)

    return asyncio.run(go())


def test_everything_is_there_in_80_by_24(resnet20):
    _, lines = walk(resnet20)
    assert len(lines) == 24
    text = "\n".join(lines)
    for name in ("critical path", "ddr", "ddr use", "matrix", "host", "sram"):
        assert any(line[2:].startswith(name) for line in lines), name
    assert "stall: dependency" in text
    assert "ddr busy: load, conv" in text
    assert "sram 12 KiB of 1 MB" in text
    for key in KEYS:
        if key.brief:
            assert f"{key.shown} {key.brief}" in lines[-1]


@pytest.mark.parametrize("size", [(40, 12), (60, 18), (200, 60)])
def test_other_sizes_work_too(resnet20, size):
    _, lines = walk(resnet20, "plus", "down", "down", "full_stop", size=size)
    assert len(lines) == size[1]
    assert any(line.startswith("▶ ") for line in lines)


@pytest.mark.parametrize(("height", "tall"), [(24, 1), (26, 2), (38, 3), (200, 3)])
def test_a_tall_terminal_has_tall_lanes_and_more_of_memory(resnet20, height, tall):
    index = ViewIndex(resnet20)
    assert tallness(index, height) == tall
    made = picture(index, 0, resnet20.makespan_ps, Page(100), tall=tall)
    lines = Counter(rows(index)[line.row].name + rows(index)[line.row].sort for line in made.lanes)
    assert lines == {
        "critical pathpath": tall,
        "ddrengine": tall,
        "ddrbus": 1,
        "matrixengine": tall,
        "hostengine": tall,
        "srammemory": 2 * tall,
    }
    assert tall == 1 or 2 * sum(lines.values()) <= height
    _, screen_lines = walk(resnet20, "down", "down", size=(100, height))
    assert sum("▶ " in line for line in screen_lines) == tall


def test_without_blocks_lanes_are_ascii(resnet20):
    _, lines = walk(resnet20, glyphs=ASCII)
    (lane,) = [line for line in lines if line.startswith("> ddr")]
    assert lane.isascii()


def test_keys_zoom_pan_and_move(resnet20):
    whole = resnet20.makespan_ps
    view, _ = walk(resnet20, "plus", "plus")
    assert (view.since_ps, view.span_ps) == (0, whole // 4)
    view, _ = walk(resnet20, "plus", "plus", "pagedown")
    assert view.since_ps == view.span_ps // 2
    view, _ = walk(resnet20, "plus", "plus", "minus", "0")
    assert (view.since_ps, view.until_ps) == (0, whole)
    view, _ = walk(resnet20, "end")
    assert view.at_ps == whole - 1
    view, _ = walk(resnet20, "end", "b", "right", "right", "left")
    assert 0 < view.at_ps < whole // 20
    assert walk(resnet20, "up", "up", "up")[0].lane == 0


def test_steps_go_from_task_to_task_and_enter_zooms_there(resnet20):
    first, second = [
        span for span in resnet20.record.spans if resnet20.program.tasks[span.task].engine == "ddr"
    ][:2]
    view, lines = walk(resnet20, "full_stop")
    assert view.at_ps == second.begun
    assert any(f"task {second.task}:" in line for line in lines)
    view, _ = walk(resnet20, "full_stop", "enter")
    assert view.span_ps == 3 * (second.end - second.begun)
    assert walk(resnet20, "full_stop", "comma")[0].at_ps == first.begun


def test_w_goes_to_what_a_task_waited_for_and_b_back(resnet20):
    index = ViewIndex(resnet20)
    matrix = rows(index).index(PictureRow(Sort.ENGINE, "matrix"))
    before, lines = walk(resnet20, "down", "down", "full_stop")
    assert before.lane == matrix
    assert any("stalled" in line and "dependency" in line for line in lines)
    row = index.row_at("matrix", before.at_ps)
    holder = index.holder_row(row)
    after, _ = walk(resnet20, "down", "down", "full_stop", "w")
    assert (after.lane, after.at_ps) == (
        rows(index).index(PictureRow(Sort.ENGINE, index.engine_of(holder))),
        index.span(holder).begun,
    )
    assert walk(resnet20, "down", "down", "full_stop", "w", "b")[0] == before


def test_brackets_follow_the_critical_path(resnet20):
    index = ViewIndex(resnet20)
    names = rows(index)
    for steps in (1, 2, 5):
        view, _ = walk(resnet20, *["right_square_bracket"] * steps)
        part = index.path[steps]
        assert view.at_ps == part.start_ps
        assert names[view.lane] == PictureRow(Sort.ENGINE, part.engine)
    view, lines = walk(resnet20, "up", "right_square_bracket")
    assert view.lane == 0
    assert any("critical path: " in line for line in lines)


def test_a_search_goes_to_layers_and_escape_takes_it_back(resnet20):
    index = ViewIndex(resnet20)
    found = index.matches("fc")
    assert found
    view, lines = walk(resnet20, "slash", *"fc", "enter")
    assert view.at_ps == found[0].since_ps
    assert lines[0].strip().startswith(f"`fc`: 1 of {len(found)}")
    conv = index.matches("conv1")
    view, _ = walk(resnet20, "slash", *"conv1", "enter", "n", "n")
    assert view.at_ps == conv[2].since_ps
    view, _ = walk(resnet20, "slash", *"conv1", "enter", "n", "n", "N")
    assert view.at_ps == conv[1].since_ps
    view, _ = walk(resnet20, "right", "slash", *"fc", "escape")
    assert view == walk(resnet20, "right")[0]
    _, lines = walk(resnet20, "slash", *"nowhere", "enter")
    assert "no layer has `nowhere` in its name" in lines[0]


def test_hostile_names_and_odd_searches_end_nothing(random_results):
    @given(data=st.data())
    @settings(max_examples=5, deadline=None)
    def check(data):
        result = data.draw(random_results)
        if result.makespan_ps and any(e.working_ps for e in result.record.engines.values()):
            keys = ["slash", *"[b]*", "enter", "n", "w", "enter", "right_square_bracket", "full_stop"]
            _, lines = walk(result, *keys)
            assert not any("\x1b" in line for line in lines)

    check()


def test_the_mouse_selects_zooms_and_drags(resnet20):
    async def go():
        async with shown(resnet20) as (app, pilot):
            label = label_width(app.index)
            await pilot.click("#lanes", offset=(label + 10, 3))
            assert app.rows[app.view.lane] == PictureRow(Sort.ENGINE, "matrix")
            window = app.view.window(app.cells)
            assert window.cell(app.view.at_ps) == 10
            from textual.events import MouseScrollUp

            lanes_ = app.query_one("#lanes")
            around = app._moment(label + 20)
            event = MouseScrollUp(lanes_, label + 20, 1, 0, -1, 0, False, False, False)
            lanes_.post_message(event)
            await pilot.pause()
            assert app.view.span_ps == resnet20.makespan_ps // 2
            assert app.view.window(app.cells).cell(around) == 20
            since = app.view.since_ps
            await pilot.mouse_down("#lanes", offset=(label + 20, 1))
            await pilot.hover("#lanes", offset=(label + 10, 1))
            await pilot.mouse_up("#lanes", offset=(label + 10, 1))
            await pilot.pause()
            moved = app.view.since_ps - since
            assert abs(moved - 10 * app.view.span_ps // app.cells) <= 1
            at = app.view
            await pilot.click("#lanes", offset=(label + 25, 3), times=2)
            assert app.view.span_ps != at.span_ps

    asyncio.run(go())


def test_help_lists_every_key_and_closes(resnet20):
    _, lines = walk(resnet20, "question_mark", size=(100, 45))
    text = "\n".join(lines)
    for key in KEYS:
        assert key.words in text
    assert "double click" in text
    _, lines = walk(resnet20, "question_mark", "escape")
    assert any(line[2:].startswith("critical path") for line in lines)


@pytest.mark.parametrize("light", [False, True])
def test_light_and_dark(resnet20, light):
    from simres.reporting.viewer import colours as inks

    async def go():
        async with shown(resnet20, light=light) as (app, pilot):
            first = app.export_screenshot()
            await pilot.press("t")
            await pilot.pause()
            assert app.theme == (inks.DARK if light else inks.LIGHT)
            assert app.export_screenshot() != first
            name = inks.LIGHT if light else inks.DARK
            assert inks.colour("paper", name) in first

    asyncio.run(go())


def test_without_colour_nothing_is_coloured(resnet20, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")

    async def go():
        async with shown(resnet20) as (app, _):
            strips = app.screen._compositor.render_strips()
            filters = app.get_line_filters()
            assert filters
            for strip in strips:
                for line_filter in filters:
                    strip = strip.apply_filter(line_filter, app.screen.styles.background)
                for part in strip:
                    colours = [part.style.color, part.style.bgcolor] if part.style else []
                    for colour in filter(None, colours):
                        red, green, blue = colour.get_truecolor()
                        assert red == green == blue

    asyncio.run(go())


def test_kinds_and_causes_differ_by_glyph():
    for draws in (True, False):
        glyphs = BLOCKS if draws else ASCII
        characters = [*glyphs.kinds.values(), *glyphs.causes.values(), " "]
        assert len(set(characters)) == len(characters)
        assert set(glyphs.kinds) == set(TaskKind)
