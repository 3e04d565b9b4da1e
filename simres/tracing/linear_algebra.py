"""Lowers factorisations and what is solved with them: textbook counts of operations, a matrix at a time.

The counts are those of Golub and Van Loan, Matrix Computations (4th edition), and of Blackford and Dongarra,
LAPACK Working Note 41. Sizes are m rows and n columns, with k right-hand sides; of wide matrices m and n
change places. Counts are rounded up.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from simres.tracing.lowering import Lowered, Lowering, Node
from simres.tracing.prices import vector_ops
from simres.workload.operators import Unit

Count = Callable[[int, int, int], int | Fraction]
"""Operations for m rows, n columns, k right-hand sides."""


def _counted(kind: str, count: Count, node: Node) -> Lowered:
    x = node.inputs[0]
    m, n = max(x.shape[-2:]), min(x.shape[-2:])
    y = node.inputs[1] if len(node.inputs) > 1 else None
    k = 0 if y is None else y.shape[-1] if len(y.shape) > 1 else 1
    matrices = math.prod(x.shape[:-2])
    cost = vector_ops(kind, window=matrices * math.ceil(count(m, n, k)))
    return Lowered(kind, Unit.HOST, vector_ops=cost)


def _each(kind: str, count: Count) -> Lowering:
    return lambda node: _counted(kind, count, node)


def _qr(node: Node) -> Lowered:
    """Householder's vectors; to spell out Q costs the same again."""
    spelled = 1 if node.arguments.get("mode") == "r" else 2
    return _counted("qr", lambda m, n, _: spelled * (2 * m * n**2 - Fraction(2 * n**3, 3)), node)


def _vectors_read(node: Node, *places: int) -> bool:
    """Whether one of these results is read: torch requests the vectors even if none is."""
    return any(node.outputs[place].shape for place in places)


def _svd(node: Node) -> Lowered:
    if _vectors_read(node, 0, 2):
        return _counted("svd", lambda m, n, _: 14 * m * n**2 + 8 * n**3, node)
    return _counted("svd", lambda m, n, _: 4 * m * n**2 - Fraction(4 * n**3, 3), node)


def _eigh(node: Node) -> Lowered:
    vectors = _vectors_read(node, 1)
    return _counted("eigh", lambda _, n, __: 9 * n**3 if vectors else Fraction(4 * n**3, 3), node)


def _eig(node: Node) -> Lowered:
    each = 25 if _vectors_read(node, 1) else 10
    return _counted("eig", lambda _, n, __: each * n**3, node)


def _solved_triangular(first: str, second: str, times: int) -> Lowering:
    """Each right-hand side is substituted into a triangle of n, `times` over."""

    def lower(node: Node) -> Lowered:
        triangle, sides = node.tensor(first), node.tensor(second)
        count = times * math.prod(triangle.shape[:-1]) * triangle.shape[-1] * sides.shape[-1]
        return Lowered("solve_triangular", Unit.HOST, vector_ops=vector_ops("solve_triangular", window=count))

    return lower


def _lu(m: int, n: int, _: int) -> Fraction:
    return m * n**2 - Fraction(n**3, 3)


LOWERINGS: dict[str, Lowering] = {
    "aten.linalg_cholesky_ex.default": _each("cholesky", lambda _, n, __: Fraction(n**3, 3)),
    "aten.linalg_ldl_factor_ex.default": _each("cholesky", lambda _, n, __: Fraction(n**3, 3)),
    "aten.linalg_lu.default": _each("lu", _lu),
    "aten.linalg_lu_factor_ex.default": _each("lu", _lu),
    "aten._linalg_det.default": _each("lu", _lu),
    "aten._linalg_slogdet.default": _each("lu", _lu),
    "aten._linalg_solve_ex.default": _each("solve", lambda m, n, k: _lu(m, n, 0) + 2 * n**2 * k),
    "aten.linalg_inv_ex.default": _each("solve", lambda _, n, __: 2 * n**3),
    "aten.linalg_solve_triangular.default": _solved_triangular("self", "B", 1),
    "aten.cholesky_solve.default": _solved_triangular("input2", "self", 2),
    "aten.linalg_qr.default": _qr,
    "aten.linalg_householder_product.default": _each(
        "qr", lambda m, n, _: 2 * m * n**2 - Fraction(2 * n**3, 3)
    ),
    "aten._linalg_eigh.default": _eigh,
    "aten.linalg_eig.default": _eig,
    "aten._linalg_eigvals.default": _each("eig", lambda _, n, __: 10 * n**3),
    "aten.linalg_eigvals.default": _each("eig", lambda _, n, __: 10 * n**3),
    "aten._linalg_svd.default": _svd,
    "aten.linalg_pinv.atol_rtol_tensor": _each("svd", lambda m, n, _: 16 * m * n**2 + 8 * n**3),
}
"""Lowering functions by operator."""
