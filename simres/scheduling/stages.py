"""Stages: operators that run side by side, such as a convolution, its sibling and their consumers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from simres.workload.graph import Workload
from simres.workload.operators import Op, Role, Unit

Staging = Callable[[Sequence[Op], Workload], list[list[int]]]
"""Divides operators into stages: every operator, by number, in one stage, after whatever it reads."""

SIBLINGS = 16
"""How many operators ahead one that could run at the same time is looked for."""


def stages(ops: Sequence[Op], workload: Workload) -> list[list[int]]:
    """Operators that run side by side, by number.

    A stage is a matrix operator, others that read the same activation and could run by then (the
    shortcut convolution beside its sibling, so that their common input need not wait for it), and the
    operators that post-process them. What a stage needs from outside, earlier stages have made.
    """
    there = {name for name, tensor in workload.tensors.items() if tensor.role is not Role.ACTIVATION}
    sources = [{workload.storage(name) for name in op.inputs} for op in ops]
    found: list[list[int]] = []
    placed: set[int] = set()
    for number, op in enumerate(ops):
        if number in placed:
            continue
        stage = [number]
        if op.unit is Unit.MATRIX:
            maps = {name for name in sources[number] if workload.tensors[name].role is not Role.WEIGHT}
            stage += [
                other
                for other in range(number + 1, min(number + SIBLINGS, len(ops)))
                if other not in placed
                and ops[other].unit is Unit.MATRIX
                and sources[other] & maps
                and sources[other] <= there
            ]
        made = {name for member in stage for name in ops[member].outputs}
        for other in range(number + 1, min(stage[-1] + SIBLINGS, len(ops))):
            if other in placed or other in stage or ops[other].unit is Unit.MATRIX:
                continue
            if sources[other] & made and sources[other] <= there | made:
                stage.append(other)
                made.update(ops[other].outputs)
        stage.sort()
        placed.update(stage)
        there.update(made)
        found.append(stage)
    return found


def leaders(stage: Sequence[int], ops: Sequence[Op], workload: Workload) -> list[int]:
    """The matrix operators of a stage that read nothing made in it: what all others follow, tile by tile."""
    made = {name for member in stage for name in ops[member].outputs}
    return [
        member
        for member in stage
        if ops[member].unit is Unit.MATRIX
        and not any(workload.storage(name) in made for name in ops[member].inputs)
    ]


def stacked(stage: Sequence[int], ops: Sequence[Op], workload: Workload) -> bool:
    """Whether a stage is a stack: some matrix operator follows another tile by tile."""
    return len(leaders(stage, ops, workload)) < sum(ops[member].unit is Unit.MATRIX for member in stage)
