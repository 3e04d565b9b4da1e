"""Lowers operators that compare along an axis: sorting, selection, search."""

from __future__ import annotations

from functools import partial

from simres.tracing.lowering import Lowered, Lowering, Node
from simres.tracing.prices import levels, vector_ops
from simres.workload.operators import Unit


def _axis(node: Node) -> int:
    """The axis compared along, counted from the front."""
    rank = len(node.inputs[0].shape)
    return node.number("dim", -1) % rank if rank else 0


def _ordered(kind: str, node: Node, kept: int | None = None) -> Lowered:
    """n log2(kept) comparisons along an axis of n; kept None: all of them."""
    x, dim = node.inputs[0], _axis(node)
    size = x.shape[dim] if x.shape else 1
    cost = vector_ops(kind, window=x.elements * levels(size if kept is None else kept))
    return Lowered(kind, Unit.HOST, vector_ops=cost, attributes={"dim": dim})


def _topk(node: Node) -> Lowered:
    return _ordered("topk", node, node.number("k", 1))


def _kth(node: Node) -> Lowered:
    """The k-th smallest: the k-th from the start of n, or counted from the end."""
    x = node.inputs[0]
    size = x.shape[_axis(node)] if x.shape else 1
    k = node.number("k", 1)
    return _ordered("median", node, min(k, size - k + 1))


def _median(node: Node) -> Lowered:
    """Over one axis, or where none is named over everything."""
    x = node.inputs[0]
    if "dim" in node.arguments:
        size = x.shape[_axis(node)] if x.shape else 1
        return _ordered("median", node, -(-size // 2))
    cost = vector_ops("median", window=x.elements * levels(-(-x.elements // 2)))
    return Lowered("median", Unit.HOST, vector_ops=cost, attributes={"dim": tuple(range(len(x.shape)))})


def _search(boundaries: str, node: Node) -> Lowered:
    """Each value is looked for among sorted boundaries."""
    count = node.tensor(boundaries).shape[-1]
    return Lowered(
        "search", Unit.HOST, vector_ops=vector_ops("search", window=node.output.elements * levels(count + 1))
    )


LOWERINGS: dict[str, Lowering] = {
    "aten.sort.default": partial(_ordered, "sort"),
    "aten.sort.stable": partial(_ordered, "sort"),
    "aten.mode.default": partial(_ordered, "sort"),
    "aten.topk.default": _topk,
    "aten.kthvalue.default": _kth,
    "aten.median.default": _median,
    "aten.median.dim": _median,
    "aten.nanmedian.default": _median,
    "aten.nanmedian.dim": _median,
    "aten.bucketize.Tensor": partial(_search, "boundaries"),
    "aten.bucketize.Scalar": partial(_search, "boundaries"),
    "aten.searchsorted.Tensor": partial(_search, "sorted_sequence"),
    "aten.searchsorted.Scalar": partial(_search, "sorted_sequence"),
}
"""Lowering functions by operator."""
