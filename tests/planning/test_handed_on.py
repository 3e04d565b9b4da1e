"""Schedules handed on to chips with more: never slower along a chain of chips, and only where they fit."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simres import api
from simres.errors import AnswerIsNo, SimresError
from simres.hardware.resources import with_value
from simres.planning.crew import plan_crew, run_crew
from simres.planning.handed_on import handed_on, takes_from
from simres.plugins.registry import Registry
from simres.program.record import RecordLevel
from simres.program.tenants import ONLY
from simres.testing import workloads

REGISTRY = Registry(external=False)
BASE = {
    "hardware.ddr.latency": "100 ns",
    "hardware.matrix.launch": "50 ns",
    "hardware.host.launch": "20 ns",
    "scheduler": "overlapped",
}


def scenario_of(**overrides):
    return api.find_scenario("resnet20", overrides=BASE | overrides, registry=REGISTRY)


def with_more(scenario, component, place, factor):
    """The scenario with so many times of a resource, or so much less of a delay."""
    spec = scenario.hardware[component]
    resource = spec.resources()[place % len(spec.resources())]
    value = resource.value // factor if resource.is_delay else resource.value * factor
    return replace(scenario, hardware={**scenario.hardware, component: with_value(spec, resource, value)})


def makespan_ps(crew):
    ((record, _),) = run_crew(crew, RecordLevel.NONE).values()
    return record.makespan_ps


CHANGES = st.tuples(
    st.sampled_from(["ddr", "sram", "matrix", "host"]), st.integers(0, 3), st.sampled_from((2, 3, 8))
)


@settings(max_examples=40, deadline=None)
@given(workloads(), st.integers(600, 20_000), st.lists(CHANGES, min_size=1, max_size=4))
def test_along_a_chain_of_growing_chips_no_step_is_slower(workload, capacity, changes):
    """With one channel a replay itself is no slower either: every grant keeps its order."""
    scenario = scenario_of(**{"hardware.sram.capacity": f"{capacity} B"})
    try:
        best = plan_crew(scenario, {ONLY: workload}, REGISTRY)
    except AnswerIsNo:
        return
    before_ps = makespan_ps(best)
    for change in changes:
        more = with_more(scenario, *change)
        handed = handed_on(best, scenario, more, REGISTRY)
        assert makespan_ps(handed) <= before_ps
        own = plan_crew(more, {ONLY: workload}, REGISTRY)
        best = min(own, handed, key=makespan_ps)
        scenario, before_ps = more, makespan_ps(best)


def test_a_schedule_is_handed_on_only_to_what_has_at_least_as_much():
    workload = api.find_workload("resnet20")
    small, large = (
        scenario_of(**{"scheduler": "serial", "hardware.sram.capacity": size})
        for size in ("128 KiB", "256 KiB")
    )
    crew = plan_crew(small, {ONLY: workload}, REGISTRY)
    assert makespan_ps(handed_on(crew, small, large, REGISTRY)) <= makespan_ps(crew)
    with pytest.raises(SimresError, match="at least as much of everything"):
        handed_on(crew, large, small, REGISTRY)


OTHERS = [
    {"scheduler": "serial"},
    {"images": 2},
    {"passes": ["quantise_int8"]},
    {"hardware.ddr.channels": 2},
]


@pytest.mark.parametrize("overrides", OTHERS, ids=lambda found: next(iter(found)))
def test_what_else_a_scenario_says_must_be_the_same(overrides):
    assert takes_from(scenario_of(), scenario_of(), REGISTRY)
    assert not takes_from(scenario_of(**overrides), scenario_of(), REGISTRY)


def test_requests_over_time_take_no_schedules():
    load = {"arrivals": "periodic", "rate": "10/s", "images": 10}
    scenario = scenario_of(load=load)
    assert not takes_from(scenario, scenario, REGISTRY)
