"""Steps: the tiles of operators, as pieces read and made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from simres.program.tasks import Box, Work
from simres.scheduling.pieces import Grid


class Step(NamedTuple):
    """One tile of one operator: the pieces that it reads and makes, and its work.

    `op` numbers the operators without views; `inputs` and `outputs` are pieces. A step whose output is among
    its inputs adds to it. `over` is an input piece that the output may overwrite (-1: none), if this step is
    the last to need it. `pinned` are pieces that it reads and that never leave the chip. `part` is the part
    of the output piece that this step makes if others make the rest; the step then reads nothing of the
    piece, which is among its inputs only so that it stays.
    """

    op: int
    work: Work
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    over: int = -1
    pinned: tuple[int, ...] = ()
    part: Box | None = None


def bytes_of(step: Step, size: Sequence[int]) -> int:
    """Bytes of a tile and of everything that it reads; `size` is by piece."""
    total = sum([size[piece] for piece in {*step.inputs, *step.outputs}])
    return total - size[step.over] if step.over >= 0 else total


class Taken(NamedTuple):
    """The result of a cut: the steps, of which the largest takes `most` bytes with everything that it reads;
    the grids of tensors that were not cut before, each with whether its columns are the outer loop; and the
    activations that have to go off-chip."""

    steps: list[Step]
    most: int
    grids: tuple[tuple[Grid, bool], ...]
    forced: frozenset[str] = frozenset()
