"""Operators of ordinary networks: each has a cost by shapes and attributes, and products stay products."""

# ruff: noqa: E402
from __future__ import annotations

import math
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simres
from simres.workload import Role, Unit, Workload

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: N812
from torch import nn

from simres.tracing import trace
from simres.tracing.flops import flop_counter_macs

pytestmark = pytest.mark.torch


class Call(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *inputs):
        return self.function(*inputs)


def traced(function, *inputs: object, batch: int = 1) -> Workload:
    return trace(Call(function), list(inputs), batch=batch, operators={})


def levels(count: int) -> int:
    return max(1, math.ceil(math.log2(count)))


SIZES = {"rows": st.integers(1, 4), "size": st.integers(1, 40)}


@given(**SIZES, data=st.data())
@settings(max_examples=6, deadline=None)
def test_sorting_costs_n_log_n_and_keeping_k_costs_n_log_k(rows, size, data) -> None:
    kept = data.draw(st.integers(1, size))
    found = traced(
        lambda x: (x.sort(-1)[0], x.topk(kept, 1)[0], x.kthvalue(kept, -1)[0]), (size,), batch=rows
    )
    costs = [op.vector_ops for op in found.ops]
    n = rows * size
    assert costs == [n * levels(size), n * levels(kept), n * levels(min(kept, size - kept + 1))]
    assert found.outputs == tuple(op.outputs[0] for op in found.ops)
    assert simres.simulate(found, chip="paper").makespan_ps > 0


@given(**SIZES, boundaries=st.integers(1, 20))
@settings(max_examples=4, deadline=None)
def test_a_search_costs_a_comparison_a_level(rows, size, boundaries) -> None:
    edges = torch.arange(float(boundaries))
    found = traced(lambda x: (torch.bucketize(x, edges), torch.searchsorted(edges, x)), (size,), batch=rows)
    assert [op.vector_ops for op in found.ops] == [rows * size * levels(boundaries + 1)] * 2


@given(
    n=st.integers(1, 2),
    c=st.integers(1, 3),
    sizes=st.lists(st.integers(1, 5), min_size=3, max_size=3),
    outs=st.lists(st.integers(1, 5), min_size=3, max_size=3),
    axes=st.sampled_from([2, 3]),
    mode=st.sampled_from(["bilinear", "nearest", "bicubic"]),
    padding=st.sampled_from(["zeros", "border", "reflection"]),
)
@settings(max_examples=8, deadline=None)
def test_sampling_costs_its_taps_and_its_coordinates(n, c, sizes, outs, axes, mode, padding) -> None:
    if axes == 3 and mode == "bicubic":
        mode = "bilinear"
    sizes, outs = sizes[:axes], outs[:axes]

    def bend(x, grid):
        return F.grid_sample(x, grid, mode=mode, padding_mode=padding, align_corners=False)

    found = traced(bend, (c, *sizes), (*outs, axes), batch=n)
    each = {"nearest": 1, "bicubic": 35, "bilinear": 9 if axes == 2 else 21}[mode]
    places = n * math.prod(outs)
    assert found.vector_ops == each * c * places + 4 * axes * places


@given(
    bags=st.integers(1, 3),
    rows=st.integers(1, 9),
    width=st.integers(1, 8),
    mode=st.sampled_from(["sum", "mean", "max"]),
)
@settings(max_examples=6, deadline=None)
def test_a_bag_adds_each_number_that_it_reads(bags, rows, width, mode) -> None:
    module = nn.EmbeddingBag(50, width, mode=mode)
    found = trace(module, f"{rows}:int64", batch=bags, operators={})
    kinds = {op.kind: op.vector_ops for op in found.ops}
    assert kinds["scatter_reduce"] == bags * rows * width
    assert found.vector_ops == bags * rows * width + (bags * width + 3 * bags if mode == "mean" else 0)
    assert found.bytes_in == min(50, bags * rows) * width * 4 + sum(
        tensor.nbytes for tensor in found.tensors.values() if tensor.name in used(found) and not_table(tensor)
    )


def used(workload: Workload) -> set[str]:
    return {name for op in workload.ops for name in op.inputs}


def not_table(tensor) -> bool:
    return tensor.role is not Role.ACTIVATION and tensor.name != "weight"


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_a_bag_taken_apart_computes_what_it_did(mode: str) -> None:
    from simres.tracing.export import export
    from simres.tracing.input_shapes import input_shapes

    torch.manual_seed(0)
    module = nn.EmbeddingBag(9, 4, mode=mode)
    program = export(module, input_shapes("7:int64, 3:int64"), None, "bag").program
    indices, offsets = torch.tensor([3, 1, 4, 1, 5, 8, 2]), torch.tensor([0, 2, 3])
    assert torch.allclose(program.module()(indices, offsets), module(indices, offsets))


@given(
    x=st.tuples(st.integers(1, 3), st.integers(1, 9), st.integers(1, 9)),
    dims=st.lists(st.integers(-2, -1), min_size=1, max_size=2, unique=True),
)
@settings(max_examples=6, deadline=None)
def test_a_transform_costs_5_n_log_n(x, dims) -> None:
    n, rows, columns = x
    size = {-1: columns, -2: rows}
    whole = sum(5 * n * rows * columns * levels(size[dim]) for dim in dims)
    found = traced(lambda x: torch.fft.fftn(x, dim=dims).real, (rows, columns), batch=n)
    kinds = [(op.kind, op.vector_ops) for op in found.ops if op.unit is Unit.HOST]
    assert sum(cost for kind, cost in kinds if kind == "fft") == whole
    assert {kind for kind, _ in kinds} <= {"fft", "cast"}
    complexes = [tensor for tensor in found.tensors.values() if tensor.dtype == "complex64"]
    assert all(tensor.nbytes == 8 * tensor.elements for tensor in complexes)
    assert simres.simulate(found, chip="paper").makespan_ps > 0


def test_a_one_sided_transform_costs_half_of_its_last_axis() -> None:
    found = traced(lambda x: torch.fft.irfft(torch.fft.rfft(x)), (64,))
    assert [op.vector_ops for op in found.ops] == [5 * 32 * 6] * 2


COMPLEX = {
    "product": (lambda a, b: a * b, 6),
    "scaled": (lambda a, b: a * 2.0, 2),
    "turned": (lambda a, b: a * 2j, 6),
    "quotient": (lambda a, b: a / b, 12),
    "sum": (lambda a, b: a + b, 2),
    "magnitude": (lambda a, b: a.abs(), 4),
    "angle": (lambda a, b: a.angle(), 19),
    "exponential": (lambda a, b: a.exp(), 5),
    "negative": (lambda a, b: -a, 2),
    "conjugate": (lambda a, b: torch.conj_physical(a), 1),
}


@pytest.mark.parametrize("name", COMPLEX)
def test_complex_arithmetic_costs_what_its_real_parts_do(name: str) -> None:
    function, price = COMPLEX[name]

    def compute(a, b):
        made = function(torch.view_as_complex(a), torch.view_as_complex(b))
        return torch.view_as_real(made) if made.is_complex() else made

    assert traced(compute, (16, 2), (16, 2), batch=3).vector_ops == price * 3 * 16


def test_a_complex_product_of_matrices_counts_as_torch_counts_it() -> None:
    def mix(x, y):
        return (torch.complex(x, y) @ torch.complex(y, x)).imag

    assert traced(mix, (4, 4), (4, 4)).macs == flop_counter_macs(Call(mix), [(4, 4), (4, 4)]) == 64


@given(
    alpha=st.sampled_from([0.5, 1, 2]),
    beta=st.sampled_from([0, 1, 0.25]),
    name=st.sampled_from(["addmm", "baddbmm", "addbmm"]),
)
@settings(max_examples=8, deadline=None)
def test_scaled_products_are_products_and_scales(alpha, beta, name) -> None:
    n, p, m, q = 3, 4, 5, 6

    def compute(x, a, b):
        if name == "addmm":
            x, a, b = x[0], a[0], b[0]
        elif name == "addbmm":
            x = x[0]
        return getattr(torch, name)(x, a, b, alpha=alpha, beta=beta)

    given = [(p, q), (p, m), (m, q)]
    found = traced(compute, *given, batch=n)
    products = 1 if name == "addmm" else n
    elements = p * q * (n if name == "baddbmm" else 1)
    assert found.macs == products * p * m * q == flop_counter_macs(Call(compute), given, batch=n)
    factors = (alpha != 1) + (beta not in (0, 1))
    assert found.vector_ops == elements * (factors + (beta != 0))


def test_each_row_of_a_mixture_of_experts_is_multiplied_once() -> None:
    def mix(x, weight, ends):
        return torch._grouped_mm(x.bfloat16(), weight.bfloat16(), offs=ends)

    found = trace(Call(mix), ["32x16", "4x16x8", "4:int32"], batch=None, operators={})
    assert found.macs == 32 * 16 * 8
    assert simres.simulate(found, chip="paper").makespan_ps > 0


def test_a_bilinear_layer_is_two_products() -> None:
    found = trace(nn.Bilinear(4, 5, 6), [(4,), (5,)], batch=3, operators={})
    assert found.macs == 3 * (4 * 5 * 6 + 5 * 6)
    assert found.macs == flop_counter_macs(nn.Bilinear(4, 5, 6), [(4,), (5,)], batch=3)


VIEWED = {
    "standardised": (
        lambda x, w: F.conv2d(x, w - w.mean((1, 2, 3), keepdim=True)),
        (8, 3, 3, 3),
        (8, 3, 3, 3),
    ),
    "in rows": (lambda x, w: F.conv2d(x, w.view(8, 3, 3, 3)), (8, 27), (8, 3, 3, 3)),
    "of a linear layer": (lambda x, w: F.conv2d(x, w[:, :, None, None]), (8, 3), (8, 3, 1, 1)),
    "permuted": (lambda x, w: F.conv2d(x, w.permute(3, 2, 0, 1)), (3, 3, 3, 8), (8, 3, 3, 3)),
    "along one axis": (lambda x, w: F.conv1d(x.flatten(2), w[..., None]), (8, 3), (8, 3, 1)),
    "transposed": (lambda x, w: x.flatten(0, 2) @ w.t(), (50, 8), (50, 8)),
    "as it is": (lambda x, w: x.flatten(0, 2) @ w, (8, 50), (8, 50)),
    "of a convolution": (lambda x, w: F.linear(x, w.flatten(1)), (50, 8, 1, 1), (50, 8)),
    "read twice": (
        lambda x, w: F.linear(F.conv2d(x, w[:, :, None, None]).permute(0, 2, 3, 1), w),
        (3, 3),
        (3, 3, 1, 1),
    ),
}
"""By name: a function of an input and a weight, the weight's shape, and that in which it is stored."""


@pytest.mark.parametrize("name", VIEWED)
def test_a_product_reads_a_weight_in_the_shape_that_a_view_gave_it(name: str) -> None:
    function, shape, stored = VIEWED[name]

    class Weighted(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.zeros(shape))

        def forward(self, x):
            return function(x, self.w)

    found = trace(Weighted(), (3, 8, 8), operators={})
    assert found.macs == flop_counter_macs(Weighted(), (3, 8, 8))
    products = [op for op in found.ops if op.unit is Unit.MATRIX]
    shapes = [found.tensors[op.inputs[1]].shape for op in products]
    assert shapes == [stored, (3, 3)][: len(products)]
    small = {"hardware.sram.capacity": "4 kB"}
    assert simres.simulate(found, chip="paper", overrides=small).makespan_ps > 0


def test_a_weight_that_is_one_number_everywhere_is_a_weight() -> None:
    found = traced(lambda x: F.conv_transpose1d(x, torch.ones(4, 2, 3)), (4, 8))
    assert found.macs == 4 * 2 * 3 * 8
    assert found.weight_bytes == 4 * 24
    assert simres.simulate(found, chip="paper").makespan_ps > 0


PER_ELEMENT = {
    "tan": (torch.tan, 4),
    "asin": (torch.asin, 12),
    "acos": (torch.acos, 12),
    "atan": (torch.atan, 14),
    "atan2": (lambda x: torch.atan2(x, torch.ones(16)), 19),
    "sinh": (torch.sinh, 4),
    "cosh": (torch.cosh, 4),
    "asinh": (torch.asinh, 5),
    "acosh": (torch.acosh, 5),
    "atanh": (torch.atanh, 6),
    "hypot": (lambda x: torch.hypot(x, torch.ones(16)), 4),
    "erfc": (torch.erfc, 16),
    "erfinv": (torch.erfinv, 20),
    "lgamma": (torch.lgamma, 20),
    "i0": (torch.i0, 20),
    "cumprod": (lambda x: x.cumprod(-1), 1),
    "cummax": (lambda x: x.cummax(-1)[0], 1),
    "logcumsumexp": (lambda x: x.logcumsumexp(-1), 6),
    "var_mean": (lambda x: torch.var_mean(x, -1), 4),
    "histc": (lambda x: torch.histc(x, 5), 4),
    "masked_scatter": (lambda x: x.masked_scatter(x > 0, torch.zeros(1, 16)), 3),
    "scatter_reduce": (lambda x: torch.zeros(1, 4).scatter_reduce(1, x.long(), x, "amax"), 2),
    "scatter_add": (lambda x: torch.zeros(1, 4).scatter_add(1, torch.zeros(1, 16, dtype=torch.int64), x), 1),
    "index_add": (lambda x: torch.zeros(1, 4).index_add(1, torch.zeros(16, dtype=torch.int64), x), 1),
    "index_reduce": (
        lambda x: torch.zeros(1, 4).index_reduce(1, torch.zeros(16, dtype=torch.int64), x, "prod"),
        1,
    ),
    "uniform": (lambda x: x + torch.rand(1, 16), 28),
    "normal": (lambda x: x + torch.randn_like(x), 33),
    "whole": (lambda x: torch.randint_like(x, 9) + x, 28),
    "exponential": (lambda x: torch.empty_like(x).exponential_() + x, 30),
    "dropped": (lambda x: F.dropout(x, 0.5, training=True), 29),
    "shifted": (lambda x: x.int() << 2, 2),
    "fake": (lambda x: torch.fake_quantize_per_tensor_affine(x, 0.1, 0, -128, 127), 4),
}


@pytest.mark.parametrize("name", PER_ELEMENT)
def test_prices_per_element(name: str) -> None:
    function, price = PER_ELEMENT[name]
    found = traced(function, (16,))
    assert found.vector_ops == 16 * price
    assert not found.unmodelled


@given(p=st.integers(1, 5), r=st.integers(1, 5), m=st.integers(1, 8), power=st.sampled_from([1.0, 2.0, 3.0]))
@settings(max_examples=4, deadline=None)
def test_distances_cost_their_terms(p, r, m, power) -> None:
    found = traced(lambda x, y: torch.cdist(x, y, p=power), (p, m), (r, m), batch=2)
    assert found.vector_ops == 2 * p * r * m * (5 if power == 3 else 3)


@given(size=st.integers(4, 16), made=st.integers(1, 16), mode=st.sampled_from(["bilinear", "bicubic"]))
@settings(max_examples=6, deadline=None)
def test_antialiased_resizing_costs_its_taps(size, made, mode) -> None:
    found = traced(lambda x: F.interpolate(x, (made, made), mode=mode, antialias=True), (3, size, size))
    support = 1 if mode == "bilinear" else 2
    taps = min(size, 2 * support * max(1, math.ceil(size / made)))
    assert found.vector_ops == 2 * 3 * taps * (size * made + made * made)


class Prepared(nn.Module):
    """A network that rounds its weights and activations to integers, as those prepared for them do."""

    def __init__(self, low: int, high: int) -> None:
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, 8, 3), nn.Linear(8 * 9, 5)
        self.low, self.high = low, high

    def rounded(self, x):
        return torch.fake_quantize_per_tensor_affine(x, 0.1, 0, self.low, self.high)

    def forward(self, x):
        weight = torch.fake_quantize_per_channel_affine(
            self.conv.weight, torch.ones(8), torch.zeros(8, dtype=torch.int32), 0, -128, 127
        )
        y = self.rounded(F.relu(F.conv2d(self.rounded(x), weight, self.conv.bias)))
        y = F.max_pool2d(y, 2).flatten(1)
        return F.linear(y, self.rounded(self.fc.weight), self.fc.bias)


@pytest.mark.parametrize(
    ("low", "high", "dtype"), [(-128, 127, "int8"), (0, 255, "uint8"), (0, 127, "uint8"), (-8, 7, "int4")]
)
def test_fake_quantisation_is_traced_as_the_integers_it_stands_for(low, high, dtype) -> None:
    found = trace(Prepared(low, high), (3, 8, 8), operators={})
    assert found.macs == 3 * 8 * 9 * 36 + 72 * 5
    matrix = [op for op in found.ops if op.unit is Unit.MATRIX]
    assert [found.tensors[op.inputs[0]].dtype for op in matrix] == [dtype, dtype]
    assert [found.tensors[op.inputs[1]].dtype for op in matrix] == ["int8", dtype]
    assert sum(op.kind == "quantise" for op in found.ops) == 2
    assert sum(op.vector_ops for op in found.ops if op.kind == "quantise") == 4 * (192 + 288)
    assert {found.tensors[op.outputs[0]].dtype for op in found.ops if op.kind == "max_pool"} == {dtype}
    assert simres.simulate(found, chip="paper").makespan_ps > 0


def test_a_network_prepared_by_torch_has_a_quarter_of_the_weights() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ao = torch.ao.quantization
        module = nn.Sequential(
            ao.QuantStub(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 8), ao.DeQuantStub()
        )
        module.qconfig = ao.get_default_qat_qconfig("fbgemm")
        prepared = ao.prepare_qat(module.train())
        prepared(torch.randn(4, 64))
    found = trace(prepared, (64,), operators={})
    assert found.macs == 64 * 32 + 32 * 8
    assert found.weight_bytes == 64 * 32 + 32 * 8 + 4 * (32 + 8)
