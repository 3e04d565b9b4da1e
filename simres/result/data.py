"""What a finished run leaves: workload, Program, Record, engines, tenants, and its origin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from simres.analysis.area import ChipArea
from simres.analysis.bounds import Bounds
from simres.hardware.energy_costs import EnergyCosts
from simres.program.record import Record
from simres.program.tasks import Program
from simres.workload.graph import Ledger, Workload


@dataclass(frozen=True, slots=True)
class EngineDescription:
    """The description of an engine in a result, without its times."""

    kind: str
    role: str
    peak_per_s: int | None = None
    """Bytes or operations per second, if the kind states a peak."""
    energy: EnergyCosts = field(default_factory=EnergyCosts)
    """The energy costs of its work."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """One line of the scenario's `expect:` and the value found; `within` is a share of the expected value."""

    path: str
    expected: int | float
    found: int | float
    within: float = 0.0

    @property
    def met(self) -> bool:
        """Whether the found value is within the tolerance."""
        return abs(self.found - self.expected) <= self.within * abs(self.expected)


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of a result: everything needed to reproduce it.

    `scenario` is resolved: every default is written out. `versions` are of simres and of the packages
    whose parts were used.
    """

    scenario: Mapping[str, Any]
    workload_digest: str
    versions: Mapping[str, str]
    seed: int
    chip: str = ""
    """What a reader knows the chip by, as in `Scenario`."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A Program that planning tried: its scheduler, its decisions, and its makespan."""

    scheduler: str
    decisions: Mapping[str, str]
    tasks: int
    makespan_ps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTenancy:
    """The fields of a `Tenancy` that a result file has as they are: one added here is in it."""

    scheduler: str
    repeats: int
    priority: int
    start_ps: int
    end_ps: int
    alone_ps: int
    candidates: tuple[Candidate, ...] = ()
    request_ps: int = 0
    """With requests over time, the mean time of one. `alone_ps` is then of a single request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenancy(StoredTenancy):
    """One of several networks that share the chip, and its figures.

    It started at `start_ps`, and its last task ended at `end_ps`. With its part of the memory, but otherwise
    alone on the chip, it would take `alone_ps`. `bounds` are the lower bounds of its own work on the whole
    chip.
    """

    workload: Workload
    rewritten: Workload | None
    bounds: Bounds

    @property
    def scheduled(self) -> Workload:
        """The workload that its Program was made from."""
        return self.workload if self.rewritten is None else self.rewritten

    @property
    def images(self) -> int:
        """The number of inferences."""
        return self.repeats * self.scheduled.images

    @property
    def latency_ps(self) -> int:
        """Picoseconds from its start to its last task's end; with requests over time, the mean latency."""
        return self.request_ps or self.end_ps - self.start_ps

    @property
    def slowdown(self) -> float:
        """Its latency as a multiple of that when alone; 1 if that is 0."""
        return self.latency_ps / self.alone_ps if self.alone_ps else 1.0


@dataclass(frozen=True, slots=True)
class Traced:
    """What an imported trace says, and what it does not (`simres.traces`).

    `source` is the name of its file. `counts` are the dependencies by kind, in words; of those between
    engines, `edges` has the pairs of tasks of which the second waits for the first. `unknown` counts what
    was left out, or could not be known, by what it is.
    """

    source: str
    counts: Mapping[str, int]
    edges: Mapping[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    unknown: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class StoredRun:
    """The fields of a `Run` that a result file has as they are: one added here is in it."""

    name: str
    origin: Origin
    expectations: tuple[Expectation, ...] = ()
    warnings: tuple[str, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    """The candidates of planning, the Program kept included; empty if there was only one."""
    repeats: int = 1
    """The number of runs of the workload, each as soon as engines are free."""
    area: ChipArea | None = None
    """The area and cost of the chip; None in results from before 0.2."""
    capacity_per_ks: int = 0
    """With requests over time: how many the chip serves per thousand seconds under saturation, 0 if
    unknown."""
    trace: Traced | None = None
    """For the imported trace of a real machine: what its dependencies come from."""


@dataclass(frozen=True, kw_only=True)
class Run(StoredRun):
    """All that a finished run leaves; every figure is derived from it."""

    workload: Workload | Ledger
    rewritten: Workload | None = None
    """The workload after the scenario's passes, if there are any."""
    chip: Mapping[str, EngineDescription]
    program: Program
    record: Record
    bounds: Bounds
    tenants: Mapping[str, Tenancy] = field(default_factory=dict)
    """If several networks share the chip, each by name; `workload`, `program` and `record` are then those of
    all together (`simres.program.tenants`), and `candidates` and `repeats` are in the tenants."""


def as_stored(form: type[StoredRun | StoredTenancy], value: StoredRun | StoredTenancy) -> dict[str, Any]:
    """The fields of `form` that a value has, by name."""
    return {own.name: getattr(value, own.name) for own in fields(form)}
