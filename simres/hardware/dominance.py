"""Dominance: one chip has at least as much of everything as another, whose Programs run on it unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simres.hardware.chip import Chip
from simres.hardware.components import ComponentSpec, UnitSpec


def dominates(chip: Chip, other: Chip) -> bool:
    """Whether `chip` has no less of any resource than `other`, and every engine of it under the same name.

    Resources are what the components state as such (`ComponentSpec.resources`): a memory is no smaller, a
    rate no lower, a delay no longer. Units of several (`UnitSpec.count`) may be more. Everything else is
    equal. Then every Program for `other` is sound on `chip`. A chip dominates itself.
    """
    return (
        chip.roles == other.roles
        and chip.components.keys() == other.components.keys()
        and all(_no_worse(name, chip.components[name], spec) for name, spec in other.components.items())
    )


def _no_worse(name: str, spec: ComponentSpec, other: ComponentSpec) -> bool:
    if type(spec) is not type(other):
        return False
    if spec == other:
        return True
    mine, its = ({one.field: one for one in each.resources()} for each in (spec, other))
    stated, before = _fields(spec), _fields(other)
    for field in {**stated, **before, **mine, **its}:
        now, then = mine.get(field), its.get(field)
        if now and then:
            fine = not then.better(then.value, now.value)
        elif (one := now or then) and one.is_delay:
            fine = now is None  # a delay of 0 is not stated as a resource
        elif field == "count" and isinstance(spec, UnitSpec) and isinstance(other, UnitSpec):
            fine = set(other.lanes(name)) <= set(spec.lanes(name))
        else:
            fine = field in stated and field in before and bool(stated[field] == before[field])
        if not fine:
            return False
    return True


def _fields(spec: ComponentSpec) -> dict[str, Any]:
    """What a component states; entries of a mapping are named as resources are (`rate.int8`)."""
    found: dict[str, Any] = {}
    for name in type(spec).model_fields:
        value = getattr(spec, name)
        entries = value.items() if isinstance(value, Mapping) else ()
        found |= {f"{name}.{key}": entry for key, entry in entries} or {name: value}
    return found
