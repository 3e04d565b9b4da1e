"""Compression on the bus: bytes, time, energy and bounds agree; without a density nothing is compressed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simres
from simres.errors import InvalidFile, InvariantViolation, SimresError
from simres.hardware.chip import Chip
from simres.hardware.specs import BusSpec
from simres.planning.compression import compressed as transfers
from simres.plugins.registry import Registry
from simres.reporting.html import sections
from simres.reporting.tables.result_tables import compressed
from simres.result.json import read_result
from simres.scenario.loader import from_document, resolved
from simres.testing import paper_chip
from simres.units import format_bytes
from simres.verification.verify import verify
from simres.workload import Role, Tensor
from simres.workload.run_length import coded_bytes

REGISTRY = Registry(external=False)
PASSES = ["fold_batch_norm", "fold_bias", "quantise_int8", "fuse_epilogues"]


def document(
    compression: str = "run_length", capacity: str = "20 KiB", **changes: object
) -> dict[str, object]:
    ddr = {"kind": "ddr", "bandwidth": "1 GB/s", "compression": compression}
    hardware = {"ddr": ddr, "sram": {"kind": "sram", "capacity": capacity}}
    made = {"workload": "resnet20", "chip": "paper", "scheduler": "serial", "passes": PASSES}
    return made | {"hardware": hardware} | changes


def simulated(*args: str, **changes: object) -> simres.Result:
    return simres.simulate(from_document(document(*args, **changes), registry=REGISTRY), registry=REGISTRY)


def test_maps_with_zeros_move_fewer_bytes_and_all_else_as_many() -> None:
    plain, packed = simulated("none"), simulated()
    assert packed.program.decisions["compressed"]
    names = packed.program.decisions["compressed"].split(", ")
    workload = packed.scheduled
    for before, now in zip(plain.program.tasks, packed.program.tasks, strict=True):
        (name,) = {region.tensor for region in (*now.reads, *now.writes) if region.buffer is None} or {""}
        if name in names:
            assert now.work.nbytes == coded_bytes(workload.tensors[name], before.work.nbytes)
            assert (now.work.tensor, now.work.held_bytes) == (workload.tensors[name], before.work.nbytes)
        else:
            assert now.work == before.work
    assert all(workload.tensors[name].role is Role.ACTIVATION for name in names)
    assert packed.makespan_ps < plain.makespan_ps


def test_time_energy_and_traffic_agree() -> None:
    plain, packed = simulated("none"), simulated()
    moved = [one.record.engines["ddr"].moved_bytes for one in (plain, packed)]
    read_and_written = sum(layer.read_bytes + layer.written_bytes for layer in packed.layers)
    assert moved[1] == read_and_written < moved[0]
    busy = [one.record.engines["ddr"].working_ps for one in (plain, packed)]
    assert busy[0] - busy[1] == 1000 * (moved[0] - moved[1])  # 1 GB/s
    spent = [one.energy.dynamic_fj["ddr"] for one in (plain, packed)]
    assert spent[0] * moved[1] == spent[1] * moved[0]


def test_the_bytes_on_the_bus_and_those_of_the_tensors_are_two_figures() -> None:
    plain, packed = simulated("none"), simulated()
    moved, held = (sum(packed.to_document()[key].values()) for key in ("traffic_bytes", "tensor_bytes"))
    assert held == sum(plain.to_document()["traffic_bytes"].values()) > moved
    assert sum(plain.to_document()["tensor_bytes"].values()) == held
    note = compressed(packed)
    assert f"{format_bytes(moved)}: it compresses" in note
    assert f"The tensors have {format_bytes(held)}" in note
    assert not compressed(plain)
    assert note in sections.layers(packed)
    assert all(one.holds for one in verify(packed))


def test_a_stored_result_keeps_both(tmp_path: Path) -> None:
    packed = simulated()
    path = packed.save(tmp_path)
    assert read_result(path).to_document()["tensor_bytes"] == packed.to_document()["tensor_bytes"]
    document = json.loads(path.read_text())
    task = next(task for task in document["program"]["tasks"] if "tensor_bytes" in task["work"])
    assert "tensor" not in task["work"]
    task["work"]["tensor_bytes"] = task["work"]["nbytes"] - 1
    path.write_text(json.dumps(document))
    with pytest.raises(SimresError, match="no amounts of work"):
        read_result(path)


class Doubling(BusSpec):
    """Says that more moves than there is."""

    def moved_bytes(self, nbytes: int, tensor: Tensor) -> int:
        return 2 * nbytes


def test_a_kind_that_moves_more_than_there_is_is_named() -> None:
    result = simulated("none")
    bus = Doubling(kind="doubling", bandwidth=10**9)
    chip = paper_chip()
    wrong = Chip({**chip.components, "ddr": bus}, chip.roles)
    with pytest.raises(InvariantViolation, match="`moved_bytes` of kind `doubling` gives"):
        transfers(result.program, result.scheduled, wrong)


def test_nothing_is_compressed_without_a_density() -> None:
    workload = simres.simulate("resnet20", registry=REGISTRY).workload.unmeasured
    scenario = from_document(document(), registry=REGISTRY)
    found = simres.simulate(scenario, workload=workload, registry=REGISTRY)
    assert found.makespan_ps == simulated("none").makespan_ps
    assert "compressed" not in found.program.decisions


@settings(deadline=None, max_examples=12)
@given(st.floats(0, 1), st.floats(0, 1), st.sampled_from(["16 KiB", "64 KiB", "1 MiB"]), st.integers(1, 2))
def test_no_schedule_is_faster_than_its_bound(
    image: float, result: float, capacity: str, images: int
) -> None:
    densities = {"x": image, "fc": result}
    found = simulated("run_length", capacity, densities=densities, images=images)
    assert found.bounds.makespan <= found.makespan_ps
    assert all(one.holds for one in verify(found))


def test_the_bound_counts_compressed_inputs() -> None:
    dense, sparse = simulated(capacity="1 MiB"), simulated(capacity="1 MiB", densities={"x": 0.05})
    (term,) = [term for term in sparse.bounds.lower.terms if term.name == "compressed bytes"]
    saved = dense.record.engines["ddr"].moved_bytes - sparse.record.engines["ddr"].moved_bytes
    assert 2000 < saved < 3072
    assert term.ps <= sparse.record.engines["ddr"].working_ps <= term.ps + 16_000
    assert not [term for term in dense.bounds.lower.terms if term.name == "compressed bytes"]


def test_stated_densities_are_written_out_and_checked() -> None:
    scenario = from_document(document(densities={"x": 0.25}), registry=REGISTRY)
    assert resolved(scenario)["densities"] == {"x": 0.25}
    assert from_document(resolved(scenario), registry=REGISTRY) == scenario
    with pytest.raises(SimresError, match="no tensor `nope`"):
        simulated(densities={"nope": 0.5})
    with pytest.raises(InvalidFile, match="densities"):
        simulated(densities={"x": 1.5})
