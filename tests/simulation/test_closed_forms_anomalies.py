"""More bandwidth or memory can hurt a greedy schedule (Graham, 1969), but not one whose grants are fixed."""

from __future__ import annotations

import dataclasses

from hypothesis import given, settings
from hypothesis import strategies as st

from simres.hardware.specs import BusSpec, HostSpec, MatrixSpec, SramSpec
from simres.program import Buffer, Program, Task, TaskKind, Work
from simres.testing import chip, prove
from tests.support.nanoseconds import NS

RATES = {1: "1 GB/s", 2: "2 GB/s", 4: "4 GB/s", 5: "5 GB/s", 8: "8 GB/s", 20: "20 GB/s"}
"""A byte takes whole picoseconds at each of them, so that nothing is rounded."""


def machine(speed=1, capacity=1 << 30, arbitration="fifo", channels=2, burst="1 MB"):
    return chip(
        {
            "ddr": BusSpec(
                kind="ddr", bandwidth=RATES[speed], channels=channels, arbitration=arbitration, burst=burst
            ),
            "sram": SramSpec(kind="sram", capacity=f"{capacity} B"),
            "matrix": MatrixSpec(kind="matrix", rate="2 GFLOP/s"),
            "host": HostSpec(kind="host", rate="1 GFLOP/s"),
        }
    )


def transfer(channel, nbytes, **kwargs):
    return Task(f"ddr.{channel}", TaskKind.LOAD, Work(nbytes=nbytes), 0, **kwargs)


def matrix(ns, **kwargs):
    return Task("matrix", TaskKind.MATRIX, Work(macs=ns), 0, **kwargs)


def host(ns, **kwargs):
    return Task("host", TaskKind.HOST, Work(vector_ops=ns), 0, **kwargs)


def took(program, chips):
    return prove(program, chips).makespan_ps // NS


GREEDY = Program(
    "greedy",
    "",
    (
        transfer(1, 20),
        host(5, needs=(0,)),
        transfer(1, 100, needs=(1,)),  # large, and nobody waits for it
        matrix(24),
        transfer(0, 10, needs=(3,)),
        matrix(100, needs=(4,)),  # the long end of the run
    ),
)


def test_twice_the_bandwidth_makes_a_greedy_schedule_slower():
    """The large transfer comes first to the faster bus, and the one that matters has to wait for it."""
    assert took(GREEDY, machine(1)) == 24 + 10 + 100
    assert took(GREEDY, machine(2)) == (10 + 5) + 50 + 5 + 100


def test_more_memory_makes_a_greedy_schedule_slower():
    """Space for the large transfer comes later than the one that matters, or at once and in its way."""
    buffers = (Buffer("a", 60, "sram", (0,)), Buffer("b", 100, "sram", (1,)))
    program = Program(
        "greedy",
        "",
        (
            host(15, reserves=(0,)),
            transfer(1, 100, reserves=(1,)),
            matrix(5),
            transfer(0, 10, needs=(2,)),
            matrix(100, needs=(3,)),
        ),
        buffers,
    )
    assert took(program, machine(capacity=100)) == 5 + 10 + 100
    assert took(program, machine(capacity=160)) == 100 + 10 + 100


def recorded(program, record):
    """`program` with every grant in the order of `record`: tasks in that order, transfers one by one."""
    spans = sorted(record.spans, key=lambda span: (span.begun, span.end))
    place = {span.task: position for position, span in enumerate(spans)}
    tasks, bus = [], ()
    for span in spans:
        task = program.tasks[span.task]
        tasks.append(
            dataclasses.replace(
                task,
                needs=tuple(sorted(place[need] for need in task.needs)),
                after=bus if task.work.nbytes else (),
            )
        )
        if task.work.nbytes:
            bus = (len(tasks) - 1,)
    buffers = [
        dataclasses.replace(buffer, freed_by=tuple(sorted(place[user] for user in buffer.freed_by)))
        for buffer in program.buffers
    ]
    return Program("recorded", "", tuple(tasks), tuple(buffers))


@st.composite
def programs(draw, channels, buffered):
    """Transfers and work that need each other; where `buffered`, transfers into memory until it was used."""
    tasks, buffers = [], []
    for number in range(draw(st.integers(2, 12))):
        needs = tuple(draw(st.sets(st.integers(0, number - 1), max_size=2))) if number else ()
        kind = draw(st.sampled_from(["transfer", "transfer", "matrix", "host"]))
        amount = draw(st.integers(1, 60))
        if kind == "transfer":
            reserves = ()
            if buffered:
                reserves = (len(buffers),)
                buffers.append((number, draw(st.integers(1, 60))))
            tasks.append(transfer(draw(st.integers(0, channels - 1)), amount, needs=needs, reserves=reserves))
        else:
            tasks.append((matrix if kind == "matrix" else host)(amount, needs=needs))
    users = {
        number: [user for user, task in enumerate(tasks) if number in task.needs] for number, _ in buffers
    }
    held = tuple(Buffer("x", nbytes, "sram", tuple(users[number] or [number])) for number, nbytes in buffers)
    return Program("random", "", tuple(tasks), held)


def never_hurts(program, chips, faster, larger):
    """Replayed in the recorded order it takes as long as it did, and no task ends later on a better chip.

    With buffers it may take less: a transfer then asks for its space when the bus is its own.
    """
    record = prove(program, chips)
    fixed = recorded(program, record)
    again = prove(fixed, chips)
    assert again.makespan_ps <= record.makespan_ps
    assert program.buffers or again.makespan_ps == record.makespan_ps
    ends = {span.task: span.end for span in again.spans}
    for better in (faster, larger):
        for span in prove(fixed, better).spans:
            assert span.end <= ends[span.task]


@settings(max_examples=150, deadline=None)
@given(
    programs(3, False),
    st.sampled_from([2, 4, 5, 8, 20]),
    st.sampled_from(["round_robin", "priority", "fifo"]),
)
def test_with_every_grant_of_the_bus_replayed_more_bandwidth_never_hurts(program, speed, arbitration):
    """Transfers of one burst each, so that a grant of the bus is a task."""
    given = {"arbitration": arbitration, "channels": 3}
    never_hurts(program, machine(**given), machine(speed, **given), machine(speed, **given))


def least_memory(program):
    """Bytes with which the reservations, walked through in program order, fit."""
    most = 0
    for number, task in enumerate(program.tasks):
        if task.reserves:
            held = [b for b in program.buffers[: task.reserves[-1] + 1] if max(b.freed_by) >= number]
            most = max(most, sum(buffer.nbytes for buffer in held))
    return most


@settings(max_examples=150, deadline=None)
@given(programs(2, True), st.sampled_from([2, 4, 5, 8, 20]), st.integers(0, 60), st.integers(0, 60))
def test_with_every_grant_replayed_neither_bandwidth_nor_memory_hurts(program, speed, room, more):
    capacity = least_memory(program) + room + 1
    never_hurts(program, machine(1, capacity), machine(speed, capacity), machine(1, capacity + more))


@given(st.sampled_from([2, 4, 5, 8, 20]))
def test_the_greedy_example_is_no_slower_once_its_order_is_fixed(speed):
    fixed = recorded(GREEDY, prove(GREEDY, machine()))
    assert took(fixed, machine()) == 134
    assert took(fixed, machine(speed)) <= 134
