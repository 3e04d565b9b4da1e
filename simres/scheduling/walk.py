"""The steps of a tiling in order, with every load and store between them.

These are *events*, numbered in sequence: before each step its loads, after it its stores.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cached_property
from typing import NamedTuple

from simres.program.orders import Pattern
from simres.program.roles import ComponentRole
from simres.program.tasks import TaskKind, Work
from simres.scheduling.residency import PieceInterval, Residency
from simres.scheduling.tiling import Tiling
from simres.workload.operators import Role, Unit

UNITS = {
    Unit.MATRIX: (TaskKind.MATRIX, ComponentRole.MATRIX),
    Unit.HOST: (TaskKind.HOST, ComponentRole.HOST),
}
"""The role that runs an operator's tiles; the memory runs copies and operators that are not modelled."""


class Event(Enum):
    """The kind of an event."""

    LOAD = "load"
    STORE = "store"
    STEP = "step"


class Needs(NamedTuple):
    """The requirements of a step, with stays by number.

    `others` are stays that it reads and others make, `own` those that it reads and makes, `over` those whose
    buffers it takes over, and `nbytes` are the bytes that it reserves. It uses all stays `read` and all
    `made`; those in `only_made` it does not read.
    """

    others: tuple[int, ...]
    own: tuple[int, ...]
    over: tuple[int, ...]
    nbytes: int
    read: tuple[int, ...]
    made: tuple[int, ...]
    only_made: tuple[int, ...]


class Load(NamedTuple):
    """One transfer from off-chip memory: its stays, all first read by step `start`.

    It moves `nbytes` over the bus and takes `size` bytes of memory.
    """

    stays: tuple[PieceInterval, ...]
    start: int
    nbytes: int
    size: int


class Walk:
    """The walk along a tiling: the residency of its pieces, and all events. Playing it does not change it.

    With `joined`, weights that a step is the first to read are adjacent off-chip and loaded in one transfer.
    """

    def __init__(self, tiling: Tiling, limits: Sequence[int] = (), *, joined: bool = False) -> None:
        residency = self.residency = Residency(tiling, limits)
        self.tiling = tiling
        self.steps = residency.steps
        self.loads = _loads(residency, joined=joined)
        self.events: list[tuple[Event, int]] = []
        """All events, each with the number of its load, stay or step."""
        self.load_at: list[int] = []
        """By load: its event."""
        self.step_at: list[int] = []
        """By step: its event."""
        self.store_at: dict[int, int] = {}
        """By stay: the event in which it is written back."""
        self.stored_after: dict[int, list[int]] = {}
        """By step: the stays that are written back after it."""
        for stay in residency.stays:
            if stay.stored:
                self.stored_after.setdefault(residency.written[stay.piece], []).append(stay.number)
        self.patterns: dict[tuple[object, ...], Pattern] = {}
        """Its tasks once written, by the engines that run them."""
        self.loads_before: list[int] = []
        """By step: the number of loads that must be issued before it."""
        self._number()

    def _number(self) -> None:
        loads, events = self.loads, self.events
        for position in range(len(self.steps)):
            while len(self.load_at) < len(loads) and loads[len(self.load_at)].start <= position:
                events.append((Event.LOAD, len(self.load_at)))
                self.load_at.append(len(events) - 1)
            self.loads_before.append(len(self.load_at))
            events.append((Event.STEP, position))
            self.step_at.append(len(events) - 1)
            for stay in self.stored_after.get(position, ()):
                events.append((Event.STORE, stay))
                self.store_at[stay] = len(events) - 1

    @cached_property
    def needs(self) -> list[Needs]:
        """By step: its requirements."""
        size = self.residency.size
        begun: set[int] = set()
        found = []
        for read, made in self.residency.by_step:
            own = {stay.number for stay in made}
            reading = tuple([stay.number for stay in read])
            first = [stay for stay in made if not stay.loaded and stay.number not in begun]
            begun |= own
            found.append(
                Needs(
                    tuple([number for number in reading if number not in own]),
                    tuple([number for number in reading if number in own]),
                    tuple([stay.follows.number for stay in first if stay.follows is not None]),
                    sum([size[stay.piece] for stay in first if stay.follows is None]),
                    reading,
                    tuple([stay.number for stay in made]),
                    tuple([stay.number for stay in made if stay.number not in reading]),
                )
            )
        return found

    @cached_property
    def kinds(self) -> list[TaskKind]:
        """By step: its kind of task."""
        by_op = [UNITS[op.unit][0] if op.unit in UNITS else TaskKind.MOVE for op in self.tiling.ops]
        return [by_op[step.op] for step in self.steps]

    @cached_property
    def works(self) -> tuple[list[Work], list[int]]:
        """The distinct amounts of work of steps, and the index of each step's own."""
        known: dict[int, int] = {}
        works: list[Work] = []
        numbers = []
        for step in self.steps:
            number = known.get(id(step.work))
            if number is None:
                number = known[id(step.work)] = len(works)
                works.append(step.work)
            numbers.append(number)
        return works, numbers

    @cached_property
    def moved(self) -> Mapping[int, int]:
        """The numbers of loads and stores by bytes."""
        nbytes, stays = self.tiling.pieces.nbytes, self.residency.stays
        found = Counter([load.nbytes for load in self.loads])
        found.update([nbytes[stay.piece] for stay in stays if stay.stored])
        return found

    @cached_property
    def moves(self) -> dict[int, Work]:
        """The work of a transfer, by bytes."""
        return {nbytes: Work(nbytes) for nbytes in self.moved}

    @cached_property
    def sources(self) -> dict[int, tuple[int, ...]]:
        """By load of data that was made on chip: the pieces that must be off-chip by then."""
        made, sources = self.residency.made, self.tiling.pieces.sources
        return {
            number: sources.get(piece, (piece,))
            for number, load in enumerate(self.loads)
            if made[piece := load.stays[0].piece]
        }


def _loads(residency: Residency, *, joined: bool) -> list[Load]:
    pieces, tensors = residency.tiling.pieces, residency.tiling.workload.tensors
    found: list[list[PieceInterval]] = []
    before = -1
    """The step whose weights the last transfer loads; -1 for none."""
    for stay in residency.loads:
        weight = joined and tensors[pieces.tensor[stay.piece]].role is Role.WEIGHT
        if weight and stay.start == before:
            found[-1].append(stay)
        else:
            found.append([stay])
        before = stay.start if weight else -1
    return [
        Load(
            tuple(stays),
            stays[0].start,
            sum([pieces.nbytes[stay.piece] for stay in stays]),
            sum([pieces.size[stay.piece] for stay in stays]),
        )
        for stays in found
    ]
