"""Waits for a shared bus are blamed on who had it, in whole picoseconds that add up."""

from __future__ import annotations

import json
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from simres.analysis.blame import held_up_by, together_ps
from simres.analysis.event_graph import bus_holders
from simres.program import Layer, Program, Task, TaskKind, Work
from simres.program.record import Cause, Record, RecordLevel, Span
from simres.reporting.files.perfetto import perfetto
from simres.reporting.text.headline import limit
from simres.testing import prove
from tests.hardware.test_bus_channels import NS, camera, load, machine, store, transfers


@settings(deadline=None, max_examples=150)
@given(transfers(), st.integers(0, 400))
def test_blame_adds_up_whatever_is_on_the_bus(case, work):
    moved, chips = case
    last = len(moved.tasks) - 1
    tasks = (*moved.tasks, Task("matrix", TaskKind.MATRIX, Work(macs=work), 0, needs=(last,)))
    program = Program("test", "", tasks)
    record = prove(program, chips)
    holders = bus_holders(record)
    for number, span in enumerate(record.spans):
        assert sum(holders.get(number, {}).values()) == span.bus_ps
    known = {*record.engines, *record.masters, ""}
    for name, engine in record.engines.items():
        blame = held_up_by(program, record, name)
        causes = (Cause.DATA, Cause.ORDER, Cause.SPACE, Cause.BUS)
        assert sum(blame.values()) == sum(engine.waiting_ps.get(cause, 0) for cause in causes)
        assert all(isinstance(ps, int) and ps > 0 for ps in blame.values())
        assert set(blame) <= known


def test_a_unit_that_waits_for_a_load_waits_for_those_who_kept_it():
    """The load has the bus for 100 ns and waits 90 ns for the other channel's bursts in between."""
    program = Program(
        "test",
        "",
        (load(100), load(200, "ddr.1"), Task("matrix", TaskKind.MATRIX, Work(macs=5), 0, needs=(0,))),
        layers=(Layer("a", "row"),),
    )
    record = prove(program, machine())
    assert held_up_by(program, record, "matrix") == {"ddr.0": 100 * NS, "ddr.1": 90 * NS}
    assert held_up_by(program, record, "ddr.0") == {"ddr.1": 90 * NS}


def test_holders_in_a_circle_do_not_send_it_round_for_ever():
    """A Record whose two tasks of no length are said to have let each other begin."""
    tasks = tuple(Task(name, TaskKind.MATRIX, Work(), 0) for name in ("matrix", "host", "ddr"))
    program = Program("test", "", tasks)
    # launch, task, since, ready, granted, end, latency, bus, holder, space_holder, engine
    first = Span(0, 0, 0, 50, 50, 50, 0, 0, 1, -1, 0)
    second = Span(0, 1, 0, 50, 50, 50, 0, 0, 0, -1, 0)
    waiting = Span(0, 2, 0, 50, 50, 60, 0, 0, 0, -1, 0)
    record = Record(RecordLevel.FULL, 60, {}, {}, rows=(first, second, waiting))
    assert held_up_by(program, record, "ddr") == {}


def test_the_sentence_names_who_had_the_bus(make_result):
    moved = Program("test", "", (load(9000, "ddr"), store(1000, "ddr")), layers=(Layer("a", "row"),))
    chips = machine({"camera": camera(write=False)}, channels=1, turnaround="5 ns")
    result = make_result(moved, chips)
    held = result.record.engines["ddr"].bus_held_by
    assert set(held) == {"camera", ""}
    assert sum(held.values()) == result.record.engines["ddr"].waiting_ps[Cause.BUS]
    text = limit(result)
    assert "on bus contention with the camera (" in text
    assert " and turnaround and refresh (" in text
    alone = make_result(
        Program("test", "", moved.tasks[:1], layers=moved.layers), machine({"camera": camera()}, channels=1)
    )
    assert "It stalls 1 us on bus contention with the camera" in limit(alone)


def test_the_trace_says_who_had_the_bus(make_result):
    program = Program("test", "", (load(100), load(200, "ddr.1")), layers=(Layer("a", "row"),))
    events = json.loads(perfetto(make_result(program, machine())))["traceEvents"]
    waits = {event["tid"]: event["args"] for event in events if event["name"] == "stall: bus contention"}
    assert [args["held_by_ps"] for _, args in sorted(waits.items())] == [
        {"ddr.1": 90 * NS},
        {"ddr.0": 100 * NS},
    ]


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_engines_work_together_where_two_spans_or_more_lie_over_each_other(data, random_results):
    record = data.draw(random_results).record
    worked = [(span.begun, span.end) for span in record.spans if span.begun < span.end]
    moments = sorted({moment for span in worked for moment in span})
    together = [
        until - since
        for since, until in pairwise(moments)
        if sum(begun <= since and until <= end for begun, end in worked) > 1
    ]
    assert together_ps(record) == sum(together)
