"""Inputs and outputs outside the time: their bytes are not moved in it, and bounds know."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simres
from simres.errors import InvalidFile
from simres.plugins.registry import Registry
from simres.reporting.text.brief import ran as headline
from simres.scenario.loader import from_document
from simres.verification.verify import verify

REGISTRY = Registry(external=False)
OUTSIDE = {"inputs": "outside", "outputs": "outside"}


def simulated(
    protocol: dict[str, str], capacity: str = "4 MiB", scheduler: str = "overlapped", **changes: object
) -> simres.Result:
    hardware = {"sram": {"kind": "sram", "capacity": capacity}}
    document = {"workload": "resnet20", "chip": "paper", "scheduler": scheduler, "protocol": protocol}
    scenario = from_document(document | {"hardware": hardware} | changes, registry=REGISTRY)
    return simres.simulate(scenario, registry=REGISTRY)


def moved(result: simres.Result) -> int:
    return result.record.engines["ddr"].moved_bytes


def test_their_bytes_are_not_moved_within_the_time() -> None:
    inside, outside = simulated({}), simulated(OUTSIDE)
    workload = inside.scheduled
    image, result = workload.tensors["x"].nbytes, workload.bytes_out
    assert moved(inside) - moved(outside) == image + result
    assert moved(inside) - moved(simulated({"inputs": "outside"})) == image
    assert moved(inside) - moved(simulated({"outputs": "outside"})) == result
    assert outside.makespan_ps < inside.makespan_ps
    assert "(inputs outside, outputs outside)" in headline(outside)


def test_with_warm_weights_nothing_is_left_to_move() -> None:
    found = simulated({"weights": "warm", **OUTSIDE}, images=2)
    assert moved(found) == 0
    assert found.bounds.engines["ddr"] == 0
    assert found.bounds.makespan <= found.makespan_ps


def test_what_is_loaded_again_is_timed() -> None:
    small = {"capacity": "24 KiB", "scheduler": "serial"}
    inside, outside = simulated({}, **small), simulated({"inputs": "outside"}, **small)
    image = inside.scheduled.tensors["x"].nbytes
    loaded = sum(
        task.work.nbytes
        for task in inside.program.tasks
        if any(region.buffer is None and region.tensor == "x" for region in task.reads)
    )
    assert loaded > image
    tasks = len(inside.program.tasks)
    assert image <= moved(inside) - moved(outside) <= image + tasks  # bytes are whole in each transfer


@settings(deadline=None, max_examples=10)
@given(
    st.sampled_from([{"inputs": "outside"}, {"outputs": "outside"}, OUTSIDE, OUTSIDE | {"call": "30 us"}]),
    st.sampled_from(["24 KiB", "100 KiB", "4 MiB"]),
    st.sampled_from(["serial", "overlapped"]),
    st.integers(1, 2),
)
def test_no_schedule_is_faster_than_its_bound(
    protocol: dict[str, str], capacity: str, scheduler: str, images: int
) -> None:
    found = simulated(protocol, capacity, scheduler, images=images)
    assert found.bounds.makespan <= found.makespan_ps
    assert all(one.holds for one in verify(found))


def test_tenants_have_theirs_inside() -> None:
    tenants = {name: {"workload": "resnet20"} for name in ("left", "right")}
    document = {"tenants": tenants, "chip": "paper", "scheduler": "overlapped", "protocol": OUTSIDE}
    with pytest.raises(InvalidFile, match="where tenants share"):
        from_document(document, registry=REGISTRY)
