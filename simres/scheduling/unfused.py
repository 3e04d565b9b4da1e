"""Splits fused operators, because a tiled schedule runs their parts tile by tile."""

from __future__ import annotations

from dataclasses import replace

from simres.workload.graph import Workload


def unfused(workload: Workload) -> Workload:
    """The workload with every `Op.fused` as separate operators, directly after the one that they follow."""
    if not any(op.fused for op in workload.ops):
        return workload
    return replace(workload, ops=tuple(part for op in workload.ops for part in op.parts()))
