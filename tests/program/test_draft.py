"""What a Draft derives from regions: what waits for what, what reserves and frees a buffer."""

from __future__ import annotations

import pytest

from simres.program import Program, Region, TaskKind, Work
from simres.program.draft import Draft
from simres.testing import paper_chip


def columns(first: int, past: int) -> tuple[tuple[int, int], ...]:
    return ((first, past),)


def frozen(draft: Draft) -> Program:
    return draft.freeze("test", "")


def host(draft: Draft, *, reads=(), writes=(), engine: str = "host", **waits) -> int:
    return draft.task(engine, TaskKind.HOST, Work(vector_ops=1), reads=reads, writes=writes, **waits)


@pytest.fixture
def draft() -> Draft:
    draft = Draft(paper_chip())
    draft.layer("a", "relu", "")
    return draft


def test_the_first_to_write_a_buffer_reserves_it_and_its_users_free_it(draft):
    x, y = draft.buffer("x", 10, "sram"), draft.buffer("y", 20, "sram")
    draft.load(x)
    host(draft, reads=[x], writes=[y])
    draft.store(y)
    load, compute, store = frozen(draft).tasks
    assert (load.reserves, compute.reserves, store.reserves) == ((0,), (1,), ())
    assert (load.needs, compute.needs, store.needs) == ((), (0,), (1,))
    assert [buffer.freed_by for buffer in frozen(draft).buffers] == [(0, 1), (1, 2)]
    assert (load.work.nbytes, store.work.nbytes) == (10, 20)
    assert (load.reads, load.writes) == ((Region("x"),), (Region("x", 0),))
    assert (store.reads, store.writes) == ((Region("y", 1),), (Region("y"),))


def test_several_buffers_come_in_one_transfer(draft):
    draft.load(draft.buffer("x", 10, "sram"), draft.buffer("y", 20, "sram"))
    (load,) = frozen(draft).tasks
    assert (load.work.nbytes, load.reserves) == (30, (0, 1))


def test_a_reader_needs_the_last_part_of_each_engine(draft):
    x = draft.buffer("x", 40, "sram", columns(0, 4))
    for place, engine in enumerate(("host", "other", "host", "other")):
        host(draft, engine=engine, writes=[Region("x", x.buffer, columns(place, place + 1))])
    host(draft, reads=[x])
    tasks = frozen(draft).tasks
    assert [task.reserves for task in tasks] == [(0,), (), (), (), ()]
    assert [task.after for task in tasks] == [(), (0,), (0,), (0,), ()]
    assert set(tasks[4].needs) == {2, 3}


def test_who_adds_to_what_it_reads_is_the_only_one_to_wait_for(draft):
    x = draft.buffer("x", 10, "sram")
    host(draft, writes=[x])
    host(draft, engine="other", reads=[x], writes=[x])
    host(draft, reads=[x])
    tasks = frozen(draft).tasks
    assert [task.needs for task in tasks] == [(), (0,), (1,)]


def test_another_tensor_takes_a_buffer_over_from_all_its_users(draft):
    x = draft.buffer("x", 10, "sram")
    y = Region("y", x.buffer)
    draft.load(x)
    host(draft, reads=[x])
    host(draft, engine="other", writes=[y])
    host(draft, reads=[y])
    tasks = frozen(draft).tasks
    assert tasks[2].after == (0, 1)
    assert tasks[2].reserves == ()
    assert tasks[3].needs == (2,)
    assert frozen(draft).buffers[0].freed_by == (0, 1, 2, 3)


def test_who_overwrites_the_same_tensor_says_so(draft):
    x = draft.buffer("x", 10, "sram", columns(0, 1))
    draft.load(x)
    host(draft, reads=[x])
    host(draft, engine="other", writes=[Region("x", x.buffer, columns(1, 2))], overwrites=True)
    assert frozen(draft).tasks[2].after == (0, 1)


def test_a_reload_needs_the_stores_of_what_it_brings_back(draft):
    halves = [draft.buffer("x", 20, "sram", columns(2 * half, 2 * half + 2)) for half in (1, 0)]
    for half in halves:
        host(draft, writes=[half])
        draft.store(half)
    same = draft.load(draft.buffer("x", 20, "sram", columns(2, 4)))
    across = draft.load(draft.buffer("x", 20, "sram", columns(1, 3)))
    beside = draft.load(draft.buffer("x", 10, "sram", columns(4, 5)))
    tasks = frozen(draft).tasks
    assert [tasks[task].needs for task in (same, across, beside)] == [(1,), (3, 1), ()]


def test_what_is_resident_is_there_before_and_after(draft):
    weight, x = draft.buffer("w", 10, "sram", resident=True), draft.buffer("x", 10, "sram")
    host(draft, reads=[weight], writes=[x])
    draft.keep(x)
    program = frozen(draft)
    assert program.tasks[0].needs == ()
    assert (program.resident_in, program.resident_out) == ((0,), (0, 1))
    assert [buffer.freed_by for buffer in program.buffers] == [(), ()]


def test_in_a_row_each_task_comes_after_the_one_before():
    draft = Draft(paper_chip(), in_a_row=True)
    draft.layer("a", "relu", "")
    x = draft.buffer("x", 10, "sram")
    host(draft)
    draft.load(x)
    host(draft, reads=[x])
    assert [(task.needs, task.after) for task in frozen(draft).tasks] == [((), ()), ((), (0,)), ((1,), ())]
