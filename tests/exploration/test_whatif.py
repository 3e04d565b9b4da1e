"""What-ifs: each change simulated, the bottleneck followed, a target found and verified, anomalies said."""

from __future__ import annotations

import dataclasses
import json
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simres import api, jobs
from simres.errors import AnswerIsNo
from simres.exploration.trial import Trial
from simres.exploration.whatif import what_if
from simres.exploration.whatif_outcomes import How
from simres.plugins.catalogue import Provider
from simres.plugins.hooks import Scheduler, hookimpl
from simres.plugins.registry import Registry
from simres.program import Layer
from simres.program.tenants import ONLY
from simres.reporting.page import Page
from simres.reporting.progress import JobProgress
from simres.reporting.text.console import stderr
from simres.scenario.loader import from_document
from simres.scheduling import serial
from simres.testing import workloads
from simres.units import DURATION
from simres.workload import Ledger, Loops, Op, Role, Tensor, Unit, Window, Workload
from tests.simulation.test_closed_forms_anomalies import GREEDY

BOTTLENECKS = Path(__file__).parents[1] / "bottlenecks"
WORTH = {"bus": "ddr.bandwidth", "matrix": "matrix.rate", "host": "host.rate", "space": "sram.capacity"}


def asked(name, target_ps=None, registry=None, **overrides):
    registry = registry or Registry(external=False)
    scenario = api.find_scenario(name, overrides=overrides, registry=registry)
    return what_if(scenario, api.find_workloads(scenario, registry=registry), registry, target_ps=target_ps)


def change(found, name, how):
    (one,) = [one for one in found.changes if (one.name, one.how) == (name, how)]
    return one


@cache
def aimed(name):
    """One of the bottlenecks, and what takes it to seven tenths of its time."""
    path = BOTTLENECKS / f"{name}.yaml"
    return asked(path, target_ps=simulated(name).makespan_ps * 7 // 10)


@cache
def simulated(name):
    return api.simulate(BOTTLENECKS / f"{name}.yaml")


@pytest.fixture(params=WORTH)
def bottleneck(request):
    return WORTH[request.param], aimed(request.param)


def test_of_rates_and_room_only_that_of_the_bottleneck_helps(bottleneck):
    worth, found = bottleneck
    helping = {one.name for one in found.changes if found.helps(one) and not one.resource.is_delay}
    assert helping == {worth}
    assert found.base.bottleneck == worth.partition(".")[0]
    moved = change(found, worth, How.FREE).best
    assert moved.bottleneck != found.base.bottleneck


def test_no_delay_is_worth_as_much_as_the_bottleneck(bottleneck):
    worth, found = bottleneck
    twice = found.gain_ps(change(found, worth, How.DOUBLED))
    assert 10 * twice > 3 * found.base.makespan_ps
    assert all(found.gain_ps(one) < twice for one in found.changes if one.resource.is_delay)


def test_resources_are_what_the_components_state():
    found = aimed("space")
    assert list(dict.fromkeys(one.name for one in found.changes)) == [
        "ddr.bandwidth",
        "ddr.latency",
        "sram.capacity",
        "matrix.rate",
        "matrix.launch",
        "host.rate",
        "host.launch",
    ]
    values = {one.how: one.value for one in found.changes if one.name == "ddr.latency"}
    assert values == {How.DOUBLED: 12 * 10**7, How.HALVED: 3 * 10**7, How.FREE: 0}


def test_changes_are_simulations_of_the_changed_scenario():
    """The new schedule is what `simulate` says of the scenario with that value; serial work adds up."""
    found = asked("resnet20")
    for one in found.changes:
        if one.how is not How.FREE:
            value = one.resource.spell(one.value)
            result = api.simulate("resnet20", overrides={f"hardware.{one.name}": value})
            assert one.scheduled.makespan_ps == result.makespan_ps
    result = api.simulate("resnet20")
    assert found.base.makespan_ps == result.makespan_ps
    for name in ("ddr", "matrix", "host"):
        field = "bandwidth" if name == "ddr" else "rate"
        engine = result.record.engines[name]
        saved = found.gain_ps(change(found, f"{name}.{field}", How.FREE))
        assert engine.working_ps - engine.tasks <= saved <= engine.working_ps  # a picosecond a task


def test_a_smaller_memory_says_that_the_schedule_does_not_fit():
    found = aimed("space")
    one = change(found, "sram.capacity", How.HALVED)
    assert one.replayed is None
    assert one.scheduled is not None
    assert one.refused == (
        "the same schedule does not fit: it keeps 178 KiB in `sram` at once, more than 112 KiB",
    )


def test_a_memory_too_small_for_any_schedule_says_so():
    loops = Loops(m=1, c=1, p=4, q=4, r=3, s=3)
    tensors = {
        "x": Tensor("x", Role.INPUT, (1, 1, 4, 4)),
        "w": Tensor("w", Role.WEIGHT, (1, 1, 3, 3)),
        "y": Tensor("y", Role.ACTIVATION, (1, 1, 4, 4)),
    }
    window = Window((3, 3), padding=(1,) * 4)
    op = Op("y", "conv", Unit.MATRIX, ("x", "w"), ("y",), macs=loops.macs, loops=loops, window=window)
    scenario = api.find_scenario("resnet20", overrides={"hardware.sram.capacity": "164 B"})
    trial = Trial(scenario, {ONLY: Workload("tiny", tensors, (op,), ("y",))}, Registry(external=False))
    ((component, resource),) = [(c, r) for c, r in trial.resources if r.field == "capacity"]
    one = trial.change(component, resource, How.HALVED)
    assert one.best is None
    assert [reason.partition(":")[0] for reason in one.refused] == [
        "the same schedule does not fit",
        "there is no new schedule",
    ]


def test_in_a_memory_that_is_free_nothing_waits_for_space():
    trial = Trial(
        api.find_scenario(BOTTLENECKS / "space.yaml"),
        {ONLY: api.find_workload(str(BOTTLENECKS / "branches.json"))},
        Registry(external=False),
    )
    ((component, resource),) = [(c, r) for c, r in trial.resources if r.field == "capacity"]
    value = trial.value(component, resource, How.FREE)
    more = trial.replay(trial.changed(component, resource, 16 * value))
    assert trial.replay(trial.changed(component, resource, value)) == more


@pytest.mark.parametrize("name", WORTH)
def test_a_target_is_met_by_simulation_in_the_users_units(name):
    path = BOTTLENECKS / f"{name}.yaml"
    found = aimed(name)
    own_ps = found.adopted.own_ps if found.adopted else found.base.makespan_ps
    assert found.base.makespan_ps <= own_ps == simulated(name).makespan_ps
    assert found.met
    best = found.target.enough[0]
    assert best.name == WORTH[name]
    spelled = best.resource.spell(best.value)
    assert len(spelled) <= 12
    assert best.outcome.makespan_ps <= found.target.ps
    workload = api.find_workload(str(path.parent / "branches.json"))
    trial = Trial(api.find_scenario(path), {ONLY: workload}, Registry())
    trial.adopt()
    again = trial.with_value(
        best.component, best.resource, best.resource.quantity.parse(spelled), How.DOUBLED
    )
    assert again.best == best.outcome
    assert 1 < best.factor < 2.5
    others = [need for need in found.target.needs if not need.met]
    assert all(need.outcome.makespan_ps > found.target.ps for need in others)


def test_a_target_within_reach_of_the_bound_is_near_the_least_that_would_do():
    """Serial work adds up, so what the bus must do is known: its time now, less what is wanted."""
    result = api.simulate("resnet20")
    target = result.makespan_ps // 2
    (need,) = asked("resnet20", target_ps=target).target.enough
    bus = result.record.engines["ddr"].working_ps
    exact = bus / (target - (result.makespan_ps - bus))
    assert need.name == "ddr.bandwidth"
    assert exact <= need.factor <= 1.02 * exact
    assert need.same_schedule


def test_a_target_out_of_reach_says_how_near_each_comes(simres):
    code, out, err = simres("whatif", "resnet20", "--target", "100us")
    assert (code, err) == (1, "")
    said = "No single change is enough. `ddr.bandwidth` comes closest: 146.6 us with no limit."
    assert said in " ".join(out.split()), "it may be wrapped"
    assert out.count("cannot") == 4


def test_a_target_that_is_met_needs_nothing(simres):
    code, out, _ = simres("whatif", "resnet20", "--target", "2ms")
    assert code == 0
    assert "The scenario meets it as it is" in out


@pytest.mark.parametrize(
    ("text", "said"), [("500", "needs a unit"), ("0 us", "greater than 0"), ("5 MB", "unit")]
)
def test_a_target_that_is_no_time(simres, text, said):
    code, out, err = simres("whatif", "resnet20", "--target", text)
    assert (code, out) == (2, "")
    assert err.startswith("error: --target: ")
    assert said in err


def test_what_is_expected_of_the_scenario_is_not_checked(simres, tmp_path):
    path = tmp_path / "hoped.yaml"
    path.write_text("workload: resnet20\nchip: paper\nexpect: {makespan: 1 us}\n")
    assert simres("simulate", str(path))[0] == 1
    assert simres("whatif", str(path))[0] == 0


class Greedy:
    """A scheduler whose one schedule gets slower on a faster bus."""

    @hookimpl
    def simres_schedulers(self):
        yield Scheduler("greedy", "tests.exploration.test_whatif:greedy", "Graham's", takes="ledger")


def greedy(workload, chip, parameters):
    return dataclasses.replace(GREEDY, workload=workload.digest, layers=(Layer("all", "row"),))


@pytest.fixture(scope="module")
def anomalous():
    registry = Registry(external=False)
    registry._add(Greedy(), Provider("greedy", "simres-greedy", "1.0"))
    hardware = {
        "ddr": {"kind": "ddr", "bandwidth": "1 GB/s", "channels": 2, "arbitration": "fifo", "burst": "1 MB"},
        "sram": {"kind": "sram", "capacity": "1 GB"},
        "matrix": {"kind": "matrix", "rate": "2 GFLOP/s"},
        "host": {"kind": "host", "rate": "1 GFLOP/s"},
    }
    scenario = from_document(
        {"name": "greedy", "workload": "none", "hardware": hardware, "scheduler": "greedy"},
        registry=registry,
    )
    return what_if(scenario, {ONLY: Ledger("none", ())}, registry)


@settings(max_examples=25, deadline=None)
@given(workloads(), st.integers(600, 20_000))
def test_where_nothing_overlaps_the_same_schedule_has_no_anomalies(workload, capacity):
    overrides = {"hardware.sram.capacity": f"{capacity} B"}
    scenario = api.find_scenario("resnet20", overrides=overrides)
    try:
        found = what_if(scenario, {ONLY: workload}, Registry(external=False))
    except AnswerIsNo:
        return
    assert not list(found.anomalies())
    for one in found.changes:
        if one.better:
            assert one.replayed.makespan_ps <= found.base.makespan_ps
            assert found.gain_ps(one) >= 0


@settings(max_examples=25, deadline=None)
@given(workloads(), st.integers(600, 20_000), st.sampled_from(["fifo", "round_robin", "priority"]))
def test_in_the_order_of_grants_no_component_hurts_by_being_free(workload, capacity, arbitration):
    overrides = {
        "scheduler": "overlapped",
        "hardware.sram.capacity": f"{capacity} B",
        "hardware.ddr.channels": 2,
        "hardware.ddr.arbitration": arbitration,
        "hardware.ddr.latency": "100 ns",
    }
    try:
        scenario = api.find_scenario("resnet20", overrides=overrides)
        trial = Trial(scenario, {ONLY: workload}, Registry(external=False))
    except AnswerIsNo:
        return
    for component, resource in trial.resources:
        assert trial.in_order_ps(component, resource) <= trial.base.makespan_ps


@settings(max_examples=20, deadline=None)
@given(workloads(), st.integers(600, 20_000))
def test_more_is_never_slower_less_never_faster_and_no_new_schedule_worse_than_the_old(workload, capacity):
    """On a bus with one channel the same schedule has no anomalies."""
    overrides = {
        "scheduler": "overlapped",
        "hardware.sram.capacity": f"{capacity} B",
        "hardware.matrix.launch": "100 ns",
    }
    scenario = api.find_scenario("resnet20", overrides=overrides)
    try:
        found = what_if(scenario, {ONLY: workload}, Registry(external=False))
    except AnswerIsNo:
        return
    assert not list(found.anomalies())
    for one in found.changes:
        if one.replayed is not None:
            assert one.scheduled.makespan_ps <= one.replayed.makespan_ps
        if one.best is not None:
            gain_ps = found.base.makespan_ps - one.best.makespan_ps
            assert gain_ps >= 0 if one.better else gain_ps <= 0
    for name in {one.name for one in found.changes}:
        own = [one for one in found.changes if one.name == name and one.better]
        twice, free = sorted(own, key=lambda one: one.how is How.FREE)
        if twice.value is not None and (free.value is None or free.resource.better(free.value, twice.value)):
            assert free.best.makespan_ps <= twice.best.makespan_ps


class Squanderer:
    """A scheduler that does worse with more: with 100 KiB or more it uses 40 KiB of them."""

    @hookimpl
    def simres_schedulers(self):
        yield Scheduler("squander", "tests.exploration.test_whatif:squander", "wastes memory")


def squander(workload, chip, parameters):
    name, memory = chip.scratchpad()
    if memory.capacity >= 100 << 10:
        smaller = memory.model_copy(update={"capacity": 40 << 10})
        chip = dataclasses.replace(chip, components={**chip.components, name: smaller})
    return dataclasses.replace(serial.schedule(workload, chip, parameters), scheduler="squander")


def test_a_schedule_made_for_less_that_is_faster_is_the_one_of_now():
    """Half of the memory is never recommended: what is gained by it can be had without."""
    registry = Registry(external=False)
    registry._add(Squanderer(), Provider("squander", "simres-squander", "1.0"))
    asked_for = {"scheduler": "squander", "hardware.sram.capacity": "160 KiB"}
    found = asked("resnet20", registry=registry, **asked_for)
    own_ps = api.simulate("resnet20", overrides=asked_for, registry=registry).makespan_ps
    half = api.simulate(
        "resnet20", overrides=asked_for | {"hardware.sram.capacity": "80 KiB"}, registry=registry
    )
    assert half.makespan_ps < own_ps
    assert found.base.makespan_ps == half.makespan_ps
    adopted = found.adopted
    assert (adopted.name, adopted.value, adopted.own_ps) == ("sram.capacity", 80 << 10, own_ps)
    for one in found.changes:
        assert one.better or one.best.makespan_ps >= found.base.makespan_ps
        assert not one.better or one.best.makespan_ps <= found.base.makespan_ps

    from simres.reporting.tables.whatif_tables import document, report

    text = " ".join(" ".join(str(line) for line in report(found, Page(80))).split())
    assert "The schedule for 80 KiB of `sram.capacity` is faster on this chip too" in text
    assert document(found)["schedule_from"] == {
        "resource": "hardware.sram.capacity",
        "value": "80 KiB",
        "own_makespan_ps": own_ps,
    }


def test_an_anomaly_is_found_and_said(anomalous):
    from simres.reporting.tables.whatif_tables import report

    found = {(one.name, one.how) for one in anomalous.anomalies()}
    twice = change(anomalous, "ddr.bandwidth", How.DOUBLED)
    assert ("ddr.bandwidth", How.DOUBLED) in found
    assert twice.replayed.makespan_ps == 170_000 > anomalous.base.makespan_ps == 134_000
    assert anomalous.gain_ps(twice) < 0
    text = " ".join(" ".join(str(line) for line in report(anomalous, Page(80))).split())
    assert "An anomaly: with `ddr.bandwidth` doubled, 2 GB/s, the same schedule takes 26.9 % longer" in text


def test_with_grants_in_their_order_what_is_free_never_hurts(anomalous):
    for one in anomalous.changes:
        assert one.in_order_ps is None or one.in_order_ps <= anomalous.base.makespan_ps


@pytest.mark.parametrize("columns", ["80", "120"])
def test_it_fits_the_width_without_colour(simres, monkeypatch, columns):
    from simres.reporting.tables.whatif_tables import report

    monkeypatch.setenv("COLUMNS", columns)
    _, out, _ = simres("whatif", "resnet20", "--target", "500us")
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= int(columns)
    assert max(len(str(line)) for line in report(aimed("space"), Page(int(columns)))) <= int(columns)


def test_tenants_keep_their_shares_of_a_memory():
    registry = Registry(external=False)
    scenario = api.find_scenario("two-tenants", registry=registry)
    trial = Trial(scenario, api.find_workloads(scenario, registry=registry), registry)
    assert trial.base.makespan_ps == api.simulate("two-tenants", registry=registry).makespan_ps
    ((component, resource),) = [(c, r) for c, r in trial.resources if r.field == "capacity"]
    doubled = trial.changed(component, resource, 2 * resource.value)
    assert {name: one.sram for name, one in doubled.tenants.items()} == {
        name: 2 * one.sram for name, one in scenario.tenants.items()
    }
    assert trial.replay(doubled) == trial.base


def test_the_json_has_all_of_it(simres):
    code, out, _ = simres("whatif", "resnet20", "--json", "--target", "500us")
    document = json.loads(out)
    assert (code, document["schema_version"]) == (0, 1)
    assert document["bottleneck"] == "ddr"
    assert {one["change"] for one in document["changes"]} == {"doubled", "halved", "free"}
    free = [one for one in document["changes"] if one["change"] == "free"]
    assert [one["becomes"] for one in free if one["resource"].endswith("rate")] == [None, None]
    first, *rest = document["target"]["needs"]
    assert (first["resource"], first["met"]) == ("hardware.ddr.bandwidth", True)
    assert first["makespan_ps"] <= document["target"]["makespan_ps"] == DURATION.parse("500us")
    assert not any(one["met"] for one in rest)
    again = api.simulate("resnet20", overrides={first["resource"]: first["value"]})
    assert again.makespan_ps <= 500 * 10**6


def test_equal_units_are_one_resource():
    """A change of the rate applies to both units; how many there are is no resource of its own."""
    found = asked(BOTTLENECKS / "matrix.yaml", **{"hardware.matrix.count": 2})
    names = {one.name for one in found.changes if one.component == "matrix"}
    assert names == {"matrix.rate"}
    assert found.base.bottleneck == "matrix"
    once = simulated("matrix").makespan_ps
    assert found.base.makespan_ps < 0.6 * once
    assert found.helps(change(found, "matrix.rate", How.DOUBLED))
    halved = change(found, "matrix.rate", How.HALVED)
    assert halved.replayed.makespan_ps > 1.9 * found.base.makespan_ps
    assert change(found, "matrix.rate", How.FREE).best.bottleneck != "matrix"


def test_an_interrupted_what_if_has_the_resources_that_were_finished(monkeypatch):
    whole, real, made = asked("resnet20"), Trial.change, []

    def change(self, *one):
        made.append(one)
        if len(made) > 5:
            raise KeyboardInterrupt
        return real(self, *one)

    monkeypatch.setattr(Trial, "change", change)
    with pytest.raises(KeyboardInterrupt):
        asked("resnet20")
    made.clear()
    with jobs.watched(JobProgress(stderr())):
        assert asked("resnet20").changes == whole.changes[:3]
        assert jobs.how_far() == "after 3 of 12 simulations"
