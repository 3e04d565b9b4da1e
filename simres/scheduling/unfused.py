"""Splits fused operators, since a tiled schedule runs the parts tile by tile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from simres.workload.graph import Op, Workload


def unfused(workload: Workload) -> Workload:
    """The workload with every `Op.fused` as operators of their own, right after the one they follow."""
    if not any(op.fused for op in workload.ops):
        return workload
    return replace(workload, ops=tuple(part for op in workload.ops for part in _parts(op)))


def _parts(op: Op) -> Iterator[Op]:
    if not op.fused:
        yield op
        return
    made = {name for part in op.fused for name in part.outputs}
    outside = {name for part in op.fused for name in part.inputs} - made
    result = next(name for name in op.fused[0].inputs if name not in op.inputs)
    # Data and weights come first and are its own, whoever else reads them too.
    own = (*op.inputs[:2], *(name for name in op.inputs[2:] if name not in outside))
    vector_ops = op.vector_ops - sum(part.vector_ops for part in op.fused)
    yield replace(op, inputs=own, outputs=(result,), vector_ops=vector_ops, fused=())
    yield from op.fused
