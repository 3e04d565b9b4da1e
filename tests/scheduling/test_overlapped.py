"""The overlapped scheduler: sound on anything, never slower than serial, near the bound where it can be."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simres
import simres.api
from simres.errors import AnswerIsNo, SimresError
from simres.hardware.specs import BusSpec, MatrixSpec
from simres.program import TaskKind
from simres.scheduling import tile_plan
from simres.scheduling.overlapped import Parameters, best, schedule
from simres.scheduling.tiling import DoesNotFit
from simres.testing import chip, paper_chip, prove, workloads
from simres.workload import Loops, Op, Role, Tensor, Unit, Workload
from tests.support.plans import in_parts, planned, tiled

capacities = st.integers(100, 6_000)
bandwidths = st.sampled_from(["0.25 GB/s", "3 GB/s", "64 GB/s"])


@settings(max_examples=300, deadline=None)
@given(planned(), capacities, bandwidths, st.sampled_from([None, 0.5, 0.85]), st.booleans(), st.booleans())
def test_any_plan_that_fits_is_sound(pair, capacity, bandwidth, design, overlap, pinned):
    workload, plan = pair
    machine = paper_chip(f"{capacity} B", bandwidth)
    held = None if design is None else max(1, int(capacity * design))
    try:
        program = tiled(workload, machine, plan, overlap=overlap, design=held, pinned=pinned)
    except DoesNotFit as refused:
        assert refused.least > (held or capacity)  # noqa: PT017 - a refusal is one of the two right answers
        return
    record = prove(program, machine, workload)
    assert sum(task.work.macs for task in program.tasks) == workload.macs
    assert sum(task.work.vector_ops for task in program.tasks) == workload.vector_ops
    least = workload.compulsory_bytes - (workload.needed_weight_bytes if pinned else 0)
    assert record.makespan_ps * machine.components["ddr"].bandwidth >= least * 10**12


@settings(max_examples=100, deadline=None)
@given(workloads(), st.integers(1, 2_000), bandwidths, st.booleans())
def test_what_is_refused_fits_the_memory_named(workload, capacity, bandwidth, overlap):
    machine = paper_chip(f"{capacity} B", bandwidth)
    try:
        program = tiled(workload, machine, overlap=overlap)
    except AnswerIsNo as error:
        assert "short by" in error.message  # noqa: PT017 - a refusal is one of the two right answers
        machine = paper_chip(error.hint.split('"')[1].replace("hardware.sram.capacity=", ""), bandwidth)
        program = tiled(workload, machine, overlap=overlap)
    prove(program, machine, workload)


@settings(max_examples=150, deadline=None)
@given(workloads(), capacities, bandwidths)
def test_played_forward_it_ends_and_is_sound(workload, capacity, bandwidth):
    machine = paper_chip(f"{capacity} B", bandwidth)
    try:
        program = schedule(workload, machine, Parameters())
    except AnswerIsNo:
        return
    prove(program, machine, workload)


@settings(max_examples=100, deadline=None)
@given(planned(), st.integers(100, 2_000), st.booleans(), st.integers(1, 3))
def test_a_piece_may_be_made_in_parts(pair, capacity, overlap, columns):
    """Networks here have few channels, so rows are kept in few pieces for once."""
    workload, plan = pair
    plain = paper_chip(f"{capacity} B")
    unit = MatrixSpec.model_validate({"kind": "matrix", "rate": "1 TFLOP/s"})
    machine = chip({**plain.components, "second": unit})
    with patch.object(tile_plan, "COLUMNS", columns):
        try:
            program = tiled(workload, machine, plan, overlap=overlap)
        except DoesNotFit:
            return
    prove(program, machine, workload)


def test_a_store_waits_for_every_part_of_its_piece():
    """Two units make two columns at once; the unit that made neither last is waited for, too."""
    weight = Tensor("w", Role.WEIGHT, (64, 8))
    tensors = {
        "x": Tensor("x", Role.INPUT, (1, 8)),
        "w": weight,
        "y": Tensor("y", Role.ACTIVATION, (1, 64)),
    }
    op = Op("y", "linear", Unit.MATRIX, ("x", "w"), ("y",), macs=512, loops=Loops(n=1, m=64, c=8))
    workload = Workload("columns", tensors, (op,), ("y",))
    plain = paper_chip("512 B", rate="0.0001 TFLOP/s")
    unit = MatrixSpec.model_validate({"kind": "matrix", "rate": "0.0001 TFLOP/s"})
    machine = chip({**plain.components, "second": unit, "third": unit})
    with patch.object(tile_plan, "COLUMNS", 1):
        program = tiled(workload, machine, in_parts(workload, columns=64))
    prove(program, machine, workload)
    (store,) = [task for task in program.tasks if task.kind is TaskKind.STORE]
    assert {program.tasks[number].engine for number in store.needs} == {"matrix", "second", "third"}


@pytest.mark.parametrize("network", ["resnet20", "resnet18"])
def test_the_costs_tell_the_makespan(network):
    """Where costs are all there is (one channel, no arbitration), a run comes to what was estimated."""
    workload, machine = simres.api.find_workload(network), paper_chip("1 MiB")
    found, _ = best(workload, machine)
    record = prove(found.program("test"), machine, workload)
    assert record.makespan_ps == pytest.approx(found.estimate_ps, rel=0.002)


def test_of_a_store_and_a_load_due_at_the_same_moment_the_store_goes_first():
    """The first of three copies is ready while the second is loaded: its store and the third load are due.

    The store gives its space back, so that later loads find room earlier.
    """
    names = ("a", "b", "c")
    tensors = {f"in_{name}": Tensor(f"in_{name}", Role.INPUT, (1, 64)) for name in names}
    tensors |= {name: Tensor(name, Role.ACTIVATION, (1, 64)) for name in names}
    ops = tuple(Op(name, "relu", Unit.HOST, (f"in_{name}",), (name,), vector_ops=64) for name in names)
    workload, machine = Workload("three", tensors, ops, names), paper_chip()
    program = tiled(workload, machine)
    prove(program, machine, workload)
    bus = [(task.kind.value, task.layer) for task in program.tasks if task.engine == "ddr"]
    assert bus == [("load", 0), ("load", 1), ("store", 0), ("store", 1), ("load", 2), ("store", 2)]


@pytest.mark.parametrize("kinds", [("relu", "matmul"), ("matmul", "relu")])
def test_of_two_tiles_that_can_begin_at_once_the_first_in_the_network_is_issued_first(kinds):
    tensors = {"x": Tensor("x", Role.INPUT, (8, 8))}
    tensors |= {kind: Tensor(kind, Role.ACTIVATION, (8, 8)) for kind in kinds}
    made = {
        "relu": Op("relu", "relu", Unit.HOST, ("x",), ("relu",), vector_ops=64),
        "matmul": Op(
            "matmul", "matmul", Unit.MATRIX, ("x", "x"), ("matmul",), macs=512, loops=Loops(n=8, m=8, c=8)
        ),
    }
    workload, machine = Workload("both", tensors, tuple(made[kind] for kind in kinds), kinds), paper_chip()
    program = tiled(workload, machine)
    prove(program, machine, workload)
    engines = {"relu": "host", "matmul": "matrix"}
    assert [task.engine for task in program.tasks][:3] == ["ddr", *(engines[kind] for kind in kinds)]


FOLDED = ("fold_batch_norm", "fold_bias")


@pytest.mark.parametrize(
    ("network", "passes", "about_us", "within"),
    [
        ("resnet20", (*FOLDED, "fuse_epilogues"), 1088.464, 0.02),  # what must cross the bus (LB0)
        ("resnet20", (*FOLDED, "quantise_int8", "fuse_epilogues"), 277.032, 0.02),
        ("resnet18", (*FOLDED, "fuse_epilogues"), 49573, 0.05),  # the estimate LB1
        pytest.param(
            "resnet18",
            (*FOLDED, "quantise_int8", "fuse_epilogues"),
            11879.84,
            0.03,
        ),
    ],
)
def test_it_comes_near_what_the_bus_allows(network, passes, about_us, within):
    """The paper's chip with 1 MiB; `benchmarks/scheduling.py` says what it takes to find these."""
    overrides = {"hardware.sram.capacity": "1 MiB", "passes": f"[{', '.join(passes)}]"}
    result = simres.simulate(network, chip="paper", overrides=overrides)
    assert result.makespan_ps <= (1 + within) * about_us * 1e6
    assert result.makespan_ps >= result.bounds.makespan


@pytest.mark.parametrize("missing", ["ddr", "matrix", "host"])
def test_what_the_chip_lacks_is_said(missing):
    components = {name: spec for name, spec in paper_chip().components.items() if name != missing}
    with pytest.raises(SimresError, match="the chip has no"):
        schedule(simres.api.find_workload("resnet20"), chip(components), Parameters())


def test_a_network_larger_than_the_memory_runs_in_tiles():
    result = simres.simulate("mobilenet_v2", chip="paper", overrides={"scheduler": "overlapped"})
    assert result.record.memories["sram"].peak <= 1_000_000
    assert result.makespan_ps >= result.bounds.makespan


def test_two_matrix_units_share_the_tiles():
    """At a rate that makes it compute-bound, a second unit takes over part of the work."""
    slow = paper_chip("1 MiB", "64 GB/s", rate="0.1 TFLOP/s")
    unit = MatrixSpec.model_validate({"kind": "matrix", "rate": "0.1 TFLOP/s"})
    pair = chip({**slow.components, "second": unit})
    workload = simres.api.find_workload("resnet20")
    times = []
    for machine in (slow, pair):
        program = schedule(workload, machine, Parameters())
        record = prove(program, machine, workload)
        times.append(record.makespan_ps)
    assert record.engines["second"].working_ps > 0
    assert times[1] < 0.8 * times[0]


CORNERS = [
    ("resnet18", capacity, bandwidth)
    for capacity in ("512 KiB", "1 MiB", "16 MiB")
    for bandwidth in ("0.25 GB/s", "64 GB/s")
]
LARGE = [("torchvision-resnet50", "512 KiB", "64 GB/s"), ("torchvision-resnet50", "16 MiB", "0.25 GB/s")]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "capacity", "bandwidth"), CORNERS + LARGE)
def test_shipped_networks_are_sound_around_the_papers_chip(name, capacity, bandwidth):
    workload = simres.api.find_workload(name)
    machine = paper_chip(capacity, bandwidth)
    program = schedule(workload, machine, Parameters())
    record = prove(program, machine, workload)
    assert record.makespan_ps * machine.components["ddr"].bandwidth >= workload.compulsory_bytes * 10**12


@settings(max_examples=40, deadline=None)
@given(planned(), capacities)
def test_stores_take_the_last_channel_of_a_bus(pair, capacity):
    workload, plan = pair
    plain = paper_chip(f"{capacity} B")
    bus = BusSpec.model_validate({"kind": "ddr", "bandwidth": "1 GB/s", "channels": 2})
    machine = chip({**plain.components, "ddr": bus})
    try:
        program = tiled(workload, machine, plan)
    except DoesNotFit:
        return
    prove(program, machine, workload)
    used = {
        (task.kind, task.engine) for task in program.tasks if task.kind in (TaskKind.LOAD, TaskKind.STORE)
    }
    assert used <= {(TaskKind.LOAD, "ddr.0"), (TaskKind.STORE, "ddr.1")}
