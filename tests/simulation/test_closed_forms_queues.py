"""Queues: Lindley's recursion and Little's law exactly, the mean wait of M/D/1 within its confidence."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simres.program import Program
from simres.simulation.run import run_stream
from simres.testing import behaviours
from tests.support.intervals import mean_wait
from tests.support.nanoseconds import NS, compute, host, load, nanosecond_chip


@given(st.lists(st.integers(0, 200), min_size=1, max_size=20), st.integers(1, 40))
def test_a_queue_follows_lindley(gaps, service):
    """Each request waits for what is left of those before: w' = max(0, w + service - gap)."""
    arrivals = [sum(gaps[: k + 1]) * NS for k in range(len(gaps))]
    machine = nanosecond_chip()
    program = Program("test", "", (host(service),))
    record, _ = run_stream([(program, at) for at in arrivals], machine, behaviours(machine))
    wait = 0
    for span, gap in zip(record.spans, [0, *gaps[1:]], strict=True):
        wait = max(0, wait + service - gap) if span.launch else 0
        assert span.granted == arrivals[span.launch] + wait * NS
    engine = record.engines["host"]
    assert engine.working_ps == len(gaps) * service * NS
    assert engine.idle_ps == record.makespan_ps - engine.working_ps


def area_under(intervals):
    """The integral over time of how many of these (start, end) are under way, moment by moment."""
    moments = sorted([(start, 1) for start, _ in intervals] + [(end, -1) for _, end in intervals])
    area = number = last = 0
    for moment, change in moments:
        area += number * (moment - last)
        number, last = number + change, moment
    assert not number
    return area


@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_littles_law_on_the_head_of_every_queue(random_results, data):
    """Time-average of how many wait = rate x mean wait, both times the makespan: whole numbers.

    The number comes from the spans moment by moment, the waits from the totals that the run kept.
    """
    result = data.draw(random_results)
    for name, engine in result.record.engines.items():
        spans = [s for s in result.record.spans if result.program.tasks[s.task].engine == name]
        assert len(spans) == engine.tasks
        assert area_under([(s.since, s.begun) for s in spans]) == sum(engine.waiting_ps.values())
        assert area_under([(s.begun, s.end) for s in spans]) == engine.working_ps


@given(
    st.lists(st.integers(0, 120), min_size=1, max_size=25),
    st.lists(st.integers(0, 40), min_size=3, max_size=3),
)
def test_littles_law_on_a_stream_of_requests(gaps, work):
    """In every queue of a stream, and in the whole system, number x time = requests x their mean time.

    A request joins a queue when the one before is done with it, so that all of its time is in one of them.
    """
    machine = nanosecond_chip()
    program = Program("test", "", (load(work[0]), compute(work[1], needs=(0,)), host(work[2], needs=(1,))))
    arrivals = [sum(gaps[: k + 1]) * NS for k in range(len(gaps))]
    record, _ = run_stream([(program, at) for at in arrivals], machine, behaviours(machine))
    ends = {(span.launch, span.task): span.end for span in record.spans}
    ends |= {(number, -1): at for number, at in enumerate(arrivals)}
    stays = {
        task: [(ends[number, task - 1], ends[number, task]) for number in range(len(arrivals))]
        for task in range(3)
    }
    spent = 0
    for task, engine in enumerate(("ddr", "matrix", "host")):
        own = area_under(stays[task])
        assert own == sum(end - joined for joined, end in stays[task])
        assert own >= record.engines[engine].working_ps == len(arrivals) * work[task] * NS
        spent += own
    in_all = [(at, ends[number, 2]) for number, at in enumerate(arrivals)]
    assert area_under(in_all) == spent


@pytest.mark.parametrize(("seed", "load_percent"), [(1, 30), (2, 50), (3, 80)])
def test_poisson_arrivals_at_a_server_of_fixed_time(seed, load_percent):
    """M/D/1: the mean wait is rho D / (2 (1 - rho)) (Pollaczek and Khinchine), within its interval."""
    chance = random.Random(seed)
    service = 1000  # nanoseconds
    mean_gap = service * NS * 100 / load_percent
    at, starts = 0.0, []
    machine = nanosecond_chip()
    program = Program("test", "", (host(service),))
    for _ in range(12_000):
        at += chance.expovariate(1 / mean_gap)
        starts.append((program, round(at)))
    record, _ = run_stream(starts, machine, behaviours(machine))
    waits = [span.granted - starts[span.launch][1] for span in record.spans]
    mean, margin = mean_wait(waits)
    rho = load_percent / 100
    assert abs(mean - rho * service * NS / (2 * (1 - rho))) <= margin
    assert margin < mean / 2, "it could be exponential service, whose mean wait is twice that"
