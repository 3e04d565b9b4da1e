"""A run again with its work scaled: nothing changed is the same run, and what is gone takes no time."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simres.api
from simres.analysis.critical_path import critical_path
from simres.analysis.rescaled import rescaled
from simres.errors import SimresError
from tests.traces.test_importing import random_traces
from tests.traces.traces import US, call, imported, on_device, on_thread

SAME = Fraction(1)


def times(record):
    return sorted((span.launch, span.task, span.granted, span.begun, span.end) for span in record.rows)


def check(result):
    """With nothing changed every time stays; with less work nothing is later, and the path adds up."""
    program, record = result.program, result.record
    same = rescaled(program, record, [SAME] * len(program.layers))
    assert times(same) == times(record)
    assert same.makespan_ps == max((span.end for span in record.rows), default=0)
    for factor in (Fraction(1, 2), Fraction(0)):
        less = rescaled(program, record, [factor] * len(program.layers))
        assert less.makespan_ps <= same.makespan_ps
        path = critical_path(program, less)
        assert sum(part.took_ps for part in path) == less.makespan_ps
        for name, totals in less.engines.items():
            assert totals.accounted_ps == less.makespan_ps, name


@given(events=random_traces(), data=st.data())
@settings(max_examples=100, deadline=None)
def test_any_trace_replays_to_the_same_times_and_to_less_with_less_work(tmp_path_factory, events, data):
    check(imported(tmp_path_factory.mktemp("any"), *events))


@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_any_simulated_run_replays_to_the_same_times(random_results, data):
    check(data.draw(random_results))


@pytest.mark.parametrize("name", ["resnet20", "paper", "tiny"])
def test_a_shipped_scenario_replays_to_the_same_times(name):
    check(simres.api.simulate(name, record="full"))


def test_a_kernel_that_nothing_waits_for_gains_nothing_and_what_the_thread_waits_for_does(tmp_path):
    result = imported(
        tmp_path,
        on_thread("aten::mm", 0, 10),
        call("cudaLaunchKernel", 2, 4, 1),
        on_device("gemm", 8, 20, 1),
        on_thread("aten::add", 10, 2),
        call("cudaDeviceSynchronize", 14, 16, 2),
    )
    names = [layer.name for layer in result.program.layers]

    def with_factor(name, factor):
        factors = [Fraction(factor) if each == name else SAME for each in names]
        return rescaled(result.program, result.record, factors).makespan_ps / US

    assert with_factor("add", 0) == 30, "the thread waits for the kernel either way"
    assert with_factor("mm/gemm", Fraction(1, 2)) == 20
    assert with_factor("mm/gemm", 0) == 16, (
        "the latency of its launch is gone too; then the thread is in the way"
    )
    assert with_factor("mm/gemm", 3) == 70


def test_a_record_without_spans_is_refused():
    result = simres.api.simulate("resnet20", record="aggregate")
    with pytest.raises(SimresError, match="nothing to replay"):
        rescaled(result.program, result.record, [SAME] * len(result.program.layers))
