"""What a target is, and what is said of an answer: read, refused, or a finding."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from simres.errors import InvariantViolation, PluginFailure, SimresError
from simres.plugins.registry import Registry

BUILT_IN = Registry(external=False)


class FindingError(AssertionError):
    """simres answered, but not as it should."""


@dataclass(frozen=True)
class Target:
    """A parser under test. `make` writes an input into a folder and returns how to read it.

    `share` of all inputs are for it; it `needs` these modules.
    """

    name: str
    make: Callable[[Random, Path], Attempt]
    share: int
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Attempt:
    """Reading one input; one of `places` must be in whatever message refuses it."""

    read: Callable[[], object]
    places: tuple[str, ...]


def made(target: Target, seed: int, number: int, folder: Path) -> Attempt:
    """Input `number`, written into a folder, ready to be read."""
    return target.make(Random(f"{seed}/{target.name}/{number}"), folder)


def judged(attempt: Attempt) -> str:
    """`read` or `refused`: what becomes of an input.

    Raises whatever else comes out, and `FindingError` for a message that helps nobody.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            attempt.read()
    except (InvariantViolation, PluginFailure):
        raise
    except SimresError as error:
        _check_message(error, attempt.places)
        return "refused"
    return "read"


def _check_message(error: SimresError, places: tuple[str, ...]) -> None:
    text = f"{error.message}\n{error.hint or ''}"
    if not any(place in error.message for place in places):
        raise FindingError(f"the message names none of {places}: {error.message[:300]!r}") from error
    if len(text) > 20_000:
        raise FindingError(f"a message of {len(text)} characters: {text[:200]!r}") from error
    if odd := [c for c in text if not c.isprintable() and c != "\n"]:
        raise FindingError(f"a message with {odd[:5]!r} in it: {text[:300]!r}") from error
    for word in ("Input should", "pydantic", "Traceback", "object at 0x"):
        if word in text:
            raise FindingError(f"a message with `{word}` in it: {text[:300]!r}") from error


def check_line(line: str) -> None:
    if odd := [c for c in line if not c.isprintable()]:
        raise FindingError(f"prints {odd[:5]!r}: {line[:200]!r}")


def put(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path
