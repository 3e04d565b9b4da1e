"""A run again with resources free: the same run where none is, and never a longer one."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from simres.analysis.unlimited import UnlimitedReplay
from simres.program.tenants import concatenated
from simres.simulation.run import run_stream
from simres.testing import behaviours, prove
from tests.analysis.test_critical_path import tenants_together
from tests.hardware.test_bus_channels import transfers
from tests.simulation.test_replay import fill_and_use
from tests.support.nanoseconds import NS, nanosecond_chip, pipeline


def holds(program, record, data):
    """The recorded run where nothing is free; the more is free, the sooner it ends."""
    again = UnlimitedReplay(program, record)
    assert again.makespan_ps() == record.makespan_ps
    engines, memories = list(record.engines), list(record.memories)
    some = data.draw(st.lists(st.sampled_from(engines), unique=True))
    rooms = data.draw(st.lists(st.sampled_from(memories), unique=True)) if memories else []
    for name in engines:
        assert again.makespan_ps([name]) <= record.makespan_ps
    for name in memories:
        assert again.makespan_ps((), [name]) <= record.makespan_ps
    fewer = again.makespan_ps(some[1:], rooms[1:])
    assert again.makespan_ps(some, rooms) <= fewer <= record.makespan_ps
    least = again.makespan_ps(engines, memories)
    assert least == max((launched.at_ps for launched in record.launches), default=0)


@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_any_program(random_results, data):
    result = data.draw(random_results)
    holds(result.program, result.record, data)


@settings(deadline=None, max_examples=100)
@given(transfers(), st.data())
def test_on_a_shared_bus(case, data):
    program, chips = case
    holds(program, prove(program, chips), data)


@settings(deadline=None, max_examples=60)
@given(tenants_together(), st.data())
def test_tenants(case, data):
    program, record, _ = case
    holds(program, record, data)


@settings(deadline=None)
@given(st.lists(st.integers(0, 200), min_size=1, max_size=12), st.integers(34, 100), st.data())
def test_a_stream(gaps, capacity, data):
    fill, use = fill_and_use()
    chip = nanosecond_chip(capacity)
    starts, at = [(fill, 0)], 0
    for gap in gaps:
        at += gap
        starts.append((use, at * NS))
    record, _ = run_stream(starts, chip, behaviours(chip))
    holds(concatenated([fill, use]), record, data)


@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 20), st.integers(1, 3))
def test_what_each_resource_of_a_pipeline_is_worth(loading, computing, tiles, places):
    """Loads and computations of tiles with room for some: closed forms for each of the three being free."""
    program = pipeline(loading, computing, tiles)
    again = UnlimitedReplay(program, prove(program, nanosecond_chip(places)))
    overlapped = loading + (tiles - 1) * max(loading, computing) + computing
    alone = tiles * (loading + computing)
    assert again.makespan_ps() // NS == (overlapped if places > 1 else alone)
    assert again.makespan_ps(["ddr"]) // NS == tiles * computing
    assert again.makespan_ps(["matrix"]) // NS == tiles * loading
    assert again.makespan_ps(memories=["sram"]) // NS == overlapped
