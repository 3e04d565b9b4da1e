"""Search over stage boundaries: a dynamic program that keeps the undominated ways to run each prefix.

The state at a boundary is the number of bytes of live maps on chip. Maps that the next stage does not read
are the first to be off-chip. The cost of a stage follows from its closed forms
(`simres.scheduling.mapspace`); results that do not fit are stored, and loaded by their readers.

Time is modelled with three parallel engines. A stage starts when the matrix unit is free, the first of its
input is available, and the bus has loaded the first of its weights. It cannot end before the bus has loaded
everything, or before the work after the last of its input is done. The bus runs ahead of the computation as
far as the memory has room.

`StageSearch.run` keeps a few ways for each prefix; `StageSearch.least` keeps all that may still reach the
minimum of one aim, so its result is optimal in the mapspace. (`plugins/simres-exact` has a solver model of
the same problem and checks it.)
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import NamedTuple

from simres.scheduling.costs import Costs
from simres.scheduling.cuts import Cut
from simres.scheduling.group_order import GroupOrder, Off, moved_by
from simres.scheduling.labels import START, Aim, Label, best_for_aim, unbeaten
from simres.scheduling.mapspace import LONGEST, Mapspace
from simres.scheduling.options import Option, Priced, thinned
from simres.scheduling.plans import Plan
from simres.workload.operators import Unit

WIDTH = 4
"""Number of ways to run a prefix that are kept."""

MOST = 1 << 15
"""The most ways to run a prefix that are examined when all are."""

FEW = 1 << 12
"""The most ways that are examined before an exhaustive search becomes one that keeps a few."""

LARGE = 1 << 20
"""Bytes of the transfer that gives the time per byte."""

STEPS = 1 << 20
"""This many steps cost as much as the whole run: a step that gains less is not worth examining."""

DEARER = (16, 32, 64, 128, 256, 512)
"""Factors on the cost of a step in a large network; the next one is used if there are still too many."""

SMALL = 2_000
"""Up to this number of steps, the search is repeated with the normal cost of steps."""


class Found(NamedTuple):
    """The best way found, None if none fits; `exact` if the mapspace has no better one."""

    label: Label | None
    exact: bool


class TooMany(Exception):
    """There are too many ways to run a network to examine all."""


class StageSearch:
    """The search for one network on one chip. At boundaries where two orders of the network have completed
    the same operators, results of one continue in the other: each side branch can run early or as listed."""

    def __init__(self, space: Mapspace, costs: Costs) -> None:
        self.space = space
        self.costs = costs
        self.outline = outline = space.outlines[0]
        self.orders = [GroupOrder(one) for one in space.outlines]
        self.boundaries: dict[int, list[tuple[int, int]]] = {}
        """By completed operators: each order that passes there, and its boundary."""
        for number, order in enumerate(self.orders):
            for place, done in enumerate(order.done):
                self.boundaries.setdefault(done, []).append((number, place))
        self.step_ps = costs.least_ps(outline.workload) / STEPS
        self._few = True
        """Whether all ways to run the network may be examined."""
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
        """The fastest way to run the network in this memory, of at most `most` steps."""
        try:
            found = self.least(capacity, Aim.END, FEW) if self._few else None
            if found is not None and found.steps <= most:
                return Found(found, exact=True)
        except TooMany:
            self._few = False
        for dearer in DEARER:
            found = self._first_to_end(capacity, dearer)
            if found is None or found.steps <= most:
                break
        else:
            return Found(None, exact=False)
        if found is not None and found.steps <= SMALL:
            found = self.finest(capacity, most) or found
        return Found(found, exact=False)

    def finest(self, capacity: int, most: int) -> Label | None:
        """The fastest way to run the network with the normal cost of steps; None if there are too many."""
        found = self._first_to_end(capacity, 1)
        return found if found is not None and found.steps <= most else None

    def _first_to_end(self, capacity: int, dearer: int) -> Label | None:
        return min(self.run(capacity, dearer=dearer), key=Aim.END.of, default=None)

    def run(self, capacity: int, *, dearer: int = 1) -> list[Label]:
        """Ways to run the network in this memory, with the cost of steps multiplied by a factor; empty if
        none fits."""
        byte_ps = self._byte_ps
        return self._run(capacity, dearer * self.step_ps, lambda found: unbeaten(found, WIDTH, byte_ps))

    def least(self, capacity: int, aim: Aim, most: int = MOST) -> Label | None:
        """The way to run the network in this memory that minimises an aim over the whole mapspace.

        None if no way fits. Raises `TooMany` if more than `most` ways to run prefixes would have to be
        examined.
        """
        byte_ps = self._byte_ps
        labels = self._run(capacity, self.step_ps, lambda found: best_for_aim(found, aim, byte_ps), most)
        return min(labels, key=aim.of, default=None)

    @property
    def _byte_ps(self) -> float:
        return self.costs.bus_ps(LARGE, 0) / LARGE

    def _run(
        self,
        capacity: int,
        step_ps: float,
        kept: Callable[[list[Label]], list[Label]],
        most: int | None = None,
    ) -> list[Label]:
        fronts: dict[int, list[Label]] = {0: [START]}
        front: list[Label] = []
        seen = 0
        for done in sorted(self.boundaries, key=int.bit_count):
            front = kept(fronts.pop(done, []))
            known: set[int] = set()
            for number, first in self.boundaries[done] if front else ():
                order = self.orders[number]
                for end in range(first + 1, min(order.count, first + LONGEST) + 1):
                    options = self.priced(first, end, capacity, number)
                    if not options:
                        continue
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
        order: GroupOrder,
        first: int,
        end: int,
        capacity: int,
        step_ps: float,
    ) -> list[Label]:
        stage = order.stage(first, end)
        live = order.live_bytes[first]
        numbers = tuple(order.outline.numbers(first, end))
        residents = {label.resident for label in front}
        found = []
        bus_ps = self.costs.bus_ps
        for option, matrix, host in options:
            turns, tiles, wait = option.turns, option.tiles, option.wait
            steps = int(option.steps * step_ps)
            main, follows = (matrix, host // tiles) if matrix else (host, 0)
            main += bus_ps(option.apart, 0)
            leading = sum([stage.maps[place] for place in option.streamed])
            first_ps = bus_ps(option.first, 1)
            moves = {}
            for before in residents:
                step = moved_by(before, option, stage, live, leading, capacity)
                if step is not None:
                    resident, moved, transfers, off, free = step
                    bus = bus_ps(moved, transfers)
                    begun = min(bus, max(bus // turns, first_ps))
                    moves[before] = resident, moved, off, bus, begun, bus_ps(free, 0)
            for label in front:
                if label.resident not in moves:
                    continue
                resident, moved, off, bus, begun, ahead = moves[label.resident]
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
                        max(label.bus_ends + bus, ends - ahead),
                        label.bus + bus,
                        label.matrix + matrix,
                        label.host + host,
                        label.moved + moved,
                        label,
                        numbers,
                        option,
                        off,
                        capacity - option.spare - (option.early if off is Off.STREAMED else 0),
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
        reloaded: list[int] = []
        weight_bytes = self.outline.weight_bytes
        at: Label | None = label
        while at is not None and at.option is not None:
            stages.append(at.numbers)
            limits.append(at.limit)
            read = {name for number in at.numbers for name in self.outline.inputs[number]}
            if at.option.weights > sum([weight_bytes[name] for name in read & weight_bytes.keys()]):
                reloaded += at.numbers[:1]
            cuts += zip(at.numbers, at.option.cuts, strict=True)
            leading = set(map(self.outline.maps(list(at.numbers)).__getitem__, at.option.streamed))
            for number in at.numbers if at.off else ():
                if at.off is Off.STREAMED or not leading.intersection(self.outline.inputs[number]):
                    follows = self.outline.elementwise[number]  # what it reads counts as held
                    streamed.append((number, at.option.room + (at.option.held if follows else 0)))
            at = at.before
        return Plan(
            tuple(reversed(stages)),
            tuple(cuts),
            tuple(streamed),
            tuple(reversed(limits)),
            reloaded=frozenset(reloaded),
        )

    def priced(self, first: int, end: int, capacity: int, order: int = 0) -> list[Priced]:
        """The options of a stage, with their picoseconds on the matrix unit and on the host."""
        found = self._options.get((order, first, end, capacity))
        if found is None:
            numbers = self.orders[order].outline.numbers(first, end)
            form = (self.space.form(first, end, order), capacity)
            found = self._thinned.get(form)
            if found is None:
                options = self.space.options(first, end, capacity, order)
                found = self._thinned[form] = thinned(
                    [self._price(numbers, option) for option in options], capacity
                )
            self._options[order, first, end, capacity] = found
        return found

    def _price(self, numbers: list[int], option: Option) -> Priced:
        """Stages of equal form share their options, and therefore the costs."""
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
