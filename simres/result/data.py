"""Parts of a Result: engines, expectations, candidates, tenants, and its origin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simres.analysis.bounds import Bounds
from simres.hardware.energy import EnergyCosts
from simres.workload.graph import Workload


@dataclass(frozen=True, slots=True)
class EngineDescription:
    """What a result knows of an engine beside its times."""

    kind: str
    role: str
    peak_per_s: int | None = None
    """Bytes or operations a second, where the kind states a peak."""
    energy: EnergyCosts = field(default_factory=EnergyCosts)
    """What its work takes in joules."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """One line of the scenario's `expect:` and what came out; `within` is a share of the expected value."""

    path: str
    expected: int | float
    found: int | float
    within: float = 0.0

    @property
    def met(self) -> bool:
        """Whether the found value is near enough."""
        return abs(self.found - self.expected) <= self.within * abs(self.expected)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a result comes from: enough to get the same one again.

    `scenario` is resolved: every default written out. `versions` are of simres and of the packages
    whose parts were used.
    """

    scenario: Mapping[str, Any]
    workload_digest: str
    versions: Mapping[str, str]
    seed: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A Program that planning tried: who made it, what it decided, and what came of it."""

    scheduler: str
    decisions: Mapping[str, str]
    tasks: int
    makespan_ps: int


@dataclass(frozen=True, slots=True)
class Tenancy:
    """One of several networks that shared the chip, and what came of it.

    It came at `start_ps`, and its last task ended at `end_ps`. With its part of the memory, but otherwise
    alone on the chip, it would have taken `alone_ps`. `bounds` are those of its own work on the whole chip.
    """

    workload: Workload
    rewritten: Workload | None
    scheduler: str
    repeats: int
    priority: int
    start_ps: int
    end_ps: int
    alone_ps: int
    bounds: Bounds
    candidates: tuple[Candidate, ...] = ()
    request_ps: int = 0
    """Where requests came over time: how long one took on average. `alone_ps` is then of a single one."""

    @property
    def scheduled(self) -> Workload:
        """The workload that its Program was made of."""
        return self.workload if self.rewritten is None else self.rewritten

    @property
    def images(self) -> int:
        """Images that went through."""
        return self.repeats * self.scheduled.images

    @property
    def latency_ps(self) -> int:
        """Picoseconds from its start to its last task's end; of requests over time, the mean of one's."""
        return self.request_ps or self.end_ps - self.start_ps

    @property
    def slowdown(self) -> float:
        """How many times as long as alone it took; 1 where that is no time."""
        return self.latency_ps / self.alone_ps if self.alone_ps else 1.0
