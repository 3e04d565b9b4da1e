"""What a check found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """A check by name, what was counted, and what does not hold: the first thing, or nothing."""

    check: str
    counted: str
    problem: str = ""

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problem


def finding(check: str, counted: str, problems: Iterable[str]) -> Finding:
    """The finding of a check with these problems, of which the first is kept and only that is looked for."""
    return Finding(check, counted, next(iter(problems), ""))
