"""The proofs after a run can fail: a tampered Record is found out."""

from __future__ import annotations

import dataclasses

import pytest

from simres.program import Buffer, Program, Region, Task, TaskKind, Work
from simres.program.record import Cause
from simres.simulation.flattened import Launch, flatten
from simres.simulation.invariants import BrokenInvariant, hold, longest_chain_ps, spans_hold
from simres.simulation.run import run
from simres.testing import behaviours, paper_chip


@pytest.fixture
def ran():
    machine = paper_chip()
    tasks = (
        Task("ddr", TaskKind.LOAD, Work(nbytes=10), 0, writes=(Region("x", 0),), reserves=(0,)),
        Task("matrix", TaskKind.MATRIX, Work(macs=500), 0, needs=(0,), reads=(Region("x", 0),)),
        Task("host", TaskKind.HOST, Work(vector_ops=10), 0, after=(1,)),
    )
    program = Program("test", "", tasks, (Buffer("x", 10, "sram", (1,)),))
    record, _ = run(program, machine, behaviours(machine))
    return record, [Launch(flatten(program, machine.engines))], machine.engines


def test_a_sound_record_holds_and_gives_the_longest_chain(ran):
    record, launches, specs = ran
    assert hold(record, launches, specs) == 10_000 + 1000 == longest_chain_ps(launches[0].plan)
    spans_hold(record, launches[0].plan)


def engine_with(record, name, **fields):
    changed = dataclasses.replace(record.engines[name], **fields)
    return dataclasses.replace(record, engines={**record.engines, name: changed})


@pytest.mark.parametrize(
    ("tamper", "message"),
    [
        (lambda r: dataclasses.replace(r, unfinished=1), "1 tasks never ended"),
        (lambda r: engine_with(r, "host", idle_ps=1), "`host` accounts for"),
        (lambda r: engine_with(r, "host", waiting_ps={Cause.ORDER: 1}), "`host` accounts for"),
        (lambda r: engine_with(r, "ddr", moved_bytes=9), "`ddr` moved 9 B, the Programs say 10 B"),
        (
            lambda r: dataclasses.replace(
                r,
                makespan_ps=5,
                engines={
                    name: dataclasses.replace(e, working_ps=0, idle_ps=5, waiting_ps={})
                    for name, e in r.engines.items()
                },
            ),
            "`ddr` has 10000 ps of work in 5 ps",
        ),
        (
            lambda r: dataclasses.replace(
                r, memories={"sram": dataclasses.replace(r.memories["sram"], peak=10**7)}
            ),
            "`sram` held",
        ),
        (
            lambda r: dataclasses.replace(
                r, memories={"sram": dataclasses.replace(r.memories["sram"], left=10)}
            ),
            "`sram` holds 10 B at the end, not 0 B",
        ),
    ],
)
def test_a_record_that_contradicts_itself_is_found(ran, tamper, message):
    record, launches, specs = ran
    with pytest.raises(BrokenInvariant, match=message) as caught:
        hold(tamper(record), launches, specs)
    assert caught.value.record.engines.keys() == record.engines.keys()


@pytest.mark.parametrize("moved", [{"since": 10**9}, {"ready": 0}, {"granted": 0}, {"end": 0}])
def test_a_span_out_of_time_is_found(ran, moved):
    record, launches, _ = ran
    rows = list(record.rows)
    rows[1] = rows[1]._replace(**moved)
    with pytest.raises(BrokenInvariant):
        spans_hold(dataclasses.replace(record, rows=tuple(rows)), launches[0].plan)
