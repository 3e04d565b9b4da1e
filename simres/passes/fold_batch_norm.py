"""Folds batch norms into the matrix operators before them."""

from __future__ import annotations

from dataclasses import replace

from simres.passes.rebuilt import has_fixed_weights, rebuilt
from simres.workload.graph import Workload
from simres.workload.operators import Op, Unit


def fold_batch_norm(workload: Workload) -> Workload:
    """The workload without those batch norms that directly follow a convolution or linear layer.

    With y = a (W x + b) + c, the scale a goes into the weights ahead of time (no bytes, no work) and the
    shift a b + c becomes the value from which the accumulators start: it still comes over the bus, and
    costs the host nothing. A bias b between the two goes with it. A batch norm stays where its input
    has another reader or is an output, where its producer is not matrix work (a concatenation, as in
    DenseNet) or multiplies two computed tensors, and where other operators share the weights.
    """
    gone: set[str] = set()
    folded: dict[str, Op] = {}
    """The batch norm that each operator takes in."""
    for op in workload.ops:
        if op.kind != "batch_norm" or len(op.inputs) < 2:  # without a shift there is nothing to start from
            continue
        between = [_only_producer(workload, op)]
        if between[0] is not None and between[0].kind == "bias":
            between.append(_only_producer(workload, between[0]))
        before = between[-1]
        if before is None or before.unit is not Unit.MATRIX or before.fused or before.name in folded:
            continue
        if len(before.inputs) <= 3 and _owns_weights(workload, before):
            gone |= {op.name, *(other.name for other in between[:-1] if other is not None)}
            folded[before.name] = op
    ops = []
    for op in workload.ops:
        if (norm := folded.get(op.name)) is not None:
            op = replace(op, inputs=(*op.inputs[:2], norm.inputs[-1]), outputs=norm.outputs)
        if op.name not in gone:
            ops.append(op)
    return rebuilt(workload, ops)


def _only_producer(workload: Workload, op: Op) -> Op | None:
    """The operator that produces the first input of `op`, if `op` is its only reader."""
    data = op.inputs[0]
    alone = len(workload.consumers[data]) == 1 and data not in workload.outputs
    return workload.producer.get(data) if alone else None


def _owns_weights(workload: Workload, op: Op) -> bool:
    return has_fixed_weights(workload, op) and len(workload.consumers[op.inputs[1]]) == 1
