"""One network is a crew of one: planned, run and told as several are."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simres import api
from simres.errors import AnswerIsNo
from simres.exploration.ladder import ladder
from simres.exploration.program_replay import replay
from simres.exploration.whatif import what_if
from simres.planning.crew import plan_crew, record_of, run_crew
from simres.planning.evaluate import evaluate
from simres.planning.handed_on import moved
from simres.plugins.registry import Registry
from simres.program.record import RecordLevel
from simres.program.tenants import ONLY, view_name
from simres.scenario.arrivals import RequestLoad
from simres.scenario.loader import from_document
from simres.scenario.model import Tenant
from simres.testing import workloads

REGISTRY = Registry(external=False)
TRACE = RequestLoad("trace", images=4, warmup=1, seed=0, trace=(0, 0, 2_000_000, 70_000_000))
BATCHED = replace(TRACE, sizes=(1, 2), timeout_ps=5_000_000)
PERIODIC = RequestLoad("periodic", images=3, warmup=0, seed=0, per_ks=10**6)


@st.composite
def scenarios(draw):
    """One network on the paper's chip, once, several times or on request."""
    scenario = from_document(
        {
            "workload": "resnet20",
            "chip": "paper",
            "hardware": {
                "sram": {"capacity": f"{draw(st.integers(400, 20_000))} B"},
                "ddr": {"bandwidth": draw(st.sampled_from(["0.25 GB/s", "3 GB/s", "64 GB/s"]))},
            },
            "scheduler": draw(
                st.sampled_from(["serial", "overlapped", {"name": "overlapped", "weights": "kept"}])
            ),
            "passes": draw(st.sampled_from([[], ["fold_batch_norm", "fuse_epilogues"]])),
            "images": draw(st.integers(1, 3)),
        },
        registry=REGISTRY,
    )
    return replace(scenario, load=draw(st.sampled_from([None, None, TRACE, BATCHED, PERIODIC])))


def as_tenant(scenario):
    """The same network on the same chip as the only tenant, which has all of the memory."""
    tenant = Tenant(
        workload=scenario.workload,
        scheduler=scenario.scheduler,
        parameters=scenario.parameters,
        passes=scenario.passes,
        images=scenario.images,
        sram=scenario.hardware["sram"].capacity,
        load=scenario.load,
    )
    return replace(scenario, workload="", load=None, tenants={"one": tenant})


@settings(max_examples=60, deadline=None)
@given(scenarios(), workloads(), st.sampled_from(list(RecordLevel)))
def test_a_tenant_with_the_whole_chip_is_the_only_network(scenario, workload, level):
    found = []
    for one, networks in ((scenario, {ONLY: workload}), (as_tenant(scenario), {"one": workload})):
        try:
            found.append(evaluate(one, networks, REGISTRY, level))
        except AnswerIsNo as refused:
            found.append(refused.message)
    alone, tenant = found
    if isinstance(alone, str):
        assert tenant == alone
        return
    one = tenant.tenants["one"]
    assert {
        view_name(name, "one"): own for name, own in alone.record.engines.items()
    } == tenant.record.engines
    assert {
        view_name(name, "one"): own for name, own in alone.record.memories.items()
    } == tenant.record.memories
    for name in ("makespan_ps", "rows", "launches", "streams", "bus_holders", "masters"):
        assert getattr(alone.record, name) == getattr(tenant.record, name)
    assert alone.bounds == tenant.bounds == one.bounds
    assert alone.capacity_per_ks == tenant.capacity_per_ks
    assert alone.images == tenant.images == one.images
    assert alone.energy.total_fj == tenant.energy.total_fj
    assert level is RecordLevel.NONE or alone.candidates == one.candidates
    assert {view_name(name, "one"): own for name, own in alone.chip.items()} == tenant.chip
    if scenario.load is None:
        assert one.slowdown == 1
        assert one.end_ps == alone.makespan_ps


@settings(max_examples=40, deadline=None)
@given(scenarios(), workloads())
def test_a_crew_is_the_same_on_its_own_chip_and_at_every_level(scenario, workload):
    try:
        crew = plan_crew(scenario.without_requests(), {ONLY: workload}, REGISTRY)
    except AnswerIsNo:
        return
    program, record = replay(crew)
    assert replay(moved(crew, scenario.without_requests(), REGISTRY)) == (program, record)
    for level in (RecordLevel.AGGREGATE, RecordLevel.NONE):
        assert record_of(crew, run_crew(crew, level)).engines == record.engines


def test_a_crew_on_another_chip_is_run_there():
    """What planning saw on the chip that it was for says nothing of another."""
    scenario = api.find_scenario("resnet20", overrides={"scheduler": "overlapped"}, registry=REGISTRY)
    crew = plan_crew(scenario, api.find_workloads(scenario, registry=REGISTRY), REGISTRY)
    faster = api.find_scenario(
        "resnet20",
        overrides={"scheduler": "overlapped", "hardware.ddr.bandwidth": "2 GB/s"},
        registry=REGISTRY,
    )
    there = moved(crew, faster, REGISTRY)
    found = record_of(there, run_crew(there, RecordLevel.NONE)).makespan_ps
    assert found == replay(there)[1].makespan_ps
    assert found < record_of(crew, run_crew(crew, RecordLevel.NONE)).makespan_ps


def test_networks_and_parts_have_the_names_of_tenants():
    alone = api.find_scenario("resnet20", registry=REGISTRY)
    assert (dict(alone.networks), dict(alone.parts())) == ({ONLY: alone.workload}, {ONLY: alone})
    both = api.find_scenario("two-tenants", registry=REGISTRY)
    assert list(both.networks) == list(both.parts()) == list(both.tenants)
    assert list(api.find_workloads(both, registry=REGISTRY)) == list(both.tenants)


@pytest.mark.parametrize("ask", [what_if, ladder])
def test_where_requests_come_a_whatif_and_a_ladder_are_of_one_inference(ask):
    small = {"workload": "tiny-kws"}
    scenario = api.find_scenario("stream", overrides=small, registry=REGISTRY)
    found = api.find_workloads(scenario, registry=REGISTRY)
    asked = ask(scenario, found, REGISTRY)
    assert asked == ask(scenario.without_requests(), found, REGISTRY)
    once = evaluate(replace(scenario.without_requests(), expect=()), found, REGISTRY).makespan_ps
    if ask is what_if:
        times = [asked.adopted.own_ps if asked.adopted else asked.base.makespan_ps]
    else:
        times = [rung.makespan_ps for rung in asked.rungs]
    assert once in times
