"""Totals by layer against the plain sums over tasks and spans, and a trace's times against the Record's."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from simres.program import Program, Task, TaskKind, Work
from simres.reporting.files.perfetto import perfetto
from simres.simulation.flattened import flatten
from simres.simulation.invariants import longest_chain_ps
from simres.testing import paper_chip


@given(st.data())
def test_a_layer_is_the_sum_of_its_tasks(random_results, data):
    result = data.draw(random_results)
    tasks = result.program.tasks
    for number, layer in enumerate(result.layers):
        own = [task for task in tasks if task.layer == number]
        spans = [span for span in result.record.spans if tasks[span.task].layer == number]
        moved = {kind: sum(task.work.nbytes for task in own if task.kind is kind) for kind in TaskKind}
        assert (layer.start_ps, layer.end_ps) == (min(s.granted for s in spans), max(s.end for s in spans))
        assert layer.read_bytes == moved[TaskKind.LOAD]
        assert layer.written_bytes == moved[TaskKind.STORE]
        assert layer.copied_bytes == moved[TaskKind.MOVE]
        assert layer.macs == sum(task.work.macs for task in own)
        assert layer.vector_ops == sum(task.work.vector_ops for task in own)
        assert sum(layer.busy_ps.values()) == sum(span.working_ps for span in spans)


@given(st.data())
def test_a_trace_is_within_half_a_nanosecond_of_the_record(random_results, data):
    result = data.draw(random_results)
    spans = {span.task: span for span in result.record.spans}
    slices = [e for e in json.loads(perfetto(result))["traceEvents"] if "exact_ps" in e.get("args", {})]
    tasks = [event for event in slices if "task" in event["args"]]
    assert len(tasks) == len(spans)
    for event in tasks:
        span = spans[event["args"]["task"]]
        assert abs(event["ts"] * 10**6 - span.begun) < 501
        assert abs((event["ts"] + event["dur"]) * 10**6 - span.end) < 501


def test_the_longest_chain_goes_through_the_later_of_two_needs():
    tasks = (
        Task("ddr", TaskKind.LOAD, Work(nbytes=10), 0),
        Task("host", TaskKind.HOST, Work(vector_ops=1), 0),
        Task("matrix", TaskKind.MATRIX, Work(macs=500), 0, needs=(0, 1)),
    )
    assert longest_chain_ps(flatten(Program("test", "", tasks), paper_chip().engines)) == 10_000 + 1000
