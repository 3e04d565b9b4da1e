"""Memories that are refused at once, and those that the refusal names."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from simres import SimresError, api
from simres.hardware.specs import SramSpec
from simres.scheduling import least_memory
from simres.scheduling.groups import groups, operators
from simres.scheduling.least_memory import HINTED_STEPS, LeastMemory, fitting
from simres.scheduling.plans import one_by_one
from simres.scheduling.tiling import DoesNotFit, Tiling
from simres.scheduling.unfused import unfused
from simres.testing import workloads
from simres.workload.json import from_document
from simres.workload.operators import Role


def memory(capacity, alignment=1):
    return SramSpec(kind="sram", capacity=capacity, alignment=alignment)


@given(workloads(), st.integers(1, 5000), st.sampled_from([1, 1, 64]), st.booleans())
def test_what_is_refused_at_once_cannot_be_tiled(workload, capacity, alignment, pin):
    workload = unfused(workload)
    spec = memory(capacity, alignment)
    weights = [name for name, tensor in workload.tensors.items() if tensor.role is Role.WEIGHT]
    pinned = frozenset(weights[:1] if pin else ())
    try:
        LeastMemory(workload, spec, pinned).check("sram")
    except DoesNotFit:
        with pytest.raises(DoesNotFit):
            Tiling(workload, "sram", spec, one_by_one(groups(workload)), pinned=pinned)
    else:
        assume(False)


@given(workloads(), st.integers(1, 2000), st.sampled_from([1, 64]))
def test_the_memory_that_a_refusal_names_does(workload, capacity, alignment):
    workload = unfused(workload)
    try:
        fitting(workload, "sram", memory(capacity, alignment))
    except SimresError as error:
        enough = int(error.hint.split('capacity="')[1].split(" B")[0])
        assert enough > capacity
        found = fitting(workload, "sram", memory(enough, alignment))
        assert found.count <= 2 * max(HINTED_STEPS, len(operators(workload)))
    else:
        assume(False)


def test_a_memory_for_one_operator_is_named_to_the_byte():
    workload = api.find_workload("resnet20")
    spec = memory(7)
    with pytest.raises(SimresError) as error:
        fitting(workload, "sram", spec)
    enough = int(error.value.hint.split('capacity="')[1].split(" B")[0])
    plan = one_by_one(groups(workload))
    assert Tiling(workload, "sram", memory(enough), plan).count <= 2 * HINTED_STEPS
    assert (
        LeastMemory(workload, spec, frozenset()).enough
        <= enough
        < 4 * LeastMemory(workload, spec, frozenset()).enough
    )


def test_nothing_is_cut_before_a_refusal(monkeypatch):
    """A tensor of 10^14 elements: each memory that is tried by cutting takes thousands of tiles."""
    shape = [1, 10**14]
    tensors = [
        {"name": "x", "role": "input", "shape": shape, "dtype": "fp32"},
        {"name": "y", "role": "activation", "shape": shape, "dtype": "fp32"},
    ]
    op = {"name": "relu", "kind": "relu", "unit": "host", "inputs": ["x"], "outputs": ["y"]}
    huge = from_document(
        {
            "schema_version": 1,
            "form": "graph",
            "name": "huge",
            "tensors": tensors,
            "outputs": ["y"],
            "ops": [{**op, "vector_ops": 10**14}],
        }
    )
    tried = []
    monkeypatch.setattr(least_memory, "Tiling", lambda *_args, **more: tried.append(more.get("most")))
    with pytest.raises(SimresError, match="its smallest tile takes 12207031252 B"):
        fitting(huge, "sram", memory(4096))
    assert tried == [2 * HINTED_STEPS]
