"""Draws matrix work: convolutions of every sort, linear layers and products."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from simres.testing.graphs.graph_builder import Graph, Kinds, Shape
from simres.tracing.lowering import Value


class Slide(NamedTuple):
    """The parameters of a window that slides along one axis."""

    kernel: int
    stride: int
    padding: int
    dilation: int


def slide(graph: Graph, size: int, most: int = 3) -> Slide:
    """Draws a window of at most `most` taps that fits on an axis of `size` elements, padding included."""
    padding, dilation = graph.integer(0, 2), graph.integer(1, 2)
    kernel = graph.integer(1, min(most, (size + 2 * padding - 1) // dilation + 1))
    return Slide(kernel, graph.integer(1, 3), padding, dilation)


def covers(size: int, slide: Slide, count: int) -> bool:
    """Whether `count` windows reach every element of an axis except those between their taps."""
    reach = (slide.kernel - 1) * slide.dilation + 1
    return slide.stride <= reach and (count - 1) * slide.stride - slide.padding + reach >= size


def conv(graph: Graph, *, transposed: bool = False) -> None:
    """Draws a convolution over one to three axes, grouped or not, with or without a bias."""
    axes = graph.integer(1, 3)
    x = graph.number(axes + 2, axes + 2)
    n, channels, *sizes = x.shape
    groups = graph.one_of(*(count for count in range(1, channels + 1) if channels % count == 0))
    each = graph.integer(1, 4)
    slides = [slide(graph, size) for size in sizes]
    extra = [graph.integer(0, one.stride - 1) if transposed else 0 for one in slides]
    if transposed:
        pixels = [
            (size - 1) * one.stride - 2 * one.padding + one.dilation * (one.kernel - 1) + more + 1
            for size, one, more in zip(sizes, slides, extra, strict=True)
        ]
    else:
        pixels = [
            (size + 2 * one.padding - one.dilation * (one.kernel - 1) - 1) // one.stride + 1
            for size, one in zip(sizes, slides, strict=True)
        ]
    if min(pixels) < 1:
        return
    # The padding of a transposed convolution crops its result, and may leave the outer inputs unread.
    covered = (
        all(map(covers, sizes, slides, pixels)) if not transposed else not any(s.padding for s in slides)
    )
    if not covered:
        x = graph.whole(x)
    kernel = tuple(one.kernel for one in slides)
    sides = (channels, each) if transposed else (groups * each, channels // groups)
    arguments = {
        "input": x,
        "weight": graph.weight((*sides, *kernel), x.dtype),
        "bias": graph.weight((groups * each,), x.dtype) if graph.chance() else None,
        "stride": [one.stride for one in slides],
        "padding": [one.padding for one in slides],
        "dilation": [one.dilation for one in slides],
        "transposed": transposed,
        "output_padding": extra,
        "groups": groups,
    }
    graph.call("aten.convolution.default", arguments, (n, groups * each, *pixels))


def conv_transposed(graph: Graph) -> None:
    """Draws a transposed convolution."""
    conv(graph, transposed=True)


def linear(graph: Graph) -> None:
    """Draws a linear layer over the last axis."""
    x = graph.number(1)
    m = graph.integer(1, 8)
    bias = graph.weight((m,), x.dtype) if graph.chance() else None
    arguments = {"input": x, "weight": graph.weight((m, x.shape[-1]), x.dtype), "bias": bias}
    graph.call("aten.linear.default", arguments, (*x.shape[:-1], m))


def linear_product(graph: Graph) -> None:
    """Draws a product with a constant second operand, as in `x @ w`: (c, m), or (groups, c, m)."""
    x = graph.number(2, 3)
    *lead, n, c = x.shape
    m = graph.integer(1, 8)
    graph.call(*_multiplied(x, graph.weight((*lead, c, m), x.dtype)), (*lead, n, m))


def matmul(graph: Graph) -> None:
    """Draws a product of two computed operands: matrices or batches, with or without an addend."""
    x = graph.number(2, 3)
    *lead, n, c = x.shape
    other = _operand(graph, lambda value: value.shape[:-1] == (*lead, c), x, (*lead, c, graph.integer(1, 8)))
    m = other.shape[-1]
    source, arguments = _multiplied(x, other)
    if graph.integer(0, 3) == 3:
        addend = graph.operand((*lead, n, m), x.dtype)
        source = {"aten.mm.default": "aten.addmm.default"}.get(source, "aten.baddbmm.default")
        first, second = ("mat1", "mat2") if source == "aten.addmm.default" else ("batch1", "batch2")
        arguments = {"self": addend, first: x, second: other, "beta": 1, "alpha": 1}
    graph.call(source, arguments, (*lead, n, m))


def matmul_vector(graph: Graph) -> None:
    """Draws a matrix times a vector, or a vector times a vector."""
    x = graph.number(1, 2)
    vector = _operand(graph, lambda value: value.shape == x.shape[-1:], x, x.shape[-1:])
    if len(x.shape) == 1:
        graph.call("aten.dot.default", {"self": x, "tensor": vector}, ())
    else:
        graph.call("aten.mv.default", {"self": x, "vec": vector}, x.shape[:1])


def _operand(graph: Graph, fits: Callable[[Value], bool], x: Value, shape: Shape) -> Value:
    return graph.choose(lambda value: value.dtype == x.dtype and fits(value), lambda: shape, x.dtype)


def _multiplied(x: Value, other: Value) -> tuple[str, dict[str, object]]:
    source = "aten.bmm.default" if len(x.shape) == 3 else "aten.mm.default"
    return source, {"self": x, "mat2": other}


KINDS: Kinds = {
    "conv": conv,
    "conv_transposed": conv_transposed,
    "linear": linear,
    "linear_product": linear_product,
    "matmul": matmul,
    "matmul_vector": matmul_vector,
}
"""The function that draws each kind."""
