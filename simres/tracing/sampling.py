"""Lowers resampling with coordinates or filters, distances, and sums at places that data name."""

from __future__ import annotations

import math
from functools import partial

from simres.tracing.lowering import Lowered, Lowering, Node, scalars
from simres.tracing.prices import vector_ops
from simres.workload.operators import Unit

_MODES = {2: ("grid_bilinear", "grid_nearest", "grid_bicubic"), 3: ("grid_trilinear", "grid_nearest")}


def _grid(axes: int, node: Node) -> Lowered:
    """Each place of the grid is found once, and mixes its pixels in every channel."""
    grid, mode = node.tensor("grid"), node.number("interpolation_mode")
    kind = _MODES[axes][mode]
    cost = vector_ops(kind, outputs=node.output.elements) + vector_ops("coordinates", inputs=grid.elements)
    return Lowered(kind, Unit.HOST, vector_ops=cost, attributes=scalars(node))


def _antialiased(support: int, node: Node) -> Lowered:
    """Along rows, then along columns, with a filter as wide as what becomes one pixel.

    `support` is half the width of the filter where nothing shrinks: 1 of the linear, 2 of the cubic one.
    """
    x, y = node.inputs[0], node.output
    (rows, columns), (p, q) = x.shape[-2:], y.shape[-2:]

    def taps(size: int, made: int) -> int:
        return min(size, 2 * support * -(-max(size, made) // made))

    lines = math.prod(y.shape[:-2])
    window = lines * q * (rows * taps(columns, q) + p * taps(rows, p))
    cost = vector_ops("interpolate_antialiased", window=window)
    return Lowered("interpolate_antialiased", Unit.HOST, vector_ops=cost)


def _distance(node: Node) -> Lowered:
    """A power other than 0, 1, 2 or infinity costs two operations more, as `pow` is no single one."""
    features = node.inputs[0].shape[-1]
    terms = node.output.elements * features
    cost = vector_ops("distance", window=terms)
    if node.arguments.get("p", 2.0) not in (0, 1, 2, math.inf):
        cost += terms * (vector_ops("pow", outputs=1) - 1)
    return Lowered("distance", Unit.HOST, vector_ops=cost)


def _scattered(source: str, node: Node) -> Lowered:
    """Each element of the source is combined with the element in its place."""
    cost = vector_ops("scatter_reduce", inputs=node.tensor(source).elements)
    return Lowered("scatter_reduce", Unit.HOST, vector_ops=cost, attributes=scalars(node))


def _put(node: Node) -> Lowered:
    """Written to places that indices name, or added to what lies there."""
    if node.flag("accumulate"):
        values = node.optional("values") or node.tensor("source")
        return Lowered(
            "scatter_reduce", Unit.HOST, vector_ops=vector_ops("scatter_reduce", inputs=values.elements)
        )
    return Lowered("scatter", Unit.MOVE, attributes=scalars(node))


LOWERINGS: dict[str, Lowering] = {
    "aten.grid_sampler_2d.default": partial(_grid, 2),
    "aten.grid_sampler_3d.default": partial(_grid, 3),
    "aten._upsample_bilinear2d_aa.default": partial(_antialiased, 1),
    "aten._upsample_bicubic2d_aa.default": partial(_antialiased, 2),
    "aten._cdist_forward.default": _distance,
    "aten._pdist_forward.default": _distance,
    "aten.scatter_reduce.two": partial(_scattered, "src"),
    "aten.scatter_add.default": partial(_scattered, "src"),
    "aten.index_reduce.default": partial(_scattered, "source"),
    "aten.index_put.default": _put,
    "aten.put.default": _put,
}
"""Lowering functions by operator."""
