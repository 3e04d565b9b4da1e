"""Folds batch norms into the matrix operators before them, as every inference compiler does."""

from __future__ import annotations

from dataclasses import replace

from simres.workload import Op, Unit, Workload


def fold_batch_norm(workload: Workload) -> Workload:
    """The workload without those batch norms that directly follow a convolution or linear layer.

    With y = a (W x) + b, the scale a goes into the weights ahead of time (no bytes, no work) and the
    shift b becomes the value from which the accumulators start: it still comes over the bus, and costs
    the host nothing. A batch norm stays where its input has another reader, is an output, or has a
    producer that is not matrix work (a concatenation, as in DenseNet).
    """
    folded: dict[str, Op] = {}
    """Batch norms that go, by the operator that takes them in."""
    for op in workload.ops:
        if op.kind != "batch_norm":
            continue
        data = op.inputs[0]
        before = workload.producer.get(data)
        if before is None or before.unit is not Unit.MATRIX or before.name in folded:
            continue
        if len(workload.consumers[data]) == 1 and data not in workload.outputs:
            folded[before.name] = op
    gone = {norm.name for norm in folded.values()}
    ops = []
    for op in workload.ops:
        if op.name in gone:
            continue
        norm = folded.get(op.name)
        if norm is not None:
            shift = norm.inputs[-1]
            op = replace(op, inputs=(*op.inputs, shift), outputs=norm.outputs)
        ops.append(op)
    used = {name for op in ops for name in (*op.inputs, *op.outputs)} | set(workload.outputs)
    for name in tuple(used):
        while (base := workload.tensors[name].view_of) is not None:
            used.add(name := base)
    tensors = {name: tensor for name, tensor in workload.tensors.items() if name in used}
    return replace(workload, tensors=tensors, ops=tuple(ops))
