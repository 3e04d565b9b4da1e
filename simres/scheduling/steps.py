"""Steps: the tiles of operators, as pieces that are read and made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from simres.program.tasks import Box, Work
from simres.scheduling.pieces import Grid


class Step(NamedTuple):
    """One tile of one operator: what it reads, what it makes, and how much work that is.

    `op` counts the operators that are no views; `inputs` and `outputs` are pieces. A step whose output is
    among its inputs adds to it. `over` is an input piece that the output may take the place of (-1: none),
    where this step is the last to need it. `pinned` are pieces that it reads and that never leave. `part`
    is the part of its output piece that it makes where others make the rest; it then reads nothing of it,
    though the piece is among its inputs, so that it stays.
    """

    op: int
    work: Work
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    over: int = -1
    pinned: tuple[int, ...] = ()
    part: Box | None = None


def bytes_of(step: Step, size: Sequence[int]) -> int:
    """Bytes of a tile and of all that it reads; `size` is by piece."""
    total = sum([size[piece] for piece in {*step.inputs, *step.outputs}])
    return total - size[step.over] if step.over >= 0 else total


class Taken(NamedTuple):
    """What comes of a cut: steps, of which the largest takes `most` bytes with all it reads; the grids of
    what was not cut before, each with whether its columns are the outer loop; and the activations that have
    to go off-chip."""

    steps: list[Step]
    most: int
    grids: tuple[tuple[Grid, bool], ...]
    forced: frozenset[str] = frozenset()
