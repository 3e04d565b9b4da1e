"""Packages that `simres plugins new` writes.

The texts are templates with `@words@` in them: `@name@` as the author spells it (`my-npu`), `@part@` as in
scenarios (`my_npu`), `@module@` (`simres_my_npu`), `@Class@` (`MyNpu`), `@summary@` and `@simres@`.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from enum import StrEnum
from importlib import import_module
from pathlib import Path

from simres import __version__
from simres.errors import SimresError
from simres.starters import package

LONGEST = 40


class Kind(StrEnum):
    """The kinds of plugin to start from."""

    BUS = "bus"
    MEMORY = "memory"
    MATRIX = "matrix"
    HOST = "host"
    MASTER = "master"
    COMPONENT = "component"
    """A matrix unit."""
    SCHEDULER = "scheduler"
    BLOCK = "block"
    REPORTER = "reporter"
    IMPORTER = "importer"
    PASS = "pass"


_MODULES = {Kind.COMPONENT: "matrix", Kind.PASS: "pass_"}
"""Modules whose name differs from the kind."""


def files(name: str, kind: Kind) -> dict[Path, str]:
    """The files of a plugin called `name`, by path relative to the package folder.

    Raises `SimresError` if `name` cannot be the name of a package.
    """
    plain = name.removeprefix("simres-").removeprefix("simres_").lower()
    part = plain.replace("-", "_")
    if not re.fullmatch(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*", plain) or len(plain) > LONGEST:
        raise SimresError(
            f"invalid plugin name `{name[:80]}`",
            f"use at most {LONGEST} lower-case letters, digits and single dashes, such as `my-npu`",
        )
    if keyword.iskeyword(part):
        raise SimresError(f"invalid plugin name `{name}`: it is a Python keyword")
    starter = import_module(f"simres.starters.{_MODULES.get(kind, kind)}")
    words = {
        "name": part.replace("_", "-"),
        "part": part,
        "module": f"simres_{part}",
        "Class": "".join(word.capitalize() for word in part.split("_")),
        "summary": starter.SUMMARY,
        "try": starter.TRY,
        "extras": starter.EXTRAS,
        "simres": ".".join(__version__.split(".")[:2]),
    }
    texts = package.FILES | starter.FILES
    return {Path(_filled(path, words)): _filled(text, words) for path, text in texts.items()}


def _filled(text: str, words: Mapping[str, str]) -> str:
    return re.sub(r"@(\w+)@", lambda found: _filled(words[found[1]], words), text)
