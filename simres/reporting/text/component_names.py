"""Names of components as sentences use them."""

from __future__ import annotations

from collections.abc import Iterable

from simres.reporting import lexicon
from simres.result import Result
from simres.result.engine_rows import labelled


def the(result: Result, names: str) -> str:
    """Names an engine, or several of one role (`a+b`), in words: `the DDR bus`, `the matrix unit`, `the 2
    matrix units` for equal units of one component."""
    role = result.role(names)
    noun = lexicon.role(role).noun
    several = names.split("+") if names not in result.chip else [names]
    if len(several) > 1:
        return f"the {noun}s {listed(label(result, name) for name in several)}"
    if names not in result.chip and (count := result.units(names)) > 1:
        return f"the {count} {noun}s" if names in (role, noun) else f"the {count} {names} {noun}s"
    if names in lexicon.PROPER:
        return f"the {lexicon.PROPER[names]}" if noun == "memory" else f"the {lexicon.PROPER[names]} {noun}"
    if noun in names.split():  # a traced thread or stream says what it is
        return f"the {names}"
    return f"the {noun}" if names in (role, noun) else f"the {names} {noun}".rstrip()


def label(result: Result, names: str) -> str:
    """Names a component, or several of one role (`a+b`), as tables do: `matrix x2` has two equal units."""
    if names in result.chip:
        return names
    return "+".join(labelled(name, result.units(name)) for name in names.split("+"))


def holder_name(result: Result, name: str) -> str:
    """Names a holder in words: an engine, a background master, or the bus itself."""
    if not name:
        return lexicon.BUS_ITSELF
    return the(result, name) if result.role(name) else f"the {name}"


def listed(parts: Iterable[str]) -> str:
    """Joins parts: `a, b and c`."""
    *most, last = [*parts] or [""]
    return f"{', '.join(most)} and {last}" if most else last
