"""LB1, an estimate of the bus traffic of layer-by-layer schedules. It is not a lower bound."""

from __future__ import annotations

from dataclasses import dataclass

from simres.units import PS_PER_S
from simres.workload.graph import Workload
from simres.workload.operators import Op, Role, Unit


@dataclass(frozen=True, slots=True)
class Estimate:
    """LB1. `bus_bytes` is LB0 plus `spilled_bytes`, and `bus_ps` is the time that it takes on the bus.

    `peak_live_bytes` is the largest size of the activations between two operators.
    """

    bus_bytes: int
    spilled_bytes: int
    peak_live_bytes: int
    bus_ps: int


def live_bytes(fused: Workload) -> list[int]:
    """Bytes of activations still to be read, after each operator that computes or copies.

    Consecutive matrix operators that read the same activation (a convolution and that of the shortcut) count
    as one: interleaved tile by tile, they finish with their input together.
    """
    ops = [op for op in fused.ops if op.unit is not Unit.VIEW]
    last: dict[str, int] = {}
    for position, op in enumerate(ops):
        for name in op.inputs:
            last[fused.storage(name)] = position
    held: dict[str, int] = {}
    found = []
    for position, op in enumerate(ops):
        for name in op.outputs:
            stored = fused.tensors[fused.storage(name)]
            if last.get(stored.name, -1) > position:
                held[stored.name] = stored.nbytes
        for name in op.inputs:
            stored_name = fused.storage(name)
            if last[stored_name] <= position:
                held.pop(stored_name, None)
        if position + 1 == len(ops) or not _siblings(fused, op, ops[position + 1]):
            found.append(sum(held.values()))
    return found


def _siblings(workload: Workload, one: Op, other: Op) -> bool:
    if one.unit is not Unit.MATRIX or other.unit is not Unit.MATRIX or not one.inputs or not other.inputs:
        return False
    data = workload.storage(one.inputs[0])
    read = workload.tensors[data].role is not Role.WEIGHT
    return read and data == workload.storage(other.inputs[0])


def estimate(fused: Workload, capacity: int, bandwidth: int) -> Estimate:
    """LB1 = LB0 + 2 x the live bytes over `capacity` at the boundaries of fused operators.

    `fused` is the workload after `fuse_epilogues`, `capacity` is that of the on-chip memory in bytes,
    `bandwidth` is in bytes per second. A tensor that lives across several boundaries is counted at each, and
    a schedule that fuses several layers moves less: LB1 is not a lower bound.
    """
    live = live_bytes(fused)
    spilled = 2 * sum(max(0, nbytes - capacity) for nbytes in live)
    total = fused.compulsory_bytes + spilled
    return Estimate(total, spilled, max(live, default=0), -(-total * PS_PER_S // bandwidth))
