"""Builds the workload that a pass returns from its changed operators."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from simres.workload.graph import Workload
from simres.workload.operators import Op, Role, Tensor


def rebuilt(workload: Workload, ops: Iterable[Op], tensors: Mapping[str, Tensor] | None = None) -> Workload:
    """`workload` with these operators, and of `tensors` (by default its own) those still in use."""
    ops = tuple(ops)
    known = workload.tensors if tensors is None else tensors
    used = {name for op in ops for part in (op, *op.fused) for name in (*part.inputs, *part.outputs)} | set(
        workload.outputs
    )
    for name in tuple(used):
        while (base := known[name].view_of) is not None:
            used.add(name := base)
    kept = {name: tensor for name, tensor in known.items() if name in used}
    return replace(workload, tensors=kept, ops=ops)


def has_fixed_weights(workload: Workload, op: Op) -> bool:
    """Whether a matrix operator's second operand is a weight, so that each output channel has its own row."""
    return len(op.inputs) > 1 and workload.tensors[workload.storage(op.inputs[1])].role is Role.WEIGHT


def start_of(op: Op) -> str | None:
    """What a matrix operator's accumulators start from, where a pass has added it."""
    fused = {name for part in op.fused for name in part.inputs}
    return op.inputs[2] if len(op.inputs) > 2 and op.inputs[2] not in fused else None
