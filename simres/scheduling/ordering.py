"""The order of steps: what can follow its input tile by tile does, and siblings run side by side."""

from __future__ import annotations

from collections.abc import Iterator

from simres.scheduling.tile_plan import Step
from simres.scheduling.tiling import Tiling
from simres.workload import Role, Unit

SIBLINGS = 16
"""How many operators ahead one that could run at the same time is looked for."""


def ordered(tiling: Tiling) -> list[Step]:
    """All steps: stage by stage, and within a stage whatever is furthest down and can run.

    So a convolution's batch norm, ReLU, addition and pooling follow it tile by tile, and the map between
    them never exists as a whole.
    """
    order: list[Step] = []
    for stage in _stages(tiling):
        tiles = [tiling.tiles[number] for number in stage]
        if len(stage) == 1:
            order += tiles[0]
        elif all(len(steps) == 1 for steps in tiles):
            order += [steps[0] for steps in tiles]
        else:
            leads = [tiling.ops[number].unit is Unit.MATRIX for number in stage]
            order += _interleaved(tiling, tiles, leads)
    return order


def _interleaved(tiling: Tiling, tiles: list[list[Step]], leads: list[bool]) -> Iterator[Step]:
    """Followers before leaders; of followers the last that can run, of leaders the one that is behind."""
    sources = tiling.pieces.sources
    made_by: dict[int, int] = {}
    """Steps yet to come that make or add to a piece."""
    for steps in tiles:
        for step in steps:
            for piece in step.outputs:
                made_by[piece] = made_by.get(piece, 0) + 1
    following = [0] * len(tiles)
    followers = [place for place in range(len(tiles) - 1, -1, -1) if not leads[place]]
    leaders = [place for place, lead in enumerate(leads) if lead]
    heads: list[set[int]] = [set() for _ in tiles]
    """What each operator's next step reads that is yet to be made."""

    def turn(place: int) -> None:
        steps, at = tiles[place], following[place]
        if at < len(steps):
            read = steps[at].inputs
            if sources:
                read = tuple(part for piece in read for part in sources.get(piece, (piece,)))
            own = steps[at].outputs
            heads[place] = {piece for piece in read if piece in made_by and piece not in own}

    for place in range(len(tiles)):
        turn(place)
    left = sum(map(len, tiles))
    while left:
        for place in followers:
            if following[place] < len(tiles[place]) and not heads[place]:
                break
        else:
            place = max(
                (lead for lead in leaders if following[lead] < len(tiles[lead]) and not heads[lead]),
                key=lambda lead: (1 - following[lead] / len(tiles[lead]), -lead),
            )
        step = tiles[place][following[place]]
        yield step
        left -= 1
        following[place] += 1
        turn(place)
        for piece in step.outputs:
            made_by[piece] -= 1
            if not made_by[piece]:
                del made_by[piece]
                for head in heads:
                    head.discard(piece)


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
        there.update(made)
        stages.append(stage)
    return stages
