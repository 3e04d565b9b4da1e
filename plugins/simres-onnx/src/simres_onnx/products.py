"""ONNX's convolutions and matrix products, those of integers included."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

from simres.errors import AnswerIsNo
from simres.tracing.lowering import Lowered, Node, Value
from simres.workload.operators import Loops, Unit
from simres_onnx.call import Call


def _convolution(
    x: int, weight: int, bias: int | None, *, transposed: bool = False
) -> Callable[[Call], tuple[Value, ...]]:
    """By the places of its inputs."""

    def read(call: Call) -> tuple[Value, ...]:
        data, filters = call.input(x), call.input(weight)
        axes = len(filters.shape) - 2
        kernel = list(filters.shape[2:])
        before, after = call.pads(kernel, data.shape[2:], axes)
        arguments = {
            "input": data,
            "weight": filters,
            "bias": call.optional(bias) if bias is not None else None,
            "stride": call.attributes.get("strides", [1] * axes),
            "padding": before,
            "dilation": call.attributes.get("dilations", [1] * axes),
            "transposed": transposed,
            "groups": call.attributes.get("group", 1),
        }
        return call.slid("convolution", arguments, before, after, axes)

    return read


def _gemm(call: Call) -> tuple[Value, ...]:
    """alpha A' B' + beta C, A and B transposed or not: of constants, factors are computed ahead of time."""
    a, b, bias = call.input(0), call.input(1), call.optional(2)
    n, m = call.output.shape
    turned = bool(call.attributes.get("transB", 0))
    c = b.shape[1 if turned else 0]
    scaled = call.attributes.get("alpha", 1.0) != 1 and not (a.constant or b.constant)

    def lower(_: Node) -> Lowered:
        if not b.constant:
            return Lowered(
                "matmul",
                Unit.MATRIX,
                loops=Loops(n=n, m=m, c=c),
                inputs=(a, b),
                bias=None if scaled else bias,
            )
        attributes = {} if turned else {"transposed": True}
        return Lowered(
            "linear", Unit.MATRIX, loops=Loops(n=n, m=m, c=c), inputs=(a, b), bias=bias, attributes=attributes
        )

    found = call.lowered(lower, call.kind, {"a": a, "b": b})
    if scaled:
        found = call.aten("mul.Scalar", {"self": found[0]})
        if bias is not None:
            found = call.aten("add.Tensor", {"self": found[0], "other": bias})
    return found


def _product(a: int, b: int, bias: int | None = None) -> Callable[[Call], tuple[Value, ...]]:
    """(..., n, c) times (..., c, m), by the places of its inputs; a matrix of constants is a linear layer."""

    def read(call: Call) -> tuple[Value, ...]:
        first, second, out = call.input(a), call.input(b), call.output.shape
        c = first.shape[-1]
        m = second.shape[-1] if len(second.shape) > 1 else 1
        if second.constant and len(second.shape) == 2:
            loops = Loops(n=math.prod(first.shape[:-1]), m=m, c=c)
            lowered = Lowered("linear", Unit.MATRIX, loops=loops, attributes={"transposed": True})
        else:
            n = first.shape[-2] if len(first.shape) > 1 else 1
            loops = Loops(groups=math.prod(out) // (n * m), n=n, m=m, c=c)
            lowered = Lowered("matmul", Unit.MATRIX, loops=loops)
        added = call.optional(bias) if bias is not None else None
        lowered = replace(lowered, inputs=(first, second), bias=added)
        return call.lowered(lambda _: lowered, call.kind, {"a": first, "b": second})

    return read


def _einsum(call: Call) -> tuple[Value, ...]:
    """Two tensors: axes in both and in the result are groups, those in both alone are summed over."""
    inputs, arrow, out = str(call.attributes["equation"]).replace(" ", "").partition("->")
    labels = inputs.split(",")
    if len(labels) != 2 or not arrow or "." in inputs + out or any(len(set(of)) < len(of) for of in labels):
        raise AnswerIsNo(
            f"the Einsum `{inputs}{arrow}{out}` has no cost: simres-onnx reads those of two tensors"
        )
    first, second = labels
    sizes = dict(zip(first + second, (*call.input(0).shape, *call.input(1).shape), strict=True))
    groups = [one for one in out if one in first and one in second]
    rows, columns = ([one for one in out if one in of and one not in groups] for of in labels)
    summed = [one for one in first if one in second and one not in out]
    if set(first + second) != {*groups, *rows, *columns, *summed}:
        raise AnswerIsNo(f"the Einsum `{inputs}{arrow}{out}` has no cost: it sums over an axis of one tensor")

    def size(of: list[str]) -> int:
        return math.prod(sizes[one] for one in of)

    def arranged(x: Value, have: str, *wanted: list[str]) -> Value:
        order = [have.index(one) for part in wanted for one in part]
        turned = replace(call.output, shape=tuple(x.shape[axis] for axis in order))
        (x,) = call.aten("permute.default", {"self": x, "dims": order}, turned)
        shape = tuple(size(part) for part in wanted)
        return call.aten("view.default", {"self": x}, replace(call.output, shape=shape))[0]

    a = arranged(call.input(0), first, groups, rows, summed)
    b = arranged(call.input(1), second, groups, summed, columns)
    g, n, c, m = (size(of) for of in (groups, rows, summed, columns))
    lowered = Lowered("matmul", Unit.MATRIX, loops=Loops(groups=g, n=n, m=m, c=c), inputs=(a, b))
    made = replace(call.output, shape=(g, n, m))
    (found,) = call.lowered(lambda _: lowered, call.kind, {"a": a, "b": b}, made)
    apart = [*groups, *rows, *columns]
    made = replace(call.output, shape=tuple(sizes[one] for one in apart))
    (found,) = call.aten("view.default", {"self": found}, made)
    return call.aten("permute.default", {"self": found, "dims": [apart.index(one) for one in out]})


PRODUCTS: Mapping[str, Callable[[Call], tuple[Value, ...]]] = {
    "Conv": _convolution(0, 1, 2),
    "ConvTranspose": _convolution(0, 1, 2, transposed=True),
    "ConvInteger": _convolution(0, 1, None),
    "QLinearConv": _convolution(0, 3, 8),
    "Einsum": _einsum,
    "Gemm": _gemm,
    "MatMul": _product(0, 1),
    "MatMulInteger": _product(0, 1),
    "QLinearMatMul": _product(0, 3),
}
"""What is read, by ONNX's name."""
