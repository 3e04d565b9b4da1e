"""The model of a scenario file, and the frozen Scenario that simulation takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from simres import units
from simres.hardware.area_costs import USUAL_NM
from simres.hardware.specs import ComponentSpec, MemorySpec
from simres.program.tenants import ONLY
from simres.scenario.arrivals import RequestLoad
from simres.scenario.protocol import Protocol
from simres.units import Bytes, Duration

SCHEMA_VERSION = 1
"""Version of the YAML form; a file of a newer one is refused."""


MOST_IMAGES = 1_000_000
"""The largest number of images in a run; more is an error."""


class ScenarioFile(BaseModel):
    """A network, a chip, and how to schedule the one on the other."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", defer_build=True)

    schema_version: Annotated[int, Field(ge=1)] = SCHEMA_VERSION
    """Version of this format; 1 by default."""
    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """Its name in results; by default the name of the file."""
    description: str = ""
    """Its purpose, in one line."""
    workload: Annotated[str, Field(min_length=1)] | None = None
    """A traced network: a JSON file (relative to this one), or a name such as `resnet20`."""
    tenants: dict[str, Any] = {}
    """Instead of `workload`: several networks that share the chip, by name. The scenario's scheduler, passes
    and images apply to tenants that do not state their own."""
    chip: Annotated[str, Field(min_length=1)] | None = None
    """A chip to start from: a preset's name (`simres examples` lists them) or a YAML file."""
    hardware: dict[str, Any] = {}
    """The components by name. With `chip:` they replace or add to that chip's."""
    technology: Any = None
    """The process for areas and costs, such as `28 nm`; by default the chip's, or 45 nm. Times and energies
    do not depend on it."""
    scheduler: Any = "serial"
    """A scheduler's name, or `{name: overlapped, weights: kept}` with its parameters; by default `serial`."""
    passes: list[str] = []
    """Rewrites of the workload, applied in this order."""
    images: Annotated[int, Field(ge=1, le=MOST_IMAGES)] = 1
    """The number of runs, each started as soon as engines are free."""
    load: Any = None
    """Requests over time, instead of `images`: `{arrivals: poisson, rate: 400/s, images: 10000}`."""
    protocol: Any = None
    """What the time includes, like the measurement: `{weights: warm, call: 100 us}`."""
    seed: Annotated[int, Field(ge=0, lt=2**64)] = 0
    """Seed of everything random; the same seed gives the same result."""
    densities: dict[str, Annotated[float, Field(ge=0, le=1)]] = {}
    """Shares of values that are not 0, by tensor, if measured elsewhere: `{relu1: 0.61}`. They replace
    those of tracing. A bus with `compression` moves fewer bytes for such tensors."""
    expect: dict[str, Any] = {}
    """Expected figures of the result, by path; a miss makes the command fail."""
    sweep: Any = None
    """The knobs and goals for `sweep` and `explore`; other commands ignore it."""


class TenantFile(BaseModel):
    """One of several networks that share a chip."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    workload: Annotated[str, Field(strict=True, min_length=1)]
    """A traced network: a JSON file (relative to this one), or a name such as `resnet20`."""
    scheduler: Any = None
    """A scheduler's name, or one with its parameters; by default the scenario's."""
    passes: Annotated[list[Annotated[str, Field(strict=True)]], Field(strict=True)] | None = None
    """Rewrites of the workload, applied in this order; by default the scenario's."""
    images: Annotated[int, Field(strict=True, ge=1, le=MOST_IMAGES)] | None = None
    """The number of runs; by default the scenario's."""
    load: Any = None
    """Requests over time, instead of `images`; by default the scenario's."""
    sram: Bytes | None = None
    """Its part of the on-chip memory (the largest, if there are several), such as `512 KiB`. Tenants
    without one share the rest evenly."""
    start: Duration = 0
    """Its arrival, such as `50 us`."""
    priority: Annotated[int, Field(strict=True, ge=-1000, le=1000)] = 0
    """Among tasks that wait for an engine, those with a higher priority go first."""


class ChipFile(BaseModel):
    """A chip for scenarios to start from."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", defer_build=True)

    schema_version: Annotated[int, Field(ge=1)] = SCHEMA_VERSION
    """Version of this format; 1 by default."""
    description: str = ""
    """What it is, in a line."""
    source: str = ""
    """Where the figures come from."""
    validated: str = ""
    """How far off it is, where it was measured: `mean 8 % on 653 products`. Empty: not known."""
    technology: Any = None
    """The process for areas and costs, such as `28 nm`; by default 45 nm."""
    hardware: dict[str, Any]
    """The components by name."""


@dataclass(frozen=True, slots=True)
class StatedExpectation:
    """The expected figure of the result: `value` in the base unit `unit`, empty for a plain number.

    `within` is the difference allowed, as a share of the value.
    """

    path: str
    value: int | float
    unit: str = ""
    within: Fraction = Fraction(0)
    place: tuple[int, int] = field(default=(0, 0), compare=False)
    """Line and column in the scenario's file, from 1; 0 if there is none."""

    @property
    def text(self) -> int | float | str:
        """The value as a scenario spells it."""
        return units.quantity_of(self.unit).spell(int(self.value)) if self.unit else self.value


@dataclass(frozen=True)
class Tenant:
    """One of several networks that share a chip, checked and complete; `sram` is in bytes.

    The rest is as in `Scenario` and `TenantFile`.
    """

    workload: str
    scheduler: str
    parameters: BaseModel
    passes: tuple[str, ...]
    images: int
    sram: int
    start_ps: int = 0
    priority: int = 0
    load: RequestLoad | None = None


@dataclass(frozen=True)
class Scenario:
    """A scenario, checked and complete.

    `workload` is a file's path or a name; `hardware` is in the order of the file; `parameters` are the
    scheduler's; `technology` is in nanometres. With `tenants`, `workload` is empty. `overridden` says that a
    value was set from outside, so `expect` is not checked.
    Two scenarios are equal if they ask for the same, wherever they were read.
    """

    name: str
    workload: str
    hardware: Mapping[str, ComponentSpec]
    scheduler: str
    parameters: BaseModel
    description: str = ""
    passes: tuple[str, ...] = ()
    images: int = 1
    seed: int = 0
    expect: tuple[StatedExpectation, ...] = ()
    tenants: Mapping[str, Tenant] = field(default_factory=dict)
    load: RequestLoad | None = None
    protocol: Protocol = field(default_factory=Protocol)
    densities: Mapping[str, float] = field(default_factory=dict)
    technology: int = USUAL_NM
    chip: str = field(default="", compare=False)
    """What a reader knows the chip by: that of its `chip:`, with `(changed)` where its parts differ."""
    path: Path | None = field(default=None, compare=False)
    overridden: bool = field(default=False, compare=False)

    @property
    def loaded(self) -> bool:
        """Whether the scenario or a tenant has requests over time."""
        return self.load is not None or any(tenant.load for tenant in self.tenants.values())

    @property
    def networks(self) -> Mapping[str, str]:
        """The workload of each network, a file or a name, by tenant; a single network has the empty name."""
        return {name: tenant.workload for name, tenant in self.tenants.items()} or {ONLY: self.workload}

    def parts(self) -> Mapping[str, Scenario]:
        """For each tenant, by name, the scenario in which it is alone on its part of the chip.

        A scenario with one network is its own part, under the empty name.
        """
        if not self.tenants:
            return {ONLY: self}
        memories = {name: spec for name, spec in self.hardware.items() if isinstance(spec, MemorySpec)}
        largest = max(memories, key=lambda name: memories[name].capacity, default="")
        found = {}
        for name, tenant in self.tenants.items():
            parts = {other: spec.capacity // len(self.tenants) for other, spec in memories.items()}
            parts |= {largest: tenant.sram} if largest else {}
            smaller = {
                other: spec.model_copy(update={"capacity": parts[other]}) for other, spec in memories.items()
            }
            found[name] = replace(
                self,
                name=name,
                workload=tenant.workload,
                hardware={**self.hardware, **smaller},
                scheduler=tenant.scheduler,
                parameters=tenant.parameters,
                passes=tenant.passes,
                images=tenant.images,
                load=tenant.load,
                expect=(),
                tenants={},
            )
        return found

    def without_requests(self) -> Scenario:
        """The scenario in which each network runs as often as `images` says, without requests."""
        tenants = {name: replace(tenant, load=None) for name, tenant in self.tenants.items()}
        return replace(self, load=None, tenants=tenants)


@dataclass(frozen=True)
class ChipPreset:
    """A chip that scenarios can start from."""

    name: str
    hardware: Mapping[str, ComponentSpec]
    description: str = ""
    source: str = ""
    technology: int = USUAL_NM


def is_file_reference(reference: str) -> bool:
    """Whether a workload or chip is given as a file and not by name."""
    return reference.endswith((".json", ".yaml", ".yml")) or "/" in reference or "\\" in reference
