"""Runs several inferences as one batch, which reads the weights once."""

from __future__ import annotations

from dataclasses import replace

from simres.passes.rebuilt import rebuilt
from simres.workload.graph import Workload
from simres.workload.operators import Op, Role, Tensor, Unit


def batch(workload: Workload, images: int) -> Workload:
    """The workload with `images` times as many images at once.

    Each input and activation grows along its first axis, MACs and vector operations with it; weights
    stay. Where a transposition has put another axis first (as attention does), that one grows: bytes
    and operations are right, and the axis stands for both.
    """
    tensors = {
        name: tensor if tensor.role is Role.WEIGHT else _grown(tensor, images)
        for name, tensor in workload.tensors.items()
    }
    return rebuilt(workload, (_batched(op, workload, images) for op in workload.ops), tensors)


def _grown(tensor: Tensor, images: int) -> Tensor:
    first, *others = tensor.shape or (1,)
    return replace(tensor, shape=(first * images, *others))


def _batched(op: Op, workload: Workload, images: int) -> Op:
    loops = op.loops
    if loops is not None:
        # Of two computed operands each image has its own; weights serve the rows of all images.
        own = workload.tensors[workload.storage(op.inputs[1])].role is not Role.WEIGHT
        axis = "groups" if own else "n"
        loops = replace(loops, **{axis: getattr(loops, axis) * images})
    attributes = op.attributes
    size = attributes.get("size")
    if op.unit is Unit.VIEW and size and size == workload.tensors[op.outputs[0]].shape:
        attributes = {**attributes, "size": (size[0] * images, *size[1:])}
    return replace(
        op,
        loops=loops,
        macs=op.macs * images,
        vector_ops=op.vector_ops * images,
        attributes=attributes,
        fused=tuple(_batched(part, workload, images) for part in op.fused),
    )
