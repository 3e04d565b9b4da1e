"""The lower bound holds for whatever schedulers do, and gets no larger where a chip gets better."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simres.analysis.bounds import kept
from simres.analysis.lower_bound import lower_bound
from simres.api import simulate
from simres.errors import AnswerIsNo
from simres.hardware.specs import BusSpec, HostSpec, MatrixSpec, ProcessorSpec, SramSpec
from simres.program import Work
from simres.scenario import shipped
from simres.scheduling.overlapped import Parameters, schedule
from simres.scheduling.serial import schedule as in_turn
from simres.testing import chip, paper_chip, prove, workloads
from simres.workload import Loops, Op, Role, Tensor, Unit, Window, Workload
from simres.workload.json import read


def machine(capacity=1 << 20, bandwidth="1 GB/s", rate="1 TFLOP/s", host="10 GOP/s", units=1, **more):
    """A chip; `more` are the bus's fields, and `launch`."""
    launch = more.pop("launch", "0 ns")
    matrix = MatrixSpec.model_validate({"kind": "matrix", "rate": rate, "launch": launch})
    return chip(
        {
            "ddr": BusSpec.model_validate({"kind": "ddr", "bandwidth": bandwidth, **more}),
            "sram": SramSpec.model_validate({"kind": "sram", "capacity": f"{capacity} B"}),
            **{f"matrix{number}": matrix for number in range(units)},
            "host": HostSpec.model_validate({"kind": "host", "rate": host, "launch": launch}),
        }
    )


def one_processor(capacity=1 << 20, bandwidth="1 GB/s", rate="1 GFLOP/s", host="1 GOP/s", **more):
    """A chip on which one component does all operators."""
    figures = {"matrix_rate": rate, "vector_rate": host, **more}
    return chip(
        {
            "ddr": BusSpec.model_validate({"kind": "ddr", "bandwidth": bandwidth}),
            "sram": SramSpec.model_validate({"kind": "sram", "capacity": f"{capacity} B"}),
            "cpu": ProcessorSpec.model_validate({"kind": "processor", **figures}),
        }
    )


chips = st.builds(
    machine,
    capacity=st.integers(1, 20_000),
    bandwidth=st.sampled_from(["0.02 GB/s", "1 GB/s", "64 GB/s"]),
    rate=st.sampled_from(["0.2 GFLOP/s", "0.01 TFLOP/s", "1 TFLOP/s"]),
    host=st.sampled_from(["0.01 GOP/s", "0.5 GOP/s", "10 GOP/s"]),
    units=st.sampled_from([1, 1, 2, 3]),
    latency=st.sampled_from(["0 ns", "60 ns"]),
    burst_overhead=st.sampled_from(["0 ns", "2 ns"]),
    channels=st.sampled_from([1, 2]),
    launch=st.sampled_from(["0 ns", "100 ns"]),
)


def network(*layers, size=8, pooled=()):
    """A chain of 1 x 1 convolutions with so many channels, on maps of `size` x `size`.

    Those of `pooled` follow on the mean over the map.
    """
    tensors = {"x": Tensor("x", Role.INPUT, (1, layers[0], size, size))}
    ops, before = [], "x"
    for number, (c, m) in enumerate(pairwise((*layers, *pooled))):
        if number == len(layers) - 1:
            tensors["mean"] = Tensor("mean", Role.ACTIVATION, (1, c, 1, 1))
            window = Window(kernel=(size, size), stride=(size, size))
            reads = c * size * size
            ops.append(Op("pool", "avg_pool", Unit.HOST, (before,), ("mean",), 0, reads, window=window))
            before, size = "mean", 1
        weight, after = f"w{number}", f"y{number}"
        tensors[weight] = Tensor(weight, Role.WEIGHT, (m, c, 1, 1))
        tensors[after] = Tensor(after, Role.ACTIVATION, (1, m, size, size))
        loops = Loops(m=m, c=c, p=size, q=size)
        inputs, window = (before, weight), Window(kernel=(1, 1))
        ops.append(Op(f"conv{number}", "conv", Unit.MATRIX, inputs, (after,), loops.macs, 0, loops, window))
        before = after
    return Workload("chain", tensors, tuple(ops), (before,))


def terms(workload, on, **more):
    return {term.name: term.ps for term in lower_bound(workload, on, **more).terms}


processors = st.builds(
    one_processor,
    capacity=st.integers(1, 20_000),
    bandwidth=st.sampled_from(["0.02 GB/s", "64 GB/s"]),
    rate=st.sampled_from(["0.2 GFLOP/s", "1 TFLOP/s"]),
    host=st.sampled_from(["0.01 GOP/s", "10 GOP/s"]),
    launch=st.sampled_from(["0 ns", "100 ns"]),
    count=st.sampled_from([1, 2]),
)


@settings(max_examples=260, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(workloads(), chips | processors, st.sampled_from([schedule, in_turn]))
def test_no_schedule_is_below_it(workload, on, scheduler):
    try:
        program = scheduler(workload, on, Parameters())
    except AnswerIsNo:
        return
    found = lower_bound(workload, on, kept(program))
    assert prove(program, on, workload).makespan_ps >= found.makespan_ps, found.tightest


channels = st.lists(st.integers(1, 16), min_size=2, max_size=4)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(channels, channels, st.integers(1, 4), st.integers(500, 4000), chips, st.integers(1, 3))
def test_nor_where_run_ahead_counts(layers, pooled, size, capacity, on, images):
    workload = network(*layers, size=size, pooled=pooled)
    sram = on.components["sram"].model_copy(update={"capacity": capacity})
    on = replace(on, components={**on.components, "sram": sram})
    try:
        program = schedule(workload, on, Parameters())
    except AnswerIsNo:
        return
    found = lower_bound(workload, on)
    assert prove(program, on, workload).makespan_ps >= found.makespan_ps, found.tightest
    assert lower_bound(workload, on, repeats=images).makespan_ps >= found.makespan_ps


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(workloads(), chips, chips)
def test_a_better_chip_has_no_larger_one(workload, one, other):
    better = replace(one, components={name: _better(one, other, name) for name in one.components})
    assert lower_bound(workload, better).makespan_ps <= lower_bound(workload, one).makespan_ps


def _better(one, other, name):
    spec, found = one.components[name], other.components.get(name)
    largest = dict.fromkeys(("capacity", "bandwidth", "rate"), max)
    largest |= dict.fromkeys(("launch", "latency", "burst_overhead"), min)
    changed = {
        key: choose(getattr(spec, key), getattr(found, key))
        for key, choose in largest.items()
        if found is not None and hasattr(spec, key)
    }
    return spec.model_copy(update=changed)


def test_compulsory_bytes_and_what_lies_on_chip_already():
    workload = network(16, 16, 16)
    on = machine(latency="100 ns")
    moved = 4 * (2 * 16 * 64 + 2 * 256)
    assert terms(workload, on)["bytes on ddr"] == moved * 1000
    assert terms(workload, on, kept={"w0": 1024})["bytes on ddr"] == (moved - 1024) * 1000
    again = 2 * moved - 2 * 1024
    assert terms(workload, on, repeats=2)["bytes on ddr"] == again * 1000


def test_launches_are_shared_between_units():
    workload = network(16, 16, 16, 16, 16)
    macs_ps = 4 * 2 * 16 * 16 * 64
    alone, both = (terms(workload, machine(launch="1 us", units=units)) for units in (1, 2))
    assert alone["work on matrix0"] == macs_ps + 4_000_000
    assert both["work on matrix0+matrix1"] == (macs_ps + 4_000_000) // 2


def test_equal_units_of_one_component_share_work_and_launches():
    workload = network(16, 16, 16)
    one = machine(launch="1 us")
    pair = one.components["matrix0"].model_copy(update={"count": 2})
    two = replace(one, components={**one.components, "matrix0": pair})
    assert terms(workload, two)["work on matrix0"] == (2 * 2 * 16 * 16 * 64 + 2_000_000) // 2


def test_on_one_processor_products_and_the_rest_add_up():
    workload = network(16, 16, pooled=(16, 32))
    products, others = 2 * (16 * 16 * 65 + 16 * 32) * 1000, 16 * 64 * 2000
    on = one_processor(host="0.5 GOP/s", launch="1 us")
    assert terms(workload, on)["work on cpu"] == products + others + 4 * 1_000_000
    assert on.least_ps(Work(macs=workload.macs, vector_ops=workload.vector_ops))["cpu"] == products + others


def test_each_data_type_counts_at_its_own_rate():
    """A network half in int8 takes half of its products at the int8 rate."""
    workload = network(16, 16, 16)
    types = {"x": "int8", "w0": "int8"}
    tensors = {
        name: replace(tensor, dtype=types.get(name, "fp32")) for name, tensor in workload.tensors.items()
    }
    mixed = replace(workload, tensors=tensors)
    on = machine(rate={"int8": "4 GOP/s", "fp32": "1 GFLOP/s"})
    each = 2 * 16 * 16 * 64
    assert terms(mixed, on)["work on matrix0"] == each * 1000 + each * 250
    assert terms(workload, on)["work on matrix0"] == 2 * each * 1000


def test_work_lies_between_the_first_load_and_the_last_store():
    workload = network(16, 16)
    on = machine(latency="100 ns", rate="1 MFLOP/s")
    work = 2 * 16 * 16 * 64 * 10**6
    assert terms(workload, on)["first load, last store"] == work + 2 * (100_000 + 1000)


def test_limited_run_ahead_adds_early_work_and_late_weights():
    """When the first of three convolutions is complete, all of the last one's weights are yet to be used."""
    workload = network(16, 16, pooled=(16, 512))
    found = lower_bound(workload, machine(capacity=2048, rate="1 GFLOP/s", latency="100 ns"))
    (run_ahead,) = [term for term in found.terms if term.name == "run-ahead"]
    first_load, work = 101_000, 2 * 16 * 16 * 64 * 1000
    weights, outputs = 512 * 16 * 4, 512 * 4
    assert run_ahead.ps == first_load + work + (weights - 2048 + outputs) * 1000
    assert found.tightest is run_ahead
    assert run_ahead.operators == ("conv0",)
    assert run_ahead.reason == (
        "`conv0` is complete only after what it depends on, which keeps matrix0 busy; then 32 KiB have yet "
        "to move over ddr: weights beyond what memory can hold ahead, and outputs."
    )


def test_weights_of_the_very_next_operator_may_have_been_used_before():
    """Its sums can be made in chunks, and all channels but that of the last element are there."""
    small = machine(capacity=1024, rate="1 GFLOP/s")
    work, late = 2 * 16 * 16 * 64 * 1000, (512 * 16 * 4 - 1024) * 1000
    assert terms(network(16, 16, pooled=(16, 512)), small)["run-ahead"] > work + late
    assert terms(network(16, 16, pooled=(512,)), small)["run-ahead"] < work + late


@pytest.mark.parametrize("name", ["resnet20", "mobilenet_v2"])
@pytest.mark.parametrize("preset", ["edge-npu", "paper"])
def test_shipped_networks(name, preset):
    result = simulate(name, chip=preset, record="none")
    assert result.bounds.lower.makespan_ps <= result.makespan_ps
    assert all(ps <= result.bounds.makespan for ps in result.bounds.engines.values())


def test_a_transformer_whose_outputs_need_one_token_alone():
    """Only a part of the last layer is needed, and everything before it: that still counts."""
    workload = read(shipped.workload("vit_b_16"))
    found = terms(workload, paper_chip(rate="1 GFLOP/s"))
    assert found["run-ahead"] > 0.9 * found["work on matrix"]
    assert found["work on matrix"] == 2000 * workload.macs


def test_without_a_peak_nothing_is_claimed():
    class Silent(MatrixSpec):
        def at_peak_ps(self, work: Work):
            return 0

    workload = network(4, 4)
    plain = machine()
    silent = Silent.model_validate({"kind": "matrix", "rate": "1 TFLOP/s"})
    found = terms(workload, replace(plain, components={**plain.components, "matrix0": silent}))
    assert "work on matrix0" not in found
    assert found["bytes on ddr"] > 0
