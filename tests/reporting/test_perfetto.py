"""The trace against the format's rules, as strict as a reader can be."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simres.api
from simres.analysis.critical_path import critical_path
from simres.errors import SimresError
from simres.program import TaskKind
from simres.program.record import Cause, RecordLevel
from simres.reporting.files.perfetto import perfetto, side_by_side
from simres.testing import paper_chip

FIELDS = {
    "M": {"ph", "name", "pid", "tid", "args"},
    "X": {"ph", "name", "cat", "pid", "tid", "ts", "dur", "args"},
    "C": {"ph", "name", "pid", "ts", "args"},
}
METADATA = {
    "process_name": "name",
    "process_sort_index": "sort_index",
    "process_labels": "labels",
    "thread_name": "name",
    "thread_sort_index": "sort_index",
}
"""What may be said of a process or thread, and under which key."""
OPTIONAL = {"X": {"bind_id", "flow_in", "flow_out", "cname"}}


def nanoseconds(us):
    """Whole nanoseconds of a number of microseconds; fails for anything finer."""
    ns = round(us * 1000)
    assert ns / 1000 == us
    assert ns >= 0
    return ns


def validate(text):
    """Schema, order, nesting and flows; returns the events."""
    document = json.loads(text)
    assert set(document) == {"displayTimeUnit", "otherData", "traceEvents"}
    assert document["displayTimeUnit"] in ("ms", "ns")
    events = document["traceEvents"]
    latest = -1
    stacks, started, ended, owners = {}, {}, set(), {}
    named = [event for event in events if event["ph"] == "M"]
    processes = {event["pid"] for event in named if event["name"] == "process_name"}
    threads = {event["tid"]: event["pid"] for event in named if event["name"] == "thread_name"}
    assert len(threads) == sum(event["name"] == "thread_name" for event in named), "a thread has one name"
    assert set(threads.values()) == processes
    for what, whose in (("process", processes), ("thread", set(threads))):
        place = "pid" if what == "process" else "tid"
        order = {e[place]: e["args"]["sort_index"] for e in named if e["name"] == f"{what}_sort_index"}
        assert set(order) == whose
        assert len(set(order.values())) == len(order), "no two at the same place"
    last = {}
    for event in events:
        phase = event["ph"]
        assert FIELDS[phase] <= set(event) <= FIELDS[phase] | OPTIONAL.get(phase, set())
        assert isinstance(event["name"], str)
        assert event["name"]
        if phase == "M":
            assert event["name"] in METADATA
            assert set(event["args"]) == {METADATA[event["name"]]}
            assert latest == -1, "metadata comes first"
            continue
        start = nanoseconds(event["ts"])
        assert start >= latest, "in order of time"
        latest = start
        assert event["pid"] in processes
        if phase == "C":
            assert "tid" not in event, "counters belong to the process"
            ((unit, value),) = event["args"].items()
            assert unit in ("bytes", "bytes/s", "uW")
            assert event["name"].endswith(f"({unit})")
            assert isinstance(value, int)
            assert value >= 0
            last[event["pid"], event["name"]] = value
            continue
        assert threads[event["tid"]] == event["pid"]
        end = start + nanoseconds(event["dur"])
        stack = stacks.setdefault(event["tid"], [])
        while stack and stack[-1] <= start:
            stack.pop()
        assert not stack or end <= stack[-1], "slices of a thread nest"
        stack.append(end)
        if "bind_id" in event:
            assert int(event["bind_id"], 16) > 0
            assert event.get("flow_in", False) != event.get("flow_out", False)
            if event.get("flow_out"):
                assert event["bind_id"] not in started
                started[event["bind_id"]] = end
                owners[event["bind_id"]] = event["pid"]
            else:
                assert owners[event["bind_id"]] == event["pid"], "a flow stays in its process"
                assert event["bind_id"] in started, "a flow starts before it ends"
                assert started[event["bind_id"]] <= start, "effects follow causes"
                ended.add(event["bind_id"])
        else:
            assert not {"flow_in", "flow_out"} & set(event)
    assert ended == set(started)
    assert not any(value for (_, name), value in last.items() if not name.endswith("(bytes)")), "rates end"
    return events


def shape(result, events):
    """What a trace of `result` must say: who is who, the critical path, and counters that add up."""
    names = [e["args"]["name"] for e in events if e["name"] == "thread_name"]
    kinds = {name: result.chip[name].kind for name in result.record.engines}
    assert names == ["critical path", *(n if n == kind else f"{n} ({kind})" for n, kind in kinds.items())]
    order = [e["args"]["sort_index"] for e in events if e["name"] == "thread_sort_index"]
    assert order == sorted(order)
    path = [e for e in events if e.get("cat") == "critical path"]
    assert sum(e["args"]["length_ps"] for e in path) == result.makespan_ps
    assert [e["args"]["cause"] for e in path] == [
        part.cause for part in critical_path(result.program, result.record)
    ]
    ends = [nanoseconds(e["ts"]) + nanoseconds(e["dur"]) for e in path]
    assert [nanoseconds(e["ts"]) for e in path] == [0, *ends][:-1], "stretches touch"
    assert all(end - (result.makespan_ps + 500) // 1000 == 0 for end in ends[-1:])
    for memory in result.record.memories:
        held, total = {}, 0
        by_moment = {}
        for e in events:
            if e["ph"] == "C" and e["name"].startswith((f"{memory} (", f"{memory}: ")):
                by_moment.setdefault(e["ts"], []).append(e)
        for at_once in by_moment.values():
            for e in at_once:
                if e["name"] == f"{memory} (bytes)":
                    total = e["args"]["bytes"]
                else:
                    held[e["name"]] = e["args"]["bytes"]
            assert sum(held.values()) == total, "tensors and the others are all there is"
        assert len(held) <= 9


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_any_run_is_a_valid_trace(random_results, data):
    result = data.draw(random_results)
    events = validate(perfetto(result))
    tasks = [event for event in events if event.get("cat") in set(TaskKind)]
    assert len(tasks) == len(result.program.tasks)
    shape(result, events)
    threads = {e["tid"]: e["args"]["name"] for e in events if e["name"] == "thread_name"}
    for name, engine in result.record.engines.items():
        own = [e for e in events if e["ph"] == "X" and threads[e["tid"]] == name]
        works = sum(e["args"]["exact_ps"] for e in own if e["cat"] in set(TaskKind))
        assert works == engine.working_ps
        for cause in Cause:
            waits = sum(e["args"]["exact_ps"] for e in own if e["args"].get("cause") == cause)
            assert waits == engine.waiting_ps.get(cause, 0)


def test_paper_and_resnet20(paper, resnet20):
    events = validate(perfetto(paper))
    loads = [event for event in events if event.get("cat") == "load"]
    assert sum(event["args"]["bytes"] for event in loads) == 5557844
    events = validate(perfetto(resnet20))
    counters = [event["args"]["bytes"] for event in events if event["name"] == "sram (bytes)"]
    assert max(counters) == resnet20.record.memories["sram"].peak
    assert counters[-1] == 0
    held = [event for event in events if event.get("cat") == "stall"]
    assert all({"cause", "holder", "holder_engine", "layer"} <= set(event["args"]) for event in held)


def test_without_spans_there_is_no_trace(make_result, paper):
    result = make_result(paper.program, paper_chip(), RecordLevel.AGGREGATE)
    with pytest.raises(SimresError, match="aggregate"):
        perfetto(result)


@pytest.mark.parametrize("name", ["two-tenants", "pipeline"])
def test_tenants_and_streams_are_valid_traces(name):
    overrides = {"images": 6} if name == "pipeline" else None
    result = simres.api.simulate(name, overrides=overrides)
    events = validate(perfetto(result))
    shape(result, events)
    assert any(event["name"] == "power (uW)" for event in events)
    rates = [event["args"]["bytes/s"] for event in events if event["name"] == "ddr (bytes/s)"]
    assert 0 < max(rates) <= result.peak("bus")


def test_results_side_by_side_are_a_process_each(paper, resnet20):
    events = validate(side_by_side({"A": paper, "B": resnet20, "C": resnet20}))
    names = [event["args"]["name"] for event in events if event["name"] == "process_name"]
    assert names == ["A: paper", "B: resnet20", "C: resnet20"]
    for process, result in enumerate((paper, resnet20, resnet20), start=1):
        shape(result, [event for event in events if event["pid"] == process])


def test_a_trace_does_not_grow_with_tensors(resnet20):
    """What counters add is a part of what the slices take, however many tensors there are."""
    events = validate(perfetto(resnet20))
    size = {"C": 0, "X": 0}
    for event in events:
        if event["ph"] in size:
            size[event["ph"]] += len(json.dumps(event))
    assert size["C"] < size["X"]
    tensors = {event["name"] for event in events if event["name"].startswith("sram: ")}
    assert len(tensors) == 9
    assert "sram: (others) (bytes)" in tensors
