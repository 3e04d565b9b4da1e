"""Planning tries what a scheduler offers, `serial` too, and keeps the fastest."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simres
from simres.errors import AnswerIsNo, InvariantViolation, SimresError
from simres.planning.plan import plan
from simres.plugins.catalogue import Provider
from simres.plugins.hooks import Scheduler, hookimpl
from simres.plugins.registry import Registry
from simres.reporting.page import Page
from simres.scenario.loader import from_document
from simres.scheduling import serial as in_a_row
from simres.scheduling.parameters import NoParameters
from simres.testing import workloads


def slow(workload, chip, parameters):
    """Two Programs that wait for nothing and do nothing useful for long: everything twice, and thrice."""
    program = in_a_row.schedule(workload, chip, parameters)
    return [repeated(program, 3), repeated(program, 2)]


def repeated(program, times):
    tasks = []
    for _ in range(times):
        tasks += [
            replace(task, reserves=(), needs=(), after=(), reads=(), writes=()) for task in program.tasks
        ]
    return replace(program, scheduler=f"slow{times}", tasks=tuple(tasks), buffers=())


def hasty(workload, chip, parameters):
    """A Program that leaves out half of the work, beside a sound one: fast, and wrong."""
    program = in_a_row.schedule(workload, chip, parameters)
    half = program.tasks[: len(program.tasks) // 2]
    return [replace(program, scheduler="hasty", tasks=half), program]


def astray(workload, chip, parameters):
    """Programs that cannot even be simulated: an engine that does not exist."""
    program = in_a_row.schedule(workload, chip, parameters)
    lost = replace(program.tasks[0], engine="nowhere")
    return [replace(program, scheduler="astray", tasks=(lost, *program.tasks[1:]))]


def modest(workload, chip, parameters):
    """One Program, and a slow one."""
    return repeated(in_a_row.schedule(workload, chip, parameters), 2)


def too_large(workload, chip, parameters):
    raise AnswerIsNo("it does not fit")


def nothing(workload, chip, parameters):
    return []


class Plugin:
    """Schedulers that plan badly."""

    @hookimpl
    def simres_schedulers(self):
        for name in ("slow", "hasty", "astray", "nothing"):
            yield Scheduler(name, f"tests.planning.test_plan:{name}", "plans badly")
        yield Scheduler("too_large", "tests.planning.test_plan:too_large", "fits nowhere")
        yield Scheduler("alone_again", "tests.planning.test_plan:modest", "plans badly", baseline="too_large")
        yield Scheduler("alone", "tests.planning.test_plan:modest", "plans badly")
        yield Scheduler(
            "modest", "tests.planning.test_plan:modest", "plans badly, and knows", baseline="serial"
        )


@pytest.fixture(scope="module")
def registry():
    found = Registry(external=False)
    found._add(Plugin(), Provider("bad", "simres-bad", "1.0"))
    return found


def scenario(registry, scheduler, capacity="1 MiB", bandwidth="1 GB/s"):
    return from_document(
        {
            "workload": "resnet20",
            "chip": "paper",
            "hardware": {"sram": {"capacity": capacity}, "ddr": {"bandwidth": bandwidth}},
            "scheduler": scheduler,
        },
        registry=registry,
    )


@settings(max_examples=60, deadline=None)
@given(workloads(), st.integers(400, 20_000), st.sampled_from(["0.25 GB/s", "3 GB/s", "64 GB/s"]))
def test_nothing_is_slower_than_serial(workload, capacity, bandwidth):
    registry = Registry(external=False)
    size = f"{capacity} B"
    try:
        serial = simres.simulate(
            scenario(registry, "serial", size, bandwidth), workload=workload, registry=registry
        )
        overlapped = simres.simulate(
            scenario(registry, "overlapped", size, bandwidth), workload=workload, registry=registry
        )
    except AnswerIsNo:
        return
    assert not serial.candidates
    tried = {candidate.scheduler: candidate.makespan_ps for candidate in overlapped.candidates}
    assert tried["serial"] == serial.makespan_ps
    assert overlapped.makespan_ps == min(candidate.makespan_ps for candidate in overlapped.candidates)
    assert overlapped.makespan_ps <= serial.makespan_ps


def test_serial_wins_where_it_is_the_fastest(registry):
    workload = simres.api.find_workload("resnet20")
    found = plan(scenario(registry, "slow"), workload, registry)
    assert found.program.scheduler == "serial"
    assert [candidate.scheduler for candidate in found.candidates] == ["slow3", "slow2", "serial"]
    assert found.program == in_a_row.schedule(workload, found.chip, NoParameters())
    times = [candidate.makespan_ps for candidate in found.candidates]
    assert times == sorted(times, reverse=True)


def test_one_program_is_tried_against_a_baseline_where_that_is_asked_for(registry):
    workload = simres.api.find_workload("resnet20")
    found = plan(scenario(registry, "modest"), workload, registry)
    assert found.program.scheduler == "serial"
    assert [candidate.scheduler for candidate in found.candidates] == ["slow2", "serial"]
    alone = plan(scenario(registry, "alone"), workload, registry)
    assert (alone.program.scheduler, alone.candidates) == ("slow2", ())


def test_what_does_not_fit_is_no_candidate(registry):
    found = plan(scenario(registry, "alone_again"), simres.api.find_workload("resnet20"), registry)
    assert [candidate.scheduler for candidate in found.candidates] == []
    assert found.program.scheduler == "slow2"


def test_the_one_kept_is_proven_before_it_counts(registry):
    workload = simres.api.find_workload("resnet20")
    with pytest.raises(InvariantViolation, match="scheduler `hasty` is wrong"):
        plan(scenario(registry, "hasty"), workload, registry)
    with pytest.raises(InvariantViolation, match="no engine `nowhere` on this chip"):
        plan(scenario(registry, "astray"), workload, registry)


def test_no_program_at_all_is_said(registry):
    with pytest.raises(
        SimresError, match=r"scheduler `nothing` .*: it must return a Program, or several, got none"
    ):
        plan(scenario(registry, "nothing"), simres.api.find_workload("resnet20"), registry)


def test_candidates_survive_the_file_and_show_in_the_report(tmp_path, registry):
    from simres.reporting.tables.run_report import report

    found = simres.simulate("resnet20", overrides={"scheduler": "overlapped"})
    assert len(found.candidates) > 1
    assert simres.load(found.save(tmp_path)).candidates == found.candidates
    text = "\n".join(str(line) for line in report(found, Page(200, whole=True)))
    assert f"candidates: the best of {len(found.candidates)} simulated; the next best" in text
    assert "`serial`" in text
    assert "candidates:" not in "\n".join(
        str(line) for line in report(simres.simulate("resnet20"), Page(200, whole=True))
    )
