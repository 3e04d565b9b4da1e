"""Several networks on one chip: what each may count on, what they share, and how it is told."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simres
from simres.analysis.bounds import bounds
from simres.errors import InvalidFile, SimresError
from simres.hardware.specs import BackgroundSpec, BusSpec
from simres.plugins.registry import Registry
from simres.program import Program, Task, TaskKind, Work
from simres.program.record import Cause, Record, RecordLevel
from simres.program.tenants import combined_program, combined_record, combined_workload
from simres.reporting.drawing.timeline_drawing import timeline
from simres.reporting.files.layer_csv import layer_csv
from simres.reporting.files.perfetto import perfetto
from simres.reporting.page import Page
from simres.reporting.tables.run_report import report
from simres.scenario.loader import from_document, load, resolved
from simres.scheduling.tiling import DoesNotFit
from simres.simulation.check import check
from simres.simulation.flattened import FlatProgram, Launch, flatten
from simres.simulation.invariants import BrokenInvariant, hold_together, spans_hold
from simres.simulation.run import RunningTenant, run_stream, run_tenants
from simres.testing import behaviours, chip, paper_chip
from tests.support.plans import planned, tiled

BUILT_IN = Registry(external=False)


def with_capacity(machine, capacity):
    name, spec = machine.scratchpad()
    part = spec.model_copy(update={"capacity": capacity})
    return replace(machine, components={**machine.components, name: part})


@st.composite
def chips(draw):
    """The paper's, with a bus of one channel or two, and now and then a camera on it."""
    machine = paper_chip("1 MB", draw(st.sampled_from(["0.25 GB/s", "3 GB/s"])))
    bus = BusSpec.model_validate(
        {
            "kind": "ddr",
            "bandwidth": draw(st.sampled_from(["1 GB/s", "3 GB/s"])),
            "channels": draw(st.sampled_from([1, 1, 2])),
            "latency": draw(st.sampled_from(["0 ns", "70 ns"])),
            "turnaround": draw(st.sampled_from(["0 ns", "10 ns"])),
        }
    )
    parts = {**machine.components, "ddr": bus}
    if draw(st.booleans()):
        parts["camera"] = BackgroundSpec.model_validate(
            {"kind": "background", "bus": "ddr", "bandwidth": "50 MB/s", "burst": "64 B"}
        )
    return chip(parts)


@st.composite
def tenants(draw, machine, most=3):
    """Networks planned in small parts of the memory, with starts, priorities and some images."""
    found = []
    for _ in range(draw(st.integers(2, most))):
        workload, plan = draw(planned(most_ops=6))
        own = with_capacity(machine, draw(st.integers(300, 5000)))
        try:
            program = tiled(workload, own, plan)
        except DoesNotFit:
            own = with_capacity(machine, 100_000)
            program = tiled(workload, own, plan)
        check(program, own, workload)
        start = draw(st.sampled_from([0, 0, 1000, 123_457]))
        images = draw(st.integers(1, 3))
        tenant = RunningTenant(own, [(program, start)] * images, draw(st.integers(-1, 1)))
        found.append((workload, tenant))
    return found


def spans_hold_together(records: Sequence[Record], plans: Sequence[FlatProgram]) -> None:
    """Raises `BrokenInvariant` unless each tenant's spans agree with its Program, and no two tenants use one
    engine at the same time. `plans` has each tenant's only Program.
    """
    at: dict[int, list[tuple[int, int, int]]] = {}
    for tenant, (record, plan) in enumerate(zip(records, plans, strict=True)):
        spans_hold(record, plan)
        for span in record.spans:
            if span.end > span.turn:
                at.setdefault(plan.lane[span.task], []).append((span.turn, span.end, tenant))
    for lane, stretches in at.items():
        for (_, end, one), (start, _, other) in pairwise(sorted(stretches)):
            if start < end:
                raise BrokenInvariant(f"tenants {one} and {other} are at engine {lane} together", records[0])


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_invariants_hold_for_tenants_side_by_side(data):
    machine = data.draw(chips())
    found = data.draw(tenants(machine))
    crew = [tenant for _, tenant in found]
    ran = run_tenants(crew, machine, behaviours(machine))
    records = [record for record, _ in ran]
    assert len({record.makespan_ps for record in records}) == 1
    spans_hold_together(records, [flatten(tenant.starts[0][0], tenant.chip.engines) for tenant in crew])
    for (workload, tenant), (record, chain) in zip(found, ran, strict=True):
        program, start = tenant.starts[0]
        least = bounds(workload, program, machine, chain, len(tenant.starts))
        assert max(one.end_ps for one in record.launches) - start >= least.makespan
        moved = sum(engine.moved_bytes for name, engine in record.engines.items() if name.startswith("ddr"))
        assert moved == len(tenant.starts) * (program.bytes_read + program.bytes_written)
        assert record.memories["sram"].peak <= tenant.chip.memories["sram"].capacity
        for engine in record.engines.values():
            assert engine.accounted_ps == record.makespan_ps
    assert ran == run_tenants(crew, machine, behaviours(machine))


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_a_tenant_alone_is_the_single_run(data):
    """With nobody else there, and beside somebody who has nothing to do, to the picosecond."""
    machine = data.draw(chips())
    _, tenant = data.draw(tenants(machine, most=2))[0]
    single = run_stream(tenant.starts, tenant.chip, behaviours(machine))
    assert run_tenants([tenant], tenant.chip, behaviours(machine)) == [single]
    nobody = RunningTenant(with_capacity(machine, 1), [])
    beside_nobody = run_tenants([tenant, nobody], machine, behaviours(machine))
    assert beside_nobody[0] == single


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_joint_record_is_the_sum_of_its_parts(data):
    machine = data.draw(chips())
    found = data.draw(tenants(machine, most=2))
    names = [f"t{number}" for number in range(len(found))]
    crew = {name: tenant for name, (_, tenant) in zip(names, found, strict=True)}
    ran = run_tenants(list(crew.values()), machine, behaviours(machine))
    records = {name: record for name, (record, _) in zip(names, ran, strict=True)}
    programs = {name: tenant.starts[0][0] for name, tenant in crew.items()}
    program, record = combined_program(programs), combined_record(records, programs)
    workload = combined_workload(dict(zip(names, (workload for workload, _ in found), strict=True)))
    assert workload.macs * 1 == sum(own.macs for own, _ in found)
    assert workload.compulsory_bytes == sum(own.compulsory_bytes for own, _ in found)
    assert program.bytes_read == sum(own.bytes_read for own in programs.values())
    assert [span.end for span in record.spans] == sorted(span.end for span in record.spans)
    by_engine = dict.fromkeys(record.engines, 0)
    for span in record.spans:
        task = program.tasks[span.task]
        launched = record.launches[span.launch]
        assert launched.first <= span.task < launched.past
        assert task.engine.endswith(f".{names[launched.tenant]}")
        assert program.layers[task.layer].name.startswith(f"{names[launched.tenant]}.")
        assert {region.tensor for region in task.reads} <= workload.tensors.keys()
        by_engine[task.engine] += span.working_ps
    assert by_engine == {name: engine.working_ps for name, engine in record.engines.items()}
    rows = list(record.spans)
    for place, _, _ in record.bus_holders:
        assert rows[place].bus_ps > 0
    repeats = record.repeats(len(program.tasks))
    assert sum(repeats) == len(rows)


# At these rates a byte, a multiply-accumulate and a vector operation take 1 ns each.
NS = 1000


def computing(*durations):
    tasks = tuple(Task("matrix", TaskKind.MATRIX, Work(macs=ns), 0) for ns in durations)
    return Program("test", "", tasks)


def ends(*crew):
    """When each task of each tenant ends, in nanoseconds."""
    machine = paper_chip(rate="2 GFLOP/s", bandwidth="1 GB/s")
    half = with_capacity(machine, 1000)
    starts = [RunningTenant(half, [(program, start * NS)], priority) for program, start, priority in crew]
    ran = run_tenants(starts, machine, behaviours(machine))
    return [[span.end // NS for span in record.spans] for record, _ in ran]


@given(st.integers(1, 50), st.integers(1, 50), st.integers(1, 10))
def test_equals_take_turns(a, b, n):
    """Two who always have a task ready alternate: the first to ask begins."""
    one, other = ends((computing(*[a] * n), 0, 0), (computing(*[b] * n), 0, 0))
    assert one == [k * (a + b) + a for k in range(n)]
    assert other == [(k + 1) * (a + b) for k in range(n)]


@given(st.integers(1, 50), st.integers(1, 50), st.integers(1, 10), st.integers(0, 100))
def test_priority_waits_for_one_task_at_the_most(a, b, n, start):
    """Who goes first has all its tasks in a row, after the one under way; the other gets what is left."""
    first, rest = ends((computing(*[a] * n), start, 1), (computing(*[b] * n), 0, 0))
    begun = min(-(-start // b), n) * b if start < n * b else start
    before = begun // b if start < n * b else n
    assert first == [begun + (k + 1) * a for k in range(n)]
    assert rest == [(k + 1) * b + (n * a if k >= before else 0) for k in range(n)]


def test_a_wait_for_the_engine_is_the_others_work():
    machine = paper_chip(rate="2 GFLOP/s")
    half = with_capacity(machine, 1000)
    crew = [RunningTenant(half, [(computing(30), 0)]), RunningTenant(half, [(computing(7), 10 * NS)])]
    (one, _), (other, _) = run_tenants(crew, machine, behaviours(machine))
    (span,) = other.spans
    assert (span.granted, span.engine_ps, span.begun, span.end) == (10 * NS, 20 * NS, 30 * NS, 37 * NS)
    assert other.engines["matrix"].waiting_ps[Cause.ENGINE] == 20 * NS
    assert one.engines["matrix"].idle_ps == 7 * NS
    assert not one.engines["matrix"].waiting_ps[Cause.ENGINE]


def test_tenants_who_are_at_one_engine_together_are_found_out():
    machine = paper_chip(rate="2 GFLOP/s")
    half = with_capacity(machine, 500_000)
    programs = [computing(30), computing(7)]
    plans = [flatten(program, half.engines) for program in programs]
    records = [run_stream([(program, 0)], half, behaviours(half))[0] for program in programs]
    with pytest.raises(BrokenInvariant, match="are at engine 2 together"):
        spans_hold_together(records, plans)
    short = [replace(record, makespan_ps=30 * NS) for record in records]
    with pytest.raises(BrokenInvariant, match="`matrix` has 37000 ps of work for all tenants"):
        hold_together(short, [[Launch(plan)] for plan in plans], machine)
    small = with_capacity(machine, 900_000)
    long = [replace(record, makespan_ps=40 * NS) for record in records]
    with pytest.raises(BrokenInvariant, match=r"tenants have 1000000 B of `sram`, which has 900000 B"):
        hold_together(long, [[Launch(plan)] for plan in plans], small)


SMALL = {
    "tenants": {
        "left": {"workload": "resnet20", "sram": "400 kB", "scheduler": "serial"},
        "right": {"workload": "resnet20", "start": "50 us", "priority": 1, "images": 2},
    },
    "chip": "paper",
    "scheduler": "overlapped",
    "passes": ["fold_batch_norm", "quantise_int8"],
}


@pytest.fixture(scope="module")
def result():
    return simres.simulate(from_document(SMALL, registry=BUILT_IN), registry=BUILT_IN)


def test_each_tenant_has_a_latency_of_its_own(result):
    left, right = result.tenants["left"], result.tenants["right"]
    assert (left.scheduler, right.scheduler) == ("serial", "overlapped")
    assert (left.start_ps, right.start_ps, right.priority) == (0, 50_000_000, 1)
    assert (left.images, right.images, result.images) == (1, 2, 3)
    for tenant in (left, right):
        assert tenant.latency_ps >= tenant.bounds.makespan
        assert tenant.alone_ps >= tenant.bounds.makespan
    assert left.slowdown > 1.3
    assert right.slowdown < 1.3
    assert not left.candidates
    assert len(right.candidates) > 1
    assert result.makespan_ps == max(left.end_ps, right.end_ps)
    assert result.makespan_ps >= result.bounds.makespan
    alone = simres.simulate(from_document(SMALL, registry=BUILT_IN).parts()["left"], registry=BUILT_IN)
    assert alone.makespan_ps == left.alone_ps
    capacities = {name: memory.capacity for name, memory in result.record.memories.items()}
    assert capacities == {"sram.left": 400_000, "sram.right": 600_000}


def test_the_engines_they_share_add_up(result):
    macs = 40_551_040
    work = {name: engine.working_ps for name, engine in result.record.engines.items()}
    assert (work["matrix.left"], work["matrix.right"]) == (2 * macs, 4 * macs)
    assert result.bounds.engines["matrix"] == 6 * macs
    assert sum(layer.macs for layer in result.layers) == 3 * macs
    assert sum(result.energy.layers_fj) == sum(result.energy.dynamic_fj.values())


def test_every_report_tells_tenants_apart(result):
    text = "\n".join(str(line) for line in report(result, Page(160, whole=True)))
    assert "schedule serial, overlapped. left (resnet20, int8, batch 1) 936.6 us (2.43x alone); " in text
    assert "Tenants  latency" in text
    assert "Shared  busy time" in text
    assert "stall: engine taken" in text
    assert "ddr.left" in timeline(result, Page(100)).plain
    assert "matrix.right" in timeline(result, Page(100)).plain
    names = [row["name"] for row in csv.DictReader(io.StringIO(layer_csv(result)))]
    assert {name.split(".")[0] for name in names} == {"left", "right"}
    events = json.loads(perfetto(result))["traceEvents"]
    threads = {event["args"]["name"] for event in events if event["name"] == "thread_name"}
    assert {"ddr.left (ddr)", "ddr.right (ddr)"} <= threads
    assert any(event["name"] == "stall: engine taken" for event in events)
    assert any(event["name"] == "sram.left (bytes)" for event in events)
    for width in (60, 80):
        narrow = [str(line) for line in report(result, Page(width, clip=True))]
        tables = narrow[narrow.index(next(line for line in narrow if line.startswith("Tenants"))) :]
        assert any(line.startswith("left ") for line in tables)


def test_a_result_with_tenants_survives_its_file_and_runs_again(result, tmp_path):
    again = simres.load(result.save(tmp_path))
    assert again.to_document() == result.to_document()
    assert again.record == result.record
    assert again.workload == result.workload
    assert again.tenants == result.tenants
    before, after = simres.rerun(tmp_path, registry=BUILT_IN)
    assert after.record == before.record
    document = json.loads(result.to_json())
    assert set(document["tenants"]) == {"left", "right"}
    assert document["tenants"]["left"]["latency_ps"] == result.tenants["left"].latency_ps


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("networks", "left"), None, "networks: no `left`"),
        (("tenants", "left", "alone_ps"), -1, "tenants.left: no times"),
        (("tenants", "left", "repeats"), 0, "tenants.left: no counts"),
        (("tenants", "left", "bounds_ps", "ddr"), -1, "tenants.left.bounds_ps: no times"),
        (("repeats",), 0, "repeats: no count"),
    ],
)
def test_a_broken_file_is_refused(result, tmp_path, place, value, message):
    document = json.loads(result.to_json())
    at = document
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = value
    (tmp_path / "result.json").write_text(json.dumps(document))
    with pytest.raises(SimresError, match=message):
        simres.load(tmp_path)


def test_levels_agree_on_tenants(result):
    scenario = from_document(SMALL, registry=BUILT_IN)
    for level in (RecordLevel.AGGREGATE, RecordLevel.NONE):
        other = simres.simulate(scenario, record=level, registry=BUILT_IN)
        assert other.record.engines == result.record.engines
        assert other.record.launches == result.record.launches
        assert "Tenants" in "\n".join(str(line) for line in report(other, Page(120)))
        if level is RecordLevel.AGGREGATE:
            from simres.reporting.tables.result_tables import working_by_layer

            summed = working_by_layer(other)
            for one, layers in zip(working_by_layer(result), summed, strict=True):
                assert {n: ps for n, ps in one.items() if ps} == {n: ps for n, ps in layers.items() if ps}


def test_a_scenario_with_tenants_loads_back(result):
    scenario = from_document(SMALL, registry=BUILT_IN)
    assert from_document(resolved(scenario), registry=BUILT_IN) == scenario
    assert scenario.workload == ""
    changed = from_document(SMALL, registry=BUILT_IN, overrides={"tenants.left.sram": "300 kB"})
    assert [tenant.sram for tenant in changed.tenants.values()] == [300_000, 700_000]


@pytest.mark.parametrize(
    ("tenant", "message"),
    [
        ({"workload": "resnet20", "sram": "2 MB"}, "tenants: ask for 2 MB of the memory, which has 1 MB"),
        ({"workload": "resnet20", "sram": "1 MB"}, "tenants: ask for 1 MB of the memory"),
        ({"workload": "resnet20", "sram": 5}, r"tenants\.left\.sram"),
        ({"workload": "resnet20", "start": "soon"}, r"tenants\.left\.start"),
        ({"workload": "resnet20", "priority": 10**9}, r"tenants\.left\.priority"),
        (
            {"workload": "resnet20", "scheduler": "nope"},
            r"tenants\.left\.scheduler: unknown scheduler `nope`",
        ),
        ({"workload": "resnet20", "passes": ["nope"]}, r"tenants\.left\.passes\.0: unknown pass `nope`"),
        ({"workload": "resnet20", "network": 1}, r"tenants\.left\.network: unknown key"),
        ({}, r"tenants\.left: `workload` is missing"),
        (7, r"tenants\.left: must be a mapping"),
    ],
)
def test_what_is_wrong_with_a_tenant_is_said(tenant, message):
    document = {"tenants": {"left": tenant, "right": {"workload": "resnet20"}}, "chip": "paper"}
    with pytest.raises(InvalidFile, match=message):
        from_document(document, registry=BUILT_IN)


def test_tenants_are_several_and_instead_of_a_workload():
    one = {"left": {"workload": "resnet20"}}
    with pytest.raises(InvalidFile, match="tenants: are two or more"):
        from_document({"tenants": one, "chip": "paper"}, registry=BUILT_IN)
    both = {**one, "right": {"workload": "resnet20"}}
    with pytest.raises(InvalidFile, match="tenants: is instead of `workload`"):
        from_document({"tenants": both, "workload": "resnet20", "chip": "paper"}, registry=BUILT_IN)
    with pytest.raises(InvalidFile, match="`workload` is missing"):
        from_document({"chip": "paper"}, registry=BUILT_IN)


def test_a_ledger_is_no_tenant():
    document = {
        "tenants": {"left": {"workload": "paper"}, "right": {"workload": "resnet20"}},
        "chip": "paper",
    }
    with pytest.raises(SimresError, match="tenant `left` is the ledger"):
        simres.simulate(from_document(document, registry=BUILT_IN), registry=BUILT_IN)
    scenario = from_document(SMALL, registry=BUILT_IN)
    with pytest.raises(SimresError, match="this one has tenants"):
        simres.simulate(scenario, workload=simres.api.find_workload("resnet20"), registry=BUILT_IN)


def test_the_schedule_of_a_tenant_is_shown():
    found = simres.api.schedule("two-tenants", tenant="small", registry=BUILT_IN)
    assert found.chip.memories["sram"].capacity == 512 * 1024
    with pytest.raises(SimresError, match="the tenants small, large: say whose schedule"):
        simres.api.schedule("two-tenants", registry=BUILT_IN)
    with pytest.raises(SimresError, match="has no tenants, not `small`"):
        simres.api.schedule("paper", tenant="small", registry=BUILT_IN)


def test_the_shipped_scenario_goes_through_one_bus():
    result = simres.simulate("two-tenants", registry=BUILT_IN)
    assert load("two-tenants", registry=BUILT_IN).tenants.keys() == {"small", "large"}
    assert result.makespan_ps >= result.bounds.engines["ddr"]
    first = simres.simulate("two-tenants", overrides={"tenants.small.priority": 1}, registry=BUILT_IN)
    assert first.tenants["small"].latency_ps < result.tenants["small"].latency_ps
