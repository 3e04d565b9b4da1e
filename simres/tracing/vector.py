"""Lowers the host's operators: elementwise, pooling, normalisation."""

from __future__ import annotations

import math
from functools import partial

from simres.tracing.lowering import IDENTITY, Lowered, Lowering, Node, host, scalars, window_of
from simres.tracing.prices import vector_ops
from simres.workload.kind import Kind
from simres.workload.kinds import KINDS
from simres.workload.operators import Unit, Window
from simres.workload.reading import reduction


def _elementwise(kind: str, node: Node) -> Lowered:
    return host(node, kind)


def _with_alpha(kind: str, node: Node) -> Lowered:
    """a + alpha b: one operation more an element where alpha is not 1."""
    return host(node, kind, times=1 if node.arguments.get("alpha", 1) == 1 else 2)


def _power(node: Node) -> Lowered:
    exponent = node.arguments.get("exponent")
    named = {2: "square", 0.5: "sqrt", -0.5: "rsqrt", -1: "reciprocal"}
    kind = named.get(exponent, "pow") if isinstance(exponent, int | float) else "pow"
    return IDENTITY if exponent == 1 else host(node, kind)


def _clamp(node: Node) -> Lowered:
    """Two limits cost 2 an element, one limit 1 (half the price)."""
    limits = [node.arguments.get(name) is not None for name in ("min", "max") if name in node.arguments]
    if sum(limits) == 2 or "min_val" in node.arguments:
        return host(node, "clamp")
    return host(node, "maximum")


def _cast(node: Node) -> Lowered:
    """A change of data type; anything else `_to_copy` does (device, layout) leaves the elements alone."""
    return host(node, "cast") if node.inputs[0].dtype != node.output.dtype else IDENTITY


def batch_norm(node: Node) -> Lowered:
    """Inference: y = a x + b with a = weight / sqrt(var + eps) and b = bias - mean a, one of each a channel.

    The four vectors are constants, so a and b are computed ahead of time and only they are weights.
    """
    x = node.tensor("input")
    channels = (x.shape[1],)
    cost = vector_ops("batch_norm", outputs=node.output.elements)
    return Lowered(
        "batch_norm",
        Unit.HOST,
        vector_ops=cost,
        inputs=(x,),
        derived=(("scale", channels), ("shift", channels)),
    )


def _normalise(kind: str, node: Node) -> Lowered:
    """Layer, group and instance norm: statistics of the data itself. Weight and bias cost 1 each if there."""
    x = node.tensor("input")
    per_element = vector_ops("instance_norm", outputs=1) + len(node.inputs) - 1
    return Lowered(kind, Unit.HOST, vector_ops=per_element * x.elements, attributes=scalars(node))


def _rms_norm(node: Node) -> Lowered:
    x = node.tensor("input")
    cost = (2 + len(node.inputs)) * x.elements
    return Lowered("rms_norm", Unit.HOST, vector_ops=cost, attributes=scalars(node))


def _window(node: Node, axes: int) -> Window:
    kernel = node.integers("kernel_size", axes)
    stride = node.integers("stride", axes) or kernel
    padding = node.integers("padding", axes)
    dilation = node.integers("dilation", axes) or (1,) * axes
    return window_of(kernel, stride, padding, dilation)


def _pool(kind: str, axes: int, node: Node) -> Lowered:
    """k x k inputs an output, padding included (a window at the edge is not cheaper)."""
    window = _window(node, axes)
    pairs = node.output.elements * math.prod(window.kernel)
    return Lowered(kind, Unit.HOST, vector_ops=vector_ops(kind, outputs=0, window=pairs), window=window)


def _adaptive_pool(kind: str, axes: int, node: Node) -> Lowered:
    """Output i of n reads inputs floor(i m / n) up to ceil((i + 1) m / n), along each axis."""
    x, y = node.inputs[0], node.output
    sizes = list(zip(x.shape[-axes:], y.shape[-axes:], strict=True))
    pairs = math.prod(y.shape[:-axes])
    for m, n in sizes:
        pairs *= sum(-(-(i + 1) * m // n) - i * m // n for i in range(n))
    window = None
    if all(n and m % n == 0 for m, n in sizes):
        kernel = tuple(m // n for m, n in sizes)
        window = window_of(kernel, kernel)
    return Lowered(kind, Unit.HOST, vector_ops=vector_ops(kind, outputs=0, window=pairs), window=window)


def _axes(node: Node) -> tuple[int, ...]:
    """The axes reduced over, counted from the front; all of them where none is named."""
    rank = len(node.inputs[0].shape)
    named = node.integers("dim")
    return tuple(sorted(axis % rank for axis in named)) if named and rank else tuple(range(rank))


def _mean(node: Node) -> Lowered:
    """A mean; over the pixels of (n, c, rows, columns) it is global average pooling."""
    x = node.inputs[0]
    if len(x.shape) > 3 and _axes(node) == tuple(range(2, len(x.shape))):
        kernel = x.shape[2:]
        cost = vector_ops("avg_pool", outputs=0, window=x.elements)
        return Lowered("avg_pool", Unit.HOST, vector_ops=cost, window=window_of(kernel, kernel))
    return _reduction("mean", node)


def _reduction(kind: str, node: Node) -> Lowered:
    priced = host(node, kind)
    return Lowered(kind, Unit.HOST, vector_ops=priced.vector_ops, attributes={"dim": _axes(node)})


def _softmax(kind: str, node: Node) -> Lowered:
    rank = len(node.inputs[0].shape)
    priced = host(node, kind)
    dim = node.number("dim") % rank if rank else 0
    return Lowered(kind, Unit.HOST, vector_ops=priced.vector_ops, attributes={"dim": dim})


def _by_shape(kind: Kind) -> Lowering:
    """The lowering of an operator whose cost depends on shapes alone."""
    return partial(_reduction if kind.reads is reduction else _elementwise, kind.name)


LOWERINGS: dict[str, Lowering] = {
    **{
        f"aten.{source}": _by_shape(kind)
        for kind in KINDS.values()
        if kind.unit is Unit.HOST
        for source in kind.sources
    },
    "aten.add.Tensor": partial(_with_alpha, "add"),
    "aten.add.Scalar": partial(_with_alpha, "add"),
    "aten.sub.Tensor": partial(_with_alpha, "sub"),
    "aten.sub.Scalar": partial(_with_alpha, "sub"),
    "aten.rsub.Scalar": partial(_with_alpha, "sub"),
    "aten.pow.Tensor_Scalar": _power,
    "aten.pow.Tensor_Tensor": _power,
    "aten.pow.Scalar": _power,
    "aten.clamp.default": _clamp,
    "aten.clamp.Tensor": _clamp,
    "aten.clamp_min.default": _clamp,
    "aten.clamp_max.default": _clamp,
    "aten.hardtanh.default": _clamp,
    "aten._to_copy.default": _cast,
    "aten.mean.dim": _mean,
    "aten.mean.default": _mean,
    "aten._softmax.default": partial(_softmax, "softmax"),
    "aten._safe_softmax.default": partial(_softmax, "softmax"),
    "aten._log_softmax.default": partial(_softmax, "log_softmax"),
    "aten._native_batch_norm_legit_no_training.default": batch_norm,
    "aten._native_batch_norm_legit.no_stats": partial(_normalise, "instance_norm"),
    "aten.native_layer_norm.default": partial(_normalise, "layer_norm"),
    "aten.native_group_norm.default": partial(_normalise, "group_norm"),
    "aten.rms_norm.default": _rms_norm,
    "aten._fused_rms_norm.default": _rms_norm,
    "aten.max_pool2d_with_indices.default": partial(_pool, "max_pool", 2),
    "aten.avg_pool2d.default": partial(_pool, "avg_pool", 2),
    "aten.max_pool3d_with_indices.default": partial(_pool, "max_pool", 3),
    "aten.avg_pool3d.default": partial(_pool, "avg_pool", 3),
    "aten._adaptive_avg_pool2d.default": partial(_adaptive_pool, "avg_pool", 2),
    "aten._adaptive_avg_pool3d.default": partial(_adaptive_pool, "avg_pool", 3),
    "aten.adaptive_max_pool2d.default": partial(_adaptive_pool, "max_pool", 2),
    "aten.adaptive_max_pool3d.default": partial(_adaptive_pool, "max_pool", 3),
}
"""Lowering functions by operator."""
