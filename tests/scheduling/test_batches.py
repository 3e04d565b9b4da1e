"""A batch in parts: the plan of half a batch runs for one half after the other."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simres.api import find_scenario, find_workload
from simres.planning.plan import chip_of
from simres.plugins.registry import default_registry
from simres.scheduling.ordering import part_of
from simres.scheduling.overlapped import best
from simres.scheduling.plans import in_halves
from simres.scheduling.tiling import DoesNotFit
from simres.scheduling.unfused import unfused
from simres.testing import paper_chip, prove
from simres.workload.batches import scaled
from tests.support.plans import planned, written

capacities = st.integers(100, 6_000)


@settings(max_examples=300, deadline=None)
@given(planned(), capacities, st.integers(1, 2), st.booleans())
def test_any_plan_runs_in_parts_of_a_batch_where_it_can(pair, capacity, doublings, overlap):
    network, plan = pair
    for _ in range(doublings):
        network = scaled(network, 2)
        halves = in_halves(plan, unfused(network))
        if halves is None:
            return
        plan = halves
    machine = paper_chip(f"{capacity} B")
    try:
        found = written(network, machine, plan, overlap=overlap)
    except DoesNotFit:
        return
    parts = [part_of(found.walk.tiling, step) for step in found.walk.steps]
    assert parts == sorted(parts)
    assert set(parts) <= set(range(plan.parts))
    prove(found.program("test"), machine, network)


@pytest.mark.slow
def test_more_inferences_at_once_take_no_longer_each():
    """A batch that does not fit on chip runs in parts that do."""
    network = find_workload("resnet20")
    machine = chip_of(find_scenario("resnet20", chip="edge-npu"), default_registry())
    each = [best(scaled(network, images), machine)[0].estimate_ps / images for images in (4, 8, 16, 32)]
    for fewer, more in pairwise(each):
        assert more <= 1.001 * fewer
