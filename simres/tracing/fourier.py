"""Lowers Fourier transforms and complex arithmetic."""

from __future__ import annotations

from simres.tracing.lowering import Lowered, Lowering, Node, scalars
from simres.tracing.prices import levels, vector_ops
from simres.workload.operators import Unit


def _transform(node: Node) -> Lowered:
    """One transform after the other along the axes `dim`, of complex numbers.

    A one-sided one, of real numbers or back to them, does half the work along its last axis, whose other
    half follows by symmetry.
    """
    x, y = node.inputs[0], node.output
    rank = len(x.shape)
    axes = tuple(axis % rank for axis in node.integers("dim"))
    one_sided = x.shape != y.shape
    full = x if not one_sided or x.elements > y.elements else y
    count = 0
    for number, axis in enumerate(axes):
        halved = one_sided and (number == len(axes) - 1 or len(axes) == 1)
        elements = full.elements if not one_sided or halved else min(x.elements, y.elements)
        count += elements * levels(full.shape[axis]) // (2 if halved else 1)
    cost = vector_ops("fft", window=count)
    return Lowered("fft", Unit.HOST, vector_ops=cost, attributes={"dim": axes})


def _view(kind: str) -> Lowering:
    """The same bytes: a complex number is its two parts in sequence."""
    return lambda node: Lowered(kind, Unit.VIEW, inputs=node.inputs[:1])


def _interleaved(node: Node) -> Lowered:
    """Two real tensors become one of complex numbers: its bytes are written once, on chip."""
    return Lowered("complex", Unit.MOVE, attributes=scalars(node))


LOWERINGS: dict[str, Lowering] = {
    "aten._fft_r2c.default": _transform,
    "aten._fft_c2c.default": _transform,
    "aten._fft_c2r.default": _transform,
    "aten.view_as_real.default": _view("view_as_real"),
    "aten.view_as_complex.default": _view("view_as_complex"),
    "aten.complex.default": _interleaved,
}
"""Lowering functions by operator."""
