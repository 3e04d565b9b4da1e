"""Energy per byte, multiply-accumulate and vector operation, with the sources of the defaults.

The defaults are one process, 45 nm at 0.9 V: M. Horowitz, "Computing's energy problem (and what we can
do about it)", ISSCC 2014, figure 1.1.9. They are consistent with each other, and high for today's parts. The
same table at 7 nm is in Jouppi et al., "Ten Lessons From Three Generations Shaped Google's TPUv4i", ISCA
2021, table 2; docs/energy.md has both side by side, to copy into a scenario.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isqrt
from typing import Literal

from simres.program.tasks import Work

DataType = Literal["fp64", "fp32", "fp16", "bf16", "int64", "int32", "int16", "int8", "uint8", "int4"]
"""Data types with an energy per multiply-accumulate: the type of its first operand."""

DRAM_FJ_PER_BYTE = 160_000
"""640 pJ per 32-bit word: S. Han et al., "EIE", ISCA 2016, table 1, at 45 nm; the low end of Horowitz's 1.3
to 2.6 nJ for 64 bits. It includes drivers and the channel, but not refresh and standby."""

SRAM_FJ_PER_BYTE_AT_1_MB = 12_500
"""Horowitz: 100 pJ for 64 bits of a 1 MB cache. His 32 KB (20 pJ) and 8 KB (10 pJ) lie within 15 % of a
square root of the capacity, which is how wire length grows."""

MAC_FJ: Mapping[str, int] = {"fp32": 4_600, "fp16": 2_000, "bf16": 2_000, "int32": 3_200, "int8": 300}
"""Horowitz: a product (fp32 3.7, fp16 1.1, int32 3.1, int8 0.2 pJ) and a sum in 32 bits (fp 0.9, int 0.1
pJ). He gives no bf16: taken as fp16, whose multiplier is wider."""

INSTRUCTION_FJ = 70_000
"""Horowitz: an instruction of a simple processor, 70 pJ, of which the addition is the smallest part. A
vector unit shares the rest among its lanes; state its own figure."""

WIDER = {"fp64": "fp32", "int64": "int32", "int16": "int32", "uint8": "int8", "int4": "int8"} | dict.fromkeys(
    ("fp8_e4m3", "fp8_e5m2", "fp8_e8m0"), "fp16"
)
"""Types without a figure, and the type whose figure they use; for 64 bits that is too low."""


@dataclass(frozen=True, slots=True)
class EnergyCosts:
    """The energy of a component's work, in femtojoules, and its static power, in microwatts."""

    byte_fj: int = 0
    mac_fj: Mapping[str, int] = field(default_factory=dict)
    operation_fj: int = 0
    static_uw: int = 0

    @property
    def free(self) -> bool:
        """Whether work takes no energy: stated as 0, or not stated."""
        return not (self.byte_fj or self.operation_fj or any(self.mac_fj.values()))

    def of(self, work: Work, dtype: str = "fp32") -> int:
        """Femtojoules of `work`, its multiply-accumulates on operands of `dtype`."""
        found = work.nbytes * self.byte_fj + work.vector_ops * self.operation_fj
        if work.macs:
            each = self.mac_fj.get(dtype)
            if each is None:
                each = self.mac_fj.get(WIDER.get(dtype, "fp32"), 0)
            found += work.macs * each
        return found


def sram_byte_fj(capacity: int) -> int:
    """Femtojoules per byte of an SRAM of `capacity` bytes."""
    return isqrt(SRAM_FJ_PER_BYTE_AT_1_MB**2 * capacity // 10**6)
