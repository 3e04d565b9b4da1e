"""Keeps measured candidates in a file, so that a run that was killed need not measure them again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from simres.errors import SimresError
from simres.exploration.block_choice import Candidate
from simres.files import json_text, read_json, write_text

LARGEST = 16 << 20
"""Bytes of the largest such file."""


def write(path: Path, key: str, candidates: Sequence[Candidate]) -> None:
    """Writes candidates; `key` stands for all that they depend on."""
    write_text(path, json_text({"key": key, "candidates": [asdict(candidate) for candidate in candidates]}))


def read(path: Path, key: str) -> list[Candidate] | None:
    """Returns the candidates in a file; None where there is none, or it depends on something else.

    Raises `SimresError` for a file that `write` did not write.
    """
    if not path.exists():
        return None
    document = read_json(path, "list of candidates", largest=LARGEST)
    try:
        if document["key"] != key:
            return None
        return [_candidate(item) for item in document["candidates"]]
    except (KeyError, TypeError, ValueError) as error:
        raise SimresError(f"`{path}` is no list of candidates", "remove it: it is measured again") from error


def _candidate(item: dict[str, Any]) -> Candidate:
    removed, accuracy = item["removed"], item["accuracy"]
    times = item["time_ps"], item["energy_fj"]
    if not isinstance(removed, list) or not all(isinstance(block, str) for block in removed):
        raise ValueError("blocks are names")
    if type(accuracy) is not float or not 0 <= accuracy <= 1:
        raise ValueError("an accuracy is from 0 to 1")
    if not all(type(value) is int and value >= 0 for value in times):
        raise ValueError("times and energies are whole numbers")
    return Candidate(tuple(removed), accuracy, *times)
