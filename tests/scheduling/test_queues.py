"""Which host an operator goes to: no scheduler, and no search, gives it to another."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simres.analysis.lower_bound import lower_bound
from simres.errors import AnswerIsNo, InvariantViolation
from simres.hardware.specs import BusSpec, HostSpec, MatrixSpec, SramSpec
from simres.passes.fuse_epilogues import fuse_epilogues
from simres.program import TaskKind
from simres.scheduling import overlapped, serial
from simres.scheduling.parameters import NoParameters
from simres.simulation.check import check
from simres.testing import chip, prove, workloads

KINDS = ("bias", "relu", "neg", "sum", "norm", "layer_norm", "max_pool")
SCHEDULERS = {
    "serial": lambda workload, chip: serial.schedule(workload, chip, NoParameters()),
    "overlapped": lambda workload, chip: overlapped.schedule(workload, chip, overlapped.Parameters()),
}


def machine(*runs, capacity="16 KiB"):
    """A chip with a host for each entry: the operators it names, None for a host that names none."""
    hosts = {
        f"host{number}": HostSpec(kind="host", rate=f"{1 + number} GFLOP/s", launch="5 ns", runs=named)
        for number, named in enumerate(runs)
    }
    return chip(
        {
            "ddr": BusSpec(kind="ddr", bandwidth="10 GB/s"),
            "sram": SramSpec(kind="sram", capacity=capacity),
            "matrix": MatrixSpec(kind="matrix", rate="20 GFLOP/s"),
            **hosts,
        }
    )


def allowed(kind, runs):
    """The rule, once more: those that name it or `any`, and those that name nothing if none names it."""
    named = [f"host{number}" for number, stated in enumerate(runs) if stated and kind in stated]
    every = [f"host{number}" for number, stated in enumerate(runs) if stated and "any" in stated]
    silent = [f"host{number}" for number, stated in enumerate(runs) if stated is None]
    return {*every, *(named or silent)}


stated = st.lists(st.sampled_from((*KINDS, "any")), min_size=1, max_size=4, unique=True)


@pytest.mark.parametrize("scheduler", SCHEDULERS)
@settings(max_examples=25)
@given(workloads(), st.lists(stated, min_size=1, max_size=3), st.booleans())
def test_no_task_lies_on_a_host_that_does_not_run_it(scheduler, workload, runs, fused):
    runs = [None, *runs]
    system = machine(*runs)
    workload = fuse_epilogues(workload) if fused else workload
    try:
        program = SCHEDULERS[scheduler](workload, system)
    except AnswerIsNo:
        return
    for task in program.tasks:
        if task.kind is TaskKind.HOST:
            assert task.engine in allowed(task.work.op.kind, runs)
    record = prove(program, system, workload)
    assert lower_bound(workload, system).makespan_ps <= record.makespan_ps


@settings(max_examples=40)
@given(workloads(), st.lists(stated, min_size=1, max_size=2))
def test_a_program_for_other_hosts_is_refused(workload, runs):
    """What the same chip without `runs` does is sound if, and only if, it happens to keep to them."""
    try:
        program = serial.schedule(workload, machine(None, *[None] * len(runs)), NoParameters())
    except AnswerIsNo:
        return
    strict = [None, *runs]
    host = [task for task in program.tasks if task.kind is TaskKind.HOST]
    if all(task.engine in allowed(task.work.op.kind, strict) for task in host):
        check(program, machine(*strict), workload)
    else:
        with pytest.raises(InvariantViolation, match="does not run"):
            check(program, machine(*strict), workload)


@settings(max_examples=5)
@given(workloads())
def test_hosts_that_all_name_everything_are_as_hosts_that_name_nothing(workload):
    programs = []
    for runs in (["any"], None):
        try:
            programs.append(SCHEDULERS["overlapped"](workload, machine(runs, runs)))
        except AnswerIsNo:
            programs.append(None)
    assert programs[0] == programs[1]
