"""The compressing DMA engine: what it moves, by hand; its time, energy and traffic agree on ResNet-20."""

from __future__ import annotations

import json
from fractions import Fraction
from math import ceil
from pathlib import Path

import pytest
import simres_zip
from simres_zip.spec import ZipSpec

import simres
from simres.program import TaskKind, Work
from simres.testing import check_plugin, registry_with
from simres.verification.verify import verify
from simres.workload import Loops, Op, Role, Tensor, Unit, Workload

ROOT = Path(__file__).parents[3]
SCENARIO = Path(__file__).parents[1] / "scenarios" / "resnet20-zip.yaml"
REGISTRY = registry_with(simres_zip)
GB_S = 10**9
PICOJOULES = 160
"""A byte off chip, by default."""


def simulated(**changes: object) -> simres.Result:
    overrides = {key.replace("__", "."): value for key, value in changes.items()}
    return simres.simulate(SCENARIO, overrides=overrides, registry=REGISTRY)


def moves(result: simres.Result) -> list[tuple[str, Work]]:
    """Each transfer: its tensor, and its work."""
    found = []
    for task in result.program.tasks:
        if task.kind in (TaskKind.LOAD, TaskKind.STORE):
            (name,) = {region.tensor for region in (*task.reads, *task.writes) if region.buffer is None}
            found.append((name, task.work))
    return found


def test_every_contract_is_kept() -> None:
    check_plugin(simres_zip)


def test_a_map_by_hand() -> None:
    spec = ZipSpec(kind="zip", bandwidth=GB_S, setup=100_000)
    sparse = Tensor("map", Role.ACTIVATION, (1, 1000), "fp32", density=0.25)
    # 1000 values: 250 of 4 B that are not zero, and 1000 bits that say which.
    assert spec.moved_bytes(4000, sparse) == 1000 + 125
    assert spec.duration_ps(Work(1125, tensor=sparse, tensor_bytes=4000)) == 100_000 + 1_125_000
    assert spec.moved_bytes(1000, Tensor("map", Role.ACTIVATION, (1, 1000), "int8", density=0.25)) == 375
    for as_it_is in (
        Tensor("dense", Role.ACTIVATION, (1, 1000), "fp32", density=0.99),
        Tensor("unmeasured", Role.ACTIVATION, (1, 1000), "fp32"),
        Tensor("weight", Role.WEIGHT, (1, 1000), "fp32", density=0.25),
    ):
        assert spec.moved_bytes(4000, as_it_is) == 4000


def test_a_slow_coder_takes_the_time_of_what_is_on_chip() -> None:
    spec = ZipSpec(kind="zip", bandwidth=GB_S, coder=2 * GB_S)
    assert spec.duration_ps(Work(3000, tensor_bytes=4000)) == 3_000_000
    assert spec.duration_ps(Work(1125, tensor_bytes=4000)) == 2_000_000


def test_time_energy_and_traffic_are_those_by_hand_on_measured_densities() -> None:
    traced = json.loads((ROOT / "scenarios" / "workloads" / "resnet20.json").read_text())
    tensors = {tensor["name"]: tensor for tensor in traced["tensors"]}
    plain, packed = simulated(hardware__ddr={"kind": "ddr", "bandwidth": "1 GB/s"}), simulated()
    by_hand = []
    for name, work in moves(plain):
        tensor = tensors[name]
        moved = work.nbytes
        if tensor["role"] != "weight" and tensor.get("density") is not None:
            nonzeros = Fraction(tensor["density"]) * Fraction(work.nbytes, 4)  # values of 4 B
            bits = 32 * nonzeros + Fraction(work.nbytes, 4)
            moved = min(work.nbytes, ceil(bits / 8))
        by_hand.append((name, moved, work.nbytes))
    assert [(name, work.nbytes, work.held_bytes) for name, work in moves(packed)] == by_hand

    traffic, held = sum(moved for _, moved, _ in by_hand), sum(whole for _, _, whole in by_hand)
    document = packed.to_document()
    assert traffic < 0.8 * held
    assert sum(document["traffic_bytes"].values()) == traffic
    assert sum(document["tensor_bytes"].values()) == held
    ddr, before = document["engines"]["ddr"], plain.to_document()["engines"]["ddr"]
    assert ddr["moved_bytes"] == traffic
    assert ddr["busy_ps"] == 1000 * traffic  # 1 GB/s
    assert ddr["dynamic_fj"] == 1000 * PICOJOULES * traffic
    assert before["moved_bytes"] == held
    # One after the other (`serial`), so that all that the bus saves the run saves.
    assert plain.makespan_ps - packed.makespan_ps == 1000 * (held - traffic)
    assert plain.energy.total_fj - packed.energy.total_fj == 1000 * PICOJOULES * (held - traffic)


@pytest.mark.parametrize(
    ("scheduler", "capacity", "density"),
    [("serial", "64 KiB", 0.0), ("serial", "64 KiB", 0.3), ("overlapped", "1 MiB", 0.05)],
)
def test_no_run_beats_its_bounds_and_each_verifies(scheduler: str, capacity: str, density: float) -> None:
    densities = {"x": density, "fc": density}
    found = simulated(scheduler=scheduler, densities=densities, hardware__sram__capacity=capacity)
    assert found.bounds.makespan <= found.makespan_ps
    assert all(one.holds for one in verify(found))


def test_the_scenario_says_what_the_readme_says() -> None:
    found = simres.simulate(SCENARIO, registry=REGISTRY)
    assert found.expectations
    assert found.met


def test_the_traffic_of_products_is_no_bound_where_tensors_are_compressed() -> None:
    """A chip for bounds stands in for one with compressed outputs, and must say so itself."""
    tensors = {"x": Tensor("x", Role.INPUT, (64, 64), density=0.05)}
    ops = []
    for number in range(2):
        tensors[f"w{number}"] = Tensor(f"w{number}", Role.WEIGHT, (64, 64))
        tensors[f"y{number}"] = Tensor(f"y{number}", Role.ACTIVATION, (64, 64), density=0.05)
        names = (f"y{number - 1}" if number else "x", f"w{number}")
        loops = Loops(n=64, m=64, c=64)
        ops.append(Op(f"fc{number}", "linear", Unit.MATRIX, names, (f"y{number}",), loops.macs, 0, loops))
    workload = Workload("chain", tensors, tuple(ops), ("y1",))
    terms = {}
    for kind in ("ddr", "zip"):
        changes = {"hardware.ddr": f"{{kind: {kind}, bandwidth: 1 GB/s}}", "hardware.sram.capacity": "4 KiB"}
        found = simres.simulate(workload, chip="paper", overrides=changes, registry=REGISTRY)
        terms[kind] = {term.name for term in found.bounds.lower.terms}
        assert found.makespan_ps >= found.bounds.makespan
    assert "products" in terms["ddr"]
    assert "products" not in terms["zip"]
