"""Depthwise convolutions on the host, for chips whose array is no good at them."""

from __future__ import annotations

from dataclasses import replace

from simres.errors import SimresError
from simres.workload import Op, Unit, Workload


def depthwise_on_host(workload: Workload) -> Workload:
    """The workload with every depthwise convolution a vector operation.

    Each of its multiply-accumulates is one operation of the host (one element through one fused
    multiply-add), and none of the matrix unit.

    Raises `SimresError` where one has other operators fused into it: this pass comes before `fuse_epilogues`.
    """
    return replace(workload, ops=tuple(_moved(op) for op in workload.ops))


def _moved(op: Op) -> Op:
    loops = op.loops
    if op.kind != "conv" or op.unit is not Unit.MATRIX or loops is None or loops.groups == 1 or loops.c > 1:
        return op
    if op.fused:
        raise SimresError(
            f"pass `depthwise_on_host`: other operators are fused into `{op.name}` already",
            "list `depthwise_on_host` before `fuse_epilogues`",
        )
    return replace(op, unit=Unit.HOST, macs=0, vector_ops=op.vector_ops + op.macs, loops=None)
