"""Lowers matrix operators: convolutions, linear layers and matrix products."""

from __future__ import annotations

import math

from simres.errors import AnswerIsNo
from simres.tracing.lowering import Lowered, Lowering, Node, window_of
from simres.workload.operators import Attribute, Loops, Unit


def convolution(node: Node) -> Lowered:
    """A convolution in 1 to 3 dimensions, transposed or not, grouped or not.

    n images, and per group m output channels, c input channels, the output's pixels and the kernel's; a
    transposed one multiplies once for each pixel of its *input*. A third (depth) axis counts into rows.
    """
    x, weight, y = node.tensor("input"), node.tensor("weight"), node.output
    transposed, groups = node.flag("transposed"), node.number("groups", 1)
    axes = len(weight.shape) - 2
    channels_in, channels_out = x.shape[-axes - 1], y.shape[-axes - 1]
    pixels = (x if transposed else y).shape[-axes:]
    kernel = weight.shape[2:]
    loops = Loops(
        groups=groups,
        n=x.shape[0] if len(x.shape) == axes + 2 else 1,
        m=channels_out // groups,
        c=channels_in // groups,
        p=math.prod(pixels[:-1]),
        q=pixels[-1],
        r=math.prod(kernel[:-1]),
        s=kernel[-1],
    )
    attributes: dict[str, Attribute] = {"transposed": True} if transposed else {}
    window = window_of(
        kernel, node.integers("stride", axes), node.integers("padding", axes), node.integers("dilation", axes)
    )
    return Lowered(
        "conv",
        Unit.MATRIX,
        loops=loops,
        inputs=(x, weight),
        bias=node.optional("bias"),
        window=window,
        attributes=attributes,
    )


def linear(node: Node) -> Lowered:
    """y = x W^T + b: x (..., c), W (m, c), b (m)."""
    x, weight = node.tensor("input"), node.tensor("weight")
    m, c = (weight.shape[0], weight.shape[1]) if len(weight.shape) == 2 else (1, weight.shape[0])
    loops = Loops(n=math.prod(x.shape[:-1]), m=m, c=c)
    return Lowered("linear", Unit.MATRIX, loops=loops, inputs=(x, weight), bias=node.optional("bias"))


def _product(node: Node, first: str, second: str, addend: str | None = None) -> Lowered:
    """A (groups, n, c) times B (groups, c, m), with an addend where there is one.

    The operator is called linear if B is constant, matmul if both are computed. A scaled addend has no cost
    yet.
    """
    a, b = node.tensor(first), node.tensor(second)
    groups = a.shape[0] if len(a.shape) == 3 else 1
    loops = Loops(groups=groups, n=a.shape[-2], c=a.shape[-1], m=b.shape[-1])
    if addend is not None and (node.arguments.get("beta", 1) != 1 or node.arguments.get("alpha", 1) != 1):
        raise AnswerIsNo(f"{node.source} with alpha or beta other than 1 is not modelled")
    bias = node.tensor(addend) if addend is not None else None
    if not b.constant:
        return Lowered("matmul", Unit.MATRIX, loops=loops, inputs=(a, b), bias=bias)
    attributes: dict[str, Attribute] = {"transposed": True} if len(b.shape) == 2 else {}
    return Lowered("linear", Unit.MATRIX, loops=loops, inputs=(a, b), bias=bias, attributes=attributes)


def dot(node: Node) -> Lowered:
    """Two vectors (c), or a matrix (n, c) and a vector (c)."""
    a, b = node.inputs
    n = a.shape[0] if len(a.shape) == 2 else 1
    kind = "linear" if a.constant or b.constant else "matmul"
    return Lowered(kind, Unit.MATRIX, loops=Loops(n=n, c=a.shape[-1]))


def grouped(node: Node) -> Lowered:
    """Rows (n, c) in groups, each with its own matrix of (groups, c, m): experts of a mixture.

    The data decide which rows belong to which; every row is multiplied once.
    """
    x, weight = node.inputs[:2]
    m = node.output.shape[-1]
    loops = Loops(n=math.prod(x.shape[:-1]), m=m, c=x.shape[-1])
    return Lowered("matmul", Unit.MATRIX, loops=loops, inputs=(x, weight))


LOWERINGS: dict[str, Lowering] = {
    "aten.convolution.default": convolution,
    "aten.linear.default": linear,
    "aten.mm.default": lambda node: _product(node, "self", "mat2"),
    "aten.addmm.default": lambda node: _product(node, "mat1", "mat2", "self"),
    "aten._int_mm.default": lambda node: _product(node, "self", "mat2"),
    "aten.bmm.default": lambda node: _product(node, "self", "mat2"),
    "aten.baddbmm.default": lambda node: _product(node, "batch1", "batch2", "self"),
    "aten._grouped_mm.default": grouped,
    "transformers.grouped_mm_fallback.default": grouped,
    "aten.mv.default": dot,
    "aten.dot.default": dot,
}
"""Lowering functions by operator."""
