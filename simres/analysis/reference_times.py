"""Times to compare a makespan with: LB0, LB1 and the roofline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simres.units import PS_PER_S


@dataclass(frozen=True, slots=True)
class Reference:
    """A time to compare with. If it is `proven`, no schedule of the workload beats it on the chip.

    `nbytes` is its traffic on the bus, None if it is not derived from traffic.
    """

    name: str
    ps: int
    nbytes: int | None
    proven: bool

    def times(self, makespan_ps: int) -> float:
        """The makespan as a multiple of this time; 0 if this time is 0."""
        return makespan_ps / self.ps if self.ps else 0.0


def at_the_roof_ps(
    layers: Sequence[tuple[int, int, int]], bandwidth: int, matrix_rate: int, host_rate: int
) -> int:
    """Picoseconds of layers one after the other, each at its roof (Williams et al., CACM 2009).

    Layers are (bytes on the bus, MACs, vector operations); rates are per second, 0 if not stated. A
    multiply-accumulate is two operations, as peak rates are quoted. Each layer takes as long as the slowest
    of its three parts. An estimate: schedules that overlap layers beat it.
    """
    total = 0
    for nbytes, macs, vector_ops in layers:
        works = ((nbytes, bandwidth), (2 * macs, matrix_rate), (vector_ops, host_rate))
        total += max(-(-amount * PS_PER_S // rate) if rate else 0 for amount, rate in works)
    return total
