"""Writes the Program of a walk in the order that a scheduler chooses, as tasks of a Draft."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from simres.hardware.chip import Chip
from simres.program.draft import Draft
from simres.program.tasks import Region
from simres.scheduling.residency import PieceInterval
from simres.scheduling.walk import Event, Walk


def written(chip: Chip, walk: Walk, engines: Sequence[str], order: Iterable[int], *, in_a_row: bool) -> Draft:
    """The tasks of these events of a walk, by number; `engines` has the engine of each step."""
    draft = Draft(chip, in_a_row=in_a_row)
    residency, tiling = walk.residency, walk.tiling
    pieces, steps, memory = tiling.pieces, residency.steps, tiling.memory
    for op in tiling.ops:
        draft.layer(op.name, op.kind, op.block)
    maker = {name: number for number, op in enumerate(tiling.ops) for name in op.outputs}
    lies: dict[int, Region] = {}
    """By stay: its buffer, once that is written."""

    def buffer(piece: int, *, resident: bool = False) -> Region:
        box = None if pieces.whole[piece] else pieces.box[piece]
        return draft.buffer(pieces.tensor[piece], pieces.nbytes[piece], memory, box, resident=resident)

    def made(stay: PieceInterval) -> Region:
        """The buffer in which a step begins a stay: one that it takes over, or a new one."""
        if stay.follows is None:
            region = buffer(stay.piece)
        else:
            box = None if pieces.whole[stay.piece] else pieces.box[stay.piece]
            region = Region(pieces.tensor[stay.piece], lies[stay.follows.number].buffer, box)
        lies[stay.number] = region
        return region

    pinned = {piece: buffer(piece, resident=True) for piece in sorted(tiling.pinned)}
    for number in order:
        event, which = walk.events[number]
        if event is Event.LOAD:
            load = walk.loads[which]
            for stay in load.stays:
                lies[stay.number] = buffer(stay.piece)
            draft.load(*[lies[stay.number] for stay in load.stays], layer=steps[load.start].op)
        elif event is Event.STORE:
            region = lies[which]
            draft.store(region, layer=maker[region.tensor])
        else:
            step, (read, making) = steps[which], residency.by_step[which]
            reads = [lies[stay.number] for stay in read if step.part is None or stay not in making]
            reads += [pinned[piece] for piece in step.pinned]
            writes = [lies.get(stay.number) or made(stay) for stay in making]
            if step.part is not None:
                writes = [Region(region.tensor, region.buffer, step.part) for region in writes]
            draft.task(
                engines[which], walk.kinds[which], step.work, reads=reads, writes=writes, layer=step.op
            )
    return draft
