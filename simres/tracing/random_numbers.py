"""Lowers operators that draw random numbers; what their shape is taken from is not read."""

from __future__ import annotations

from simres.tracing.lowering import Lowered, Lowering, Node
from simres.tracing.prices import vector_ops
from simres.workload.operators import Unit

_DRAWN = {
    "random": "rand.default rand_like.default randint.default randint.low randint_like.default "
    "randint_like.low_dtype uniform.default random.default random.from random.to randperm.default",
    "random_bernoulli": "bernoulli.p",
    "random_log": "exponential.default geometric.default",
    "random_normal": "randn.default randn_like.default normal_functional.default normal.float_float "
    "normal.default log_normal.default cauchy.default",
}
_READ = {
    "random_bernoulli": "bernoulli.default bernoulli.Tensor",
    "random_log": "poisson.default binomial.default",
    "random_normal": "normal.Tensor_float normal.float_Tensor normal.Tensor_Tensor",
}


def _drawn(kind: str, *, reads: bool) -> Lowering:
    def lower(node: Node) -> Lowered:
        cost = vector_ops(kind, outputs=node.output.elements)
        return Lowered(kind, Unit.HOST, vector_ops=cost, inputs=None if reads else ())

    return lower


def _multinomial(node: Node) -> Lowered:
    """An exponential variable for each weight, and the greatest quotients: random_log, divide, compare."""
    weights = node.tensor("self").elements
    cost = vector_ops("random_log", outputs=weights) + vector_ops("div", outputs=weights)
    return Lowered("random_log", Unit.HOST, vector_ops=cost + vector_ops("reduce", inputs=weights))


def _dropout(node: Node) -> Lowered:
    return Lowered("dropout", Unit.HOST, vector_ops=vector_ops("dropout", outputs=node.output.elements))


LOWERINGS: dict[str, Lowering] = {
    **{f"aten.{name}": _drawn(kind, reads=False) for kind, names in _DRAWN.items() for name in names.split()},
    **{f"aten.{name}": _drawn(kind, reads=True) for kind, names in _READ.items() for name in names.split()},
    "aten.multinomial.default": _multinomial,
    "aten.native_dropout.default": _dropout,
}
"""Lowering functions by operator."""
