"""The Textual app: keys and mouse in, the drawing out. The other modules of this package make the drawing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import islice
from typing import ClassVar

from rich.style import Style
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Footer, Input, Static

from simres.reporting.page import Page
from simres.reporting.text.styled import Text
from simres.reporting.viewer import colours
from simres.reporting.viewer.details import details, held
from simres.reporting.viewer.help import Help, bindings
from simres.reporting.viewer.index import Appearance, ViewIndex
from simres.reporting.viewer.line_widget import Drawn, rich_lines, strip, with_cell
from simres.reporting.viewer.picture import (
    Picture,
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
from simres.reporting.viewer.search import Search
from simres.reporting.viewer.viewport import View

_MOST_TENSORS = 60
"""The maximum number of lines in the memory panel."""
_ZOOM = (1, 2)
"""The ratio of the window lengths after and before a zoom step."""


class Viewer(App[None]):
    """The timeline of a result with the characters of `page`; `light`: begins in the light theme."""

    ENABLE_COMMAND_PALETTE = False
    AUTO_FOCUS = ""
    TITLE = "simres view"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings())
    CSS = """
    Screen { background: $background; color: $foreground; layout: vertical; }
    #title { height: 1; background: $panel; color: $foreground; padding: 0 1; text-wrap: nowrap; }
    #ruler { height: 3; }
    #scroll { height: auto; max-height: 50%; scrollbar-size-vertical: 0; }
    #lanes { height: 1; }
    #legend { height: auto; color: $foreground; }
    #panels { height: 1fr; border-top: solid $panel; }
    #details { width: 3fr; padding: 0 1; }
    #held { width: 2fr; padding: 0 1; border-left: solid $panel; }
    #panels VerticalScroll { scrollbar-size-vertical: 1; }
    #search { display: none; height: 1; border: none; padding: 0 1; background: $panel; }
    Help { align: center middle; }
    #help { width: 78; max-width: 100%; height: auto; max-height: 100%; padding: 0 2; border: round $accent;
            background: $surface; }
    """

    def __init__(self, index: ViewIndex, page: Page, *, light: bool = False) -> None:
        super().__init__()
        self.index = index
        self.rows = rows(index)
        self.page = page
        self.view = View.whole(index.result.makespan_ps)
        self.view = replace(self.view, lane=min(1, len(self.rows) - 1))
        self.unknown = {row for row in self.rows if row.sort in (Sort.PATH, Sort.MEMORY)}
        """Rows that take a moment to compute; they are drawn once that is done."""
        self.search = Search(index, self.view)
        self._jumps: list[View] = []
        self._drawn: tuple[tuple[int, int, int, int, int], Picture] | None = None
        for name in (colours.DARK, colours.LIGHT):
            self.register_theme(colours.theme(name))
        self.theme = colours.LIGHT if light else colours.DARK

    def compose(self) -> ComposeResult:
        """Lays out, from top to bottom: title, ruler, lanes, legend, two panels, search, keys."""
        yield Static(id="title", markup=False)
        yield Drawn(id="ruler")
        with VerticalScroll(id="scroll", can_focus=False):
            yield Drawn(id="lanes")
        yield Static(id="legend", markup=False)
        with Horizontal(id="panels"):
            with VerticalScroll(id="details", can_focus=False):
                yield Static(id="said", markup=False)
            with VerticalScroll(id="held", can_focus=False):
                yield Static(id="holds", markup=False)
        yield Input(
            id="search", placeholder="part of a layer's name, or a glob such as *.conv1", disabled=True
        )
        yield Footer(show_command_palette=False, compact=True)

    async def on_mount(self) -> None:
        """Shows the lanes, then computes the rows that take longer."""
        self.call_after_refresh(self.run_worker, self._complete())

    async def _complete(self) -> None:
        for row in [row for row in self.rows if row in self.unknown]:
            await asyncio.to_thread(self._work_out, row)
            self.unknown.discard(row)
            self.draw()

    def _work_out(self, row: PictureRow) -> None:
        if row.sort is Sort.PATH:
            self.index.path_states  # noqa: B018 - kept by the index
        else:
            self.index.held(row.name)

    def on_resize(self) -> None:
        """Redraws at the new size."""
        self.call_after_refresh(self.draw)

    # Drawing

    def draw(self) -> None:
        """Draws the view on the screen."""
        width, view = self.size.width, self.view
        drawing = self._picture(width)
        styles = colours.inks(self.theme)
        label, cells = drawing.label, drawing.window.cells
        cursor = label + drawing.window.cell(view.at_ps)
        here = Style(reverse=True)
        column = Style(bgcolor=colours.colour("column", self.theme))
        mark = self.page.glyphs.cursor
        ruler = [strip(line, label, cells, styles) for line in drawing.ruler]
        ruler[1] = with_cell(ruler[1], cursor, here)
        lanes = []
        for line in drawing.lanes:
            chosen = line.row == view.lane
            made = strip(line, label, cells, styles, mark if chosen else "")
            lanes.append(with_cell(made, cursor, here if chosen else column))
        self.query_one("#ruler", Drawn).show(ruler)
        self.query_one("#lanes", Drawn).show(lanes)
        head = title(self.index, view.since_ps, view.until_ps, cells, view.at_ps, width - 2)
        self.query_one("#title", Static).update(self.search.said(view.at_ps) or head)
        legend = explained(self.index, replace(self.page, width=width))
        self.query_one("#legend", Static).update(rich_lines(legend, styles))
        self._panels()

    def _picture(self, width: int) -> Picture:
        """Returns the drawing, remade only if its content has changed."""
        key = (self.view.since_ps, self.view.until_ps, width, self.tall, len(self.unknown))
        if self._drawn is None or self._drawn[0] != key:
            page, without = replace(self.page, width=width), frozenset(self.unknown)
            self._drawn = key, picture(self.index, *key[:2], page, without, self.tall)
        return self._drawn[1]

    def _panels(self) -> None:
        row, at_ps = self.rows[self.view.lane], self.view.at_ps
        styles = colours.inks(self.theme)
        if self.unknown:
            said = [Text("one moment ...", "muted")]
        else:
            width = self.query_one("#details").content_size.width
            said = details(self.index, row, at_ps, replace(self.page, width=width))
        self.query_one("#said", Static).update(rich_lines(said, styles))
        room = self.query_one("#held").content_size.width
        holds = [] if self.unknown else list(islice(held(self.index, at_ps, room), _MOST_TENSORS))
        self.query_one("#holds", Static).update(rich_lines(holds, styles))

    # Moving

    def go(self, view: View) -> None:
        """Shows another view."""
        self.view = view
        self.draw()
        top = sum(row.lines(self.tall) for row in self.rows[: view.lane])
        scroll = self.query_one("#scroll", VerticalScroll)
        seen = scroll.scroll_offset.y
        if not seen <= top <= seen + scroll.size.height - self.rows[view.lane].lines(self.tall):
            scroll.scroll_to(y=top, animate=False)

    def jump(self, view: View) -> None:
        """Shows another view, and remembers this one for `action_jump_back`."""
        self._jumps.append(self.view)
        self.go(view)

    @property
    def tall(self) -> int:
        """The lines of an engine's lane on this screen."""
        return tallness(self.index, self.size.height)

    @property
    def cells(self) -> int:
        """The width of the drawing in cells."""
        return cells_in(self.index, self.size.width)

    def _lane_of(self, engine: str) -> int:
        return self.rows.index(PictureRow(Sort.ENGINE, engine))

    def _selected(self) -> int | None:
        """Returns the Record's row of the selected task."""
        row = self.rows[self.view.lane]
        if row.sort is Sort.PATH and row not in self.unknown:
            stretch = self.index.path[self.index.stretch_at(self.view.at_ps)]
            return None if stretch.task < 0 else self.index.row_of(stretch.task, stretch.start_ps)
        return self.index.row_at(row.name, self.view.at_ps) if row.sort is Sort.ENGINE else None

    def action_move(self, cells: int) -> None:
        """Moves the cursor by `cells`."""
        step = max(1, self.view.span_ps // self.cells)
        self.go(self.view.at(self.view.at_ps + cells * step))

    def action_lane(self, by: int) -> None:
        """Moves to the row above or below."""
        self.go(replace(self.view, lane=max(0, min(self.view.lane + by, len(self.rows) - 1))))

    def action_zoom(self, steps: int) -> None:
        """Zooms in or out around the cursor."""
        self.zoom(steps, self.view.at_ps)

    def zoom(self, steps: int, around_ps: int) -> None:
        """Zooms in (1) or out (-1) around a moment."""
        times, parts = _ZOOM if steps > 0 else _ZOOM[::-1]
        self.go(self.view.zoomed(times, parts, around_ps))

    def action_whole(self) -> None:
        """Shows the whole run."""
        view = self.view
        self.go(replace(view, since_ps=0, until_ps=view.makespan_ps))

    def action_fit(self) -> None:
        """Zooms to the selection."""
        row = self.rows[self.view.lane]
        if row.sort is Sort.PATH and row not in self.unknown:
            stretch = self.index.path[self.index.stretch_at(self.view.at_ps)]
            self.go(self.view.showing(stretch.start_ps, stretch.end_ps))
        elif (found := self._selected()) is not None:
            span = self.index.span(found)
            self.go(self.view.showing(span.since if span.begun > self.view.at_ps else span.begun, span.end))

    def action_pan(self, by: int) -> None:
        """Moves the window by half a screen."""
        self.go(self.view.panned(by * max(1, self.view.span_ps // 2)))

    def action_end(self, last: int) -> None:
        """Jumps to the start or the end of the run."""
        self.jump(self.view.at(last * self.view.makespan_ps))

    def action_step(self, by: int) -> None:
        """Moves to the previous or next task of the row's engine; on its row, along the critical path."""
        row = self.rows[self.view.lane]
        if row.sort is Sort.PATH:
            self.action_path(by)
        elif row.sort is Sort.ENGINE:
            find = self.index.row_after if by > 0 else self.index.row_before
            found = find(row.name, self.view.at_ps)
            if found is not None:
                self.go(self.view.at(self.index.span(found).begun))

    def action_path(self, by: int) -> None:
        """Moves to the previous or next stretch of the critical path, on the row of its engine."""
        if self.rows[0] in self.unknown:
            return
        path = self.index.path
        number = self.index.stretch_at(self.view.at_ps)
        # Off the beginning of a stretch, or on a row that it is not about, the first step goes to it.
        number = max(0, min(number + by, len(path) - 1))
        stretch = path[number]
        lane = self.view.lane
        if lane and stretch.engine:
            lane = self._lane_of(stretch.engine) if stretch.engine in self.index.engines else 0
        self.go(self.view.at(stretch.start_ps, lane))

    def action_why(self) -> None:
        """Jumps to the task whose end released the selected one."""
        selected = self._selected()
        found = None if selected is None else self.index.holder_row(selected)
        if found is None:
            self.notify("this task stalled on no other task", timeout=2)
            return
        engine = self.index.engine_of(found)
        if engine in self.index.engines:
            self.jump(self.view.at(self.index.span(found).begun, self._lane_of(engine)))

    def action_jump_back(self) -> None:
        """Returns to the start of the last jump."""
        if self._jumps:
            self.go(self._jumps.pop())

    # Searching

    def action_search(self) -> None:
        """Opens the search field."""
        self.search.begun = self.view
        search = self.query_one("#search", Input)
        search.value = ""
        search.disabled = False
        search.display = True
        search.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Moves to the first match from the start of the search on, as the text changes."""
        if not event.input.display:
            return
        found = self.search.look(event.value.strip())
        begun = self.search.begun
        self.go(self._at_match(found, begun) if found else begun)

    def on_input_submitted(self, _: Input.Submitted) -> None:
        """Accepts the search."""
        self._jumps.append(self.search.begun)
        self._end_search()

    def action_dismiss(self) -> None:
        """Closes the help screen, or else ends the search."""
        if isinstance(self.screen, Help):
            self.pop_screen()
            return
        if self.query_one("#search", Input).display:
            self.view = self.search.begun
        self.search = Search(self.index, self.view)
        self._end_search()

    def _end_search(self) -> None:
        search = self.query_one("#search", Input)
        search.display = False
        search.disabled = True
        self.set_focus(None)
        self.draw()

    def _at_match(self, found: Appearance, before: View) -> View:
        engine = self.index.engine_of(found.row)
        lane = self._lane_of(engine) if engine in self.index.engines else self.view.lane
        return before.at(found.since_ps, lane)

    def action_found(self, by: int) -> None:
        """Moves to the next or previous match; wraps around at the ends."""
        if (found := self.search.step(by, self.view.at_ps)) is not None:
            self.go(self._at_match(found, self.view))

    # Theme, help and mouse

    def action_shade(self) -> None:
        """Switches between the light and the dark theme."""
        self.theme = colours.LIGHT if self.theme == colours.DARK else colours.DARK
        self.draw()

    def action_help(self) -> None:
        """Shows the help on keys and mouse."""
        if not isinstance(self.screen, Help):
            self.push_screen(Help())

    def on_drawn_picked(self, event: Drawn.Picked) -> None:
        """Selects the clicked moment and row; a double click zooms to it."""
        at_ps = self._moment(event.x)
        lane = self.view.lane
        if event.drawn.id == "lanes":
            numbers = [number for number, row in enumerate(self.rows) for _ in range(row.lines(self.tall))]
            lane = numbers[max(0, min(event.y, len(numbers) - 1))]
        self.go(self.view.at(at_ps, lane))
        if event.twice:
            self.action_fit()

    def on_drawn_wheeled(self, event: Drawn.Wheeled) -> None:
        """Zooms around the pointer, or moves the window."""
        if event.along:
            self.go(self.view.panned(-event.steps * max(1, self.view.span_ps // 8)))
        else:
            self.zoom(event.steps, self._moment(event.x))

    def on_drawn_dragged(self, event: Drawn.Dragged) -> None:
        """Moves the window with the pointer."""
        self.go(self.view.panned(-event.cells * self.view.span_ps // self.cells))

    def _moment(self, x: int) -> int:
        """Returns the middle of the cell at a screen column."""
        cell = max(0, min(x - label_width(self.index), self.cells - 1))
        return self.view.since_ps + (2 * cell + 1) * self.view.span_ps // (2 * self.cells)
