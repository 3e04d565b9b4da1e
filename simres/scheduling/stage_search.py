"""Search over stage boundaries: a dynamic program that keeps the unbeaten ways to run each prefix.

The state at a boundary is how many bytes of the live maps are on chip. Of what is off-chip, the maps that the
next stage passes by count first. A stage takes what its closed forms say (`simres.scheduling.mapspace`); what
it made and does not fit is stored, and loaded by whoever reads it.

Time is that of three engines side by side. A stage starts when the matrix unit is free, the first of its
input is there, and the bus has brought the first of its weights; it cannot end before the bus has brought
everything, or before what comes after the last of its input is done. The bus runs ahead of the computation by
as much as the memory has room for.

`StageSearch.run` keeps a few ways for each prefix, `StageSearch.least` all that may still come to the least
of one aim: what it finds is optimal in the mapspace. (`plugins/simres-exact` has a model of the same problem
for a solver, and judges it.)
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from enum import Enum
from operator import le
from typing import NamedTuple

from simres.scheduling.costs import Costs
from simres.scheduling.cuts import Cut
from simres.scheduling.mapspace import LONGEST, Mapspace
from simres.scheduling.options import Option, Priced, thinned
from simres.scheduling.outline import Outline
from simres.scheduling.plans import Plan
from simres.workload.operators import Unit

WIDTH = 4
"""How many ways to run a prefix are kept."""

MOST = 1 << 15
"""How many ways to run a prefix are looked at, at most, where all are."""

FEW = 1 << 12
"""How many are looked at before a search for the best of all becomes one that keeps a few."""

LARGE = 1 << 20
"""Bytes by which the time for a byte is told."""

STEPS = 1 << 16
"""So many steps count as much as the whole run: a step that gains less is not worth looking at."""

DEARER = 6
"""How often steps are made twice as dear where a network takes too many."""


class Stage(NamedTuple):
    """What every option of a stage has in common, in bytes.

    `maps` are those read, by `Outline.maps`. Of the live maps some are `passing` by unread; of those `read`,
    some are `kept` for later stages; `made` are live after it, `left` are outputs of the network.
    """

    maps: list[int]
    passing: int
    read: int
    kept: int
    made: int
    left: int


class Label(NamedTuple):
    """One way to have run a prefix: bytes of live maps on chip, when its computation `ends` and when the bus
    has room for what follows (picoseconds), picoseconds by engine, bytes moved."""

    resident: int
    ends: int
    matrix_ends: int
    flows: int
    bus_ends: int
    bus: int
    matrix: int
    host: int
    moved: int
    before: Label | None = None
    numbers: tuple[int, ...] = ()
    option: Option | None = None
    streamed: bool = False
    limit: int = 0
    steps: int = 0

    @property
    def busiest(self) -> int:
        """The time of the busiest engine."""
        return max(self.bus, self.matrix, self.host)

    @property
    def end(self) -> int:
        """When all is done."""
        return max(self.ends, self.bus_ends)


class Aim(Enum):
    """What is to be least."""

    BYTES = "bytes"
    """The bytes moved."""
    BUSIEST = "busiest"
    """The time of the busiest engine."""
    END = "end"
    """When all is done."""

    def of(self, label: Label) -> int:
        """How much of it a way to run a prefix has."""
        return {Aim.BYTES: label.moved, Aim.BUSIEST: label.busiest, Aim.END: label.end}[self]


class Found(NamedTuple):
    """The best way that was found, None if none fits; `exact` where the mapspace has no better one."""

    label: Label | None
    exact: bool


class TooMany(Exception):
    """There are too many ways to run a network to look at all."""


class Order:
    """One order of a network's groups. `done` are, by boundary, the operators before it, a bit for each."""

    def __init__(self, outline: Outline) -> None:
        self.outline = outline
        groups = outline.groups
        self.count = len(groups.members)
        self.done = [0]
        for members in groups.members:
            self.done.append(self.done[-1] | sum(1 << number for number in members))
        self.live = [{name: outline.tensors[name].nbytes for name in names} for names in groups.live]
        self.live_bytes = [sum(found.values()) for found in self.live]
        self.outputs = {outline.workload.storage(name) for name in outline.workload.outputs}
        self._stages: dict[tuple[int, int], Stage] = {}

    def stage(self, first: int, end: int) -> Stage:
        """The stage of groups `first` up to, not with, `end`."""
        found = self._stages.get((first, end))
        if found is None:
            outline, before, after = self.outline, self.live[first], self.live[end]
            numbers = outline.numbers(first, end)
            maps = outline.maps(numbers)
            passing = sum(nbytes for name, nbytes in before.items() if name not in maps)
            kept = sum(before.get(name, 0) for name in maps if name in after)
            made = sum(nbytes for name, nbytes in after.items() if name not in before)
            left = sum(
                outline.tensors[name].nbytes
                for number in numbers
                for name in outline.ops[number].outputs
                if name in self.outputs
            )
            nbytes = [before.get(name, 0) for name in maps]
            found = self._stages[first, end] = Stage(nbytes, passing, sum(nbytes), kept, made, left)
        return found


class StageSearch:
    """The search for one network on one chip. Where two orders of the network have the same operators behind
    them, what was found for one goes on in the other: so each side branch runs early or as listed."""

    def __init__(self, space: Mapspace, costs: Costs) -> None:
        self.space = space
        self.costs = costs
        self.outline = outline = space.outlines[0]
        self.orders = [Order(one) for one in space.outlines]
        self.boundaries: dict[int, list[tuple[int, int]]] = {}
        """By the operators that are done: each order that comes by there, and its boundary."""
        for number, order in enumerate(self.orders):
            for place, done in enumerate(order.done):
                self.boundaries.setdefault(done, []).append((number, place))
        self.step_ps = costs.least_ps(outline.workload) / STEPS
        self._few = True
        """Whether all ways to run the network may be looked at."""
        self._options: dict[tuple[int, int, int, int], list[Priced]] = {}
        self._thinned: dict[object, list[Priced]] = {}
        """By form of a stage and capacity."""
        self._priced: dict[int, Priced] = {}
        """By option, which the mapspace keeps."""
        self._prices: dict[tuple[object, ...], int] = {}

    def on(self, costs: Costs) -> StageSearch:
        """The same search on a chip with the same matrix units and hosts."""
        found = copy(self)
        found.costs = costs
        found.step_ps = costs.least_ps(self.outline.workload) / STEPS
        return found

    def best(self, capacity: int, most: int) -> Found:
        """The way to run the network in so many bytes that ends first, of at most `most` steps."""
        try:
            found = self.least(capacity, Aim.END, FEW) if self._few else None
            if found is not None and found.steps <= most:
                return Found(found, exact=True)
        except TooMany:
            self._few = False
        for dearer in range(DEARER):
            found = min(self.run(capacity, dearer=1 << dearer), key=Aim.END.of, default=None)
            if found is None or found.steps <= most:
                return Found(found, exact=False)
        return Found(None, exact=False)

    def run(self, capacity: int, *, dearer: int = 1) -> list[Label]:
        """Ways to run the network in so many bytes, with each step so many times as dear; none where no way
        fits."""
        return self._run(capacity, dearer * self.step_ps, lambda labels: _unbeaten(labels, WIDTH))

    def least(self, capacity: int, aim: Aim, most: int = MOST) -> Label | None:
        """The way to run the network in so many bytes that has the least of its aim in all the mapspace.

        None where no way fits. Raises `TooMany` where more than `most` ways to run prefixes would have to be
        looked at.
        """
        byte_ps = self.costs.bus_ps(LARGE, 0) / LARGE
        labels = self._run(capacity, self.step_ps, lambda found: _front(found, aim, byte_ps), most)
        return min(labels, key=aim.of, default=None)

    def _run(
        self,
        capacity: int,
        step_ps: float,
        unbeaten: Callable[[list[Label]], list[Label]],
        most: int | None = None,
    ) -> list[Label]:
        fronts: dict[int, list[Label]] = {0: [Label(0, 0, 0, 0, 0, 0, 0, 0, 0)]}
        front: list[Label] = []
        seen = 0
        for done in sorted(self.boundaries, key=int.bit_count):
            front = unbeaten(fronts.pop(done, []))
            known: set[int] = set()
            for number, first in self.boundaries[done] if front else ():
                order = self.orders[number]
                for end in range(first + 1, min(order.count, first + LONGEST) + 1):
                    options = self.priced(first, end, capacity, number)
                    if not options:
                        break
                    then = order.done[end]
                    if then in known:
                        continue
                    known.add(then)
                    seen += len(front) * len(options)
                    if most is not None and seen > most:
                        raise TooMany
                    found = self._extended(front, options, order, first, end, capacity, step_ps)
                    fronts.setdefault(then, []).extend(found)
        return front

    def _extended(
        self,
        front: list[Label],
        options: list[Priced],
        order: Order,
        first: int,
        end: int,
        capacity: int,
        step_ps: float,
    ) -> list[Label]:
        stage = order.stage(first, end)
        live = order.live_bytes[first]
        numbers = tuple(order.outline.numbers(first, end))
        found = []
        bus_ps = self.costs.bus_ps
        for option, matrix, host in options:
            turns, tiles, wait = option.turns, option.tiles, option.wait
            steps = int(option.steps * step_ps)
            main, follows = (matrix, host // tiles) if matrix else (host, 0)
            leading = sum([stage.maps[place] for place in option.streamed])
            for label in front:
                step = _step(label.resident, option, stage, live, leading, capacity)
                if step is None:
                    continue
                resident, moved, streamed, free = step
                bus = bus_ps(moved, option.transfers)
                begun = min(bus, max(bus // turns, bus_ps(option.first, 1)))
                busy = label.matrix_ends if matrix else label.ends
                starts = max(busy, label.flows, label.bus_ends + begun)
                last = max(starts + main, label.ends + int(wait * main), label.bus_ends + bus + main // turns)
                ends = max(last + follows, starts + matrix // tiles + host) + steps
                found.append(
                    Label(
                        resident,
                        ends,
                        last if matrix else label.matrix_ends,
                        starts + int(wait * (ends - starts)),
                        max(label.bus_ends + bus, ends - bus_ps(free, 0)),
                        label.bus + bus,
                        label.matrix + matrix,
                        label.host + host,
                        label.moved + moved,
                        label,
                        numbers,
                        option,
                        streamed,
                        capacity - option.spare - (option.stream // 2 if streamed else 0),
                        label.steps + option.steps,
                    )
                )
        return found

    def plan(self, label: Label) -> Plan:
        """The plan of a way to run the network."""
        stages: list[tuple[int, ...]] = []
        cuts: list[tuple[int, Cut]] = []
        streamed: list[tuple[int, int]] = []
        limits: list[int] = []
        at: Label | None = label
        while at is not None and at.option is not None:
            stages.append(at.numbers)
            limits.append(at.limit)
            cuts += zip(at.numbers, at.option.cuts, strict=True)
            if at.streamed:
                streamed += [(number, at.option.room) for number in at.numbers]
            at = at.before
        return Plan(tuple(reversed(stages)), tuple(cuts), tuple(streamed), tuple(reversed(limits)))

    def priced(self, first: int, end: int, capacity: int, order: int = 0) -> list[Priced]:
        """The options of a stage, with their picoseconds on the matrix unit and on the host."""
        found = self._options.get((order, first, end, capacity))
        if found is None:
            numbers = self.orders[order].outline.numbers(first, end)
            form = (self.space.form(first, end, order), capacity)
            found = self._thinned.get(form)
            if found is None:
                options = self.space.options(first, end, capacity, order)
                found = self._thinned[form] = thinned([self._price(numbers, option) for option in options])
            self._options[order, first, end, capacity] = found
        return found

    def _price(self, numbers: list[int], option: Option) -> Priced:
        """Stages of equal form share their options, and so the prices."""
        found = self._priced.get(id(option))
        if found is None:
            found = self._priced[id(option)] = Priced(option, *self._took(numbers, option.cuts))
        return found

    def _took(self, numbers: list[int], cuts: tuple[Cut, ...]) -> tuple[int, int]:
        outline, prices = self.outline, self._prices
        took = {Unit.MATRIX: 0, Unit.HOST: 0}
        for number, cut in zip(numbers, cuts, strict=True):
            unit = outline.ops[number].unit
            if unit not in took:
                continue
            key = (outline.forms[number], cut.parts, cut.chunks)
            price = prices.get(key)
            if price is None:
                price = prices[key] = self.costs.tiles_ps(outline.calls[number], cut.parts, cut.chunks)
            took[unit] += price
        return took[Unit.MATRIX], took[Unit.HOST]


def _step(
    resident: int, option: Option, stage: Stage, live: int, leading: int, capacity: int
) -> tuple[int, int, bool, int] | None:
    """Bytes on chip after a stage, bytes moved, whether it streams maps from off-chip, and bytes free all the
    while; None if it does not fit.

    `resident` of the `live` bytes are on chip before, and the maps that it streams have `leading`.
    """
    room = capacity - option.held
    stay = min(resident, room - max(0, option.whole - leading))
    if live - stay <= stage.passing + stage.read - leading:
        space = room  # all that it streams is on chip
    else:
        space = room - option.stream
        stay = min(resident, space, live - leading) if option.strips else min(resident, space)
        missing = option.whole - max(0, leading - max(0, live - stay - stage.passing))
        if missing > 0:
            stay = min(stay, space - missing)
    if stay < 0:
        return None
    off = live - stay
    off_read = max(0, off - stage.passing)
    on_passing, on_read = max(0, stage.passing - off), stage.read - off_read
    off_leading = min(off_read, leading)
    on_leading = leading - off_leading
    missing = max(0, option.whole - on_leading)
    kept = min(stage.kept, on_read)
    if stay + missing > space:
        return None
    grown = min(stage.made, space - on_passing - max(kept, min(on_leading, option.whole)) - missing)
    if grown < 0:
        return None
    loaded = option.weights + int(off_leading * option.times) + off_read - off_leading
    stored = resident - stay + stage.made - grown + stage.left
    after = on_passing + kept + grown
    free = space - max(stay + missing, after)
    return after, loaded + stored, off_read > 0, free


def _front(labels: list[Label], aim: Aim, byte_ps: float) -> list[Label]:
    """The labels of which no other is sure to come to less of the aim.

    One with more bytes on chip may have to store what it has more, and is as good even so: that counts.
    """

    def costs(label: Label) -> tuple[float, ...]:
        evicted = label.resident * byte_ps
        if aim is Aim.BYTES:
            return (label.moved + label.resident,)
        if aim is Aim.BUSIEST:
            return label.bus + evicted, label.matrix, label.host
        return label.ends, label.matrix_ends, label.flows, label.bus_ends + evicted

    found: list[tuple[int, tuple[float, ...], Label]] = []
    for cost, _, place in sorted((costs(one), -one.resident, at) for at, one in enumerate(labels)):
        resident = labels[place].resident
        for most, other, _ in found:
            if most >= resident and all(map(le, other, cost)):
                break
        else:
            found.append((resident, cost, labels[place]))
    return [label for _, _, label in found]


def _unbeaten(labels: list[Label], width: int) -> list[Label]:
    """The labels that no other beats in every respect; of many, those of the least times."""
    labels.sort(key=lambda one: (one.ends, one.flows, one.bus_ends, -one.resident))
    found: list[Label] = []
    for one in labels:
        for other in found:
            if (
                other.resident >= one.resident
                and other.bus_ends <= one.bus_ends
                and other.flows <= one.flows
                and other.matrix_ends <= one.matrix_ends
            ):
                break
        else:
            found.append(one)
    if len(found) <= width:
        return found
    half = width // 2
    return found[:half] + sorted(found[half:], key=lambda one: one.bus_ends)[: width - half]
