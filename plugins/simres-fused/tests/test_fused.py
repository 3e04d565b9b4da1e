"""The scheduler `fused`: sound on anything, below layer-by-layer traffic where it matters."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
import simres_fused
from hypothesis import given, settings
from hypothesis import strategies as st
from simres_fused.depth_first import Parameters, moved, schedule
from simres_fused.stacks import Stacks, staging

import simres
from simres.errors import AnswerIsNo
from simres.program import Program, TaskKind
from simres.scheduling import overlapped
from simres.scheduling.residency import Residency
from simres.scheduling.tiling import Tiling
from simres.scheduling.unfused import unfused
from simres.testing import check_plugin, check_scheduler, paper_chip, prove, registry_with, workloads
from simres.units import format_duration
from simres.workload import Workload

SCENARIO = Path(__file__).parents[1] / "scenarios" / "resnet18-fused.yaml"
README = Path(__file__).parents[1] / "README.md"
ROW = r"^\| (fp32|int8) \| (.+?) \| (\w+) \| (.+) MB \| (.+) \|$"
NETWORK = r"^\| (MobileNetV2|ResNet-50) \| (.+?) \| (.+) MB, (.+) \| (.+) MB, (.+) \| (.+) MB \| (.+) MB \|$"
NETWORKS = {"MobileNetV2": "mobilenet_v2", "ResNet-50": "torchvision-resnet50"}
PRECISIONS = {"fp32": [], "int8": ["quantise_int8"]}
PASSES = ["fold_batch_norm", "fold_bias", "fuse_epilogues"]

REGISTRY = registry_with(simres_fused)


def nbytes(program: Program) -> int:
    return sum(task.work.nbytes for task in program.tasks if task.kind in (TaskKind.LOAD, TaskKind.STORE))


@cache
def simulated(precision: str, capacity: str, scheduler: str) -> simres.Result:
    overrides = {
        "passes": [*PASSES, *PRECISIONS[precision]],
        "hardware.sram.capacity": capacity,
        "scheduler": scheduler,
    }
    return simres.simulate(SCENARIO, overrides=overrides, registry=REGISTRY)


def test_every_contract_is_kept() -> None:
    check_plugin(simres_fused)


@pytest.mark.parametrize("parameters", [{"stack": 2}, {"share": 4}, {"share": 256, "stack": 3}])
def test_the_contract_holds_for_its_parameters(parameters: dict[str, int]) -> None:
    (scheduler,) = simres_fused.simres_schedulers()
    check_scheduler(scheduler, **parameters)


@settings(max_examples=60, deadline=None)
@given(workloads(), st.integers(1, 4_000), st.sampled_from([None, 8, 128]), st.integers(1, 8))
def test_never_below_compulsory_traffic_nor_above_what_it_starts_from(
    workload: Workload, capacity: int, share: int | None, stack: int
) -> None:
    machine = paper_chip(f"{capacity} B")
    parameters = Parameters(share=share, stack=stack)
    try:
        alone = overlapped.schedule(workload, machine, overlapped.Parameters(share=share))
    except AnswerIsNo:
        with pytest.raises(AnswerIsNo):
            schedule(workload, machine, parameters)
        return
    programs = schedule(workload, machine, parameters)
    assert programs[-1].tasks == alone.tasks
    for program in programs:
        prove(program, machine, workload)
        assert nbytes(program) >= workload.compulsory_bytes


@settings(max_examples=60, deadline=None)
@given(workloads(), st.integers(100, 4_000), st.integers(1, 4))
def test_no_layout_has_longer_stacks_than_asked_for(workload: Workload, capacity: int, most: int) -> None:
    _, spec = paper_chip(f"{capacity} B").scratchpad()
    parts = unfused(workload)
    stacks = Stacks(parts, spec, most)
    for first in stacks.likely():
        for joints in (first, *stacks.near(first)):
            assert all(0 < joint < len(stacks.stages) for joint in joints)
            for stack in stacks.of(joints):
                assert sum(stacks.stages[number].layers for number in stack) <= most
                assert sum(stacks.stages[number].weights for number in stack) <= capacity


def test_resnet18_moves_fewer_bytes_than_layer_by_layer_schedules() -> None:
    result = simulated("fp32", "1 MiB", "fused")
    assert result.estimate is not None
    assert result.estimate.bus_bytes == 49_573_184
    assert result.program.scheduler == "fused"
    assert 47_344_960 <= nbytes(result.program) < result.estimate.bus_bytes
    assert nbytes(result.program) < nbytes(simulated("fp32", "1 MiB", "overlapped").program)
    assert "to layer1.0.conv2" in result.program.decisions["stacks"]
    assert "more than the compulsory" in result.program.decisions["moved"]


@pytest.mark.parametrize("capacity", ["512 KiB", "768 KiB", "1 MiB", "2 MiB"])
def test_resnet18_is_never_slower_than_overlapped(capacity: str) -> None:
    result = simulated("fp32", capacity, "fused")
    other = simulated("fp32", capacity, "overlapped")
    assert result.makespan_ps <= other.makespan_ps
    assert nbytes(result.program) <= nbytes(other.program)


def test_without_stacks_it_is_overlapped() -> None:
    result = simres.simulate(
        SCENARIO, overrides={"scheduler": {"name": "fused", "stack": 1}}, registry=REGISTRY
    )
    assert result.program.decisions["stacks"] == "none"
    assert result.makespan_ps == simulated("fp32", "1 MiB", "overlapped").makespan_ps


def test_what_does_not_fit_is_refused_with_the_memory_that_would_do() -> None:
    small = {"workload": "resnet20", "hardware.sram.capacity": "256 B"}
    with pytest.raises(AnswerIsNo, match="short by") as refusal:
        simres.simulate(SCENARIO, overrides=small, registry=REGISTRY)
    assert "it would fit" in (refusal.value.hint or "")


@pytest.mark.parametrize("wrong", [{"stack": 0}, {"share": 0}, {"stacks": 2}])
def test_parameters_that_make_no_sense_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(simres.SimresError):
        simres.simulate(SCENARIO, overrides={"scheduler": {"name": "fused"} | wrong}, registry=REGISTRY)


def test_the_bytes_told_are_the_bytes_moved() -> None:
    result = simulated("fp32", "1 MiB", "fused")
    scheduled = result.rewritten or result.workload
    assert isinstance(scheduled, Workload)
    memory, spec = paper_chip("1 MiB").scratchpad()
    walk = Residency(Tiling(unfused(scheduled), memory, spec, 64, staging=staging(frozenset({2, 4}))))
    assert scheduled.compulsory_bytes < moved(walk) < 49_573_184


def test_the_shipped_scenario_does_what_it_says() -> None:
    result = simres.simulate(SCENARIO, registry=REGISTRY)
    assert result.expectations
    assert all(expectation.met for expectation in result.expectations)


@pytest.mark.parametrize("row", re.findall(ROW, README.read_text(encoding="utf-8"), re.MULTILINE))
def test_the_readme_says_what_comes_out(row: tuple[str, ...]) -> None:
    precision, capacity, scheduler, megabytes, makespan = row
    result = simulated(precision, capacity, scheduler)
    found = f"{nbytes(result.program) / 1e6:.2f}", format_duration(result.makespan_ps)
    assert found == (megabytes, makespan)


@pytest.mark.slow
@pytest.mark.parametrize("row", re.findall(NETWORK, README.read_text(encoding="utf-8"), re.MULTILINE))
def test_the_readme_says_what_comes_of_other_networks(row: tuple[str, ...]) -> None:
    network, capacity, *told = row
    found = []
    for scheduler in ("overlapped", "fused"):
        overrides = {
            "workload": NETWORKS[network],
            "hardware.sram.capacity": capacity,
            "scheduler": scheduler,
        }
        result = simres.simulate(SCENARIO, overrides=overrides, registry=REGISTRY)
        found += [f"{nbytes(result.program) / 1e6:#.4g}", format_duration(result.makespan_ps)]
    scheduled = result.rewritten
    assert isinstance(scheduled, Workload)
    assert result.estimate is not None
    found += [f"{result.estimate.bus_bytes / 1e6:#.4g}", f"{scheduled.compulsory_bytes / 1e6:#.4g}"]
    assert found == told


def test_mobilenet_v2_moves_nothing_but_the_compulsory_bytes() -> None:
    overrides = {"workload": "mobilenet_v2", "scheduler": "fused"}
    result = simres.simulate(SCENARIO, overrides=overrides, registry=REGISTRY)
    assert isinstance(result.rewritten, Workload)
    assert nbytes(result.program) == result.rewritten.compulsory_bytes
    assert result.estimate is not None
    assert 2 * nbytes(result.program) < result.estimate.bus_bytes
