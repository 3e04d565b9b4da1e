"""The components under `hardware:`: each by its kind's model, and background masters by their bus."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from simres import units
from simres.errors import SimresError
from simres.hardware.chip import Chip
from simres.hardware.specs import BackgroundSpec, BusSpec, ComponentSpec
from simres.plugins.registry import resolve
from simres.scenario.assignment import NAME, KnownParts
from simres.scenario.problems import Problems
from simres.scenario.remedies import of_another_kind
from simres.scenario.runs import check_runs
from simres.scenario.source import Trail
from simres.text import describe


def hardware_of(problems: Problems, registry: KnownParts) -> dict[str, ComponentSpec]:
    """Returns the components by name, those that are sound; all else is added to `problems`."""
    entries = problems.document.data.get("hardware", {})
    if not isinstance(entries, dict):
        return {}  # reported already
    if not entries and ("hardware" in problems.document.data or problems.what == "scenario"):
        problems.add(("hardware",), "names no component; give a `chip:` to start from, or components by name")
    hardware = {}
    for name, entry in entries.items():
        trail = ("hardware", name)
        if not isinstance(name, str) or not re.fullmatch(NAME, name):
            problems.add(trail, "a component's name is of small letters, digits and `_`", key=True)
        elif not isinstance(entry, dict):
            problems.add(trail, f"must be a mapping such as `{{kind: sram, capacity: 1 MiB}}`{_got(entry)}")
        elif (spec := _component(problems, registry, trail, entry)) is not None:
            hardware[name] = spec
    _check_masters(problems, hardware, len(hardware) == len(entries))
    check_runs(problems, registry, hardware)
    return hardware


def _check_masters(problems: Problems, hardware: dict[str, ComponentSpec], complete: bool) -> None:
    """Checks that background masters are on a bus and leave some of it to others."""
    buses = [name for name, spec in hardware.items() if isinstance(spec, BusSpec)]
    for name, spec in hardware.items():
        if complete and isinstance(spec, BackgroundSpec) and spec.bus not in buses:
            known = ", ".join(buses) or "none"
            problems.add(
                ("hardware", name, "bus"), f"there is no bus `{spec.bus}`; buses of this chip: {known}"
            )
            complete = False
    if complete:
        try:
            Chip(hardware, {})
        except SimresError as error:
            problems.add_error(("hardware",), error)


def _component(
    problems: Problems, registry: KnownParts, trail: Trail, entry: dict[str, Any]
) -> ComponentSpec | None:
    kind = entry.get("kind")
    if not isinstance(kind, str):
        known = ", ".join(registry.components())
        missing = f"`kind` is missing; known: {known}"
        problems.add(
            trail if kind is None else (*trail, "kind"),
            missing if kind is None else f"must be text{_got(kind)}",
        )
        return None
    try:
        component = registry.component(kind)
        model = resolve(component.spec)
    except SimresError as error:
        problems.add_error((*trail, "kind"), error)
        return None
    if component.instead:
        problems.warn_of_old((*trail, "kind"), f"`{kind}` is an old name; write {component.instead}")

    spec: ComponentSpec | None = problems.validate(
        model, entry, trail, instead=partial(of_another_kind, registry, component), context=units.SPELLED
    )
    return spec


def _got(value: object) -> str:
    return f", got {describe(value)}"
