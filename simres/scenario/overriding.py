"""Overrides of a scenario: what `--set PATH=VALUE` puts into its document, or takes out of it."""

from __future__ import annotations

import copy
from typing import Any

from simres.errors import SimresError
from simres.scenario.model import ScenarioFile
from simres.scenario.problems import suggestion
from simres.scenario.remedies import OF_SCENARIOS, having
from simres.scenario.source import Trail, parse_value


def value_of(value: object) -> Any:
    """Parses the text of an override; other values are copied."""
    return parse_value(value) if isinstance(value, str) else copy.deepcopy(value)


def put(data: dict[str, Any], trail: Trail, value: Any) -> None:
    """Puts `value` at `trail`; the last key may be new (the check for unknown keys comes later).

    Raises `SimresError` where there is no such place.
    """
    if trail[0] == "expect":
        raise SimresError("`expect` is not checked when something is set")
    if trail[0] == "sweep":
        raise SimresError("knobs of a sweep are not set; `--vary` replaces or adds them")
    if trail[0] not in ScenarioFile.model_fields:
        hardware = data.get("hardware")
        if isinstance(hardware, dict) and trail[0] in hardware:
            path = ".".join(map(str, ("hardware", *trail)))
            raise SimresError(f"no `{trail[0]}`; did you mean `{path}`?")
        if stating := having(hardware, str(trail[0])):
            paths = " or ".join(f"`hardware.{name}.{'.'.join(map(str, trail))}`" for name in stating)
            raise SimresError(f"no `{trail[0]}`; did you mean {paths}?")
        if (instead := OF_SCENARIOS.get(str(trail[0]))) is not None:
            raise SimresError(f"no `{trail[0]}`; {instead}")
        raise SimresError(f"no `{trail[0]}`{suggestion(str(trail[0]), ScenarioFile.model_fields)}")
    if trail[0] == "scheduler" and len(trail) > 1 and not isinstance(data.get("scheduler"), dict):
        data["scheduler"] = {"name": data.get("scheduler", "serial")}
    inner: Any = data
    for depth, part in enumerate(trail[:-1]):
        if depth == 0:
            inner.setdefault(part, {})
        if part not in inner:
            stating = having(inner, str(trail[2])) if depth == 1 and trail[0] == "hardware" else []
            if stating:
                components = ", ".join(map(str, inner))
                raise SimresError(
                    f"no `{part}`; components: {components}; `{trail[2]}` is of `{'` and `'.join(stating)}`"
                )
            raise SimresError(f"no `{part}`{suggestion(str(part), inner)}")
        inner = inner[part]
        if not isinstance(inner, dict):
            above = ".".join(map(str, trail[: depth + 1]))
            raise SimresError(f"`{above}` has no keys; set it as a whole")
    inner[trail[-1]] = value


def take_away(data: dict[str, Any], trail: Trail, key: str) -> None:
    """Removes a component, for `--set hardware.NAME=null`. Raises `SimresError` where there is none."""
    hardware = data.get("hardware")
    if not isinstance(hardware, dict) or trail[1] not in hardware:
        known = ", ".join(map(str, hardware)) if isinstance(hardware, dict) else "none"
        raise SimresError(f"--set {key}: no `{trail[1]}` to remove; components: {known}")
    del hardware[trail[1]]
