"""Stages: operators that run together, tile by tile."""

from __future__ import annotations

from collections.abc import Sequence

from simres.workload.graph import Workload
from simres.workload.operators import Op, Unit


def leaders(stage: Sequence[int], ops: Sequence[Op], workload: Workload) -> list[int]:
    """The matrix operators of a stage that read nothing made in it; all others follow them tile by tile."""
    made = {name for member in stage for name in ops[member].outputs}
    return [
        member
        for member in stage
        if ops[member].unit is Unit.MATRIX
        and not any(workload.storage(name) in made for name in ops[member].inputs)
    ]


def stacked(stage: Sequence[int], ops: Sequence[Op], workload: Workload) -> bool:
    """Whether a stage is a stack: a matrix operator follows another one tile by tile."""
    return len(leaders(stage, ops, workload)) < sum(ops[member].unit is Unit.MATRIX for member in stage)
