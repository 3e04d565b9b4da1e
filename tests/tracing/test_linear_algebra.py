"""Factorisations cost their textbook counts, pools of regions their samples, deformed convolutions both."""

# ruff: noqa: E402
from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simres
from simres.workload import Unit

torch = pytest.importorskip("torch")
torchvision = pytest.importorskip("torchvision")

from torch import linalg, nn

from simres.tracing import trace
from simres.tracing.decompositions import decompositions
from simres.tracing.flops import flop_counter_macs

pytestmark = pytest.mark.torch


class Call(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *inputs):
        return self.function(*inputs)


SQUARE = {
    "cholesky": (linalg.cholesky, lambda n, k: Fraction(n**3, 3)),
    "lu": (lambda x: linalg.lu(x)[2], lambda n, k: Fraction(2 * n**3, 3)),
    "determinant": (linalg.det, lambda n, k: Fraction(2 * n**3, 3)),
    "logarithm of it": (lambda x: linalg.slogdet(x)[1], lambda n, k: Fraction(2 * n**3, 3)),
    "inverse": (linalg.inv, lambda n, k: 2 * n**3),
    "eigenvalues": (linalg.eigvalsh, lambda n, k: Fraction(4 * n**3, 3)),
    "eigenvectors": (linalg.eigh, lambda n, k: 9 * n**3),
    "of any matrix": (linalg.eig, lambda n, k: 25 * n**3),
    "eigenvalues of any": (lambda x: linalg.eig(x)[0], lambda n, k: 10 * n**3),
    "solve": (linalg.solve, lambda n, k: Fraction(2 * n**3, 3) + 2 * n * n * k),
    "triangle": (lambda x, y: linalg.solve_triangular(x, y, upper=True), lambda n, k: n * n * k),
    "two triangles": (lambda x, y: torch.cholesky_solve(y, x), lambda n, k: 2 * n * n * k),
}


@pytest.mark.parametrize("name", SQUARE)
@given(matrices=st.integers(1, 3), n=st.integers(2, 9), k=st.integers(1, 5))
@settings(max_examples=1, deadline=None)
def test_a_square_matrix_costs_its_textbook_count(name: str, matrices: int, n: int, k: int) -> None:
    function, count = SQUARE[name]
    given = [(n, n), (n, k)] if "sol" in name or "triangle" in name else [(n, n)]
    found = trace(Call(function), given, batch=matrices, operators={})
    assert found.vector_ops == matrices * math.ceil(count(n, k))
    assert found.macs == flop_counter_macs(Call(function), given, batch=matrices) == 0
    assert simres.simulate(found, chip="paper").makespan_ps > 0


@given(rows=st.integers(2, 9), columns=st.integers(2, 9))
@settings(max_examples=2, deadline=None)
def test_oblong_matrices_count_their_longer_side(rows: int, columns: int) -> None:
    m, n = max(rows, columns), min(rows, columns)
    costs = [
        trace(Call(function), (rows, columns), operators={}).ops[0].vector_ops
        for function in (linalg.svdvals, linalg.svd, lambda x: linalg.qr(x, "r")[1], linalg.qr)
    ]
    values, both = Fraction(4 * m * n * n) - Fraction(4 * n**3, 3), 14 * m * n * n + 8 * n**3
    half = 2 * m * n * n - Fraction(2 * n**3, 3)
    assert costs == [math.ceil(values), both, math.ceil(half), math.ceil(2 * half)]


@given(regions=st.integers(1, 5), size=st.integers(1, 4), ratio=st.sampled_from([-1, 1, 3]))
@settings(max_examples=2, deadline=None)
def test_pools_of_regions_cost_their_samples(regions: int, size: int, ratio: int) -> None:
    def pool(x, boxes):
        return torchvision.ops.roi_align(x, boxes, size, sampling_ratio=ratio)

    found = trace(Call(pool), ["2x8x9x9", f"{regions}x5"], batch=None, operators={})
    assert found.vector_ops == regions * 8 * size**2 * (2 if ratio < 0 else ratio) ** 2 * 10
    pooled = Call(lambda x, boxes: torchvision.ops.roi_pool(x, boxes, size))
    found = trace(pooled, ["2x8x9x9", f"{regions}x5"], batch=None, operators={})
    assert found.vector_ops == regions * 8 * size**2 * math.ceil(9 / size) ** 2


@st.composite
def deformed(draw):
    groups, offsets = draw(st.sampled_from([(1, 1), (2, 1), (1, 2), (2, 4)]))
    kernel, stride, pad, dilation = (
        tuple(draw(st.integers(low, high)) for _ in range(2))
        for low, high in ((1, 3), (1, 2), (0, 2), (1, 2))
    )
    return draw(st.integers(1, 2)), 4, 6, groups, offsets, kernel, stride, pad, dilation, draw(st.booleans())


@given(deformed())
@settings(max_examples=6, deadline=None)
def test_a_deformed_convolution_computes_what_torchvision_does(drawn) -> None:
    n, channels, filters, groups, offsets, kernel, stride, pad, dilation, masked = drawn
    p, q = (
        (size + 2 * pad[axis] - dilation[axis] * (kernel[axis] - 1) - 1) // stride[axis] + 1
        for axis, size in enumerate((9, 7))
    )
    taps = offsets * kernel[0] * kernel[1]
    x, shift = torch.randn(n, channels, 9, 7), torch.randn(n, 2 * taps, p, q)
    weight, bias, mask = torch.randn(filters, channels // groups, *kernel), torch.randn(filters), None
    if masked:
        mask = torch.rand(n, taps, p, q)
    wanted = torchvision.ops.deform_conv2d(x, shift, weight, bias, stride, pad, dilation, mask)
    apart = decompositions()[torch.ops.torchvision.deform_conv2d.default]
    numbers = (*stride, *pad, *dilation, groups, offsets, masked)
    made = apart(x, weight, shift, torch.zeros(0) if mask is None else mask, bias, *numbers)
    assert torch.allclose(made, wanted, atol=1e-4)


def test_a_deformed_convolution_has_the_products_of_one_that_is_not() -> None:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.offset = nn.Conv2d(4, 18, 3, padding=1)
            self.deform = torchvision.ops.DeformConv2d(4, 6, 3, padding=1)

        def forward(self, x):
            return self.deform(x, self.offset(x))

    found = trace(Net(), (4, 8, 8), operators={})
    assert found.macs == 64 * 9 * 4 * (18 + 6) == flop_counter_macs(Net(), (4, 8, 8))
    assert {"conv", "grid_bilinear", "matmul"} <= {op.kind for op in found.ops if op.unit is not Unit.VIEW}
    assert simres.simulate(found, chip="paper").makespan_ps > 0


def test_narrow_numbers_take_a_byte_and_their_products_are_products() -> None:
    def product(a, b):
        narrow = [x.to(torch.float8_e4m3fn) for x in (a, b)]
        one = torch.ones(())
        return torch._scaled_mm(narrow[0], narrow[1].t(), one, one, out_dtype=torch.bfloat16)

    found = trace(Call(product), ["32x16", "16x16"], batch=None, operators={})
    assert found.macs == 32 * 16 * 16 == flop_counter_macs(Call(product), ["32x16", "16x16"], batch=None)
    assert sum(tensor.dtype == "fp8_e4m3" for tensor in found.tensors.values()) >= 2
    assert all(tensor.nbytes == tensor.elements for tensor in found.tensors.values() if "fp8" in tensor.dtype)
    found = trace(nn.ReLU(), "8:fp8_e5m2", operators={})
    assert found.tensors["input"].nbytes == 8


def test_products_of_integers() -> None:
    found = trace(Call(torch._int_mm), ["32x16:int8", "16x24:int8"], batch=None, operators={})
    assert found.macs == 32 * 16 * 24
    assert found.tensors[found.outputs[0]].dtype == "int32"
