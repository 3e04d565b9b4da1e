"""The serial scheduler: one thing at a time, as few bytes as that allows, and honest when it cannot."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simres.errors import AnswerIsNo
from simres.program import TaskKind
from simres.scheduling.parameters import NoParameters
from simres.scheduling.serial import schedule
from simres.testing import paper_chip, prove, workloads
from simres.workload import Role, Unit, Workload


def least_capacity(workload: Workload) -> int:
    """The largest operator's tensors, all on chip at once."""
    most = 1
    for op in workload.ops:
        if op.unit is not Unit.VIEW:
            names = {workload.storage(name) for name in (*op.inputs, *op.outputs)}
            most = max(most, sum(workload.tensors[name].nbytes for name in names))
    return most


@given(workloads())
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
        region.tensor
        for task in program.tasks
        if task.kind is TaskKind.STORE
        for region in task.writes
        if region.buffer is None
    ]
    assert len(written) == len(set(written)), "a tensor with a copy off-chip is not written again"
    assert all(workload.tensors[name].role is Role.ACTIVATION for name in written)


@given(workloads())
def test_an_operator_that_does_not_fit_is_refused_with_the_bytes_it_is_short_of(workload):
    least = least_capacity(workload)
    prove(schedule(workload, paper_chip(f"{least} B"), NoParameters()), paper_chip(f"{least} B"), workload)
    if least > 1:
        with pytest.raises(AnswerIsNo, match=r"does not fit: .* short by 1 B"):
            schedule(workload, paper_chip(f"{least - 1} B"), NoParameters())
