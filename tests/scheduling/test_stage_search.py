"""The search over stage boundaries: about as good as trying every way to run a network, and never better."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simres.scheduling import stage_search
from simres.scheduling.costs import Costs
from simres.scheduling.groups import groups
from simres.scheduling.labels import START, Aim, Label
from simres.scheduling.mapspace import Mapspace
from simres.scheduling.options import Option, Priced
from simres.scheduling.outline import Outline
from simres.scheduling.stage_search import StageSearch, TooMany
from simres.scheduling.unfused import unfused
from simres.testing import paper_chip, workloads
from tests.scheduling.test_groups import residual

FEW = 3
"""Options of a stage that are looked at, so that there are not too many ways to run a network."""


ENOUGH = 1 << 40
"""Bytes in which every option fits."""


class FewOptions(Mapspace):
    """Only some options of each stage."""

    def options(self, first: int, end: int, capacity: int, order: int = 0) -> list[Option]:
        """The first and the last ones of all, where they fit."""
        found = super().options(first, end, ENOUGH, order)
        few = found if len(found) <= FEW else [*found[: FEW - 1], found[-1]]
        return [option for option in few if option.held + option.whole <= capacity]


class Way(NamedTuple):
    """One way to run a network: when it ends, what it moves, and the busiest engine's time."""

    end: int
    moved: int
    busiest: int


def divisions(first, count):
    """Every way to divide groups `first` up to `count` into stages."""
    if first == count:
        yield []
    for end in range(first + 1, count + 1):
        for rest in divisions(end, count):
            yield [(first, end), *rest]


def every_way(search: StageSearch, capacity: int):
    """What comes of every division into stages with every option, one stage after the other."""
    for order in search.orders:
        number = search.orders.index(order)
        for stages in divisions(0, order.count):
            priced = (search.priced(first, end, capacity, number) for first, end in stages)
            for options in product(*priced):
                at = [START]
                for (first, end), one in zip(stages, options, strict=True):
                    at = search._extended(at, [one], order, first, end, capacity, search.step_ps)
                if at:
                    yield Way(at[0].end, at[0].moved, at[0].busiest)


def way_of(label: Label) -> Way:
    return Way(label.end, label.moved, label.busiest)


def searched(workload, machine, *, early: bool) -> StageSearch:
    space = FewOptions(Outline(groups(unfused(workload), early=early)))
    return StageSearch(space, Costs(machine))


def all_of(priced: list[Priced], capacity: int) -> list[Priced]:
    return priced


few_ways = given(
    workloads(most_ops=5),
    st.integers(50, 3_000),
    st.sampled_from(["0.25 GB/s", "3 GB/s", "64 GB/s"]),
    st.booleans(),
)


@settings(max_examples=80, deadline=None)
@few_ways
def test_about_the_best_of_all_ways_is_found_and_none_is_made_up(workload, capacity, bandwidth, early):
    search = searched(workload, paper_chip(f"{capacity} B", bandwidth, latency="20 ns"), early=early)
    if search.orders[0].count > 4:
        return
    ways = set(every_way(search, capacity))
    with patch.object(stage_search, "WIDTH", 1 << 20):
        labels = search.run(capacity)
    assert bool(labels) == bool(ways)
    assert set(map(way_of, labels)) <= ways
    if ways:
        # picoseconds are rounded in each stage
        assert min(label.end for label in labels) <= min(way.end for way in ways) + search.orders[0].count
    assert set(map(way_of, search.run(capacity))) <= ways


@settings(max_examples=80, deadline=None)
@few_ways
def test_the_least_of_all_ways_is_found(workload, capacity, bandwidth, early):
    search = searched(workload, paper_chip(f"{capacity} B", bandwidth, latency="20 ns"), early=early)
    if search.orders[0].count > 4:
        return
    ways = set(every_way(search, capacity))
    for aim, least in ((Aim.END, "end"), (Aim.BYTES, "moved"), (Aim.BUSIEST, "busiest")):
        found = search.least(capacity, aim)
        assert (found is None) == (not ways)
        if found is not None:  # picoseconds are rounded in each stage
            assert aim.of(found) <= min(getattr(way, least) for way in ways) + search.orders[0].count
            assert way_of(found) in ways


def test_too_many_ways_are_not_looked_at():
    search = searched(residual(), paper_chip(), early=False)
    assert search.least(1 << 20, Aim.BYTES) is not None
    with pytest.raises(TooMany):
        search.least(1 << 20, Aim.BYTES, most=3)


@settings(max_examples=60, deadline=None)
@given(workloads(), st.integers(50, 3_000))
def test_where_orders_meet_the_better_goes_on(workload, capacity):
    """Both orders together find something as good as each alone."""
    machine = paper_chip(f"{capacity} B", latency="20 ns")
    parts = unfused(workload)
    listed = Outline(groups(parts))
    space = FewOptions(listed, Outline(groups(parts, early=True), like=listed))
    both = StageSearch(space, Costs(machine))
    with patch.object(stage_search, "WIDTH", 1 << 20):
        together = [label.end for label in both.run(capacity)]
        apart = [
            label.end
            for early in (False, True)
            for label in searched(workload, machine, early=early).run(capacity)
        ]
    assert bool(together) == bool(apart)
    if together:
        assert min(together) <= min(apart) + both.orders[0].count


@settings(max_examples=100, deadline=None)
@given(workloads(), st.integers(50, 6_000), st.booleans())
def test_a_plan_has_every_operator_once_with_a_cut_of_its_own(workload, capacity, early):
    search = searched(workload, paper_chip(f"{capacity} B"), early=early)
    ops = search.outline.ops
    for label in search.run(capacity):
        plan = search.plan(label)
        assert sorted(number for stage in plan.stages for number in stage) == list(range(len(ops)))
        assert sorted(number for number, _ in plan.cuts) == list(range(len(ops)))
        assert set(plan.room_of) <= set(range(len(ops)))
        assert len(plan.limits) == len(plan.stages)
        for number, cut in plan.cuts:
            assert len(cut.parts) == len(search.outline.calls[number].output)


@settings(max_examples=60, deadline=None)
@given(workloads(), st.integers(50, 3_000), st.integers(0, 3_000))
def test_more_memory_is_no_worse(workload, capacity, more):
    """Of the same options. (Those that are thinned out for want of room differ, by what little they gain.)"""
    search = searched(workload, paper_chip("1 GB"), early=False)
    with patch.object(stage_search, "WIDTH", 1 << 20), patch.object(stage_search, "thinned", all_of):
        small, large = search.run(capacity), search.run(capacity + more)
    assert bool(large) >= bool(small)
    if small:
        assert min(label.end for label in large) <= min(label.end for label in small)


@settings(max_examples=60, deadline=None)
@given(workloads(), st.integers(50, 3_000))
def test_on_another_chip_it_is_the_search_made_for_that_chip(workload, capacity):
    slow, fast = paper_chip(bandwidth="0.25 GB/s"), paper_chip(bandwidth="64 GB/s", latency="20 ns")
    moved_over = searched(workload, slow, early=False)
    moved_over.run(capacity)
    found = moved_over.on(Costs(fast)).run(capacity)
    made = searched(workload, fast, early=False).run(capacity)
    assert [label[:9] for label in found] == [label[:9] for label in made]
