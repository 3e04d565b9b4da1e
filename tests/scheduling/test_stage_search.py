"""The search over stage boundaries: about as good as trying every way to run a network, and never better."""

from __future__ import annotations

from itertools import product
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simres.scheduling import stage_search
from simres.scheduling.costs import Costs
from simres.scheduling.groups import groups
from simres.scheduling.mapspace import Mapspace
from simres.scheduling.options import Option
from simres.scheduling.outline import Outline
from simres.scheduling.stage_search import Aim, StageSearch, TooMany, _step
from simres.scheduling.unfused import unfused
from simres.testing import paper_chip, seeded_graph, workloads

FEW = 3
"""Options of a stage that are looked at, so that there are not too many ways to run a network."""

NEAR = 1.02
"""More bytes on chip count as no worse, though they may have to be stored later: rarely, that costs more."""


class FewOptions(Mapspace):
    """Only some options of each stage."""

    def options(self, first: int, end: int) -> list[Option]:
        """The first and the last ones."""
        found = super().options(first, end)
        return found if len(found) <= FEW else [*found[: FEW - 1], found[-1]]


def divisions(first, count):
    """Every way to divide groups `first` up to `count` into stages."""
    if first == count:
        yield []
    for end in range(first + 1, count + 1):
        for rest in divisions(end, count):
            yield [(first, end), *rest]


def every_way(search: StageSearch, capacity: int, fill: float):
    """Barrier, bytes moved and the busiest engine's time of every division into stages with every option,
    added up stage by stage."""
    for stages in divisions(0, search.count):
        for options in product(*(search.priced(first, end) for first, end in stages)):
            resident = barrier = total = 0
            busy = [0, 0, 0]
            for (first, end), (option, matrix, host) in zip(stages, options, strict=True):
                stage = search.stage(first, end)
                if option.held > capacity:
                    break
                leading = sum(stage.maps[place] for place in option.streamed)
                step = _step(resident, option, stage, search.live_bytes[first], leading, capacity)
                if step is None:
                    break
                resident, moved, _ = step
                bus = search.costs.bus_ps(moved, option.transfers)
                largest = max(bus, matrix, host)
                ends = fill * (bus + matrix + host - largest) / option.turns
                barrier += largest + int(ends + option.steps * search.step_ps)
                total += moved
                busy = [took + more for took, more in zip(busy, (bus, matrix, host), strict=True)]
            else:
                yield barrier, total, max(busy)


def searched(workload, machine, early: bool) -> StageSearch:
    space = FewOptions(Outline(groups(unfused(workload), early=early)), 1 << 30)
    return StageSearch(space, Costs(machine))


@settings(max_examples=80, deadline=None)
@given(
    workloads(most_ops=5),
    st.integers(50, 3_000),
    st.sampled_from(["0.25 GB/s", "3 GB/s", "64 GB/s"]),
    st.booleans(),
    st.sampled_from([0.0, 0.25, 1.0]),
)
def test_about_the_best_of_all_ways_is_found_and_none_is_made_up(workload, capacity, bandwidth, early, fill):
    search = searched(workload, paper_chip(f"{capacity} B", bandwidth, latency="20 ns"), early)
    if search.count > 4:
        return
    ways = set(every_way(search, capacity, fill))
    with patch.object(stage_search, "WIDTH", 1 << 20):
        labels = search.run(capacity, fill=fill)
    assert bool(labels) == bool(ways)
    assert {(label.barrier, label.moved, label.busiest) for label in labels} <= ways
    if ways:
        best = min(barrier for barrier, _, _ in ways)
        assert min(label.barrier for label in labels) <= NEAR * best
    usual = search.run(capacity, fill=fill)
    assert {(label.barrier, label.moved, label.busiest) for label in usual} <= ways


@settings(max_examples=80, deadline=None)
@given(
    workloads(most_ops=5),
    st.integers(50, 3_000),
    st.sampled_from(["0.25 GB/s", "3 GB/s", "64 GB/s"]),
    st.booleans(),
    st.sampled_from([0.0, 0.25, 1.0]),
)
def test_the_least_of_all_ways_is_found(workload, capacity, bandwidth, early, fill):
    search = searched(workload, paper_chip(f"{capacity} B", bandwidth, latency="20 ns"), early)
    if search.count > 4:
        return
    ways = set(every_way(search, capacity, fill))
    for place, aim in enumerate((Aim.BARRIER, Aim.BYTES, Aim.BUSIEST)):
        found = search.least(capacity, aim, fill=fill)
        assert (found is None) == (not ways)
        if found is not None:  # picoseconds are rounded in each stage
            assert aim.of(found) <= min(way[place] for way in ways) + search.count
            assert (found.barrier, found.moved, found.busiest) in ways


def test_too_many_ways_are_not_looked_at():
    search = searched(seeded_graph(24), paper_chip(), early=False)
    assert search.least(1 << 20, Aim.BYTES) is not None
    with pytest.raises(TooMany):
        search.least(1 << 20, Aim.BYTES, most=3)


@settings(max_examples=100, deadline=None)
@given(workloads(), st.integers(50, 6_000), st.booleans())
def test_a_plan_has_every_operator_once_with_a_cut_of_its_own(workload, capacity, early):
    search = searched(workload, paper_chip(f"{capacity} B"), early)
    ops = search.outline.ops
    for label in search.run(capacity):
        plan = search.plan(label)
        assert sorted(number for stage in plan.stages for number in stage) == list(range(len(ops)))
        assert sorted(number for number, _ in plan.cuts) == list(range(len(ops)))
        assert plan.streamed <= set(range(len(ops)))
        for number, cut in plan.cuts:
            assert len(cut.parts) == len(search.outline.calls[number].output)


@settings(max_examples=60, deadline=None)
@given(workloads(), st.integers(50, 3_000), st.integers(0, 3_000))
def test_more_memory_is_no_worse(workload, capacity, more):
    search = searched(workload, paper_chip("1 GB"), early=False)
    with patch.object(stage_search, "WIDTH", 1 << 20):
        small, large = search.run(capacity), search.run(capacity + more)
    assert bool(large) >= bool(small)
    if small:
        assert min(label.barrier for label in large) <= min(label.barrier for label in small)


@settings(max_examples=60, deadline=None)
@given(workloads(), st.integers(50, 3_000))
def test_on_another_chip_it_is_the_search_made_for_that_chip(workload, capacity):
    slow, fast = paper_chip(bandwidth="0.25 GB/s"), paper_chip(bandwidth="64 GB/s", latency="20 ns")
    moved_over = searched(workload, slow, early=False)
    moved_over.run(capacity)
    found = moved_over.on(Costs(fast)).run(capacity)
    made = searched(workload, fast, early=False).run(capacity)
    assert [label[:6] for label in found] == [label[:6] for label in made]
