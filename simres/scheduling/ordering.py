"""Orders operators so that consumers follow their producers tile by tile and siblings run together."""

from __future__ import annotations

from collections.abc import Iterator

from simres.scheduling.stages import leaders
from simres.scheduling.steps import Step
from simres.scheduling.tiling import DoesNotFit, Tiling


def ordered(tiling: Tiling) -> list[Step]:
    """All steps: stage by stage, and within a stage the furthest operator that can run.

    The batch norm, ReLU, addition and pooling after a convolution thus follow it tile by tile, and the map
    between them never exists as a whole. In a stack, matrix operators after the first follow in the same way:
    of every map, only the rows that are still to be read exist. If the plan divides the batch into parts,
    they run one after the other. Raises `DoesNotFit` if parts depend on each other.
    """
    order = _in_stages(tiling)
    if tiling.plan.parts > 1:
        order.sort(key=lambda step: part_of(tiling, step))
        if not _runs(tiling, order):
            raise DoesNotFit("a part of the batch needs another one", least=tiling.spec.capacity)
    return order


def part_of(tiling: Tiling, step: Step) -> int:
    """The part of the batch that a step belongs to, from 0 on."""
    parts, pieces = tiling.plan.parts, tiling.pieces
    if parts == 1:
        return 0
    piece = step.outputs[0]
    box = pieces.box[piece]
    size = tiling.workload.tensors[pieces.tensor[piece]].shape[:1]
    return box[0][0] * parts // size[0] if size and size[0] else 0


def _runs(tiling: Tiling, order: list[Step]) -> bool:
    """Whether each step comes after the producers of its inputs."""
    sources = tiling.pieces.sources
    left: dict[int, int] = {}
    for step in order:
        for piece in step.outputs:
            left[piece] = left.get(piece, 0) + 1
    for step in order:
        for piece in step.inputs:
            for part in sources.get(piece, (piece,)):
                if left.get(part) and part not in step.outputs:
                    return False
        for piece in step.outputs:
            left[piece] -= 1
    return True


def _in_stages(tiling: Tiling) -> list[Step]:
    known = tiling.known.orders
    order: list[Step] = []
    for stage in tiling.stages:
        tiles = [tiling.tiles[number] for number in stage]
        if len(stage) == 1:
            order += tiles[0]
        elif all(len(steps) == 1 for steps in tiles):
            order += [steps[0] for steps in tiles]
        else:
            key = tuple(map(id, tiles))
            if key not in known:
                leading = leaders(stage, tiling.ops, tiling.workload)
                leads = [number in leading for number in stage]
                known[key] = tiles, list(_interleaved(tiling, _by_need(tiling, tiles), leads))
            order += known[key][1]
    return order


def _by_need(tiling: Tiling, tiles: list[list[Step]]) -> list[list[Step]]:
    """The tiles of each operator of a stage, in the order in which later operators first need them."""
    sources = tiling.pieces.sources
    needed: dict[int, float] = {}
    found = []
    for steps in reversed(tiles):
        if any(step.outputs[0] in needed for step in steps):
            steps = sorted(steps, key=lambda step: min(needed.get(piece, 1.0) for piece in step.outputs))
        for at, step in enumerate(steps):
            for piece in step.inputs:
                for part in sources.get(piece, (piece,)):
                    needed[part] = min(needed.get(part, 1.0), at / len(steps))
        found.append(steps)
    return found[::-1]


def _interleaved(tiling: Tiling, tiles: list[list[Step]], leads: list[bool]) -> Iterator[Step]:
    """Followers before leaders: the last follower that can run, else the leader that is furthest behind."""
    sources = tiling.pieces.sources
    made_by: dict[int, int] = {}
    """Remaining steps that make or add to a piece."""
    for steps in tiles:
        for step in steps:
            for piece in step.outputs:
                made_by[piece] = made_by.get(piece, 0) + 1
    following = [0] * len(tiles)
    followers = [place for place in range(len(tiles) - 1, -1, -1) if not leads[place]]
    leaders = [place for place, lead in enumerate(leads) if lead]
    heads: list[set[int]] = [set() for _ in tiles]
    """The pieces that each operator's next step reads and that are not yet made."""

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
        first = tiles[place][following[place]]
        while True:
            step = tiles[place][following[place]]
            yield step
            left -= 1
            following[place] += 1
            for piece in step.outputs:
                made_by[piece] -= 1
            # Sums stay where they are until they are complete, or what is to be added is yet to be made.
            turn(place)
            more = tiles[place][following[place] : following[place] + 1]
            if not more or more[0].outputs != first.outputs or heads[place]:
                break
        for piece in first.outputs:
            if not made_by[piece]:
                del made_by[piece]
                for head in heads:
                    head.discard(piece)
