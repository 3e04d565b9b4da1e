"""What a scenario is: the keys of its file, and the frozen thing that simulation takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from simres import units
from simres.hardware.specs import ComponentSpec

SCHEMA_VERSION = 1
"""Version of the YAML form; a file of a newer one is refused."""


MOST_IMAGES = 1_000_000
"""More than that in a run is a slip."""


class ScenarioFile(BaseModel):
    """A network, a chip, and how to schedule the one on the other."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", defer_build=True)

    schema_version: Annotated[int, Field(ge=1)] = SCHEMA_VERSION
    """Version of this form; 1 where it is left out."""
    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """What results call it; by default the name of the file."""
    description: str = ""
    """What it is for, in a line."""
    workload: Annotated[str, Field(min_length=1)]
    """A traced network: a JSON file (relative to this one), or a name such as `resnet20`."""
    chip: Annotated[str, Field(min_length=1)] | None = None
    """A chip to start from: a preset's name (`simres examples` lists them) or a YAML file."""
    hardware: dict[str, Any] = {}
    """The components by name. With `chip:` they replace or add to that chip's."""
    scheduler: Any = "serial"
    """A scheduler's name, or `{name: ..., }` with its parameters."""
    passes: list[str] = []
    """Rewrites of the workload, applied in this order."""
    images: Annotated[int, Field(ge=1, le=MOST_IMAGES)] = 1
    """How often the network runs, the next image as soon as engines are free."""
    seed: Annotated[int, Field(ge=0, lt=2**64)] = 0
    """Seed of everything random; the same seed gives the same result."""
    expect: dict[str, Any] = {}
    """Figures of the result by path, and what they should be; a miss makes the command fail."""


class ChipFile(BaseModel):
    """A chip by itself, for scenarios to start from."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", defer_build=True)

    schema_version: Annotated[int, Field(ge=1)] = SCHEMA_VERSION
    """Version of this form; 1 where it is left out."""
    description: str = ""
    """What it is, in a line."""
    source: str = ""
    """Where the figures come from."""
    hardware: dict[str, Any]
    """The components by name."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a figure of the result should be: `value` in the base unit `unit`, empty for a plain number.

    `within` is the difference allowed, as a share of the value.
    """

    path: str
    value: int | float
    unit: str = ""
    within: Fraction = Fraction(0)
    place: tuple[int, int] = field(default=(0, 0), compare=False)
    """Line and column in the scenario's file, from 1; 0 where there is none."""

    @property
    def text(self) -> int | float | str:
        """The value as a scenario spells it."""
        return units.quantity_of(self.unit).spell(int(self.value)) if self.unit else self.value


@dataclass(frozen=True)
class Scenario:
    """A scenario, checked and complete.

    `workload` is a file's path or a name; `hardware` is in the order of the file; `parameters` are the
    scheduler's. `overridden` says that something was set from outside, so `expect` is not checked.
    Two scenarios are equal when they ask for the same, wherever they were read.
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
    expect: tuple[Expectation, ...] = ()
    path: Path | None = field(default=None, compare=False)
    overridden: bool = field(default=False, compare=False)

    @property
    def workload_file(self) -> Path | None:
        """The JSON file that `workload` names, or None where it is a name."""
        return Path(self.workload) if is_file_reference(self.workload) else None


@dataclass(frozen=True)
class ChipPreset:
    """A chip that scenarios can start from."""

    name: str
    hardware: Mapping[str, ComponentSpec]
    description: str = ""
    source: str = ""


def is_file_reference(reference: str) -> bool:
    """Whether a workload or chip is given as a file and not by name."""
    return reference.endswith((".json", ".yaml", ".yml")) or "/" in reference or "\\" in reference
