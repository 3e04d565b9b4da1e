"""Matches user input to layer names."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

from simres.errors import SimresError
from simres.reporting.text.amounts import printable


def matching(names: Sequence[str], pattern: str, where: str) -> list[int]:
    """Returns the numbers of the names that match `pattern`: an exact name, a glob, or a prefix.

    Raises `SimresError` with the nearest names if none matches; `where` is the place named in it.
    """
    found = [number for number, name in enumerate(names) if name == pattern]
    if not found and any(c in pattern for c in "*?["):
        found = [number for number, name in enumerate(names) if fnmatchcase(name, pattern)]
    elif not found:
        found = [number for number, name in enumerate(names) if name.startswith(pattern)]
    if not found:
        near = ", ".join(f"`{name}`" for name in get_close_matches(pattern, names, n=3, cutoff=0.5))
        hint = f"did you mean {near}?" if near else f"the first layers are {', '.join(names[:5])}"
        raise SimresError(f"no layer `{printable(pattern)}` in this {where}", hint)
    return found
