"""Simulated times compared with measured ones, by layer and in total."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

TOTAL_LIMIT = 0.15
"""The largest error of a network's time that counts as right, as a share of the measured time."""
LAYER_LIMIT = 0.30
"""The same limit for a convolution."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A call on real hardware: its operators, its time in picoseconds, the spread, and what ran."""

    operators: tuple[str, ...]
    ps: int
    spread: float = 0.0
    ran: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """A layer's measured and simulated times. `kind` is that of its first operator, `macs` the sum."""

    name: str
    kind: str
    macs: int
    measured_ps: int
    simulated_ps: int
    spread: float = 0.0
    ran: str = ""

    @property
    def error(self) -> float:
        """Simulated over measured time, less 1: 0.1 is 10 % too long."""
        return error(self.simulated_ps, self.measured_ps)

    @property
    def difference_ps(self) -> int:
        """The absolute difference in picoseconds."""
        return abs(self.simulated_ps - self.measured_ps)

    @property
    def near(self) -> bool:
        """Whether the error is within the limit for a convolution."""
        return self.difference_ps <= LAYER_LIMIT * self.measured_ps


@dataclass(frozen=True)
class Agreement:
    """The times of a network: `measured_ps` of one inference, `simulated_ps` of the whole run."""

    network: str
    machine: str
    chip: str
    measured_ps: int
    measured_spread: float
    simulated_ps: int
    layers: tuple[Compared, ...]

    @property
    def error(self) -> float:
        """The error of the total."""
        return error(self.simulated_ps, self.measured_ps)

    @cached_property
    def convolutions(self) -> tuple[Compared, ...]:
        """The layers that are convolutions, in order."""
        return tuple(layer for layer in self.layers if layer.kind == "conv")

    @property
    def near(self) -> bool:
        """Whether the error of the total is within its limit."""
        return abs(self.simulated_ps - self.measured_ps) <= TOTAL_LIMIT * self.measured_ps

    @property
    def within(self) -> tuple[Compared, ...]:
        """The convolutions within their limit."""
        return tuple(layer for layer in self.convolutions if layer.near)

    @property
    def holds(self) -> bool:
        """Whether the total and every convolution are within their limits."""
        return self.near and len(self.within) == len(self.convolutions)

    def worst(self, count: int) -> tuple[Compared, ...]:
        """The layers with the largest difference in time, largest first."""
        ordered = sorted(self.layers, key=lambda layer: -layer.difference_ps)
        return tuple(ordered[:count])

    @cached_property
    def by_kind(self) -> Mapping[str, tuple[int, int, int]]:
        """By kind of layer: the count, and the measured and simulated picoseconds."""
        found: dict[str, tuple[int, int, int]] = {}
        for layer in self.layers:
            count, measured, simulated = found.get(layer.kind, (0, 0, 0))
            found[layer.kind] = (count + 1, measured + layer.measured_ps, simulated + layer.simulated_ps)
        return found


def error(simulated_ps: int, measured_ps: int) -> float:
    """Simulated over measured time, less 1; infinite if only the simulated time is not 0."""
    if measured_ps:
        return simulated_ps / measured_ps - 1
    return float("inf") if simulated_ps else 0.0


def compared(
    calls: Sequence[Measured], kinds: Mapping[str, tuple[str, int]], simulated_ps: Mapping[str, int]
) -> tuple[Compared, ...]:
    """The calls with the simulated times of their operators.

    `kinds` has the kind and the multiply-accumulates of every operator of the traced workload. An operator
    without a time in `simulated_ps` was folded into another and takes none.
    """
    return tuple(
        Compared(
            name=call.operators[0],
            kind=kinds[call.operators[0]][0],
            macs=sum(kinds[name][1] for name in call.operators),
            measured_ps=call.ps,
            simulated_ps=sum(simulated_ps.get(name, 0) for name in call.operators),
            spread=call.spread,
            ran=call.ran,
        )
        for call in calls
    )
