"""Copies the steps of an operator from an equal one, which is faster than cutting it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from simres.program.tasks import Work
from simres.scheduling.pieces import Grid, Pieces
from simres.scheduling.steps import Step, Taken
from simres.workload.operators import Op, Tensor


def taken_like(
    there: Taken,
    cut: Mapping[str, Grid],
    op: Op,
    number: int,
    named: Mapping[str, Tensor],
    grids: Mapping[str, Grid],
    pieces: Pieces,
) -> Taken:
    """The steps of operator `number`, with the pieces that it reads and makes itself.

    `there` and the grids `cut` of its inputs belong to the equal operator, `grids` to `op`. `named` maps the
    names of the other operator's tensors to the corresponding tensors of `op`.
    """
    made = [(pieces.add_like(grid, named[grid.tensor.name]), outer) for grid, outer in there.grids]
    own: dict[int, int] = {}
    """The pieces of `op` by those there."""
    pairs = [(grid, grids[named[name].name]) for name, grid in cut.items() if named[name].name in grids]
    for grid, mine in [
        *pairs,
        *zip([grid for grid, _ in there.grids], [mine for mine, _ in made], strict=True),
    ]:
        own.update(
            zip(
                range(grid.first, grid.first + grid.count),
                range(mine.first, mine.first + mine.count),
                strict=True,
            )
        )
    works: dict[int, Work] = {}
    steps = []
    for step in there.steps:
        for piece in step.inputs:
            if piece not in own:  # a strip
                sources = tuple([own[source] for source in pieces.sources.get(piece, ())])
                own[piece] = pieces.strip(named[pieces.tensor[piece]], pieces.box[piece], sources)
        work = works.get(id(step.work))
        if work is None:
            work = works[id(step.work)] = replace(step.work, op=op)
        steps.append(
            Step(
                number,
                work,
                tuple([own[piece] for piece in step.inputs]),
                tuple([own[piece] for piece in step.outputs]),
                own[step.over] if step.over >= 0 else -1,
                tuple([own[piece] for piece in step.pinned]),
                step.part,
            )
        )
    return Taken(steps, there.most, tuple(made), frozenset([named[name].name for name in there.forced]))
