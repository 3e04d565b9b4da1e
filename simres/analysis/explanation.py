"""The critical path of a run, summed by the changes that would shorten it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from simres.analysis.critical_path import Blame, Spent, Stretch, Why, blame, critical_path, summed
from simres.program.names import EngineName
from simres.program.record import Cause, Record
from simres.program.tasks import Program


class LimitingFactor(StrEnum):
    """The property of a component that limits a run."""

    SPEED = "speed"
    """The component is busy, or another engine holds it."""
    LATENCY = "latency"
    """The component has been asked and has not answered yet."""
    SPACE = "space"
    """The component is full."""
    START = "start"
    """No component: no work was due yet."""


class PathCause(NamedTuple):
    """The cause of a part of a run: a component (empty for `START`) and its limiting factor."""

    component: str
    limit: LimitingFactor


@dataclass(frozen=True)
class Explanation:
    """The critical path of a run, summed in several ways; each sum equals the makespan."""

    program: Program
    path: tuple[Stretch, ...]

    @cached_property
    def blamed(self) -> Mapping[Blame, int]:
        """Picoseconds by engine, layer, cause and holder, the largest first."""
        return blame(self.path)

    @cached_property
    def resources(self) -> Mapping[PathCause, int]:
        """Picoseconds by resource, the largest first."""
        return summed((resource_of(self.program, part), part.took_ps) for part in self.path)

    @cached_property
    def components(self) -> Mapping[str, int]:
        """Picoseconds by component, the largest first, without the time in which nothing was due.

        A stall on a full buffer counts for the memory.
        """
        parts = ((what.component, ps) for what, ps in self.resources.items())
        return summed((component, ps) for component, ps in parts if component)

    @property
    def bottleneck(self) -> PathCause | None:
        """The bottleneck: the resource with the most time on the path; None if the run takes no time."""
        return next(iter(self.resources), None)

    @cached_property
    def causes(self) -> Mapping[Spent, int]:
        """Picoseconds by cause, the largest first."""
        return summed((part.cause, part.took_ps) for part in self.path)

    def layers(self, resource: PathCause) -> Mapping[int, int]:
        """Picoseconds of a resource by layer (its index in the Program), the largest first."""
        return summed((part.layer, part.took_ps) for part in self.on(resource))

    def holders(self, cause: Spent) -> Mapping[str, int]:
        """Picoseconds of a cause by holder, the largest first."""
        return summed((part.holder, part.took_ps) for part in self.path if part.cause is cause)

    def on(self, resource: PathCause) -> Iterable[Stretch]:
        """The stretches that a resource causes."""
        return (part for part in self.path if resource_of(self.program, part) == resource)


def explain(program: Program, record: Record) -> Explanation:
    """The explanation of a run. Raises `SimresError` like `critical_path`."""
    return Explanation(program, critical_path(program, record))


def resource_of(program: Program, part: Stretch) -> PathCause:
    """The resource that a stretch of the critical path depends on."""
    match part.cause:
        case Why.IDLE:
            return PathCause("", LimitingFactor.START)
        case Cause.SPACE:
            return PathCause(EngineName.parse(_memory(program, part)).component, LimitingFactor.SPACE)
        case Cause.LATENCY:
            return PathCause(EngineName.parse(part.engine).component, LimitingFactor.LATENCY)
        case _:
            return PathCause(EngineName.parse(part.engine).component, LimitingFactor.SPEED)


def _memory(program: Program, part: Stretch) -> str:
    """The memory in which a task waits for space; the holder's, if there are several."""
    memories = {program.buffers[number].memory for number in program.tasks[part.task].reserves}
    if len(memories) > 1:
        memories &= {buffer.memory for buffer in program.buffers if buffer.tensor == part.holder}
    return min(memories, default="")
