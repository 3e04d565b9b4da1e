"""Every way in which a Program can be wrong is found before it runs, and named."""

from __future__ import annotations

import dataclasses

import pytest

from simres.errors import InvariantViolation
from simres.program import Box, Buffer, Layer, Program, Region, Task, TaskKind, Work
from simres.program.orders import OrderedBuffers, OrderedTasks, Pattern
from simres.scheduling.parameters import NoParameters
from simres.scheduling.serial import schedule
from simres.simulation.check import check
from simres.simulation.proof import fits, prove
from simres.testing import paper_chip
from simres.workload import Loops, Op, Role, Tensor, Unit, Workload

NBYTES = 64


def workload() -> Workload:
    shape = (1, 4, 2, 2)
    tensors = {
        name: Tensor(name, Role.INPUT if name == "x" else Role.ACTIVATION, shape) for name in ("x", "a", "b")
    }
    ops = tuple(
        Op(name, "mix", Unit.HOST, (source,), (name,), vector_ops=16)
        for name, source in (("a", "x"), ("b", "a"))
    )
    return Workload("two relus", tensors, ops, ("b",))


def program() -> Program:
    return schedule(workload(), paper_chip(), NoParameters())


def changed(number: int, **fields) -> Program:
    sound = program()
    tasks = list(sound.tasks)
    tasks[number] = dataclasses.replace(tasks[number], **fields)
    return dataclasses.replace(sound, tasks=tuple(tasks))


def rebuffered(number: int, **fields) -> Program:
    sound = program()
    buffers = list(sound.buffers)
    buffers[number] = dataclasses.replace(buffers[number], **fields)
    return dataclasses.replace(sound, buffers=tuple(buffers))


def test_the_sound_one_passes_and_is_what_the_cases_below_assume():
    sound = program()
    check(sound, paper_chip(), workload())
    assert [task.kind.value for task in sound.tasks] == ["load", "host", "host", "store"]
    assert [buffer.tensor for buffer in sound.buffers] == ["x", "a", "b"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (changed(1, engine="gpu"), "no engine `gpu`"),
        (changed(1, engine="matrix"), "`matrix` cannot do a host"),
        (changed(1, needs=(1,)), "waits for task 1, which does not come before it"),
        (changed(1, needs=(3,)), "waits for task 3, which does not come before it"),
        (changed(1, needs=(-1,)), "waits for task -1"),
        (changed(0, work=Work(nbytes=-1)), "a negative amount of work"),
        (changed(0, work=Work(nbytes=64.0)), "an amount of work that is no whole number"),
        (changed(1, layer=2), "is of layer 2, which does not exist"),
        (changed(1, reads=(Region("c", 0),)), "uses tensor `c`, which does not exist"),
        (changed(1, reads=(Region("x", 9),)), "uses buffer 9, which does not exist"),
        (changed(1, reads=(Region("x", -1),)), "uses buffer -1, which does not exist"),
        (changed(1, reads=(Region("x", 0, ((0, 1),)),)), "of `x`, which is"),
        (changed(1, reads=(Region("x", 0, ((0, 1), (0, 5), (0, 2), (0, 2))),)), "of `x`, which is"),
        (rebuffered(1, nbytes=NBYTES - 1), "writes 64 B into buffer 1, which has 63 B"),
        (rebuffered(1, nbytes=-1), "`a`\\) is of -1 B"),
        (dataclasses.replace(program(), resident_in=(7,)), "keeps buffer 7, which does not exist"),
        (dataclasses.replace(program(), resident_out=(-1,)), "keeps buffer -1, which does not exist"),
        (changed(1, work=Work(macs=16, loops=Loops(c=8))), "does 16 multiply-accumulates, but .* makes 8"),
        (changed(0, reserves=(7,)), "buffer 7, which does not exist"),
        (changed(1, reserves=(0, 1)), "reserves buffer 0 a second time"),
        (changed(1, reserves=()), "`a`\\) is never reserved"),
        (changed(1, needs=(), after=()), "uses buffer 0 before it is reserved"),
        (changed(2, reads=(Region("x", 1),)), "reads a part of `x`"),
        (changed(3, reads=(Region("b", 0),)), "uses buffer 0, which may be free by then"),
        (rebuffered(0, freed_by=(0,)), "uses buffer 0, which may be free by then"),
        (rebuffered(0, freed_by=()), "neither freed nor left"),
        (rebuffered(1, freed_by=(0,)), "freed before it is reserved"),
        (rebuffered(2, freed_by=(9,)), "freed before it is reserved"),
        (rebuffered(0, memory="dram"), "not a memory of this chip"),
        (rebuffered(0, nbytes=10**6 + 1), "`sram` would hold"),
        (dataclasses.replace(program(), resident_out=(0,)), "both freed and left"),
        (dataclasses.replace(program(), tasks=program().tasks[:3]), "freed before it is reserved"),
        (changed(2, work=Work(vector_ops=15)), "31 vector operations, the workload 32"),
        (changed(0, work=Work(nbytes=63)), "63 bytes read, the workload 64"),
        (changed(3, work=Work(nbytes=63)), "63 bytes written, the workload 64$"),
    ],
)
def test_a_wrong_program_is_refused(wrong, message):
    with pytest.raises(InvariantViolation, match=message):
        check(wrong, paper_chip(), workload())


def test_a_spilled_tensor_must_be_stored_before_it_is_loaded_again():
    reload = Program(
        "test",
        "",
        (
            Task(
                "ddr",
                TaskKind.LOAD,
                Work(nbytes=NBYTES),
                0,
                reads=(Region("a"),),
                writes=(Region("a", 0),),
                reserves=(0,),
            ),
        ),
        (Buffer("a", NBYTES, "sram", (0,)),),
        (Layer("a", "relu"),),
    )
    with pytest.raises(InvariantViolation, match="reads a part of `a` that is not off-chip by then"):
        check(reload, paper_chip(), workload())


def overwriting(order: tuple[int, ...], box=None, part=None) -> Program:
    """x comes in; the host makes `a` of it while a second load of x goes into the same buffer."""
    load = Task("ddr", TaskKind.LOAD, Work(nbytes=NBYTES), 0, reads=(Region("x"),), writes=(Region("x", 0),))
    use = Task("host", TaskKind.HOST, Work(vector_ops=16), 0, needs=(0,), reserves=(1,))
    tasks = (
        dataclasses.replace(load, reserves=(0,)),
        dataclasses.replace(use, reads=(Region("x", 0, box),), writes=(Region("a", 1),)),
        dataclasses.replace(load, writes=(Region("x", 0, part),), after=order),
        Task("host", TaskKind.HOST, Work(vector_ops=16), 0, needs=(1, 2), reads=(Region("x", 0),)),
    )
    buffers = (Buffer("x", NBYTES, "sram", (2, 3)), Buffer("a", NBYTES, "sram", (3,)))
    return Program("test", "", tasks, buffers, (Layer("a", "relu"),))


def rows_of(first: int, last: int) -> Box:
    return ((0, 1), (0, 4), (first, last), (0, 2))


def test_a_buffer_is_not_overwritten_while_others_read_it():
    with pytest.raises(InvariantViolation, match="uses `x` in buffer 0 while task 1 may still use it too"):
        check(overwriting(()), paper_chip(), workload())
    with pytest.raises(InvariantViolation, match="while task 1 may still use it too"):
        check(overwriting((), rows_of(0, 2), rows_of(1, 2)), paper_chip(), workload())
    for sound in (overwriting((1,)), overwriting((), rows_of(0, 1), rows_of(1, 2))):
        with pytest.raises(
            InvariantViolation, match=r"it has 0 bytes written.*: no task stores the output `"
        ):
            check(sound, paper_chip(), workload())


def test_what_is_read_is_the_last_that_was_written():
    """The second load into the buffer may still be under way when the reader starts."""
    racing = overwriting((1,))
    tasks = (*racing.tasks[:3], dataclasses.replace(racing.tasks[3], needs=(1,)))
    with pytest.raises(InvariantViolation, match=r"task 3 .* while task 2 may still use it too"):
        check(dataclasses.replace(racing, tasks=tasks), paper_chip(), workload())


def test_a_tensor_made_in_the_place_of_another_ends_it():
    sound = program()
    tasks = list(sound.tasks)
    tasks[1] = dataclasses.replace(tasks[1], writes=(Region("a", 0),), reserves=())
    tasks[2] = dataclasses.replace(tasks[2], reads=(Region("a", 0),), reserves=(1,), writes=(Region("b", 1),))
    tasks[3] = dataclasses.replace(tasks[3], reads=(Region("b", 1),))
    buffers = (Buffer("x", NBYTES, "sram", (2,)), Buffer("b", NBYTES, "sram", (3,)))
    in_place = dataclasses.replace(sound, tasks=tuple(tasks), buffers=buffers)
    check(in_place, paper_chip(), workload())
    tasks[2] = dataclasses.replace(tasks[2], reads=(Region("x", 0),))
    with pytest.raises(InvariantViolation, match="reads a part of `x` that is not buffer 0 by then"):
        check(dataclasses.replace(in_place, tasks=tuple(tasks)), paper_chip(), workload())


def test_reservations_that_could_deadlock_are_refused():
    """Two buffers of 60 % each, the first freed only by a task that needs the second."""
    tasks = (
        Task("ddr", TaskKind.LOAD, Work(nbytes=1), 0, writes=(Region("x", 0),), reserves=(0,)),
        Task("ddr", TaskKind.LOAD, Work(nbytes=1), 0, writes=(Region("a", 1),), reserves=(1,)),
        Task("host", TaskKind.HOST, Work(), 0, needs=(0, 1), reads=(Region("x", 0), Region("a", 1))),
    )
    buffers = (Buffer("x", 600_000, "sram", (2,)), Buffer("a", 600_000, "sram", (2,)))
    with pytest.raises(InvariantViolation, match=r"task 1 \(load.*`sram` would hold 200 kB more"):
        check(Program("test", "", tasks, buffers, (Layer("x", "test"),)), paper_chip("1 MB"), workload())


def read_twice() -> Program:
    """`x` is read by two tasks, and `b` is reserved between them: there is room for it once both are done."""
    load = Task("ddr", TaskKind.LOAD, Work(nbytes=NBYTES), 0, reads=(Region("x"),), writes=(Region("x", 0),))
    first = Task("host", TaskKind.HOST, Work(vector_ops=16), 0, needs=(0,), reads=(Region("x", 0),))
    tasks = (
        dataclasses.replace(load, reserves=(0,)),
        dataclasses.replace(first, writes=(Region("a", 1),), reserves=(1,)),
        Task("sram", TaskKind.MOVE, Work(), 0, reserves=(2,)),
        dataclasses.replace(first, needs=(0, 1), after=(2,), reads=(Region("x", 0), Region("a", 1))),
    )
    buffers = (
        Buffer("x", NBYTES, "sram", (1, 3)),
        Buffer("a", NBYTES, "sram", (3,)),
        Buffer("b", NBYTES, "sram", (2,)),
    )
    return Program("test", "", tasks, buffers, (Layer("a", "relu"),))


def test_a_buffer_counts_until_the_last_of_its_users():
    """With room for two buffers it would do if `x` went when the first of its two users ends."""
    shared, roomy, tight = read_twice(), paper_chip(f"{3 * NBYTES} B"), paper_chip(f"{2 * NBYTES} B")
    with pytest.raises(InvariantViolation, match="it has 0 bytes written"):
        check(shared, roomy, workload())
    with pytest.raises(InvariantViolation, match=r"task 2 .*`sram` would hold 64 B more than it can"):
        check(shared, tight, workload())
    tasks = OrderedTasks(Pattern(shared), range(len(shared.tasks)))
    assert fits(tasks, roomy)
    assert not fits(tasks, tight)
    with pytest.raises(InvariantViolation, match=r"task 2 .*`sram` would hold 64 B more than it can"):
        prove(dataclasses.replace(shared, tasks=tasks, buffers=OrderedBuffers(tasks)), tight, workload())
