"""The serial scheduler: one thing at a time, as few bytes as that allows, and honest when it cannot."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simres.errors import AnswerIsNo
from simres.hardware.specs import BusSpec, HostSpec, SramSpec
from simres.program import Program, TaskKind
from simres.scheduling.parameters import NoParameters
from simres.scheduling.serial import schedule
from simres.testing import chip, paper_chip, prove, workloads
from simres.workload import Op, Role, Tensor, Unit, Workload
from tests.support.whole_reads import read_whole


def least_capacity(workload: Workload) -> int:
    """The largest operator's tensors, all on chip at once."""
    most = 1
    for op in workload.ops:
        if op.unit is not Unit.VIEW:
            names = {workload.storage(name) for name in (*op.inputs, *op.outputs)}
            most = max(most, sum(workload.tensors[name].nbytes for name in names))
    return most


@given(workloads().filter(read_whole))
def test_with_room_for_everything_only_compulsory_bytes_move(workload):
    machine = paper_chip("1 GB")
    program = schedule(workload, machine, NoParameters())
    record = prove(program, machine, workload)
    assert program.bytes_read == workload.bytes_in
    assert program.bytes_written == workload.bytes_out
    assert record.makespan_ps == sum(engine.working_ps for engine in record.engines.values())


@settings(max_examples=200)
@given(workloads(), st.integers(0, 4000), st.sampled_from(["0.25 GB/s", "3 GB/s"]))
def test_with_less_room_it_spills_and_stays_sound(workload, spare, bandwidth):
    machine = paper_chip(f"{least_capacity(workload) + spare} B", bandwidth)
    program = schedule(workload, machine, NoParameters())
    record = prove(program, machine, workload)
    assert program.bytes_read >= workload.bytes_in
    assert record.makespan_ps >= sum(engine.working_ps for engine in record.engines.values()) - 1
    written = [
        (region.tensor, region.box)
        for task in program.tasks
        if task.kind is TaskKind.STORE
        for region in task.writes
        if region.buffer is None
    ]
    assert len(written) == len(set(written)), "a tensor with a copy off-chip is not written again"
    assert all(workload.tensors[name].role is Role.ACTIVATION for name, _ in written)


@settings(max_examples=60, deadline=None)
@given(workloads())
def test_what_does_not_fit_is_cut_and_what_cannot_be_cut_is_refused_with_what_would_do(workload):
    small = paper_chip("16 B")
    try:
        prove(schedule(workload, small, NoParameters()), small, workload)
    except AnswerIsNo as error:
        assert "does not fit" in error.message  # noqa: PT017 - a refusal is one of the two right answers
        enough = paper_chip(error.hint.split('"')[1].replace("hardware.sram.capacity=", ""))
        prove(schedule(workload, enough, NoParameters()), enough, workload)


def network(uses: dict[str, tuple[str, ...]], sizes: dict[str, int]) -> Workload:
    """Host operators by what they make and read; tensors are of 64 B times their size (1 by default)."""
    tensors = {
        name: Tensor(name, Role.INPUT if name == "x" else Role.ACTIVATION, (1, sizes.get(name, 1), 4, 4))
        for name in ("x", *uses)
    }
    ops = tuple(
        Op(name, "mix", Unit.HOST, inputs, (name,), vector_ops=tensors[name].elements)
        for name, inputs in uses.items()
    )
    return Workload("mixed", tensors, ops, (ops[-1].name,))


def moved(program: Program) -> list[tuple[str, str]]:
    """What goes over the bus, in order."""
    return [
        (task.kind.value, task.reads[0].tensor)
        for task in program.tasks
        if task.kind in (TaskKind.LOAD, TaskKind.STORE)
    ]


def test_what_is_used_furthest_in_the_future_makes_room():
    """Before `f`, the on-chip memory is full with a, b, d and e; of those not read now, b is used last."""
    uses = {"a": ("x",), "b": ("x",), "c": ("x",), "d": ("c",), "e": ("d",), "f": ("e",)}
    uses |= {"g": ("f", "a"), "h": ("g", "d"), "i": ("h", "b")}
    workload, machine = network(uses, {}), paper_chip("256 B")
    program = schedule(workload, machine, NoParameters())
    prove(program, machine, workload)
    assert moved(program) == [("load", "x"), ("store", "b"), ("load", "b"), ("store", "i")]


def test_of_two_that_are_used_next_at_once_the_larger_makes_room():
    """One eviction is enough: 64 B are lacking, and b frees 128 B."""
    uses = {
        "a": ("x",),
        "b": ("x",),
        "c": ("x",),
        "d": ("c",),
        "e": ("d",),
        "f": ("e", "d"),
        "g": ("f", "a", "b"),
    }
    workload, machine = network(uses, {"b": 2}), paper_chip("320 B")
    program = schedule(workload, machine, NoParameters())
    prove(program, machine, workload)
    assert moved(program) == [("load", "x"), ("store", "b"), ("load", "b"), ("store", "g")]


def test_an_input_that_is_still_needed_goes_without_being_written_and_comes_again():
    uses = {"a": ("x",), "b": ("a",), "c": ("b", "a"), "d": ("c", "x")}
    workload, machine = network(uses, {}), paper_chip("192 B")
    program = schedule(workload, machine, NoParameters())
    prove(program, machine, workload)
    assert moved(program) == [("load", "x"), ("load", "x"), ("store", "d")]
    assert program.decisions["spilled"].startswith("nothing")


def test_buffers_take_a_multiple_of_the_alignment():
    """Two tensors of 64 B in 160 B: with 80 B each they fit, with 96 B they do not."""
    workload = network({"a": ("x",)}, {})
    for alignment, fits in ((80, True), (96, False)):
        parts = dict(paper_chip().components)
        parts["sram"] = SramSpec(kind="sram", capacity="160 B", alignment=f"{alignment} B")
        machine = chip(parts)
        if fits:
            record = prove(schedule(workload, machine, NoParameters()), machine, workload)
            assert record.memories["sram"].peak == 160
        else:
            with pytest.raises(AnswerIsNo, match="its smallest tile takes 192 B"):
                schedule(workload, machine, NoParameters())


def test_the_fastest_engine_of_a_role_and_the_largest_memory_are_used():
    parts = {
        "slow": HostSpec(kind="host", rate="1 GFLOP/s"),
        "fast": HostSpec(kind="host", rate="2 GFLOP/s"),
        "small": SramSpec(kind="sram", capacity="64 B"),
        "large": SramSpec(kind="sram", capacity="1 kB"),
        "ddr": BusSpec(kind="ddr", bandwidth="1 GB/s"),
    }
    workload, machine = network({"a": ("x",)}, {}), chip(parts)
    program = schedule(workload, machine, NoParameters())
    prove(program, machine, workload)
    assert program.engines == ("ddr", "fast")
    assert {buffer.memory for buffer in program.buffers} == {"large"}
