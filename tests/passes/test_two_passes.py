"""Normalisations whose statistics are over more than fits on chip run in two passes over their input."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simres
from simres.errors import AnswerIsNo
from simres.hardware.specs import SramSpec
from simres.passes.two_passes import divided, divisible, in_two_passes, too_large
from simres.plugins.registry import Registry
from simres.reporting.text.headline import remarks
from simres.scenario.loader import from_document
from simres.scheduling import overlapped, serial
from simres.scheduling.parameters import NoParameters
from simres.testing import paper_chip, prove, workloads
from simres.workload import Op, Role, Tensor, Unit, Workload
from simres.workload.boxes import Box
from simres.workload.kinds import KINDS as TABLE
from simres.workload.rules import problems_of_workload
from tests.support.defined_operators import KINDS


def points(box: Box) -> set[tuple[int, ...]]:
    return set(product(*(range(start, stop) for start, stop in box)))


def norm(
    kind: str, shape: tuple[int, ...], vectors: int = 0, **attributes: int | tuple[int, ...]
) -> Workload:
    """One operator over an input of this shape, with so many vectors of weights."""
    size = shape[1:2] if TABLE[kind].maps else shape[-1:]
    weights = [f"weight{number}" for number in range(vectors)]
    tensors = {"x": Tensor("x", Role.INPUT, shape), "y": Tensor("y", Role.ACTIVATION, shape)}
    tensors |= {name: Tensor(name, Role.WEIGHT, size) for name in weights}
    cost = TABLE[kind].cost
    assert cost is not None
    ops = cost.ops * tensors["x"].elements
    op = Op("norm", kind, Unit.HOST, ("x", *weights), ("y",), vector_ops=ops, attributes=attributes)
    return Workload("normalised", tensors, (op,), ("y",))


REGISTRY = Registry(external=False)

LARGE = {
    "group_norm": norm("group_norm", (1, 32, 32, 32), 2, group=4),
    "of a vector": norm("group_norm", (2, 30_000), 2, group=2),
    "instance_norm": norm("instance_norm", (1, 4, 128, 128)),
    "layer_norm": norm("layer_norm", (3, 40_000), 2, normalized_shape=(40_000,)),
    "over several axes": norm("layer_norm", (1, 8, 64, 64), normalized_shape=(8, 64, 64)),
    "rms_norm": norm("rms_norm", (1, 2, 30_000), 1, normalized_shape=(30_000,)),
    "softmax": norm("softmax", (1, 2, 3, 30_000), dim=3),
    "along channels": norm("softmax", (1, 30_000, 2, 2), dim=1),
    "log_softmax": norm("log_softmax", (40_000,), dim=0),
    "of unknown reach": norm("layer_norm", (1, 200, 200)),
}


@pytest.mark.parametrize("drawn", ["normalisation", "reduction"])
@settings(deadline=None)
@given(data=st.data())
def test_the_two_passes_read_what_the_operator_reads(drawn, data):
    """Behind the statistics that an element is made of are those elements of which the operator makes it."""
    workload = data.draw(KINDS[drawn]).workload
    found = in_two_passes(workload, divisible(workload))
    assert not list(problems_of_workload(found))
    assert divided(found) == divisible(workload)
    if not divided(found):
        return
    (old,) = workload.ops
    first, second = found.ops
    assert first.vector_ops + second.vector_ops == old.vector_ops
    assert found.compulsory_bytes == workload.compulsory_bytes
    (gathers,), reaches = found.reaches(first), found.reaches(second)
    behind = {at: points(box) for at in points(whole(found, first)) if (box := gathers(box_at(at)))}
    assert sum(map(len, behind.values())) == found.tensors[old.inputs[0]].elements
    combined = second.inputs.index(first.outputs[0])
    for at in points(whole(found, second)):
        box = box_at(at)
        read = reaches[combined](box)
        wanted = workload.reaches(old)[0](box)
        assert read is not None
        assert wanted is not None
        assert set().union(*(behind[part] for part in points(read))) == points(wanted)
        if combined:
            assert reaches[0](box) == box


def whole(workload: Workload, op: Op) -> Box:
    return tuple((0, size) for size in workload.tensors[op.outputs[0]].shape)


def box_at(at: tuple[int, ...]) -> Box:
    return tuple((one, one + 1) for one in at)


@pytest.mark.parametrize("name", LARGE)
@pytest.mark.parametrize("scheduler", ["serial", "overlapped"])
def test_it_fits_into_a_fraction_of_what_it_is_over(name, scheduler):
    workload = LARGE[name]
    found = in_two_passes(workload, divisible(workload))
    machine = paper_chip("8 KiB")
    assert too_large(workload, SramSpec(kind="sram", capacity="8 KiB")) == ("norm",)
    if scheduler == "serial":
        program = serial.schedule(found, machine, NoParameters())
    else:
        program = overlapped.schedule(found, machine, overlapped.Parameters())
    prove(program, machine, found)
    assert sum(task.work.vector_ops for task in program.tasks) == workload.vector_ops
    assert program.bytes_read > 1.9 * workload.tensors["x"].nbytes


def scenario(capacity: int, **more: object):
    chip = {"hardware": {"sram": {"capacity": f"{capacity} B"}}}
    return from_document({"workload": "resnet20", "chip": "paper", **chip, **more}, registry=REGISTRY)


def test_results_and_bounds_are_those_of_the_network_and_say_so(tmp_path):
    workload = norm("group_norm", (1, 320, 64, 64), 2, group=32)
    found = simres.simulate(scenario(110_592), workload=workload)
    assert found.workload is workload
    assert [op.name for op in found.scheduled.ops] == ["norm.statistics", "norm"]
    large = simres.simulate(scenario(1 << 20), workload=workload)
    assert large.rewritten is None
    assert found.bounds.engines == large.bounds.engines
    assert found.makespan_ps > large.makespan_ps
    said = "Too large for the on-chip memory in one pass: norm; its input is read twice."
    assert said in remarks(found)
    assert not any("one pass" in one or "Passes" in one for one in remarks(large))
    path = tmp_path / "result.json"
    path.write_text(found.to_json())
    assert said in remarks(simres.load(path))


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(sorted(LARGE)), st.integers(8_000, 400_000), st.integers(1, 100_000))
def test_more_memory_is_never_refused(name, capacity, more):
    held(LARGE[name], capacity, more)


@settings(max_examples=100, deadline=None)
@given(workloads(), st.integers(16, 2_000), st.integers(1, 1_000))
def test_more_memory_is_never_refused_to_any_network(workload, capacity, more):
    held(workload, capacity, more)


def held(workload: Workload, capacity: int, more: int) -> None:
    """What runs with so much memory runs with more, and does the same work."""
    try:
        found = simres.simulate(scenario(capacity, scheduler="serial"), workload=workload, registry=REGISTRY)
    except AnswerIsNo:
        return
    larger = simres.simulate(
        scenario(capacity + more, scheduler="serial"), workload=workload, registry=REGISTRY
    )
    assert found.bounds.engines == larger.bounds.engines
