"""The best stages of a network by CP-SAT: the judge of the search over stage boundaries.

A model of the problem that `simres.scheduling.stage_search` solves, said as constraints and not as steps of a
dynamic program: which groups of operators form a stage, which option each stage takes, and how many bytes of
the live maps are on chip at each boundary. The options, their prices and the bytes of maps are the search's;
how many bytes go and stay is free here, where the search decides by rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from ortools.sat.python import cp_model

from simres.errors import AnswerIsNo
from simres.scheduling.group_order import Stage
from simres.scheduling.labels import Aim
from simres.scheduling.options import Option
from simres.scheduling.stage_search import StageSearch
from simres_exact.solving import solver_for

FINE = 1 << 16
"""Parts of a byte, and of a picosecond a byte, in which fractions of the closed forms are counted; fewer
where figures would exceed the `LARGEST`."""
LARGEST = 1 << 60
"""The solver adds up integers of 64 bits."""


@dataclass(frozen=True)
class Optimum:
    """The least that was found, in bytes or picoseconds, and what no division into stages is below."""

    value: int
    bound: int

    @property
    def proven(self) -> bool:
        """Whether the least that was found is the least that there is."""
        return self.bound >= self.value


def best_stages(search: StageSearch, capacity: int, aim: Aim, work: float) -> Optimum | None:
    """The optimum over all that the mapspace of `search` offers in `capacity` bytes; None where nothing fits.

    `aim` is the bytes or the busiest engine. The search rounds bytes and picoseconds stage by stage, so it
    may differ by a byte and a picosecond for each. Raises `AnswerIsNo` where so much `work` finds nothing.
    """
    return _Stages(search, capacity).best(aim, work)


class _Boundary:
    """What is decided at a boundary for the stage that begins there, in bytes."""

    def __init__(self, model: cp_model.CpModel, live: int, most: int, place: int) -> None:
        def amount(what: str, most: int) -> cp_model.IntVar:
            return model.new_int_var(0, most, f"{what}{place}")

        self.resident = amount("resident", live)
        """Of the live maps, on chip at the boundary."""
        self.passing = amount("passing", live)
        """Of the maps that pass by, on chip during the stage."""
        self.streamed = amount("streamed", live)
        """Of the maps that the stage streams, on chip when it begins."""
        self.others = amount("others", live)
        """Of the other maps that it reads, on chip when it begins."""
        self.kept = amount("kept", live)
        """Of the maps that it reads, on chip after it."""
        self.keeps_all = model.new_bool_var(f"keeps all{place}")
        """Whether all that later stages read as well is on chip after it; else, all that was."""
        self.missing = amount("missing", most)
        """What must be on chip at once and was not when it began."""
        self.grown = amount("grown", most)
        """Of the maps that it makes, on chip after it."""
        self.again = amount("again", most)
        """Streamed from off-chip, as often as it is."""
        self.moved = amount("moved", most)
        """Loaded and stored."""


class _Choice(NamedTuple):
    """A stage with an option, chosen or not: picoseconds of its transfers, beside those for their bytes, and
    of its work."""

    chosen: cp_model.IntVar
    stage: Stage
    option: Option
    transfers: int
    matrix: int
    host: int


class _Stages:
    """The model for one network, chip and capacity."""

    def __init__(self, search: StageSearch, capacity: int) -> None:
        self.search = search
        self.capacity = capacity
        self.order = order = search.orders[0]
        self.model = cp_model.CpModel()
        self.most = most = self._most()
        self.at = [_Boundary(self.model, live, most, place) for place, live in enumerate(order.live_bytes)]
        self.out: list[list[_Choice]] = [[] for _ in self.at]
        """By boundary: the choices for the stage that begins there."""
        self.into: list[list[cp_model.IntVar]] = [[] for _ in self.at]
        """By boundary: whether each choice for the stage that ends there is taken."""
        self.model.add(self.at[0].resident == 0)
        for first in range(order.count):
            for end in range(first + 1, order.count + 1):
                stage = order.stage(first, end)
                for option, matrix, host in search.priced(first, end, capacity):
                    for streams, stays in product((False, True), repeat=2):
                        chosen = self._chosen(first, end, stage, option, streams=streams, stays=stays)
                        count = option.transfers(reads=streams, stores=not stays or stage.left > 0)
                        transfers = search.costs.bus_ps(0, count)
                        self.out[first].append(_Choice(chosen, stage, option, transfers, matrix, host))
                        self.into[end].append(chosen)

    def _most(self) -> int:
        """More bytes than any stage moves."""
        search, order = self.search, self.order
        options = [
            option
            for first in range(order.count)
            for end in range(first + 1, order.count + 1)
            for option, _, _ in search.priced(first, end, self.capacity)
        ]
        times = max((option.times for option in options), default=0)
        weights = max((option.weights for option in options), default=0)
        outputs = sum(search.outline.tensors[name].nbytes for name in order.outputs)
        return int((times + 4) * (max(order.live_bytes) + outputs)) + weights

    def _chosen(
        self, first: int, end: int, stage: Stage, option: Option, *, streams: bool, stays: bool
    ) -> cp_model.IntVar:
        """A stage with an option; where it does not stream, all that it might stream is on chip.

        Where all of its result stays, what the option holds of that is a part of it.
        """
        model, here, after = self.model, self.at[first], self.at[end]
        label = f"{first} to {end}, option {len(self.out[first])}"
        chosen = model.new_bool_var(label)
        leading = sum(stage.maps[place] for place in option.streamed)
        room = self.capacity - option.held - (option.stream if streams else 0)
        part = option.result if stays else 0
        stay = here.passing + here.streamed + here.others
        for rule in (
            here.passing <= stage.passing,
            here.streamed <= leading if streams else here.streamed == leading,
            here.others <= stage.read - leading,
            stay <= here.resident,
            here.kept <= stage.kept,
            here.kept <= here.streamed + here.others,
            here.grown == stage.made if stays else here.grown <= stage.made,
            here.missing >= option.whole - here.streamed,
            stay + here.missing <= room,
            here.passing + here.kept + here.missing + here.grown <= room + part,
            here.passing + (here.streamed if option.to_end else option.whole) + here.grown <= room + part,
            after.resident == here.passing + here.kept + here.grown,
            FINE * here.again + FINE - 1 >= round(FINE * option.times) * (leading - here.streamed),
            here.moved
            == option.weights
            + here.again
            + (stage.read - leading - here.others)
            + (here.resident - stay)
            + (stage.made - here.grown)
            + stage.left,
        ):
            model.add(rule).only_enforce_if(chosen)
        model.add(here.kept >= stage.kept).only_enforce_if([chosen, here.keeps_all])
        model.add(here.kept >= here.streamed + here.others).only_enforce_if([chosen, ~here.keeps_all])
        if streams and option.strips:
            live = self.order.live_bytes[first]
            model.add(stay <= live - leading).only_enforce_if(chosen)
        return chosen

    def _whichever(self, place: int) -> None:
        """What holds whichever stage begins at a boundary, if any: without it, bounds are far off."""
        model, here, choices = self.model, self.at[place], self.out[place]
        begins = sum([one.chosen for one in choices])
        on_chip = here.streamed + here.others

        def of_choice(amounts: list[int]) -> cp_model.LinearExpr:
            return _weighted([one.chosen for one in choices], amounts)

        model.add(begins <= 1)
        model.add(here.resident <= self.order.live_bytes[place] * begins)
        model.add(here.moved <= self.most * begins)
        model.add(here.passing <= of_choice([one.stage.passing for one in choices]))
        model.add(on_chip <= of_choice([one.stage.read for one in choices]))
        model.add(here.grown <= of_choice([one.stage.made for one in choices]))
        model.add(here.passing + on_chip <= here.resident)
        model.add(here.passing + on_chip <= of_choice([self.capacity - one.option.held for one in choices]))
        through = of_choice(
            [one.option.weights + one.stage.left + one.stage.read + one.stage.made for one in choices]
        )
        model.add(here.moved >= through + here.resident - here.passing - 2 * on_chip - here.grown)

    def _longest(self, choices: Sequence[_Choice]) -> int:
        """Picoseconds that no choice of stages exceeds on any engine."""
        moved = self.search.costs.bus_ps(self.most * self.order.count, 0)
        bus = moved + sum([one.transfers for one in choices])
        return max(bus, sum([one.matrix for one in choices]), sum([one.host for one in choices])) + FINE

    def _counted(self, most: int) -> int:
        if most > LARGEST:
            raise AnswerIsNo(
                f"`exact` counts up to {LARGEST} bytes or picoseconds, and this may take {most}",
                "a run of more than ten days needs another scheduler, such as `overlapped`",
            )
        return most

    def best(self, aim: Aim, work: float) -> Optimum | None:
        """See `best_stages`."""
        model, last = self.model, self.order.count
        for place in range(last):
            self._whichever(place)
            begins = sum([one.chosen for one in self.out[place]])
            model.add(begins == (sum(self.into[place]) if place else 1))
        model.add(sum(self.into[last]) == 1)
        moved = sum([boundary.moved for boundary in self.at[:last]])
        if aim is Aim.BYTES:
            value = model.new_int_var(0, self._counted(self.most * last), "value")
            model.add(value >= moved)
        else:
            choices = [one for out in self.out for one in out]
            chosen = [one.chosen for one in choices]
            most, fine = self._counted(self._longest(choices)), FINE
            while fine * most > LARGEST:
                fine //= 2
            value = model.new_int_var(0, most, "value")
            bus = _weighted(chosen, [fine * one.transfers for one in choices])
            model.add(fine * value + fine - 1 >= self.search.costs.bus_ps(fine, 0) * moved + bus)
            model.add(value >= _weighted(chosen, [one.matrix for one in choices]))
            model.add(value >= _weighted(chosen, [one.host for one in choices]))
        model.minimize(value)
        solver = solver_for(work, relaxed=True)
        status = solver.solve(model)
        if status == cp_model.INFEASIBLE:
            return None
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            raise AnswerIsNo(
                f"the solver found no stages in {work} units of work ({solver.status_name()})",
                "only small networks are solved exactly",
            )
        return Optimum(round(solver.objective_value), round(solver.best_objective_bound))


def _weighted(chosen: list[cp_model.IntVar], amounts: list[int]) -> cp_model.LinearExpr:
    """The amounts of what is chosen."""
    return cp_model.LinearExpr.weighted_sum(chosen, amounts) + 0
