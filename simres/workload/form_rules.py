"""Rules of an operator's form: the assumptions of cutting it into tiles.

They are checked only for operators whose names and tensors are sound (`simres.workload.rules`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from simres.workload.footprint import call_of
from simres.workload.kinds import KINDS, kind_of
from simres.workload.operators import Op, Role, Tensor, Unit
from simres.workload.reaches import SUMMED
from simres.workload.reading import all_of_it

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
    if not op.inputs and op.kind in KINDS and KINDS[op.kind].reads is not all_of_it:
        yield f".inputs: must name at least one tensor, as a `{op.kind}` reads one"
        return
    if op.macs and op.unit is not Unit.MATRIX:
        yield f".macs: {op.macs}, but only the unit `matrix` multiplies and accumulates, not `{op.unit}`"
    if op.unit is Unit.MATRIX:
        yield from _product(op, [tensors[name] for name in op.inputs])
        yield from _summed(op, workload)


def _product(op: Op, inputs: list[Tensor]) -> Iterator[str]:
    """Two operands, and loops that sum over an axis of the first."""
    if len(inputs) < 2:
        yield f".inputs: a product has two operands, and these are {len(inputs)}"
        return
    counts, data = op.loops, inputs[0]
    yield from _taps(op, inputs[1])
    if counts is None or op.kind != "linear" or inputs[1].role is not Role.WEIGHT or counts.groups != 1:
        return
    if data.elements > 1 and data.shape and data.shape[-1] != counts.c:
        yield (
            f".loops.c: sums over {counts.c} elements, and `{data.name}`, of shape {list(data.shape)}, has "
            f"{data.shape[-1]} along its last axis"
        )


def _taps(op: Op, weight: Tensor) -> Iterator[str]:
    """The window of a convolution has the taps of its weights."""
    taps = weight.shape[2:]
    if op.kind == "conv" and op.window is not None and taps:
        kernel = op.window.kernel[-len(taps) :]
        if kernel != taps:
            yield f".window.kernel: is {list(kernel)}, and `{weight.name}` has the taps {list(taps)}"


def _summed(op: Op, workload: Workload) -> Iterator[str]:
    """Operands have as many elements along the axis that is summed over."""
    call = call_of(workload, op)
    found: dict[int, str] = {}
    for place, name in enumerate(op.inputs):
        for rule, size in zip(kind_of(op).rules(call, place), call.inputs[place], strict=True):
            if rule == SUMMED:
                found.setdefault(size, name)
    if len(found) > 1:
        (one, first), (other, second), *_ = found.items()
        yield f".inputs: sums over {one} elements of `{first}`, but over {other} of `{second}`"
