"""The activity of each engine in each cell of a drawing; a lane's cells sum to the engine's time.

Time is cut into cells of equal length. A cell can hold many spans and shows one: an engine's cells of
work are as many as its work is long, to half a cell, and each is where work was; so a lane is neither
empty because all its tasks are short nor full because they are many.

What is drawn of a run again and again is prepared once (`LaneIndex`, `HeldIndex`): a window then takes
time that grows with its cells and hardly with the spans.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from simres.analysis.occupancy import Stay, occupancy
from simres.program.record import Cause, Record
from simres.program.tasks import Program, TaskKind
from simres.reporting.drawing.range_maximum import Pyramid

State = TaskKind | Cause | None
"""What an engine does: a kind of work, a cause of waiting, or nothing (idle)."""


@dataclass(frozen=True, slots=True)
class DrawnInterval:
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

    @property
    def edges(self) -> range:
        """Where cells begin, and where the last one ends. Times `cells`, so that they are whole numbers."""
        first = self.since_ps * self.cells
        return range(first, first + self.span_ps * self.cells + 1, self.span_ps)


@dataclass(frozen=True, slots=True)
class DrawnLane:
    """An engine in a window: what each cell shows, and how long it worked there in all."""

    engine: str
    cells: Sequence[State]
    working_ps: int


class Stretches:
    """Stretches of time in order, none over another, and how much of them lies before any moment."""

    __slots__ = ("_before", "ends", "starts")

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.ends: list[int] = []
        self._before = [0]

    def add(self, start_ps: int, end_ps: int) -> None:
        """Adds one that starts where the last one ended, or later."""
        self.starts.append(start_ps)
        self.ends.append(end_ps)
        self._before.append(self._before[-1] + end_ps - start_ps)

    def amounts(self, edges: Iterable[int], parts: int) -> list[int]:
        """How much of them lies between each edge and the next; edges and amounts are times `parts`."""
        starts, ends, before = self.starts, self.ends, self._before
        found = []
        reached = 0
        for number, edge in enumerate(edges):
            last = bisect_right(starts, edge // parts) - 1
            upto = 0
            if last >= 0:
                upto = before[last] * parts + min(edge, ends[last] * parts) - starts[last] * parts
            if number:
                found.append(upto - reached)
            reached = upto
        return found


class LaneIndex:
    """What every engine that did any task was doing when, in the Record's order of engines."""

    def __init__(self, program: Program, record: Record) -> None:
        self.engines: dict[str, dict[State, Stretches]] = {
            name: {} for name, engine in record.engines.items() if engine.tasks
        }
        tasks = program.tasks
        for span in record.spans:
            task = tasks[span.task]
            states = self.engines[task.engine]
            begun = span.begun
            if span.since < begun:
                for wait in span.waits(task.needs):
                    states.setdefault(wait.cause, Stretches()).add(wait.start_ps, wait.end_ps)
            if begun < span.end:
                kind = task.kind
                if kind not in states:
                    states[kind] = Stretches()
                states[kind].add(begun, span.end)

    def lanes(self, window: DrawnInterval) -> list[DrawnLane]:
        """Every engine in a window."""
        return [self.lane(engine, window) for engine in self.engines]

    def lane(self, engine: str, window: DrawnInterval) -> DrawnLane:
        """One engine in a window."""
        amounts = shares(self.engines[engine], window)
        worked = sum(sum(each) for state, each in amounts.items() if isinstance(state, TaskKind))
        return DrawnLane(engine, list(shown(amounts, window)), worked // window.cells)

    def working(self, engines: Iterable[str], window: DrawnInterval) -> list[int]:
        """Picoseconds, times the window's cells, that these engines worked in each cell, added up."""
        sums = [0] * window.cells
        for engine in engines:
            for state, stretches in self.engines.get(engine, {}).items():
                if isinstance(state, TaskKind):
                    found = stretches.amounts(window.edges, window.cells)
                    sums = [one + other for one, other in zip(sums, found, strict=True)]
        return sums


def lanes(program: Program, record: Record, window: DrawnInterval) -> list[DrawnLane]:
    """A lane for every engine that did any task, in the Record's order."""
    return LaneIndex(program, record).lanes(window)


def shares(states: Mapping[State, Stretches], window: DrawnInterval) -> dict[State, list[int]]:
    """How long each state held in each cell, in picoseconds times the window's cells."""
    edges = window.edges
    return {state: stretches.amounts(edges, window.cells) for state, stretches in states.items()}


def shown(amounts: Mapping[State, Sequence[int]], window: DrawnInterval) -> Iterator[State]:
    """One state a cell. What a cell does not show is owed, and shown where it next occurs."""
    size = window.span_ps
    worked = drawn = 0
    owed: dict[State, int] = dict.fromkeys([*amounts, None], 0)
    for number in range(window.cells):
        cell = {state: each[number] for state, each in amounts.items() if each[number]}
        rest = size - sum(cell.values())
        if rest:
            cell[None] = rest
        for state, amount in cell.items():
            owed[state] += amount
            if isinstance(state, TaskKind):
                worked += amount
        upto = (2 * worked + size) // (2 * size)
        works = upto > drawn
        drawn = upto
        candidates = [state for state in cell if isinstance(state, TaskKind) is works]
        chosen = max(candidates, key=lambda state: owed[state])
        owed[chosen] -= size
        yield chosen


class HeldIndex:
    """What a memory held when, from the stays of its buffers."""

    def __init__(self, stays: Iterable[Stay], memory: str) -> None:
        self._stays = [stay for stay in stays if stay.memory == memory]
        series = occupancy(tuple(self._stays), memory)
        self._moments = [moment for moment, _ in series]
        self._held = Pyramid([nbytes for _, nbytes in series])
        self._starts = [stay.start_ps for stay in self._stays]
        self._ends = Pyramid([stay.end_ps for stay in self._stays])

    def fullest(self, window: DrawnInterval) -> list[int]:
        """The most bytes that it held at any moment of each cell."""
        found = []
        edges = window.edges
        for start, end in pairwise(edges):
            first = max(0, bisect_right(self._moments, start // window.cells) - 1)
            past = bisect_left(self._moments, -(-end // window.cells))
            found.append(self._held.largest(first, past))
        return found

    def at(self, moment_ps: int) -> dict[str, int]:
        """Bytes by tensor that it holds at a moment, the largest first."""
        found: dict[str, int] = {}
        for number in self._ends.beyond(moment_ps, bisect_right(self._starts, moment_ps)):
            stay = self._stays[number]
            found[stay.tensor] = found.get(stay.tensor, 0) + stay.nbytes
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def fullest(stays: tuple[Stay, ...], memory: str, window: DrawnInterval) -> list[int]:
    """The most bytes that `memory` held at any moment of each cell."""
    return HeldIndex(stays, memory).fullest(window)
