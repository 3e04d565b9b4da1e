"""Reduces the bytes of each element. Accuracy and conversions are not modelled."""

from __future__ import annotations

from dataclasses import replace

from simres.passes.rebuilt import has_fixed_weights, rebuilt, start_of
from simres.workload.graph import Workload
from simres.workload.operators import Role, Tensor, Unit

FLOATS = frozenset({"fp64", "fp32", "fp16", "bf16"})
"""Data types that are quantised; indices and masks stay what they are."""


def to_fp16(workload: Workload) -> Workload:
    """Every floating-point tensor at 2 bytes an element."""
    return _all(workload, "fp16")


def to_bf16(workload: Workload) -> Workload:
    """Every floating-point tensor at 2 bytes an element."""
    return _all(workload, "bf16")


def to_int8(workload: Workload) -> Workload:
    """Weights and activations at 1 byte per element, as in 8-bit inference (Jacob et al., CVPR 2018).

    Products of 8-bit operands are summed in 32 bits. So the initial value of the accumulators has 4 bytes per
    output channel, and each operator with weights gets a vector of scales, 4 bytes per output channel, that
    returns the result to 8 bits. Other vectors (batch norm's, a bias on the host) keep 4
    bytes, and so do the network's outputs, which leave it unscaled.
    """
    tensors = dict(workload.tensors)
    wide = {workload.storage(name) for name in workload.outputs}
    matrix = [op for op in workload.ops if op.unit is Unit.MATRIX]
    starts = {start_of(op) for op in matrix}
    biases = (part for op in workload.ops for part in (op, *op.fused) if part.kind == "bias")
    starts.update(part.inputs[1] for part in biases if len(part.inputs) > 1)
    multiplied = {name for op in matrix for name in op.inputs[:2]}
    for name, tensor in tensors.items():
        if tensor.dtype not in FLOATS:
            continue
        stored = workload.tensors[workload.storage(name)]
        if stored.role is Role.WEIGHT and len(stored.shape) <= 1 and name not in multiplied:
            dtype = "int32" if name in starts else "fp32"
        else:
            dtype = "fp32" if stored.name in wide else "int8"
        tensors[name] = replace(tensor, dtype=dtype)
    ops = []
    for op in workload.ops:
        if op.unit is Unit.MATRIX and has_fixed_weights(workload, op):
            channels = op.loops.m * op.loops.groups if op.loops else tensors[op.inputs[1]].shape[0]
            scale = f"{op.name}.scale_to_int8"
            tensors[scale] = Tensor(scale, Role.WEIGHT, (channels,))
            at = 2 if start_of(op) is None else 3
            op = replace(op, inputs=(*op.inputs[:at], scale, *op.inputs[at:]))
        ops.append(op)
    return rebuilt(workload, ops, tensors)


def _all(workload: Workload, dtype: str) -> Workload:
    tensors = {
        name: replace(tensor, dtype=dtype) if tensor.dtype in FLOATS else tensor
        for name, tensor in workload.tensors.items()
    }
    return replace(workload, tensors=tensors)
