"""The critical path covers the run from end to end, and says of each moment what the Record says."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simres.analysis.critical_path import Stretch, Why, blame, critical_path
from simres.errors import AnswerIsNo, SimresError
from simres.planning.plan import chip_of
from simres.plugins.registry import resolve
from simres.program import Buffer, Program, Region
from simres.program.record import Cause, Record, RecordLevel
from simres.program.tenants import combined_program, combined_record, concatenated
from simres.scenario.loader import from_document
from simres.simulation.run import run, run_stream, run_tenants
from simres.testing import behaviours, prove, workloads
from tests.hardware.test_bus_channels import load as load_on
from tests.hardware.test_bus_channels import machine, transfers
from tests.planning.test_tenants import chips as tenant_chips
from tests.planning.test_tenants import tenants
from tests.scheduling.test_schedulers import REGISTRY, SCHEDULERS
from tests.scheduling.test_schedulers import chips as scheduled_chips
from tests.simulation.test_replay import fill_and_use
from tests.support.nanoseconds import NS, compute, host, load, nanosecond_chip, pipeline


def holds(program: Program, record: Record) -> tuple[Stretch, ...]:
    """What is true of every critical path; returns it."""
    path = critical_path(program, record)
    assert sum(part.took_ps for part in path) == record.makespan_ps
    moments = [0, *(part.end_ps for part in path)]
    assert [part.start_ps for part in path] == moments[:-1]
    assert moments[-1] == record.makespan_ps
    assert all(earlier < later for earlier, later in pairwise(moments))
    by_task: dict[int, list[tuple[int, object]]] = {}
    held: dict[int, dict[str, int]] = {}
    for row, name, ps in record.bus_holders:
        of_row = held.setdefault(row, {})
        of_row[name] = of_row.get(name, 0) + ps
    for row, span in enumerate(record.spans):
        by_task.setdefault(span.task, []).append((row, span))
    for part in path:
        if part.cause is Why.IDLE:
            assert (part.task, part.engine, part.layer, part.holder) == (-1, "", -1, "")
            due = {launched.at_ps for launched in record.launches}
            ended = max((span.end for span in record.spans), default=0)
            assert (part.start_ps == 0 and part.end_ps in due) or part.start_ps == ended
            continue
        task = program.tasks[part.task]
        assert (part.engine, part.layer) == (task.engine, task.layer)
        assert any(agrees(part, span, held.get(row, {})) for row, span in by_task[part.task])
        if part.cause is Cause.ENGINE:
            assert part.holder in record.engines
            assert part.holder != part.engine
        if part.cause is Cause.SPACE:
            memories = {program.buffers[number].memory for number in task.reserves}
            assert part.holder in {
                buffer.tensor for buffer in program.buffers if buffer.memory in memories and buffer.freed_by
            }
    summed = blame(path)
    assert sum(summed.values()) == record.makespan_ps
    assert all(isinstance(ps, int) and ps > 0 for ps in summed.values())
    assert list(summed.values()) == sorted(summed.values(), reverse=True)
    return path


def agrees(part, span, held):
    """Whether the Record says of the span what the stretch says."""
    latency = span.turn
    first, past = {
        Cause.SPACE: (span.ready, span.granted),
        Cause.ENGINE: (span.granted, latency),
        Cause.LATENCY: (latency, latency + span.latency_ps),
        Cause.BUS: (latency + span.latency_ps, span.begun),
        Why.WORKING: (span.begun, span.end),
    }[part.cause]
    whole = part.cause in (Cause.LATENCY, Why.WORKING)
    inside = (
        (part.start_ps, part.end_ps) == (first, past)
        if whole
        else first <= part.start_ps < part.end_ps <= past
    )
    if part.cause is Cause.BUS:
        return inside and part.took_ps == (held or {"": span.bus_ps})[part.holder]
    return inside and (part.cause in (Cause.SPACE, Cause.ENGINE) or part.holder == "")


@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_the_path_of_any_program(random_results, data):
    result = data.draw(random_results)
    holds(result.program, result.record)


@settings(deadline=None, max_examples=150)
@given(transfers())
def test_the_path_through_a_shared_bus(case):
    program, chips = case
    holds(program, prove(program, chips))


@settings(deadline=None, max_examples=60)
@given(
    workloads(), scheduled_chips(), st.sampled_from(SCHEDULERS), st.lists(st.integers(0, 10**7), max_size=3)
)
def test_the_path_of_any_schedule_and_of_several_images(workload, hardware, scheduler, starts):
    document = {"workload": "resnet20", "hardware": hardware, "scheduler": scheduler}
    scenario = from_document(document, registry=REGISTRY)
    chip = chip_of(scenario, REGISTRY)
    try:
        program = resolve(REGISTRY.scheduler(scheduler).target)(workload, chip, scenario.parameters)
    except AnswerIsNo:
        return
    record, _ = run_stream([(program, start) for start in [0, *starts]], chip, behaviours(chip))
    holds(program, record)


@st.composite
def tenants_together(draw):
    """Program and Record of random tenants together, and those of each."""
    machine = draw(tenant_chips())
    crew = {f"t{number}": tenant for number, (_, tenant) in enumerate(draw(tenants(machine)))}
    ran = run_tenants(list(crew.values()), machine, behaviours(machine))
    programs = {name: tenant.starts[0][0] for name, tenant in crew.items()}
    records = {name: record for name, (record, _) in zip(crew, ran, strict=True)}
    each = [(programs[name], records[name]) for name in crew]
    return combined_program(programs), combined_record(records, programs), each


@settings(deadline=None, max_examples=60)
@given(tenants_together())
def test_the_path_of_tenants_side_by_side(case):
    program, record, each = case
    holds(program, record)
    for own, of_one in each:
        assert sum(part.took_ps for part in critical_path(own, of_one)) == of_one.makespan_ps


@settings(deadline=None)
@given(st.lists(st.integers(0, 200), min_size=1, max_size=12), st.integers(34, 100))
def test_the_path_of_a_stream_that_keeps_its_weights(gaps, capacity):
    fill, use = fill_and_use()
    chip = nanosecond_chip(capacity)
    starts, at = [(fill, 0)], 0
    for gap in gaps:
        at += gap
        starts.append((use, at * NS))
    record, _ = run_stream(starts, chip, behaviours(chip))
    holds(concatenated([fill, use]), record)


def test_a_wait_for_space_is_the_tensor_that_had_it():
    """Each load waits until the use of the tile before is over; the first use is the longer."""
    tasks = (
        load(10, reserves=(0,), writes=(Region("a", 0),)),
        compute(7, needs=(0,), reads=(Region("a", 0),)),
        load(5, reserves=(1,), writes=(Region("b", 1),)),
        host(3, needs=(2,), reads=(Region("b", 1),)),
        host(2, after=(1,)),
        compute(1, after=(4,)),
    )
    buffers = (Buffer("a", 60, "sram", (1,)), Buffer("b", 60, "sram", (3,)))
    program = Program("test", "", tasks, buffers)
    record = prove(program, nanosecond_chip(100))
    path = holds(program, record)
    assert [(part.task, part.cause, part.took_ps // NS, part.holder) for part in path] == [
        (0, Why.WORKING, 10, ""),
        (2, Cause.SPACE, 7, "a"),
        (2, Why.WORKING, 5, ""),
        (3, Why.WORKING, 3, ""),
        (4, Why.WORKING, 2, ""),
        (5, Why.WORKING, 1, ""),
    ]


def test_space_that_comes_in_turn_is_blamed_turn_by_turn():
    """The second load is ready when the first is; it waits for its turn, and then for space of its own."""
    tasks = (
        load(10, reserves=(0,), writes=(Region("a", 0),)),
        compute(20, needs=(0,), reads=(Region("a", 0),)),
        load(1, reserves=(1,), writes=(Region("b", 1),)),
        load(1, engine="out", reserves=(2,), writes=(Region("c", 2),)),
        host(4, needs=(2,), reads=(Region("b", 1),)),
        host(9, needs=(3,), reads=(Region("c", 2),)),
    )
    buffers = (Buffer("a", 60, "sram", (1,)), Buffer("b", 70, "sram", (4,)), Buffer("c", 60, "sram", (5,)))
    program = Program("test", "", tasks, buffers)
    path = holds(program, prove(program, nanosecond_chip(100)))
    assert [(part.task, part.cause, part.took_ps // NS, part.holder) for part in path] == [
        (0, Why.WORKING, 10, ""),
        (2, Cause.SPACE, 20, "a"),
        (3, Cause.SPACE, 5, "b"),
        (3, Why.WORKING, 1, ""),
        (5, Why.WORKING, 9, ""),
    ]


def test_the_bus_is_blamed_on_those_who_had_it():
    program = Program("test", "", (load_on(100), load_on(200, "ddr.1"), compute(5, needs=(0,))))
    path = holds(program, prove(program, machine()))
    assert [(part.engine, part.cause, part.took_ps // NS, part.holder) for part in path] == [
        ("ddr.1", Cause.BUS, 100, "ddr.0"),
        ("ddr.1", Why.WORKING, 200, ""),
    ]


def test_before_the_first_request_there_is_nothing_to_do():
    chip = nanosecond_chip()
    program = Program("test", "", (load(10), host(3, needs=(0,))))
    record, _ = run_stream([(program, 50 * NS)], chip, behaviours(chip))
    assert [(part.start_ps, part.cause) for part in holds(program, record)] == [
        (0, Why.IDLE),
        (50 * NS, Why.WORKING),
        (60 * NS, Why.WORKING),
    ]
    nothing, _ = run(Program("test", "", ()), chip, behaviours(chip))
    assert holds(Program("test", "", ()), nothing) == ()


@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 20))
def test_double_buffering_is_bound_by_the_slower(loading, computing, tiles):
    """The path is the closed form: one load, the slower of both for all tiles but one, one computation."""
    program = pipeline(loading, computing, tiles)
    chip = nanosecond_chip(2)
    spent = {"ddr": 0, "matrix": 0}
    for part in holds(program, prove(program, chip)):
        assert part.cause is Why.WORKING
        spent[part.engine] += part.took_ps // NS
    first, rest = (loading * tiles, computing) if loading >= computing else (loading, computing * tiles)
    assert spent in ({"ddr": first, "matrix": rest}, {"ddr": loading, "matrix": computing * tiles})


def test_without_spans_there_is_no_path():
    program = Program("test", "", (load(10),))
    chip = nanosecond_chip()
    record, _ = run(program, chip, behaviours(chip), RecordLevel.AGGREGATE)
    with pytest.raises(SimresError, match="recorded at level `aggregate`"):
        critical_path(program, record)


@settings(deadline=None)
@given(data=st.data())
def test_a_record_that_makes_no_sense_ends_the_walk_and_still_adds_up(random_results, data):
    """Whoever is named as a holder, the path ends at 0."""
    result = data.draw(random_results)
    tasks = st.integers(-1, len(result.program.tasks) - 1)
    rows = tuple(
        span._replace(holder=data.draw(tasks), space_holder=data.draw(tasks)) for span in result.record.spans
    )
    path = critical_path(result.program, replace(result.record, rows=rows))
    assert sum(part.took_ps for part in path) == result.makespan_ps
