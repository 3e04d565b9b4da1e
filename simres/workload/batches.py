"""A network with more or fewer inferences in a batch."""

from __future__ import annotations

from dataclasses import replace

from simres.workload.graph import Workload
from simres.workload.operators import Op, Role, Tensor, Unit


def scaled(workload: Workload, times: int, parts: int = 1) -> Workload:
    """The workload with `times / parts` as many inferences at once.

    Each input and activation grows along its first axis, MACs and vector operations with it; weights
    stay. Where a transposition has put another axis first (as attention does), that one grows: bytes
    and operations are right, and the axis stands for both.
    """
    tensors = {
        name: tensor if tensor.role is Role.WEIGHT else _grown(tensor, times, parts)
        for name, tensor in workload.tensors.items()
    }
    ops = tuple([_scaled(op, workload, times, parts) for op in workload.ops])
    return replace(workload, tensors=tensors, ops=ops)


def halved(workload: Workload) -> Workload | None:
    """The workload with half as many inferences at once; None where twice that is not the same again."""
    if workload.images % 2:
        return None
    half = scaled(workload, 1, 2)
    return half if scaled(half, 2) == workload else None


def _grown(tensor: Tensor, times: int, parts: int) -> Tensor:
    first, *others = tensor.shape or (1,)
    return replace(tensor, shape=(first * times // parts, *others))


def _scaled(op: Op, workload: Workload, times: int, parts: int) -> Op:
    loops = op.loops
    if loops is not None:
        # Of two computed operands each inference has its own; weights serve the rows of all.
        operands = op.inputs[1:2]
        own = any(workload.tensors[workload.storage(name)].role is not Role.WEIGHT for name in operands)
        axis = "groups" if own else "n"
        loops = replace(loops, **{axis: getattr(loops, axis) * times // parts})
    attributes = op.attributes
    size = attributes.get("size")
    if op.unit is Unit.VIEW and size and size == workload.tensors[op.outputs[0]].shape:
        attributes = {**attributes, "size": (size[0] * times // parts, *size[1:])}
    return replace(
        op,
        loops=loops,
        macs=op.macs * times // parts,
        vector_ops=op.vector_ops * times // parts,
        attributes=attributes,
        fused=tuple([_scaled(part, workload, times, parts) for part in op.fused]),
    )
