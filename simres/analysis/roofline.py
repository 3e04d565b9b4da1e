"""The roofline (Williams, Waterman and Patterson, CACM 2009): each layer under the chip's ceilings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simres.units import PS_PER_S


@dataclass(frozen=True, slots=True)
class RooflinePoint:
    """A layer: its operations, its bytes on the bus, the picoseconds it took, and its class.

    Operations are two a multiply-accumulate where it has any, and vector operations where it has none;
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
        """Operations a byte on the bus; None for a layer that moves none."""
        return self.operations / self.nbytes if self.nbytes else None

    @property
    def rate(self) -> float:
        """Operations a second that it reached; 0 where it took no time."""
        return self.operations * PS_PER_S / self.time_ps if self.time_ps else 0.0


@dataclass(frozen=True, slots=True)
class Roofline:
    """The ceilings, in bytes and operations a second (0 where the chip states none), and the layers."""

    bandwidth: int
    matrix_rate: int
    host_rate: int
    points: tuple[RooflinePoint, ...]

    def peak(self, role: str) -> int:
        """Operations a second of the engines of that role."""
        return self.matrix_rate if role == "matrix" else self.host_rate

    def roof(self, role: str, intensity: float | None) -> float:
        """Operations a second that a layer of that role and intensity can reach at the most."""
        peak = self.peak(role)
        if intensity is None or not self.bandwidth:
            return float(peak)
        return min(float(peak), intensity * self.bandwidth) if peak else intensity * self.bandwidth

    def share(self, point: RooflinePoint) -> float:
        """What part of its roof a layer reached, 0 to 1; 0 where there is no roof."""
        roof = self.roof(point.role, point.intensity)
        return point.rate / roof if roof else 0.0


def layers_of(
    rows: Sequence[tuple[str, str, int, int, int, int]],
) -> tuple[RooflinePoint, ...]:
    """Points of (name, kind, MACs, vector operations, bytes on the bus, picoseconds); none without work."""
    return tuple(
        RooflinePoint(name, kind, "matrix" if macs else "host", 2 * macs or vector_ops, nbytes, time_ps)
        for name, kind, macs, vector_ops, nbytes, time_ps in rows
        if macs or vector_ops
    )
