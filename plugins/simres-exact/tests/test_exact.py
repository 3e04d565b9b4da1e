"""Search and schedules beside the solver's optimum on twenty random networks, and the scheduler `exact`."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import pytest
import simres_exact
from simres_exact.best_order import best_order
from simres_exact.best_stages import best_stages
from simres_exact.judging import Case, case, searched
from simres_exact.scheduler import MOST_TASKS, Parameters, schedule
from simres_exact.task_graph import TaskGraph

import simres
from simres.analysis.lower_bound import lower_bound
from simres.errors import AnswerIsNo
from simres.hardware.specs import BusSpec, HostSpec, MatrixSpec, SramSpec
from simres.program.tasks import Program, TaskKind
from simres.scheduling import overlapped, serial
from simres.scheduling.labels import Aim
from simres.scheduling.parameters import NoParameters
from simres.scheduling.tiling_cache import search
from simres.sharing.workbench import Workbench
from simres.testing import check_plugin, chip, paper_chip, prove, registry_with, seeded_graph
from simres.verification.verify import verify

SEEDS = (4, 6, 7, 8, 9, 12, 13, 14, 21, 22, 23, 24, 26, 28, 31, 33, 37, 40, 43, 46)
"""Networks of three to a hundred tasks that the solver is done with in a moment."""

WORK = 1.0


def program_of(one: Case) -> Program:
    return overlapped.schedule(one.workload, one.chip, overlapped.Parameters())


@pytest.mark.parametrize("seed", SEEDS)
def test_the_search_finds_the_optimum_of_its_mapspace(seed: int) -> None:
    for aim in (Aim.BYTES, Aim.BUSIEST):
        found = searched(case(seed), aim, WORK)
        assert found is not None
        assert found.agrees
        assert found.optimum is not None
        assert found.optimum.proven


@pytest.mark.parametrize("seed", SEEDS)
def test_the_best_order_runs_as_the_solver_says_and_is_no_slower(seed: int) -> None:
    one = case(seed)
    program = program_of(one)
    given = prove(program, one.chip, one.workload).makespan_ps
    found = best_order(program, one.chip, WORK)
    assert found.program is not None
    assert found.optimal
    ran = prove(found.program, one.chip, one.workload).makespan_ps
    assert abs(ran - found.makespan_ps) <= len(program.tasks)  # a bus keeps fractions of a picosecond
    assert found.makespan_ps <= given + len(program.tasks)
    assert sorted(task.work.nbytes for task in found.program.tasks) == sorted(
        task.work.nbytes for task in program.tasks
    )


def test_exact_is_the_fastest_no_faster_than_the_lower_bound_and_says_what_is_proven() -> None:
    ratios = []
    for seed in SEEDS:
        one = case(seed)
        program = schedule(one.workload, one.chip, Parameters())
        assert program.decisions["order"] == "no order of these plans' tasks ends earlier, proven"
        made = prove(program, one.chip, one.workload).makespan_ps
        assert lower_bound(one.workload, one.chip).makespan_ps <= made
        for other in (program_of(one), serial.schedule(one.workload, one.chip, NoParameters())):
            taken = prove(other, one.chip, one.workload).makespan_ps
            assert made <= taken + len(other.tasks)
        ratios.append(prove(program_of(one), one.chip, one.workload).makespan_ps / made)
    assert median(ratios) < 1.02


def test_two_runs_are_the_same_and_little_work_is_said() -> None:
    one = case(29)
    program = program_of(one)
    first, second = best_order(program, one.chip, 0.05), best_order(program, one.chip, 0.05)
    assert first == second
    assert not first.optimal
    assert first.bound_ps < first.makespan_ps
    told = schedule(one.workload, one.chip, Parameters(work=0.01)).decisions["order"]
    assert told.startswith("the best found; none of these plans' tasks ends before")


def test_a_limit_that_nothing_is_below_is_proven() -> None:
    one = case(21)
    program = program_of(one)
    best = best_order(program, one.chip, WORK)
    none = best_order(program, one.chip, WORK, best.makespan_ps)
    assert none.program is None
    assert none.optimal
    again = best_order(program, one.chip, WORK, best.makespan_ps + 1)
    assert again.makespan_ps == best.makespan_ps


def test_the_given_order_takes_as_long_here_as_in_the_simulation() -> None:
    for seed in SEEDS:
        one = case(seed)
        graph = TaskGraph(program_of(one), one.chip)
        made = prove(graph.program, one.chip, one.workload).makespan_ps
        assert abs(graph.makespan_ps - made) <= len(graph.tasks)


def test_equal_units_share_the_tiles() -> None:
    two = chip(
        {
            "ddr": BusSpec.model_validate({"kind": "ddr", "bandwidth": "64 GB/s", "channels": 2}),
            "sram": SramSpec.model_validate({"kind": "sram", "capacity": "1 MiB"}),
            "matrix": MatrixSpec.model_validate({"kind": "matrix", "rate": "1 GFLOP/s", "count": 2}),
            "host": HostSpec.model_validate({"kind": "host", "rate": "10 GFLOP/s"}),
        }
    )
    workload = seeded_graph(5)
    program = schedule(workload, two, Parameters())
    record = prove(program, two, workload)
    assert {"matrix.0", "matrix.1"} <= set(record.engines)
    made = prove(overlapped.schedule(workload, two, overlapped.Parameters()), two, workload)
    assert record.makespan_ps <= made.makespan_ps + len(program.tasks)


def test_an_operator_stays_on_the_hosts_that_run_it() -> None:
    both = chip(
        {
            "ddr": BusSpec.model_validate({"kind": "ddr", "bandwidth": "64 GB/s"}),
            "sram": SramSpec.model_validate({"kind": "sram", "capacity": "1 MiB"}),
            "matrix": MatrixSpec.model_validate({"kind": "matrix", "rate": "1 GFLOP/s"}),
            "host": HostSpec.model_validate({"kind": "host", "rate": "10 GFLOP/s"}),
            "slow": HostSpec.model_validate({"kind": "host", "rate": "1 GFLOP/s", "runs": ["relu", "bias"]}),
        }
    )
    ran = set()
    for seed in SEEDS:
        workload = seeded_graph(seed)
        program = schedule(workload, both, Parameters())
        prove(program, both, workload)
        ran |= {
            (task.work.op.kind, task.engine)
            for task in program.tasks
            if task.kind is TaskKind.HOST and task.work.op is not None
        }
    assert {engine for kind, engine in ran if kind in ("relu", "bias")} == {"slow"}
    assert {engine for kind, engine in ran if kind not in ("relu", "bias")} == {"host"}


def test_nothing_fits_for_the_search_where_nothing_fits_for_the_solver() -> None:
    workload = seeded_graph(5)
    small = search(Workbench(), workload, paper_chip("40 B"), pinned=frozenset())
    assert small.least(40, Aim.BYTES) is None
    assert best_stages(small, 40, Aim.BYTES, WORK) is None


def test_the_best_stages_of_a_run_of_days_are_the_search_s() -> None:
    """On a bus of 1 B/s, a byte takes 10^12 ps: more than 2^44 ps in all."""
    workload = seeded_graph(5)
    slow = search(Workbench(), workload, paper_chip("64 KiB", bandwidth="1 B/s"), pinned=frozenset())
    found, least = best_stages(slow, 1 << 16, Aim.BUSIEST, WORK), slow.least(1 << 16, Aim.BUSIEST)
    assert found is not None
    assert least is not None
    assert found.value > 1 << 44
    assert found.value == pytest.approx(Aim.BUSIEST.of(least), rel=1e-6)


def test_a_run_beyond_what_the_solver_counts_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    workload = seeded_graph(5)
    slow = search(Workbench(), workload, paper_chip("64 KiB", bandwidth="1 B/s"), pinned=frozenset())
    monkeypatch.setattr("simres_exact.best_stages.LARGEST", 1 << 50)
    with pytest.raises(AnswerIsNo, match="counts up to"):
        best_stages(slow, 1 << 16, Aim.BUSIEST, WORK)


def test_a_large_network_is_refused() -> None:
    with pytest.raises(AnswerIsNo, match=f"exact` orders at most {MOST_TASKS}"):
        simres.simulate(
            "resnet20",
            chip="paper",
            overrides={"scheduler": "exact", "hardware.sram.capacity": "32 KiB"},
            registry=registry_with(simres_exact),
        )


def test_a_result_is_verified_and_no_faster_than_its_lower_bound() -> None:
    result = simres.simulate(
        "resnet20", chip="edge-npu", overrides={"scheduler": "exact"}, registry=registry_with(simres_exact)
    )
    assert result.bounds.makespan <= result.makespan_ps
    assert all(finding.holds for finding in verify(result))
    usual = simres.simulate("resnet20", chip="edge-npu")
    assert result.makespan_ps <= usual.makespan_ps


@pytest.mark.slow
def test_contract() -> None:
    check_plugin(simres_exact)


SCENARIOS = sorted((Path(__file__).parents[1] / "scenarios").glob("*.yaml"))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_a_shipped_scenario_meets_its_expectations(path: Path) -> None:
    result = simres.simulate(path, registry=registry_with(simres_exact))
    assert result.expectations
    assert all(expectation.met for expectation in result.expectations)
