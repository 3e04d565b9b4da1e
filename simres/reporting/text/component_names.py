"""Names of components as sentences use them."""

from __future__ import annotations

from collections.abc import Iterable

from simres.result import Result

_NOUNS = {"bus": "bus", "memory": "memory", "matrix": "matrix unit", "host": "host"}


def the(result: Result, names: str) -> str:
    """An engine, or several that share a role (`a+b`), in words: `the ddr bus`, `the matrix unit`."""
    role = result.role(names)
    noun = _NOUNS.get(role, role)
    several = names.split("+") if names not in result.chip else [names]
    if len(several) > 1:
        return f"the {noun}s {listed(several)}"
    return f"the {noun}" if names in (role, noun) else f"the {names} {noun}".rstrip()


def who(result: Result, name: str) -> str:
    """Who had something: an engine, a background master, or the bus itself."""
    if not name:
        return "turnaround and refresh"
    return the(result, name) if result.role(name) else f"the {name}"


def listed(parts: Iterable[str]) -> str:
    """`a, b and c`."""
    *most, last = [*parts] or [""]
    return f"{', '.join(most)} and {last}" if most else last
