"""The kind `zip`: what it is in a scenario's words, what it moves, and how long that takes.

The code is zero-value compression: a bit for each value says whether it is zero, and the others follow as
they are (Rhu et al., "Compressing DMA Engine: Leveraging Activation Sparsity for Training Deep Neural
Networks", HPCA 2018). At b bits a value and density d, a value takes d b + 1 bits in the mean, wherever the
zeros lie.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import ClassVar

from simres.hardware.area_costs import interface_um2
from simres.hardware.energy_costs import DRAM_FJ_PER_BYTE, EnergyCosts
from simres.hardware.specs import EngineSpec
from simres.program import Work
from simres.units import PS_PER_S, Bandwidth, Duration, Energy
from simres.workload import Role, Tensor
from simres.workload.operators import BITS


class ZipSpec(EngineSpec):
    """A DMA engine with a coder: one transfer at a time, activations without their zeros."""

    sees_tensors: ClassVar[bool] = True

    bandwidth: Bandwidth
    """Peak rate off chip, such as `1 GB/s`."""
    setup: Duration = 0
    """Time before the first byte of each transfer, such as `100 ns`."""
    coder: Bandwidth | None = None
    """Rate of the coder in bytes of the tensor, such as `4 GB/s`; by default it is no limit."""
    energy_per_byte: Energy = DRAM_FJ_PER_BYTE
    """Energy per byte read or written off chip; the default is DRAM at 45 nm."""

    def moved_bytes(self, nbytes: int, tensor: Tensor) -> int:
        """Weights, and activations without a measured density, move uncompressed."""
        if tensor.role is Role.WEIGHT or tensor.density is None:
            return nbytes
        share = Fraction(tensor.density) + Fraction(1, BITS[tensor.dtype])
        return min(nbytes, ceil(nbytes * share))

    def at_peak_ps(self, work: Work) -> Fraction:
        return Fraction(work.nbytes * PS_PER_S, self.bandwidth)

    @property
    def task_ps(self) -> int:
        return self.setup

    def duration_ps(self, work: Work) -> int:
        """The bus takes the bytes that move, the coder those on chip; the slower one decides."""
        moving = -(-work.nbytes * PS_PER_S // self.bandwidth)
        coding = -(-work.held_bytes * PS_PER_S // self.coder) if self.coder else 0
        return self.setup + max(moving, coding)

    def energy_costs(self) -> EnergyCosts:
        return EnergyCosts(byte_fj=self.energy_per_byte, static_uw=self.static_power)

    def cells_um2(self, nm: int) -> int:  # noqa: ARG002
        """The pads to the off-chip memory; the area of the coder is not counted."""
        return interface_um2(self.bandwidth)
