"""The kind `vector`: passes over elements through two ports and a memory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simres_systolic.vector import OPERANDS, VectorSpec

from simres.program import Work
from simres.workload import Op, Unit, Window

PORT_PS = 100
"""Picoseconds of a value in, and of one out: ten a cycle at 1 GHz."""
BYTE_PS = 10
"""Of memory at 100 GB/s."""


def unit(**more: object) -> VectorSpec:
    return VectorSpec.model_validate({"kind": "vector", "clock": "1 GHz", "port": 10, **more})


def work(kind: str, vector_ops: int, inputs: int = 1, dtype: str = "fp16", **more: object) -> Work:
    """All of an operator of this kind."""
    names = tuple("abc"[:inputs])
    op = Op("y", kind, Unit.HOST, names, ("y",), vector_ops=vector_ops, **more)  # type: ignore[arg-type]
    return Work(vector_ops=vector_ops, op=op, dtype=dtype)


def test_values_in_and_out_overlap():
    assert unit().duration_ps(work("relu", 1000)) == 1000 * PORT_PS
    assert unit().duration_ps(work("add", 1000, inputs=2)) == 2000 * PORT_PS


def test_the_first_elements_do_not():
    found = unit(staging=400, launch="1 ns").duration_ps(work("relu", 1000))
    assert found == 1000 + 1000 * PORT_PS + 400 * PORT_PS


def test_elements_follow_from_what_an_operator_costs():
    """A sigmoid is four operations an element."""
    assert unit().duration_ps(work("sigmoid", 4000)) == unit().duration_ps(work("relu", 1000))


def test_a_slow_memory_counts_instead_of_the_ports():
    slow = unit(memory="10 GB/s")  # 100 ps a byte
    assert slow.duration_ps(work("relu", 1000)) == 1000 * 4 * 100
    assert unit(memory="1 TB/s").duration_ps(work("relu", 1000)) == 1000 * PORT_PS
    both = unit(memory="20 GB/s", memory_both="10 GB/s")
    assert both.duration_ps(work("relu", 1000)) == 1000 * 4 * 100


def test_operands_may_be_of_another_type_than_the_result():
    slow, attributes = unit(memory="10 GB/s"), {OPERANDS: "fp16"}
    wide = slow.duration_ps(work("batch_norm", 2000, dtype="fp32", attributes=attributes))
    assert wide == 1000 * (2 + 4) * 100


def test_a_norm_reads_memory_in_its_first_pass_only():
    """RMS norm, four operations an element: a pass that reads 2 bytes, then one that writes 2."""
    found = unit(memory="10 GB/s", launch="1 ns").duration_ps(work("rms_norm", 4000))
    assert found == 2 * 1000 + 1000 * 2 * 100 + 1000 * 2 * 100
    assert unit(launch="1 ns").duration_ps(work("layer_norm", 7000)) == 3 * (1000 + 1000 * PORT_PS)


def test_a_channel_s_values_are_no_operands():
    assert unit().duration_ps(work("batch_norm", 2000, inputs=3)) == 1000 * PORT_PS


def test_divisions_come_on_top():
    dividing = unit(divisions=5)
    assert dividing.duration_ps(work("div", 1000, inputs=2)) == 2000 * PORT_PS + 1000 * 200
    assert dividing.duration_ps(work("mul", 1000, inputs=2)) == 2000 * PORT_PS


def test_poolings_go_by_their_windows():
    window = Window((2, 2), (2, 2), (0, 0, 0, 0), (1, 1))
    slow = unit(windows=2)
    largest = slow.duration_ps(work("max_pool", 4000, window=window))
    assert largest == 4000 * 500
    assert slow.duration_ps(work("avg_pool", 4000, window=window)) == largest + 1000 * PORT_PS


def test_work_without_an_operator_is_a_pass():
    assert unit().duration_ps(Work(vector_ops=1000)) == 1000 * PORT_PS


@given(
    st.sampled_from(["relu", "add", "sigmoid", "batch_norm", "layer_norm", "max_pool", "avg_pool"]),
    st.integers(1, 10**7),
    st.integers(1, 10**6),
    st.integers(1, 64),
)
def test_no_work_is_faster_than_at_the_peak_or_than_less_work(kind, ops, staging, windows):
    spec = unit(staging=staging, windows=windows, memory="50 GB/s", launch="1 ns")
    whole = work(kind, ops, inputs=2 if kind == "add" else 1)
    assert spec.duration_ps(whole) >= spec.at_peak_ps(whole)
    for op in (None, Op("", kind, Unit.HOST, (), ())):  # what bounds ask of sums
        assert spec.duration_ps(whole) >= spec.at_peak_ps(Work(vector_ops=ops, op=op))
    half = Work(vector_ops=max(1, ops // 2), op=whole.op, dtype=whole.dtype)
    assert spec.duration_ps(half) <= spec.duration_ps(whole)


def test_a_port_is_needed():
    with pytest.raises(ValueError, match="port"):
        VectorSpec.model_validate({"kind": "vector", "clock": "1 GHz"})
