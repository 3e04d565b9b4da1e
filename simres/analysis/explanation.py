"""The critical path of a run, summed by the changes that would shorten it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple, TypeVar

from simres.analysis.critical_path import Blame, Stretch, Why, blame, critical_path
from simres.program.names import EngineName
from simres.program.record import Record
from simres.program.tasks import Program

_Key = TypeVar("_Key")


class LimitingFactor(StrEnum):
    """What of a component a run can hang on."""

    SPEED = "speed"
    """It works, or somebody else has it."""
    LATENCY = "latency"
    """It has been asked and has not answered yet."""
    SPACE = "space"
    """It holds other things."""
    START = "start"
    """No component: nothing was due yet."""


class PathCause(NamedTuple):
    """What a part of a run hangs on: a component (empty for `START`), and what of it."""

    component: str
    limit: LimitingFactor


@dataclass(frozen=True)
class Explanation:
    """The critical path of a run, added up in several ways, each of which comes to the makespan."""

    program: Program
    path: tuple[Stretch, ...]

    @cached_property
    def blamed(self) -> Mapping[Blame, int]:
        """Picoseconds by engine, layer, cause and holder, the most first."""
        return blame(self.path)

    @cached_property
    def resources(self) -> Mapping[PathCause, int]:
        """Picoseconds by resource, the most first."""
        return _added((resource_of(self.program, part), part.took_ps) for part in self.path)

    @property
    def bound_by(self) -> PathCause | None:
        """The resource that the most of the run hangs on; None where nothing takes any time."""
        return next(iter(self.resources), None)

    @cached_property
    def causes(self) -> Mapping[Why, int]:
        """Picoseconds by cause, the most first."""
        return _added((part.cause, part.took_ps) for part in self.path)

    def layers(self, resource: PathCause) -> Mapping[int, int]:
        """Of what hangs on a resource, picoseconds by layer (its index in the Program), the most first."""
        return _added((part.layer, part.took_ps) for part in self.on(resource))

    def holders(self, cause: Why) -> Mapping[str, int]:
        """Of what went to a cause, picoseconds by who was in the way, the most first."""
        return _added((part.holder, part.took_ps) for part in self.path if part.cause is cause)

    def on(self, resource: PathCause) -> Iterable[Stretch]:
        """The stretches that hang on a resource."""
        return (part for part in self.path if resource_of(self.program, part) == resource)


def explain(program: Program, record: Record) -> Explanation:
    """The explanation of a run. Raises `SimresError` as `critical_path` does."""
    return Explanation(program, critical_path(program, record))


def resource_of(program: Program, part: Stretch) -> PathCause:
    """What a stretch of the critical path hangs on."""
    match part.cause:
        case Why.IDLE:
            return PathCause("", LimitingFactor.START)
        case Why.SPACE:
            return PathCause(EngineName.parse(_memory(program, part)).component, LimitingFactor.SPACE)
        case Why.LATENCY:
            return PathCause(EngineName.parse(part.engine).component, LimitingFactor.LATENCY)
        case _:
            return PathCause(EngineName.parse(part.engine).component, LimitingFactor.SPEED)


def _memory(program: Program, part: Stretch) -> str:
    """The memory in which a task waits for space; of several that in which the holder is."""
    memories = {program.buffers[number].memory for number in program.tasks[part.task].reserves}
    if len(memories) > 1:
        memories &= {buffer.memory for buffer in program.buffers if buffer.tensor == part.holder}
    return min(memories, default="")


def _added(parts: Iterable[tuple[_Key, int]]) -> Mapping[_Key, int]:
    found: dict[_Key, int] = {}
    for key, ps in parts:
        found[key] = found.get(key, 0) + ps
    return dict(sorted(found.items(), key=lambda item: -item[1]))
