"""Rungs of a ladder: one network on one chip under one set of assumptions after another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rung:
    """The run time under an assumption: `name` is its short name, `said` a one-line description.

    `parts_ps` is the time by component under that assumption: the busy time of each, or for events its part
    of the critical path. `simulated` says whether the makespan comes from events or from amounts at peak
    rates.
    """

    name: str
    said: str
    makespan_ps: int
    parts_ps: Mapping[str, int]
    simulated: bool

    @property
    def bottleneck(self) -> str:
        """The component with most of the time; empty if there is none."""
        return max(self.parts_ps, key=lambda name: self.parts_ps[name], default="")


@dataclass(frozen=True, slots=True)
class Ladder:
    """The rungs from the crudest assumption to the full simulation, of `network` on the chip of `name`."""

    name: str
    network: str
    rungs: tuple[Rung, ...]

    def steps(self) -> Iterator[tuple[Rung | None, Rung]]:
        """Yields every rung with the one before it."""
        before = None
        for rung in self.rungs:
            yield before, rung
            before = rung
