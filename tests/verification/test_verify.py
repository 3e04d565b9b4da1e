"""`verify` holds for what simres makes, and fails for whatever is changed in it afterwards."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import simres
from simres.analysis.bounds import LowerBound
from simres.api import simulate
from simres.hardware.energy_costs import DataType
from simres.plugins.registry import Registry
from simres.program import Region, TaskKind, Work
from simres.scenario.loader import from_document
from simres.testing import workloads
from simres.verification.verify import verify
from simres.workload.operators import BITS

REGISTRY = Registry(external=False)
CHIP = {
    "ddr": {"kind": "ddr", "bandwidth": "1 GB/s", "latency": "60 ns"},
    "sram": {"kind": "sram", "capacity": "20 kB", "alignment": "64 B"},
    "matrix": {"kind": "matrix", "rate": "0.01 TFLOP/s", "launch": "100 ns"},
    "host": {"kind": "host", "rate": "1 GOP/s"},
}


@pytest.fixture(scope="module")
def small():
    """ResNet-20 in little memory: with tiles, evictions and several reads of one tensor."""
    return simulate("resnet20", chip="paper", overrides={"hardware.sram.capacity": "120 kB"})


def broken(result):
    return {finding.check: finding.problem for finding in verify(result) if not finding.holds}


def changed(result, number, **changes):
    tasks = list(result.program.tasks)
    tasks[number] = replace(tasks[number], **changes)
    return replace(result, program=replace(result.program, tasks=tuple(tasks)))


def first(result, kind, which=lambda _: True):
    tasks = result.program.tasks
    return next(number for number, task in enumerate(tasks) if task.kind is kind and which(task))


@pytest.mark.parametrize("name", ["paper", "resnet20", "pipeline", "two-tenants"])
def test_shipped_scenarios_hold(name):
    found = simulate(name, overrides={"images": 4} if name == "pipeline" else None)
    assert not broken(found)


PROCESSOR = {
    "kind": "processor",
    "matrix_rate": {dtype: f"{64 // BITS[dtype]} GOP/s" for dtype in get_args(DataType) if dtype != "int4"},
    "vector_rate": "1 GOP/s",
    "launch": "100 ns",
}
CHIPS = [
    CHIP,
    CHIP | {"matrix": CHIP["matrix"] | {"count": 2}},
    {"ddr": CHIP["ddr"], "sram": CHIP["sram"], "cpu": PROCESSOR},
]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    workloads(),
    st.sampled_from(["serial", "overlapped"]),
    st.sampled_from(["1 kB", "20 kB"]),
    st.sampled_from(CHIPS),
)
def test_random_networks_hold(workload, scheduler, capacity, chip):
    hardware = chip | {"sram": CHIP["sram"] | {"capacity": capacity}}
    scenario = from_document(
        {"workload": "resnet20", "hardware": hardware, "scheduler": scheduler}, registry=REGISTRY
    )
    try:
        found = simulate(scenario, workload=workload, registry=REGISTRY)
    except simres.AnswerIsNo:
        return
    assert not broken(found)


def test_it_holds_as_stored(small, tmp_path):
    assert not broken(simres.load(small.save(tmp_path)))


def test_a_task_that_waits_for_a_later_one(small):
    assert "waits for task 9, which does not come before" in broken(changed(small, 5, after=(9,)))["order"]


def test_a_memory_that_is_too_small(small):
    (name, memory) = next(iter(small.record.memories.items()))
    buffers, held, peak = small.program.buffers, 0, 0
    for number, task in enumerate(small.program.tasks):
        held += sum(buffers[reserved].nbytes for reserved in task.reserves)
        peak = max(peak, held)
        held -= sum(buffer.nbytes for buffer in buffers if max(buffer.freed_by, default=-1) == number)
    less = replace(small.record, memories={name: replace(memory, capacity=peak - 1)})
    assert f"`{name}` holds" in broken(replace(small, record=less))["memory"]


def test_a_buffer_that_nobody_reserves(small):
    number = first(small, TaskKind.LOAD, lambda task: task.reserves)
    assert "is reserved 0 times" in broken(changed(small, number, reserves=()))["memory"]


def test_a_load_that_is_left_out(small):
    number = first(small, TaskKind.LOAD)
    task = small.program.tasks[number]
    found = broken(changed(small, number, writes=(), work=Work()))
    assert f"of `{task.writes[0].tensor}`, which is not there by then" in found["data"]
    assert "the tasks move" in found["traffic"]


def test_a_read_of_more_than_is_there(small):
    number = first(small, TaskKind.MATRIX)
    task = small.program.tasks[number]
    region = next(region for region in task.reads if region.box is not None)
    more = Region(region.tensor, region.buffer)
    assert "which is not there by then" in broken(changed(small, number, reads=(more,)))["data"]


def test_a_read_of_a_buffer_that_was_freed(small):
    buffers = small.program.buffers
    number, buffer = next((n, one) for n, one in enumerate(buffers) if one.freed_by and one.box is None)
    last = len(small.program.tasks) - 1
    late = changed(small, last, reads=(Region(buffer.tensor, number),))
    assert f"uses buffer {number}, which was freed before" in broken(late)["data"]


def test_a_task_that_reads_before_its_data_has_come(small):
    number = first(small, TaskKind.MATRIX)
    rows = [
        span._replace(since=0, ready=0, granted=0) if span.task == number else span
        for span in small.record.rows
    ]
    found = broken(replace(small, record=replace(small.record, rows=tuple(rows))))
    assert f"task {number} (matrix of `conv`) reads" in found["data"]
    assert f"task {number} starts at 0 ps, before task" in found["times"]


def test_work_that_is_left_out(small):
    number = first(small, TaskKind.MATRIX)
    assert broken(changed(small, number, work=Work()))["work"].startswith("`conv` has 442368 multiply")


def test_a_makespan_that_is_too_short(small):
    found = broken(replace(small, record=replace(small.record, makespan_ps=small.bounds.makespan - 1)))
    assert "is below" in found["lower bound"]
    assert "the last task ends at" in found["times"]


def test_a_certificate_that_is_made_up(small):
    lower = small.bounds.lower
    for term in lower.terms:
        others = [one for one in lower.terms if one is not term]
        for ps in (term.ps * 5 // 4, term.ps * 3 // 4):
            other = LowerBound((*others, replace(term, ps=ps)))
            found = broken(replace(small, bounds=replace(small.bounds, lower=other)))
            if term.name.startswith(("bytes", "work")):
                assert "the scenario gives" in found["lower bound"] or "is below" in found["lower bound"]
    odd = LowerBound((*lower.terms, replace(lower.terms[0], name="odd", operators=("nobody",))))
    found = broken(replace(small, bounds=replace(small.bounds, lower=odd)))
    assert "`odd` names `nobody`, which is no operator" in found["lower bound"]


def test_an_older_result_without_terms_holds(small):
    assert not broken(replace(small, bounds=replace(small.bounds, lower=LowerBound())))
