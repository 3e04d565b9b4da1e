"""An engine: executes tasks one at a time in simulated time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from simpy import Environment, Event
from simpy.events import NORMAL, EventPriority

from simres.hardware.specs import BackgroundSpec, EngineSpec
from simres.program.tasks import Work

_LAST = EventPriority(NORMAL + 1)


class Stall(NamedTuple):
    """The picoseconds between `begin` and the end of a task in which the engine did not work on it.

    `held` lists the holders of the bus meanwhile, with the time of each: an engine or a background master by
    name, or `""` for the bus itself. It adds up to `bus_ps`, or is empty if nothing else can hold the bus.
    """

    latency_ps: int = 0
    bus_ps: int = 0
    held: tuple[tuple[str, int], ...] = ()
    engine_ps: int = 0
    """The time before all that, in which another tenant's task occupied the engine."""


class MasterWork(NamedTuple):
    """The work of a background master: requests served, their bytes, picoseconds that it held the bus."""

    requests: int
    moved_bytes: int
    working_ps: int


class Done(Event):
    """Fires `delay_ps` from now, with `value`: a `simpy.Timeout` without what engines do not need."""

    def __init__(self, environment: Environment, delay_ps: int, value: Stall | None = None) -> None:
        self.env = environment
        self.callbacks = []
        self._value = value
        self._ok = True
        environment.schedule(self, NORMAL, delay_ps)


def after_arrivals(environment: Environment, settle: Callable[[Event], None]) -> None:
    """Calls `settle` in this instant, after everything else that happens in it.

    For engines that arbitrate between tasks: all arrivals of the same instant count.
    """
    event = Event(environment)
    event._ok, event._value = True, None
    event.callbacks.append(settle)
    environment.schedule(event, _LAST)


class Engine:
    """An engine that is busy for `spec.duration_ps(work)`, whatever else happens.

    A kind with its own behaviour overrides `begin`. Several engines may share state: each gets the
    environment it lives in and may start SimPy processes there.
    """

    def __init__(self, env: Environment, spec: EngineSpec) -> None:
        self.env = env
        self.spec = spec

    def begin(self, work: Work, duration_ps: int, queued: bool) -> Event:  # noqa: ARG002
        """Starts `work` now and returns the SimPy event that fires when it is done.

        `duration_ps` is `spec.duration_ps(work)`, computed once. `queued` says that the task was ready
        before the engine was, so that it follows the previous one without a gap. The event's value is a
        `Stall`, or None if the engine is busy all the time.
        """
        return Done(self.env, duration_ps)

    def channels(self, names: Sequence[str], masters: Mapping[str, BackgroundSpec]) -> Sequence[Engine]:  # noqa: ARG002
        """One engine per lane (`EngineSpec.lanes`) that shares this one's resources, such as a bus's rate.

        `masters` are the background masters on it. Equal units (`UnitSpec`) are built one by one instead.
        """
        return (self,)

    def background(self, until_ps: int) -> Mapping[str, MasterWork]:  # noqa: ARG002
        """The work of its background masters up to the end of the run, by name."""
        return {}
