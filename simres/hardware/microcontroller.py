"""A small CPU by counted instructions: inner loops, requantisation, and a call for each layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Annotated, Literal

from pydantic import Field

from simres.hardware.area_costs import PROCESSOR_GATES, SIMD_PROCESSOR_GATES, processor_um2
from simres.hardware.components import EngineSpec
from simres.hardware.energy_costs import INSTRUCTION_FJ, EnergyCosts
from simres.hardware.kernels import DUAL_MULTIPLY, FLOATS, SCALAR, SLOW_LOADS, SOFT_FLOATS, Kernels
from simres.program.roles import ComponentRole
from simres.program.tasks import Work
from simres.units import PS_PER_S, Duration, Energy, Frequency

CoreName = Literal["cortex-m0plus", "cortex-m4", "cortex-m33", "cortex-m7", "ax45mp", "scalar"]


@dataclass(frozen=True, slots=True)
class Core:
    """A core: its loops in int8, the instructions of these that it does in a cycle, and its loops in fp32."""

    int8: Kernels
    issue: Fraction
    fp32: Kernels = FLOATS


_M4_DMIPS = Fraction(125, 100)

CORES: Mapping[CoreName, Core] = {
    "cortex-m0plus": Core(SLOW_LOADS, Fraction(1), SOFT_FLOATS),
    "cortex-m4": Core(DUAL_MULTIPLY, Fraction(1)),
    "cortex-m33": Core(DUAL_MULTIPLY, Fraction(150, 100) / _M4_DMIPS),
    "cortex-m7": Core(DUAL_MULTIPLY, Fraction(214, 100) / _M4_DMIPS),
    "ax45mp": Core(DUAL_MULTIPLY, Fraction(2)),
    "scalar": Core(SCALAR, Fraction(1)),
}
"""The cores by name. Those with the instructions of the Cortex-M4, which does one a cycle, do as many more
as their Dhrystone rating (DMIPS/MHz) is higher: Arm states 1.25 for the M4, 1.50 for the M33, 2.14 for the
M7. That rating was chosen over CoreMark/MHz, which fits MLPerf Tiny less well (docs/chips.md). An AX45MP
issues two instructions a cycle, and its RISC-V P extension has those of the M4 by other names (Andes states
"RV64 GCP" and "dual-issue", andestech.com); what it does with 64 bits at once is not counted."""


class MicrocontrollerSpec(EngineSpec):
    """A small CPU that runs all operators, one at a time, by counted instructions.

    An operator takes the instructions of its inner loops, those that return each value to int8, and a call.
    Stalls on weights in flash are bus time, so the scheduler for such a chip is `serial`: nothing else moves
    bytes meanwhile.
    """

    core: CoreName
    """Its core, such as `cortex-m4`; `scalar` is any 32-bit core without SIMD."""
    clock: Frequency
    """Its clock, such as `120 MHz`."""
    call: Duration = 0
    """Time of a call, before a layer's loops start."""
    kernel_factor: Annotated[float, Field(strict=True, ge=0.001, le=1000)] = 1.0
    """Cycles of the library's kernels over the counted ones, to three decimals: 1.2 for one that needs a
    fifth more."""
    energy_per_operation: Energy = INSTRUCTION_FJ
    """Energy of a multiply-accumulate or vector operation; the default is a whole instruction of a scalar
    processor (45 nm)."""

    def data_types(self, role: ComponentRole) -> frozenset[str] | None:
        return frozenset({"int8", "uint8", "fp32"}) if role is ComponentRole.MATRIX else None

    def energy_costs(self) -> EnergyCosts:
        each = self.energy_per_operation
        return EnergyCosts(
            mac_fj={"int8": each, "fp32": each}, operation_fj=each, static_uw=self.static_power
        )

    def cells_um2(self, nm: int) -> int:
        """A small processor, with multiplications on parts of words where its core has them."""
        plain = self.core in ("scalar", "cortex-m0plus")
        return processor_um2(1, nm, PROCESSOR_GATES if plain else SIMD_PROCESSOR_GATES)

    @property
    def task_ps(self) -> int:
        return self.call

    def at_peak_ps(self, work: Work) -> Fraction:
        """Multiply-accumulates in the loop that takes the fewest cycles; other operators may take none."""
        kernels, issue = self._kernels(work)
        return self._ps(kernels.least * work.macs / issue)

    def duration_ps(self, work: Work) -> int:
        kernels, issue = self._kernels(work)
        return self.call + ceil(self._ps(kernels.of(work) / issue))

    def _kernels(self, work: Work) -> tuple[Kernels, Fraction]:
        core = CORES[self.core]
        if work.dtype == "fp32":
            return core.fp32, Fraction(1)
        return core.int8, core.issue

    def _ps(self, cycles: Fraction) -> Fraction:
        return cycles * Fraction(round(self.kernel_factor * 1000), 1000) * PS_PER_S / self.clock
