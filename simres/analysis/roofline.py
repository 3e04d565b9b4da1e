"""The roofline (Williams, Waterman and Patterson, CACM 2009): each layer under the chip's ceilings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simres.units import PS_PER_S


@dataclass(frozen=True, slots=True)
class RooflinePoint:
    """A layer: its operations, its bytes on the bus, the picoseconds it took, and its class.

    Operations are two per multiply-accumulate if the layer has any, otherwise its vector operations;
    `role` says which (`matrix` or `host`).
    """

    name: str
    kind: str
    role: str
    operations: int
    nbytes: int
    time_ps: int

    @property
    def intensity(self) -> float | None:
        """Operations per byte on the bus; None for a layer that moves none."""
        return self.operations / self.nbytes if self.nbytes else None

    @property
    def rate(self) -> float:
        """Operations per second that the layer reached; 0 if it took no time."""
        return self.operations * PS_PER_S / self.time_ps if self.time_ps else 0.0


@dataclass(frozen=True, slots=True)
class Roofline:
    """The ceilings, in bytes and operations per second (0 if the chip states none), and the layers.

    `dtype` is the data type of most operations; empty for a ledger.
    """

    bandwidth: int
    matrix_rate: int
    host_rate: int
    points: tuple[RooflinePoint, ...]
    dtype: str = ""

    def peak(self, role: str) -> int:
        """The peak operations per second of the engines of a role."""
        return self.matrix_rate if role == "matrix" else self.host_rate

    def roof(self, role: str, intensity: float | None) -> float:
        """The largest operations per second that a layer of this role and intensity can reach."""
        peak = self.peak(role)
        if intensity is None or not self.bandwidth:
            return float(peak)
        return min(float(peak), intensity * self.bandwidth) if peak else intensity * self.bandwidth

    def share(self, point: RooflinePoint) -> float:
        """The share of its roof that a layer reached, 0 to 1; 0 if there is no roof."""
        roof = self.roof(point.role, point.intensity)
        return point.rate / roof if roof else 0.0


def layers_of(rows: Sequence[tuple[str, str, int, int, int, int]]) -> tuple[RooflinePoint, ...]:
    """Points from (name, kind, MACs, vector operations, bytes on the bus, picoseconds); rows without work are
    left out."""
    return tuple(
        RooflinePoint(name, kind, "matrix" if macs else "host", 2 * macs or vector_ops, nbytes, time_ps)
        for name, kind, macs, vector_ops, nbytes, time_ps in rows
        if macs or vector_ops
    )
