"""Loads, computations and stores that overlap, against closed forms, to the picosecond."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simres.program import Buffer, Program, Region, Task
from simres.simulation.run import run_stream
from simres.testing import behaviours
from tests.support.nanoseconds import NS, compute, host, load, makespan, nanosecond_chip, store

times = st.integers(0, 60)


@given(times, times, st.integers(1, 9))
def test_double_buffering(ld, c, n):
    """ld + (n-1) max(ld,c) + c, with two buffers of which one fills while the other is used."""
    tasks, buffers = [], []
    for k in range(n):
        tasks.append(load(ld, reserves=(k,), writes=(Region("x", k),)))
        tasks.append(compute(c, needs=(2 * k,), reads=(Region("x", k),)))
        buffers.append(Buffer("x", 100, "sram", (2 * k + 1,)))
    # Loads are issued one ahead: the first two before the first computation.
    order = sorted(range(2 * n), key=lambda t: (t // 2 - (t % 2 == 0), t % 2 == 0))
    place = {task: position for position, task in enumerate(order)}
    tasks = [
        Task(t.engine, t.kind, t.work, 0, tuple(place[d] for d in t.needs), (), t.reads, t.writes, t.reserves)
        for t in (tasks[number] for number in order)
    ]
    buffers = [Buffer("x", 100, "sram", tuple(place[u] for u in b.freed_by)) for b in buffers]
    assert makespan(tasks, buffers, capacity=200) == (ld + (n - 1) * max(ld, c) + c) * NS


@given(times, times, times, st.integers(1, 9))
def test_double_buffering_with_a_store_on_a_path_of_its_own(ld, c, s, n):
    """ld + c + s + (n-1) max(ld,c,s)."""
    tasks = []
    for k in range(n):
        tasks += [
            load(ld),
            compute(c, needs=(3 * k,)),
            store(s, engine="out", needs=(3 * k + 1,)),
        ]
    assert makespan(tasks) == (ld + c + s + (n - 1) * max(ld, c, s)) * NS


@given(times, times, times, st.integers(2, 9))
def test_load_and_store_on_one_bus(ld, c, s, n):
    """With c >= ld+s: ld + n c + s; else n ld + (n-2) s + max(0,c-ld) + max(s,c) + s. Loads go one ahead."""
    tasks = [load(ld), load(ld)]
    loads = [0, 1]
    for k in range(n):
        tasks.append(compute(c, needs=(loads[k],)))
        tasks.append(store(s, needs=(len(tasks) - 1,)))
        if len(loads) < n:
            loads.append(len(tasks))
            tasks.append(load(ld))
    expected = ld + n * c + s if c >= ld + s else n * ld + (n - 2) * s + max(0, c - ld) + max(s, c) + s
    assert makespan(tasks) == expected * NS


@given(st.lists(times, min_size=3, max_size=3), st.integers(1, 12))
def test_identical_images_through_a_chain(p, n):
    """sum p + (N-1) max p."""
    program = Program("test", "", (load(p[0]), compute(p[1], needs=(0,)), host(p[2], needs=(1,))))
    machine = nanosecond_chip()
    record, chain = run_stream([(program, 0)] * n, machine, behaviours(machine))
    assert record.makespan_ps == (sum(p) + (n - 1) * max(p)) * NS
    assert chain == sum(p) * NS
