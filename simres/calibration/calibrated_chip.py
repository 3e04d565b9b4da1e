"""Writes a chip with calibrated figures, in which each says whether it is one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from simres.hardware.resources import Resource, with_value
from simres.hardware.specs import ComponentSpec
from simres.scenario.model import ChipPreset


@dataclass(frozen=True, slots=True)
class Free:
    """A figure of a chip that is calibrated: a component by name, and one of its rates or delays."""

    component: str
    resource: Resource

    def __str__(self) -> str:
        return f"{self.component}.{self.resource.field}"


def with_figures(
    hardware: Mapping[str, ComponentSpec], free: list[Free], values: list[int]
) -> dict[str, ComponentSpec]:
    """The components with other values of these figures, in base units."""
    found = dict(hardware)
    for one, value in zip(free, values, strict=True):
        found[one.component] = with_value(found[one.component], one.resource, value)
    return found


def calibrated_yaml(preset: ChipPreset, free: list[Free], values: list[int], on: str, error: str) -> str:
    """The chip as YAML. `on` says what it was calibrated on, `error` how far off it is."""
    return "\n".join(_lines(preset, free, values, on, error)) + "\n"


def _lines(preset: ChipPreset, free: list[Free], values: list[int], on: str, error: str) -> Iterator[str]:
    was = {str(one): one.resource.format(one.resource.value) for one in free}
    source = f"{preset.source.rstrip('. ') or 'not stated'}; calibrated figures have a comment"
    yield f"# Figures with a comment are calibrated on {on}."
    yield f"# {error}"
    yield f"# All others are as in `{preset.name}`: published or derived, as its source says."
    yield "schema_version: 1"
    yield f"description: {_text(preset.description or preset.name)}"
    yield f"source: {_text(source)}"
    yield ""
    yield "hardware:"
    for name, spec in with_figures(preset.hardware, free, values).items():
        yield f"  {name}:"
        for key, value in spec.model_dump(mode="json", exclude_unset=True).items():
            yield from _entry(f"{name}.{key}", key, value, was)


def _entry(path: str, key: str, value: Any, was: Mapping[str, str]) -> Iterator[str]:
    """A key of a component; a mapping that contains a calibrated figure takes a line per key."""
    if isinstance(value, dict) and any(other.startswith(f"{path}.") for other in was):
        yield f"    {key}:"
        for inner, one in value.items():
            yield f"      {inner}: {_text(one)}{_comment(f'{path}.{inner}', was)}"
        return
    yield f"    {key}: {_text(value)}{_comment(path, was)}"


def _comment(path: str, was: Mapping[str, str]) -> str:
    return f"  # calibrated; was {was[path]}" if path in was else ""


def _text(value: Any) -> str:
    """A value in one line of YAML."""
    return (
        str(yaml.safe_dump(value, default_flow_style=True, width=10**9, allow_unicode=True))
        .split("\n...")[0]
        .strip()
    )
