"""Draws work of the host: element by element, window by window, and over whole axes."""

from __future__ import annotations

from functools import partial

from simres.testing.graphs.graph_builder import Graph, Kinds, Shape
from simres.testing.graphs.matrix_calls import Slide, covers
from simres.testing.graphs.movement_calls import interpolate
from simres.tracing.lowering import Value

UNARY: dict[str, tuple[str, dict[str, object]]] = {
    "relu": ("relu.default", {}),
    "neg": ("neg.default", {}),
    "abs": ("abs.default", {}),
    "sign": ("sign.default", {}),
    "round": ("floor.default", {}),
    "exp": ("exp.default", {}),
    "log": ("log1p.default", {}),
    "sqrt": ("sqrt.default", {}),
    "rsqrt": ("rsqrt.default", {}),
    "reciprocal": ("reciprocal.default", {}),
    "sin": ("sin.default", {}),
    "cos": ("cos.default", {}),
    "square": ("pow.Tensor_Scalar", {"exponent": 2}),
    "pow": ("pow.Tensor_Scalar", {"exponent": 3.5}),
    "erf": ("erf.default", {}),
    "sigmoid": ("sigmoid.default", {}),
    "tanh": ("tanh.default", {}),
    "silu": ("silu.default", {}),
    "gelu": ("gelu.default", {"approximate": "tanh"}),
    "hardsigmoid": ("hardsigmoid.default", {}),
    "hardswish": ("hardswish.default", {}),
    "leaky_relu": ("leaky_relu.default", {"negative_slope": 0.1}),
    "elu": ("elu.default", {"alpha": 1.0}),
    "softplus": ("softplus.default", {}),
    "mish": ("mish.default", {}),
    "clamp": ("hardtanh.default", {"min_val": 0.0, "max_val": 6.0}),
}
"""Operators of one tensor, with their other arguments."""
BINARY = {
    "add": "add.Tensor",
    "sub": "sub.Tensor",
    "mul": "mul.Tensor",
    "div": "div.Tensor",
    "remainder": "remainder.Tensor",
    "maximum": "maximum.default",
    "compare": "lt.Tensor",
    "power": "pow.Tensor_Tensor",
}
"""Operators of two tensors, which may be of different shapes."""


def unary(graph: Graph, source: str, others: dict[str, object]) -> None:
    """Draws an elementwise operator of one tensor."""
    x = graph.number()
    graph.call(f"aten.{source}", {"self": x, **others}, x.shape)


def binary(graph: Graph, source: str) -> None:
    """Draws an operator of two operands: one or both may be broadcast, and both may be the same tensor."""
    x = graph.number()
    other = _other(graph, x, x.dtype)
    arguments: dict[str, object] = {"self": x, "other": other}
    if source in ("add.Tensor", "sub.Tensor"):
        arguments["alpha"] = graph.one_of(1, 1, 2)
    if source == "pow.Tensor_Tensor":
        arguments = {"self": x, "exponent": other}
    if graph.chance() and not other.constant:
        arguments = dict(zip(arguments, [other, x, *list(arguments.values())[2:]], strict=True))
    dtype = "bool" if source == "lt.Tensor" else x.dtype
    graph.call(f"aten.{source}", arguments, _together(x.shape, other.shape), dtype=dtype)


def _other(graph: Graph, x: Value, dtype: str) -> Value:
    """Returns an operand of the same shape, or one that broadcasts to it: with axes of one, or fewer."""
    way = graph.integer(0, 3)
    if way < 2 or not x.shape:
        return graph.operand(x.shape, dtype)
    shape = [graph.one_of(size, 1) if size > 1 else graph.one_of(1, 1, 3) for size in x.shape]
    if way == 3:
        shape = shape[graph.integer(0, len(shape)) :]
    return graph.operand(tuple(shape), dtype)


def _together(one: Shape, other: Shape) -> Shape:
    rank = max(len(one), len(other))
    one, other = (1,) * (rank - len(one)) + one, (1,) * (rank - len(other)) + other
    return tuple(b if a == 1 else a for a, b in zip(one, other, strict=True))


def logical(graph: Graph) -> None:
    """Draws a logical operator on conditions."""
    x = _condition(graph)
    graph.call(
        "aten.logical_and.default",
        {"self": x, "other": graph.operand(x.shape, "bool")},
        x.shape,
        dtype="bool",
    )


def where(graph: Graph) -> None:
    """Draws a choice between two elements each, by a condition that may be broadcast."""
    x = graph.number()
    condition = _other(graph, x, "bool")
    shape = _together(x.shape, condition.shape)
    other = graph.operand(x.shape, x.dtype)
    arguments = {"condition": condition, "self": x, "other": other}
    graph.call("aten.where.self", arguments, shape, dtype=x.dtype)


def _condition(graph: Graph) -> Value:
    return graph.choose(lambda value: value.dtype == "bool", lambda: graph.shape(4), "bool")


def prelu(graph: Graph) -> None:
    """Draws an activation with a slope per channel."""
    x = graph.number(2)
    slopes = graph.weight((x.shape[1], *[1] * (len(x.shape) - 2)), x.dtype)
    graph.call("aten._prelu_kernel.default", {"self": x, "weight": slopes}, x.shape)


def cast(graph: Graph) -> None:
    """Converts to another data type."""
    x = graph.anything()
    dtype = graph.one_of(*graph.dtypes, "int64", "bool")
    graph.call("aten._to_copy.default", {"self": x}, x.shape, dtype=dtype)


def batch_norm(graph: Graph) -> None:
    """Draws a scale and a shift per channel."""
    x = graph.number(2)
    vectors = {name: graph.weight(x.shape[1:2], x.dtype) for name in ("weight", "bias")}
    arguments = {"input": x, **vectors, "momentum": 0.1, "eps": 1e-5}
    empty = (1,), (1,)
    graph.call("aten._native_batch_norm_legit_no_training.default", arguments, x.shape, *empty)


def layer_norm(graph: Graph) -> None:
    """Normalises over the last axes, with weight and bias, one of them, or neither."""
    x = graph.number(1)
    normalised = x.shape[graph.axis(x) :]
    arguments = {
        "input": x,
        "normalized_shape": list(normalised),
        "weight": graph.weight(normalised, x.dtype) if graph.chance() else None,
        "bias": graph.weight(normalised, x.dtype) if graph.chance() else None,
        "eps": 1e-5,
    }
    graph.call("aten.native_layer_norm.default", arguments, x.shape, (1,), (1,))


def rms_norm(graph: Graph) -> None:
    """Normalises over the last axes."""
    x = graph.number(1)
    normalised = x.shape[graph.axis(x) :]
    weight = graph.weight(normalised, x.dtype) if graph.chance() else None
    arguments = {"input": x, "normalized_shape": list(normalised), "weight": weight, "eps": None}
    graph.call("aten.rms_norm.default", arguments, x.shape)


def group_norm(graph: Graph) -> None:
    """Normalises over groups of channels; one channel per group is instance norm by another name."""
    x = graph.number(2)
    n, channels, *pixels = x.shape
    area = 1
    for size in pixels:
        area *= size
    arguments = {
        "input": x,
        "weight": graph.weight((channels,), x.dtype) if graph.chance() else None,
        "bias": graph.weight((channels,), x.dtype) if graph.chance() else None,
        "N": n,
        "C": channels,
        "HxW": area,
        "group": graph.one_of(*(count for count in range(1, channels + 1) if channels % count == 0)),
        "eps": 1e-5,
    }
    graph.call("aten.native_group_norm.default", arguments, x.shape, (1,), (1,))


def instance_norm(graph: Graph) -> None:
    """Normalises over the pixels of each channel of each image, which appear as channels of one image."""
    x = graph.number(3)
    arguments = {"input": x, "weight": None, "bias": None, "training": True, "momentum": 0.0, "eps": 1e-5}
    graph.call("aten._native_batch_norm_legit.no_stats", arguments, x.shape, (1,), (1,))


def pool(graph: Graph, kind: str) -> None:
    """Draws pooling over two or three axes, rounded up or down, or with a given number of outputs."""
    axes = graph.integer(2, 3)
    x = graph.number(axes + 2, axes + 2)
    if graph.integer(0, 3) == 3:
        sizes = tuple(graph.integer(1, size) for size in x.shape[2:])
        if kind == "avg":
            graph.call(
                f"aten._adaptive_avg_pool{axes}d.default",
                {"self": x, "output_size": list(sizes)},
                (*x.shape[:2], *sizes),
            )
        else:
            _with_indices(graph, f"adaptive_max_pool{axes}d", x, {"output_size": list(sizes)}, sizes)
        return
    up = graph.chance()
    slides = []
    for size in x.shape[2:]:
        kernel = graph.integer(1, min(3, size))
        padding = graph.integer(0, kernel // 2)
        room = (size + 2 * padding - 1) // (kernel - 1) if kernel > 1 else 1
        slides.append(Slide(kernel, graph.integer(1, 3), padding, graph.integer(1, min(2, room))))
    if kind == "avg":
        slides = [slide._replace(dilation=1) for slide in slides]
    sizes = tuple(_pooled(size, *slide, up=up) for size, slide in zip(x.shape[2:], slides, strict=True))
    if not all(map(covers, x.shape[2:], slides, sizes)):
        x = graph.whole(x)
    named = ("kernel_size", "stride", "padding", "dilation")
    arguments: dict[str, object] = dict(zip(named, map(list, zip(*slides, strict=True)), strict=True))
    arguments["ceil_mode"] = up
    if kind == "avg":
        del arguments["dilation"]
        graph.call(f"aten.avg_pool{axes}d.default", {"self": x, **arguments}, (*x.shape[:2], *sizes))
    else:
        _with_indices(graph, f"max_pool{axes}d_with_indices", x, arguments, sizes)


def _with_indices(graph: Graph, name: str, x: Value, arguments: dict[str, object], sizes: Shape) -> None:
    """Draws the maximum and its position in the window; usually only the maximum is used."""
    shape = (*x.shape[:2], *sizes)
    graph.call(
        f"aten.{name}.default",
        {"self": x, **arguments},
        shape,
        shape,
        dtype=(x.dtype, "int64"),
        used=graph.one_of((0,), (0,), (0, 1)),
    )


def _pooled(size: int, kernel: int, stride: int, padding: int, dilation: int, *, up: bool) -> int:
    """Returns the outputs along an axis; rounded up, a window must begin within the input or left padding."""
    left = size + 2 * padding - dilation * (kernel - 1) - 1
    count = (left + (stride - 1 if up else 0)) // stride + 1
    return count - 1 if up and (count - 1) * stride >= size + padding else count


def reduction(graph: Graph, source: str, named: str = "dim", dtype: str = "") -> None:
    """Reduces over some axes, which are dropped or kept."""
    x = graph.anything(1) if dtype == "bool" else graph.number(1)
    rank = len(x.shape)
    axes = sorted(graph.some_of(range(rank), least=1))
    keep = graph.chance()
    arguments: dict[str, object] = {"self": x, named: axes, "keepdim": keep}
    if source == "linalg_vector_norm.default":
        arguments = {"self": x, "ord": 2, "dim": axes, "keepdim": keep}
    graph.call(f"aten.{source}", arguments, _reduced(x.shape, axes, keep=keep), dtype=dtype)


def _reduced(shape: Shape, axes: list[int], *, keep: bool) -> Shape:
    return tuple(1 if axis in axes else size for axis, size in enumerate(shape) if keep or axis not in axes)


def reduce_(graph: Graph) -> None:
    """Draws the maximum along an axis with its position, the maximum of all elements, or any."""
    way = graph.one_of("amax", "both", "argmax", "all", "any")
    if way in ("amax", "any"):
        source, dtype = ("amax.default", "") if way == "amax" else ("any.dims", "bool")
        reduction(graph, source, dtype=dtype)
        return
    x = graph.number(1)
    if way == "all":
        graph.call("aten.max.default", {"self": x}, ())
        return
    axis, keep = graph.axis(x), graph.chance()
    shape = _reduced(x.shape, [axis], keep=keep)
    arguments = {"self": x, "dim": axis, "keepdim": keep}
    if way == "argmax":
        graph.call("aten.argmax.default", arguments, shape, dtype="int64")
    else:
        used = graph.one_of((0,), (1,), (0, 1))
        graph.call("aten.max.dim", arguments, shape, shape, dtype=(x.dtype, "int64"), used=used)


def along(graph: Graph, source: str) -> None:
    """Draws an operator along one axis: all elements of the axis determine each result."""
    x = graph.number(1)
    graph.call(f"aten.{source}", {"self": x, "dim": graph.axis(x), "half_to_float": False}, x.shape)


def cumsum(graph: Graph) -> None:
    """Draws running sums along an axis."""
    x = graph.number(1)
    graph.call("aten.cumsum.default", {"self": x, "dim": graph.axis(x)}, x.shape)


ELEMENT_BY_ELEMENT: Kinds = {
    **{kind: partial(unary, source=source, others=others) for kind, (source, others) in UNARY.items()},
    **{kind: partial(binary, source=source) for kind, source in BINARY.items()},
    "logical": logical,
    "select": where,
    "prelu": prelu,
    "cast": cast,
    "batch_norm": batch_norm,
}
"""The function that draws each elementwise kind."""
OVER_AXES: Kinds = {
    "max_pool": partial(pool, kind="max"),
    "avg_pool": partial(pool, kind="avg"),
    "layer_norm": layer_norm,
    "rms_norm": rms_norm,
    "group_norm": group_norm,
    "instance_norm": instance_norm,
    "sum": partial(reduction, source="sum.dim_IntList"),
    "mean": partial(reduction, source="mean.dim"),
    "variance": partial(reduction, source="var.correction"),
    "norm": partial(reduction, source="linalg_vector_norm.default"),
    "reduce": reduce_,
    "softmax": partial(along, source="_softmax.default"),
    "log_softmax": partial(along, source="_log_softmax.default"),
    "cumsum": cumsum,
    "interpolate_linear": partial(interpolate, kind="linear", axes=1),
    "interpolate_bilinear": partial(interpolate, kind="bilinear", axes=2),
    "interpolate_bicubic": partial(interpolate, kind="bicubic", axes=2),
}
"""The function that draws each kind that reads more than the element at its place."""
