"""What every engine did in each cell of a drawing, so that a lane's cells add up to the engine's time.

Time is cut into cells of equal length. A cell can hold many spans and shows one: an engine's cells of
work are as many as its work is long, to half a cell, and each is where work was; so a lane is neither
empty because all its tasks are short nor full because they are many.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from simres.analysis.occupancy import Stay, occupancy
from simres.program import Program, TaskKind
from simres.record import Cause, Record

State = TaskKind | Cause | None
"""What an engine does: a kind of work, a cause of waiting, or nothing (idle)."""


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a run: `cells` cells from `since_ps` to `until_ps`."""

    since_ps: int
    until_ps: int
    cells: int

    @property
    def span_ps(self) -> int:
        """Picoseconds across."""
        return self.until_ps - self.since_ps

    def cell(self, moment_ps: int) -> int:
        """The cell that a moment falls into; the last one for the end, and for all after it."""
        return min(max(0, moment_ps - self.since_ps) * self.cells // self.span_ps, self.cells - 1)


@dataclass(frozen=True, slots=True)
class Lane:
    """An engine in a window: what each cell shows, and how long it worked there in all."""

    engine: str
    cells: Sequence[State]
    working_ps: int


def lanes(program: Program, record: Record, window: Window) -> list[Lane]:
    """A lane for every engine that did any task, in the Record's order; one pass over the spans."""
    amounts: dict[str, list[dict[State, int]]] = {
        name: [{} for _ in range(window.cells)] for name, engine in record.engines.items() if engine.tasks
    }
    # Times are multiplied by the number of cells, which makes a cell exactly `size` long.
    origin, cells, size = window.since_ps, window.cells, window.span_ps
    end_of_window = size * cells
    tasks = program.tasks
    for _, number, since, ready, granted, end, latency, bus, holder, _, engine in record.rows:
        if end <= origin or since >= window.until_ps:
            continue
        task = tasks[number]
        lane = amounts[task.engine]
        turn = granted + engine
        at = since
        for until, state in (
            (ready, Cause.DATA if holder in task.needs else Cause.ORDER),
            (granted, Cause.SPACE),
            (turn, Cause.ENGINE),
            (turn + latency, Cause.LATENCY),
            (turn + latency + bus, Cause.BUS),
            (end, task.kind),
        ):
            if until <= at:
                continue
            start = max(0, (at - origin) * cells)
            stop = min(end_of_window, (until - origin) * cells)
            at = until
            while start < stop:
                cell = start // size
                upto = min(stop, (cell + 1) * size)
                held = lane[cell]
                held[state] = held.get(state, 0) + upto - start
                start = upto
    return [Lane(name, list(_shown(lane, size)), _working(lane) // cells) for name, lane in amounts.items()]


def _working(lane: Sequence[dict[State, int]]) -> int:
    return sum(amount for cell in lane for state, amount in cell.items() if isinstance(state, TaskKind))


def _shown(lane: Sequence[dict[State, int]], size: int) -> Iterator[State]:
    """One state a cell. What a cell does not show is owed, and shown where it next occurs."""
    worked = drawn = 0
    owed: dict[State, int] = {}
    for cell in lane:
        rest = size - sum(cell.values())
        if rest:
            cell[None] = rest
        for state, amount in cell.items():
            owed[state] = owed.get(state, 0) + amount
            if isinstance(state, TaskKind):
                worked += amount
        upto = (2 * worked + size) // (2 * size)
        works = upto > drawn
        drawn = upto
        candidates = [state for state in cell if isinstance(state, TaskKind) is works]
        chosen = max(candidates, key=lambda state: owed[state])
        owed[chosen] -= size
        yield chosen


def fullest(stays: tuple[Stay, ...], memory: str, window: Window) -> list[int]:
    """The most bytes that `memory` held at any moment of each cell."""
    most = [0] * window.cells
    held = 0
    reached = 0
    for moment, nbytes in occupancy(stays, memory):
        if moment >= window.until_ps:
            break
        if moment > window.since_ps:
            cell = window.cell(moment)
            for between in range(reached, cell):
                most[between] = max(most[between], held)
            # up to this moment the cell held what was held before, unless it begins right here
            if (moment - window.since_ps) * window.cells > cell * window.span_ps:
                most[cell] = max(most[cell], held)
            most[cell] = max(most[cell], nbytes)
            reached = cell
        held = nbytes
    for between in range(reached, window.cells):
        most[between] = max(most[between], held)
    return most
