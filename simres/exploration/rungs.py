"""Rungs of a ladder: one network on one chip under one set of assumptions after another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rung:
    """What the run takes under an assumption: `name` is that in short, `said` in a line of words.

    `parts_ps` is the time by component, under that assumption: what each works, or for events its part of
    the critical path. `simulated` says whether the makespan comes from events or from amounts at peak rates.
    """

    name: str
    said: str
    makespan_ps: int
    parts_ps: Mapping[str, int]
    simulated: bool

    @property
    def bottleneck(self) -> str:
        """The component with most of the time; empty where there is none."""
        return max(self.parts_ps, key=lambda name: self.parts_ps[name], default="")


@dataclass(frozen=True, slots=True)
class Ladder:
    """The rungs from the crudest assumption to the run as it would be, of `network` on the chip of `name`."""

    name: str
    network: str
    rungs: tuple[Rung, ...]

    def steps(self) -> Iterator[tuple[Rung | None, Rung]]:
        """Every rung with the one before it."""
        before = None
        for rung in self.rungs:
            yield before, rung
            before = rung
