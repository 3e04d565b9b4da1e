"""Everything at once: weights ahead of their need, tiles, host and matrix unit side by side."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from pydantic import BaseModel, ConfigDict

from simres.errors import AnswerIsNo
from simres.hardware.chip import Chip
from simres.program import Program
from simres.scheduling.tiled import tiled
from simres.workload import Workload

SHARES = (4, 8, 16, 32, 64)
"""Tile sizes that are tried, as shares of the on-chip memory, coarse to fine."""

MOST_TASKS = 8_000
"""A finer cut is not tried any more when the one before came to more tasks than this."""


class Parameters(BaseModel):
    """What a scenario may set for this scheduler."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    share: int | None = None
    """Cut maps to this share of the on-chip memory (8: an eighth); by default several are tried."""


def schedule(workload: Workload, chip: Chip, parameters: Parameters) -> list[Program]:
    """Candidates, of which the caller keeps the fastest: tiles of several sizes overlapped, and one in a row.

    Raises `AnswerIsNo`, with the memory that the finest cut would need, when none fits.
    """
    return [*_overlapped(workload, chip, parameters), *_in_a_row(workload, chip)]


def _overlapped(workload: Workload, chip: Chip, parameters: Parameters) -> Iterator[Program]:
    shares = SHARES if parameters.share is None else (parameters.share,)
    found = False
    for share in shares:
        try:
            program = tiled(workload, chip, name="overlapped", share=share, overlap=True)
        except AnswerIsNo:
            if share == shares[-1] and not found:
                raise
            continue
        found = True
        yield program
        if len(program.tasks) > MOST_TASKS:
            return


def _in_a_row(workload: Workload, chip: Chip) -> Iterator[Program]:
    """One task after the other, cut as little as the memory allows."""
    for share in (1, *SHARES):
        with suppress(AnswerIsNo):
            yield tiled(workload, chip, name="overlapped", share=share, overlap=False)
            return
