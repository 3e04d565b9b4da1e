"""An engine: what does tasks, one at a time, in simulated time."""

from __future__ import annotations

from typing import NamedTuple

from simpy import Environment, Event, Timeout

from simres.hardware.specs import EngineSpec
from simres.program import Work


class Stall(NamedTuple):
    """Of the time from `begin` to the end of a task, the picoseconds in which the engine did not work."""

    latency_ps: int = 0
    bus_ps: int = 0


class Engine:
    """Is busy for `spec.duration_ps(work)`, whatever else happens.

    A kind with a behaviour of its own overrides `begin`. Several engines may share state: each gets the
    environment it lives in and may start SimPy processes there.
    """

    def __init__(self, env: Environment, spec: EngineSpec) -> None:
        self.env = env
        self.spec = spec

    def begin(self, work: Work, duration_ps: int, queued: bool) -> Event:  # noqa: ARG002
        """Starts `work` now and returns the SimPy event that fires when it is done.

        `duration_ps` is `spec.duration_ps(work)`, worked out once. `queued` says that the task was ready
        before the engine was, so that it follows the one before without a gap. The event's value is a
        `Stall`, or None when the engine works all the while.
        """
        return Timeout(self.env, duration_ps)
