"""Matches what a person typed to layer names."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

from simres.errors import SimresError
from simres.reporting.text.amounts import printable


def matching(names: Sequence[str], pattern: str, where: str) -> list[int]:
    """The numbers of the names that `pattern` means: that very name, a glob, or how names begin.

    Raises `SimresError` with the nearest names when there is none; `where` says in what.
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
