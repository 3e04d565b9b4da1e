"""Rates over time add up to what was moved and spent, and are never more than the bus can do."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simres.analysis import rates
from simres.analysis.energy import by_task, power_uw
from simres.analysis.rates import bandwidth, power
from simres.program import Program, TaskKind
from simres.testing import prove
from simres.units import PS_PER_S
from tests.hardware.test_bus_channels import transfers
from tests.support.nanoseconds import compute, load, nanosecond_chip


def total(series):
    """The integral, in units x picoseconds."""
    return sum(value * (until - since) for (since, value), (until, _) in pairwise(series))


@settings(deadline=None, max_examples=150)
@given(transfers())
def test_bandwidth_adds_up_to_the_bytes(case):
    program, chip = case
    record = prove(program, chip)
    found = bandwidth(program, record)
    for name, series in found.items():
        spec = next(spec for engine, spec in chip.engines.items() if engine.partition(".")[0] == name)
        moved = sum(
            task.work.nbytes
            for task in program.tasks
            if task.kind in (TaskKind.LOAD, TaskKind.STORE) and task.engine.partition(".")[0] == name
        )
        # Each stretch's rate is rounded down to a whole byte a second.
        assert moved * PS_PER_S - record.makespan_ps <= total(series) <= moved * PS_PER_S
        # Both ends of every transfer in a stretch are rounded to a picosecond.
        slack = 2 * len(program.tasks)
        for (since, rate), (until, _) in pairwise(series):
            assert rate * (until - since) <= spec.bandwidth * (until - since + slack)
        assert series[-1][1] == 0
        assert all(before < after for (before, _), (after, _) in pairwise(series))
        assert all(before != after for (_, before), (_, after) in pairwise(series))


def test_a_bus_alone_moves_at_its_rate_while_it_moves():
    program = Program("test", "", (load(10), compute(5, needs=(0,)), load(20, after=(1,))))
    series = bandwidth(program, prove(program, nanosecond_chip()))["ddr"]
    assert series == [(0, 10**9), (10_000, 0), (15_000, 10**9), (35_000, 0)]


@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_power_adds_up_to_the_energy(random_results, data):
    result = data.draw(random_results)
    spans = list(result.record.spans)
    spent = [data.draw(st.integers(0, 10**9)) for _ in result.program.tasks]
    static = data.draw(st.integers(0, 10**4))
    series = power(result.record, spent, static)
    timed = sum(spent[span.task] for span in spans if span.end > span.granted)
    low = high = 1000 * timed + static * result.makespan_ps
    low -= sum(span.end - span.granted for span in spans)  # each task's power is rounded down
    if result.makespan_ps:
        assert low <= total(series) <= high
        assert series[-1][1] == 0


def test_what_each_task_takes_adds_up_to_the_energy(resnet20):
    costs = {name: engine.energy for name, engine in resnet20.chip.items()}
    each = by_task(resnet20.program, resnet20.scheduled, costs)
    assert sum(fj for parts in each for _, fj in parts) == sum(resnet20.energy.dynamic_fj.values())
    assert power_uw(10**9, 10**6) == 10**6


@pytest.mark.parametrize("transfers", [[(0, 10, 5), (10, 10, 3)], [(10, 10, 3), (10, 20, 5)]])
def test_bytes_that_take_no_time_belong_to_the_transfer_beside_them(transfers):
    (start, rate), (end, after) = rates._rates(transfers)
    assert (rate * (end - start), after) == (8 * PS_PER_S, 0)
