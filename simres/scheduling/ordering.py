"""The order of steps: what can follow its input tile by tile does, and siblings run side by side."""

from __future__ import annotations

from simres.scheduling.tiling import Piece, Step, Tiling
from simres.workload import Role, Unit

SIBLINGS = 16
"""How many operators ahead one that could run at the same time is looked for."""


def ordered(tiling: Tiling) -> list[Step]:
    """All steps: stage by stage, and within a stage whatever is furthest down and can run.

    So a convolution's batch norm, ReLU, addition and pooling follow it tile by tile, and the map between
    them never exists as a whole.
    """
    order: list[Step] = []
    made: set[Piece] = set()
    for stage in _stages(tiling):
        waiting = [tiling.tiles[number][::-1] for number in stage]
        counts = [len(steps) for steps in waiting]
        leads = [tiling.ops[number].unit is Unit.MATRIX for number in stage]
        produced = {name for number in stage for name in tiling.ops[number].outputs}

        def ready(place: int) -> bool:
            steps = waiting[place]  # noqa: B023 - called within this turn of the loop only
            return bool(steps) and all(
                piece in made or piece[0] not in produced  # noqa: B023
                for piece in steps[-1].inputs
            )

        def rank(place: int) -> tuple[bool, float]:
            """Followers before leaders; of followers the last, of leaders the one that is behind."""
            behind = len(waiting[place]) / counts[place]  # noqa: B023
            return (not leads[place], behind if leads[place] else place)  # noqa: B023

        while any(waiting):
            step = waiting[max(filter(ready, range(len(stage))), key=rank)].pop()
            order.append(step)
            made.update(step.outputs)
    return order


def _stages(tiling: Tiling) -> list[list[int]]:
    """Operators that run side by side, by number.

    A stage is a matrix operator, others that read the same activation and could run by then (the
    shortcut convolution beside its sibling, so that their common input need not wait for it), and the
    operators that post-process them. What a stage needs from outside, earlier stages have made.
    """
    ops, workload = tiling.ops, tiling.workload
    there = {name for name, tensor in workload.tensors.items() if tensor.role is not Role.ACTIVATION}
    sources = [{workload.storage(name) for name in op.inputs} for op in ops]
    stages: list[list[int]] = []
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
        there |= made
        stages.append(stage)
    return stages
