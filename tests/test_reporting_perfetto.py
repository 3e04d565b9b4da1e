"""The trace against the format's rules, as strict as a reader can be."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simres.errors import SimresError
from simres.program import TaskKind
from simres.record import Cause, RecordLevel
from simres.reporting.perfetto import perfetto
from simres.testing import paper_chip

FIELDS = {
    "M": {"ph", "name", "pid", "tid", "args"},
    "X": {"ph", "name", "cat", "pid", "tid", "ts", "dur", "args"},
    "C": {"ph", "name", "pid", "ts", "args"},
}
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
    stacks, started, ended = {}, {}, set()
    threads = {event["tid"] for event in events if event["ph"] == "M" and event["name"] == "thread_name"}
    for event in events:
        phase = event["ph"]
        assert FIELDS[phase] <= set(event) <= FIELDS[phase] | OPTIONAL.get(phase, set())
        assert isinstance(event["name"], str)
        assert event["name"]
        if phase == "M":
            assert event["name"] in ("process_name", "thread_name", "thread_sort_index")
            assert latest == -1, "metadata comes first"
            continue
        start = nanoseconds(event["ts"])
        assert start >= latest, "in order of time"
        latest = start
        if phase == "C":
            assert event["name"].endswith("(bytes)")
            assert all(isinstance(value, int) and value >= 0 for value in event["args"].values())
            continue
        assert event["tid"] in threads
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
            else:
                assert event["bind_id"] in started, "a flow starts before it ends"
                assert started[event["bind_id"]] <= start, "effects follow causes"
                ended.add(event["bind_id"])
        else:
            assert not {"flow_in", "flow_out"} & set(event)
    assert ended == set(started)
    return events


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_any_run_is_a_valid_trace(random_results, data):
    result = data.draw(random_results)
    events = validate(perfetto(result))
    tasks = [event for event in events if event.get("cat") in set(TaskKind)]
    assert len(tasks) == len(result.program.tasks)
    threads = {e["tid"]: e["args"]["name"] for e in events if e["name"] == "thread_name"}
    assert list(threads.values()) == list(result.record.engines)
    for name, engine in result.record.engines.items():
        own = [e for e in events if e["ph"] == "X" and threads[e["tid"]] == name]
        works = sum(e["args"]["exact_ps"] for e in own if e["cat"] in set(TaskKind))
        assert works == engine.working_ps
        for cause in Cause:
            waits = sum(e["args"]["exact_ps"] for e in own if e["args"].get("cause") == cause)
            assert waits == engine.waiting_ps[cause]


def test_paper_and_resnet20(paper, resnet20):
    events = validate(perfetto(paper))
    loads = [event for event in events if event.get("cat") == "load"]
    assert sum(event["args"]["bytes"] for event in loads) == 5557844
    events = validate(perfetto(resnet20))
    counters = [event["args"]["bytes"] for event in events if event["ph"] == "C"]
    assert max(counters) == resnet20.record.memories["sram"].peak
    assert counters[-1] == 0
    held = [event for event in events if event.get("cat") == "wait"]
    assert all({"cause", "holder", "holder_engine", "layer"} <= set(event["args"]) for event in held)


def test_without_spans_there_is_no_trace(make_result, paper):
    result = make_result(paper.program, paper_chip(), RecordLevel.AGGREGATE)
    with pytest.raises(SimresError, match="aggregate"):
        perfetto(result)
