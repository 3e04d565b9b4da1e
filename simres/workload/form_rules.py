"""Rules of an operator's form: what cutting it into tiles takes for granted.

They are asked only of operators whose names and tensors are sound (`simres.workload.rules`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from simres.workload.operators import Op, Role, Tensor, Unit

if TYPE_CHECKING:
    from simres.workload.graph import Workload

EMPTY_PARTS = frozenset({"concat"})
"""Kinds that may read a tensor without elements: a part that adds nothing."""


def problems_of_form(op: Op, workload: Workload) -> Iterator[str]:
    """Everything wrong with the form of an operator, each with its path from there (`.inputs[0]`)."""
    if op.unit is Unit.VIEW:
        return
    tensors = workload.tensors
    for position, name in enumerate(op.outputs):
        if not tensors[name].elements:
            yield f".outputs[{position}]: `{name}` has no elements, so there is nothing to compute"
    if op.kind not in EMPTY_PARTS:
        for position, name in enumerate(op.inputs):
            if not tensors[name].elements:
                yield f".inputs[{position}]: `{name}` has no elements"
    if op.macs and op.unit is not Unit.MATRIX:
        yield f".macs: {op.macs}, but only the unit `matrix` multiplies and accumulates, not `{op.unit}`"
    if op.unit is Unit.MATRIX:
        yield from _product(op, [tensors[name] for name in op.inputs])


def _product(op: Op, inputs: list[Tensor]) -> Iterator[str]:
    """Two operands, and loops that sum over an axis of the first."""
    if len(inputs) < 2:
        yield f".inputs: a product has two operands, and these are {len(inputs)}"
        return
    counts, data = op.loops, inputs[0]
    if counts is None or op.kind != "linear" or inputs[1].role is not Role.WEIGHT or counts.groups != 1:
        return
    if data.elements > 1 and data.shape and data.shape[-1] != counts.c:
        yield (
            f".loops.c: sums over {counts.c} elements, and `{data.name}`, of shape {list(data.shape)}, has "
            f"{data.shape[-1]} along its last axis"
        )
