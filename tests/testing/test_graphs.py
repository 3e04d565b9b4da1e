"""What is drawn is what a trace could be: valid, of every kind, and the same after its file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from simres.testing import graphs
from simres.testing.graphs import KINDS
from simres.testing.graphs.graph_builder import MOST_ELEMENTS, NUMBERS
from simres.tracing.prices import PRICES
from simres.workload import Role, Unit, Workload
from simres.workload.json import dumps, loads
from simres.workload.rules import problems_of_workload

EVERYTHING = graphs(kinds=KINDS, dtypes=(*NUMBERS, "int4"), partly=True)


@settings(max_examples=100, deadline=None)
@given(EVERYTHING)
def test_a_drawn_graph_is_a_valid_workload(workload: Workload) -> None:
    assert list(problems_of_workload(workload)) == []
    assert loads(dumps(workload)) == workload
    assert workload.macs == sum(op.loops.macs for op in workload.ops if op.loops is not None)
    assert all(op.vector_ops > 0 for op in workload.ops if op.unit is Unit.HOST)
    assert all(0 < tensor.elements <= MOST_ELEMENTS for tensor in workload.tensors.values())
    read = {name for op in workload.ops for name in op.inputs}
    made = {name for op in workload.ops for name in op.outputs}
    assert made - read <= set(workload.outputs) <= made


def collected(count: int, max_ops: int, kinds: Sequence[str]) -> list[Workload]:
    """So many, the same ones each time."""
    found: list[Workload] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(graphs(max_ops, kinds, partly=True))
    def collect(workload: Workload) -> None:
        found.append(workload)

    collect()
    return found


@cache
def drawn() -> tuple[Workload, ...]:
    """Graphs of all kinds, and some of each kind alone."""
    alone = (workload for kind in KINDS for workload in collected(10, 3, [kind]))
    return (*collected(300, 12, KINDS), *alone)


UNDRAWN = {
    *("tan", "asin", "atan", "atan2", "sinh", "asinh", "atanh", "hypot", "erfc", "special", "frac"),
    *("random", "random_bernoulli", "random_log", "random_normal", "dropout", "quantise"),
    *("complex_mul", "complex_div", "complex_reciprocal", "complex_abs", "complex_angle", "complex_exp"),
    *("polar", "conj", "fft", "sort", "topk", "median", "search", "histogram", "distance", "logcumsumexp"),
    *("masked_scatter", "interpolate_trilinear", "interpolate_antialiased"),
    *("grid_nearest", "grid_bilinear", "grid_trilinear", "grid_bicubic", "coordinates"),
    *("cholesky", "lu", "solve", "solve_triangular", "qr", "eigh", "eig", "svd", "roi_align", "roi_pool"),
}
"""Kinds that no random graph has yet; in tests/tracing they are traced and simulated."""


def test_every_kind_is_drawn() -> None:
    """Those of the table of costs, those that only move bytes, views, and matrix work."""
    found = Counter(op.kind for workload in drawn() for op in workload.ops)
    moved = {"pad", "concat", "copy", "roll", "flip", "repeat", "gather", "scatter", "interpolate_nearest"}
    shown = {"reshape", "permute", "squeeze", "unsqueeze", "slice", "select", "expand", "split"}
    matrix = {"conv", "linear", "matmul"}
    wanted = (PRICES.keys() | moved | shown | matrix) - UNDRAWN
    assert wanted - found.keys() == set()


def test_every_attribute_that_matters_is_drawn() -> None:
    ops = [op for workload in drawn() for op in workload.ops]
    convs = [op for op in ops if op.kind == "conv"]
    assert {bool(op.attributes.get("transposed")) for op in convs} == {True, False}
    assert {
        len(workload.tensors[op.inputs[1]].shape) - 2
        for workload in drawn()
        for op in workload.ops
        if op.kind == "conv"
    } == {1, 2, 3}
    assert any(op.loops is not None and op.loops.groups > 1 for op in convs)
    windows = [op.window for op in ops if op.window is not None]
    for name, usual in (("stride", 1), ("dilation", 1), ("kernel", 1)):
        assert any(min(getattr(window, name)) > usual for window in windows), name
    assert any(max(window.padding) > 0 for window in windows)
    assert {op.unit for op in ops} == set(Unit)
    assert any(len(op.outputs) > 1 for op in ops)


def test_branches_skips_batches_and_several_inputs_and_outputs_are_drawn() -> None:
    inputs, outputs, images, dtypes, readers = (set() for _ in range(5))
    for workload in drawn():
        given_ = [tensor for tensor in workload.tensors.values() if tensor.role is Role.INPUT]
        inputs.add(len(given_))
        outputs.add(len(workload.outputs))
        images.add(given_[0].shape[0])
        dtypes.update(tensor.dtype for tensor in workload.tensors.values())
        readers.update(len(ops) for ops in workload.consumers.values())
    assert {1, 2, 3} <= inputs
    assert {1, 2, 3} <= outputs
    assert images == {1, 2, 3}
    assert {*NUMBERS, "int64", "bool"} <= dtypes
    assert {0, 1, 2, 3} <= readers


def test_only_the_kinds_asked_for_are_drawn() -> None:
    @settings(max_examples=30, deadline=None)
    @given(graphs(4, ["relu", "add"]))
    def drawn_of(workload: Workload) -> None:
        assert {op.kind for op in workload.ops} <= {"relu", "add"}

    drawn_of()
    with pytest.raises(ValueError, match=r"no kinds \['conv2d'\]; there are conv, "):
        graphs(kinds=["conv2d"])
