"""A depth-first scheduler: stacks of layers run tile by tile through the on-chip memory."""

from __future__ import annotations

from collections.abc import Iterator

from simres.plugins.hooks import Scheduler, hookimpl


@hookimpl
def simres_schedulers() -> Iterator[Scheduler]:
    """The scheduler `fused`."""
    yield Scheduler(
        name="fused",
        target="simres_fused.depth_first:schedule",
        parameters="simres_fused.depth_first:Parameters",
        baseline="serial",
        summary="stacks of layers tile by tile, so that maps between them never exist as a whole",
    )
