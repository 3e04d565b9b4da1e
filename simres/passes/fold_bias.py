"""Starts the accumulators from the bias, so that no separate addition is needed."""

from __future__ import annotations

from dataclasses import replace

from simres.passes.rebuilt import rebuilt
from simres.workload.graph import Workload
from simres.workload.operators import Op, Role, Unit


def fold_bias(workload: Workload) -> Workload:
    """The workload without those biases that directly follow a convolution, linear layer or product.

    The bias becomes the value from which the accumulators start: it still comes over the bus, and costs
    the host nothing. One stays where its input has another reader or is an output, where it is
    computed, and where the accumulators have a start already.
    """
    gone: set[str] = set()
    taken: dict[str, Op] = {}
    """The bias that each operator takes in."""
    for op in workload.ops:
        if op.kind != "bias" or len(op.inputs) != 2:
            continue
        data, bias = op.inputs
        before = workload.producer.get(data)
        if before is None or before.unit is not Unit.MATRIX or before.fused or len(before.inputs) != 2:
            continue
        if workload.tensors[workload.storage(bias)].role is not Role.WEIGHT:
            continue
        if len(workload.consumers[data]) == 1 and data not in workload.outputs:
            gone.add(op.name)
            taken[before.name] = op
    ops = []
    for op in workload.ops:
        if (bias_op := taken.get(op.name)) is not None:
            op = replace(op, inputs=(*op.inputs, bias_op.inputs[1]), outputs=bias_op.outputs)
        if op.name not in gone:
            ops.append(op)
    return rebuilt(workload, ops)
