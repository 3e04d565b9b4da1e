"""Simulated times compared with measured ones, by layer and in total."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

TOTAL_LIMIT = 0.15
"""How far off a network's time may be, as a share of the measured one, and count as right."""
LAYER_LIMIT = 0.30
"""The same for a convolution."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A call on real hardware: the operators that it does, picoseconds, their spread and what ran."""

    operators: tuple[str, ...]
    ps: int
    spread: float = 0.0
    ran: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """A layer's two times. `kind` is that of its first operator, `macs` those of all it does."""

    name: str
    kind: str
    macs: int
    measured_ps: int
    simulated_ps: int
    spread: float = 0.0
    ran: str = ""

    @property
    def error(self) -> float:
        """Simulated over measured, less 1: 0.1 is 10 % too long."""
        return error(self.simulated_ps, self.measured_ps)

    @property
    def difference_ps(self) -> int:
        """By how many picoseconds the two differ."""
        return abs(self.simulated_ps - self.measured_ps)

    @property
    def near(self) -> bool:
        """Whether the two are no farther apart than a convolution's may be."""
        return self.difference_ps <= LAYER_LIMIT * self.measured_ps


@dataclass(frozen=True)
class Agreement:
    """A network's times: `measured_ps` of an image through all of it, `simulated_ps` of the whole run."""

    network: str
    machine: str
    chip: str
    measured_ps: int
    measured_spread: float
    simulated_ps: int
    layers: tuple[Compared, ...]

    @property
    def error(self) -> float:
        """That of the whole."""
        return error(self.simulated_ps, self.measured_ps)

    @cached_property
    def convolutions(self) -> tuple[Compared, ...]:
        """The layers that are convolutions, in order."""
        return tuple(layer for layer in self.layers if layer.kind == "conv")

    @property
    def near(self) -> bool:
        """Whether the total is no farther off than it may be."""
        return abs(self.simulated_ps - self.measured_ps) <= TOTAL_LIMIT * self.measured_ps

    @property
    def within(self) -> tuple[Compared, ...]:
        """The convolutions that are near."""
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
        """For each kind of layer how many there are, and their measured and simulated picoseconds."""
        found: dict[str, tuple[int, int, int]] = {}
        for layer in self.layers:
            count, measured, simulated = found.get(layer.kind, (0, 0, 0))
            found[layer.kind] = (count + 1, measured + layer.measured_ps, simulated + layer.simulated_ps)
        return found


def error(simulated_ps: int, measured_ps: int) -> float:
    """Simulated over measured, less 1; infinite where nothing was measured and something simulated."""
    if measured_ps:
        return simulated_ps / measured_ps - 1
    return float("inf") if simulated_ps else 0.0


def compared(
    calls: Sequence[Measured], kinds: Mapping[str, tuple[str, int]], simulated_ps: Mapping[str, int]
) -> tuple[Compared, ...]:
    """The calls beside what was simulated of their operators.

    `kinds` has the kind and multiply-accumulates of every operator of the traced workload. An operator
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
