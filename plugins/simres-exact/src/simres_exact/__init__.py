"""Proven optima of small networks: the best order of their tasks, and their best stages."""

from __future__ import annotations

from collections.abc import Iterator

from simres.plugins.hooks import Scheduler, hookimpl


@hookimpl
def simres_schedulers() -> Iterator[Scheduler]:
    """The scheduler `exact`."""
    yield Scheduler(
        shares=True,
        name="exact",
        target="simres_exact.scheduler:schedule",
        summary="small networks: the tasks of several plans, each in the best order that there is, proven",
        parameters="simres_exact.scheduler:Parameters",
    )
