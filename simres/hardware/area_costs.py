"""Areas of cells by technology, and the price of silicon, with the sources of the defaults.

The defaults are what cells take, so they are low: wiring between blocks, control, clocks, test and margins
come on top. docs/area.md compares them with published chips. Everything is a whole number, so that areas are
equal on every machine. docs/area.md says which sources were checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simres.errors import SimresError
from simres.hardware.energy_costs import WIDER
from simres.workload.operators import BITS

USUAL_NM = 45
"""The technology where none is stated: that of the energy's defaults."""


@dataclass(frozen=True, slots=True)
class Technology:
    """A process: the area of logic in thousandths of that at 45 nm, of an SRAM cell in thousandths of a
    square micrometre, and the price of a wafer of 300 mm in dollars."""

    logic: int
    cell: int
    wafer_usd: int


TECHNOLOGIES: Mapping[int, Technology] = {
    90: Technology(2800, 999, 1650),
    65: Technology(1500, 499, 1937),
    45: Technology(1000, 296, 2274),
    40: Technology(765, 242, 2274),
    28: Technology(368, 127, 2891),
    22: Technology(246, 92, 2891),
    20: Technology(210, 81, 3677),
    16: Technology(190, 74, 3984),
    14: Technology(170, 64, 3984),
    10: Technology(100, 42, 5992),
    7: Technology(59, 27, 9346),
    5: Technology(32, 21, 16988),
}
"""Processes by name, in nanometres.

Logic: A. Stillmaker and B. Baas, "Scaling equations for the accurate prediction of CMOS device performance
from 180 nm to 7 nm", Integration 58, 2017, table of areas; 40, 28 and 22 nm lie on straight lines between its
nodes in logarithms; 5 nm is 7 nm over 1.84, TSMC's figure (IEDM 2019). SRAM: published 6T cells of high
density: TSMC's, at 22 nm Intel's, at 14 nm Samsung's; at 45 nm CACTI's 146 F^2. Wafers: S. Khan and A. Mann,
"AI Chips: What They Are and Why They Matter", CSET 2020 (TSMC, first quarter of 2020); at 45 nm that of 40,
at 22 nm that of 28, at 14 nm that of 16."""

ADDER_UM2: Mapping[str, int] = {"integer": 137, "float": 4184}
"""A 32-bit adder at 45 nm: areas next to the energies of Horowitz, ISSCC 2014 (TSMC 45 nm, synthesised)."""

MULTIPLIER_UM2: Mapping[str, int] = {
    "fp32": 7700,
    "fp16": 1640,
    "bf16": 1640,
    "int32": 3495,
    "int16": 993,
    "int8": 282,
}
"""A product at 45 nm, from the same table. It has no int16, which is the geometric mean of int8 and int32,
as a multiplier grows with the square of its width, and no bf16, which is taken as fp16."""

FLIP_FLOP = 4522
"""Thousandths of a square micrometre of a flip-flop at 45 nm: DFF_X1 of the Nangate open cell library, 3.23
um x 1.4 um."""

GATE = 798
"""The same of a gate: NAND2_X1 of that library, 0.57 um x 1.4 um."""

PROCESSOR_GATES = 18_900
"""Gates of a simple processor, one operation a cycle: Zero-riscy, P. Schiavone et al., "Slow and steady wins
the race?", PATMOS 2017."""

SIMD_PROCESSOR_GATES = 40_700
"""Gates of a small processor with multiplications on parts of words: RI5CY, from the same paper."""

PLACED = 70
"""Per cent of placed logic that is cells: a common target of place and route."""

STORED = 70
"""Per cent of an SRAM that is storage cells: CACTI 7 at 45 nm, one port of 64 or 128 bits, says 61 to 73,
the median at 69, from 4 KiB to 16 MiB. Smaller ones have less, 58 at 512 B."""

INTERFACE_UM2_PER_GB = 190_000
"""Square micrometres for each GB/s off chip: drivers and receivers of LPDDR3-1600 on 32 bits, 56 pads of
0.0218 mm2 for 6.4 GB/s (CACTI-IO's formula, N. Jouppi et al., ICCAD 2012; without PHY and controller). They
hardly shrink with the technology."""

WAFER_MM2 = 70_686
"""A wafer of 300 mm; neither its edge nor what does not work is taken off."""


def technology(nm: int) -> Technology:
    """The process of that name. Raises `SimresError` for one without figures."""
    if nm not in TECHNOLOGIES:
        known = ", ".join(map(str, TECHNOLOGIES))
        near = min(TECHNOLOGIES, key=lambda one: abs(one - nm))
        raise SimresError(
            f"no areas are known for a technology of {nm} nm; known: {known} nm",
            f"`technology: {near} nm` is the nearest; or state `area:` and `cost:` of every component",
        )
    return TECHNOLOGIES[nm]


def logic_um2(cells: int, nm: int) -> int:
    """Placed logic whose cells have `cells` thousandths of a square micrometre at 45 nm."""
    return -(-cells * technology(nm).logic * 100 // (PLACED * 10**6))


def multiply_accumulate(dtype: str) -> int:
    """The cells of a multiply-accumulate at 45 nm, in thousandths of a square micrometre.

    It is a product, a sum in 32 bits, and flip-flops as in a systolic array: an operand that stays and the
    next one, the other operand, and the sum.
    """
    known = dtype if dtype in MULTIPLIER_UM2 else WIDER.get(dtype, "fp32")
    adder = ADDER_UM2["integer" if known.startswith("int") else "float"]
    return 1000 * (MULTIPLIER_UM2[known] + adder) + (3 * BITS.get(dtype, 32) + 32) * FLIP_FLOP


def array_um2(multipliers: int, dtype: str, nm: int) -> int:
    """So many multiply-accumulates of a data type."""
    return logic_um2(multipliers * multiply_accumulate(dtype), nm)


def registers_um2(values: int, dtype: str, nm: int) -> int:
    """Registers, as flip-flops, for so many values of a data type."""
    return logic_um2(values * BITS.get(dtype, 32) * FLIP_FLOP, nm)


def processor_um2(operations: int, nm: int, gates: int = PROCESSOR_GATES) -> int:
    """A processor, or as many as run this many operations per cycle."""
    return logic_um2(operations * gates * GATE, nm)


def sram_um2(capacity: int, nm: int) -> int:
    """An SRAM of `capacity` bytes."""
    return -(-8 * capacity * technology(nm).cell * 100 // (STORED * 1000))


def interface_um2(bandwidth: int) -> int:
    """The pads of a bus of `bandwidth` bytes per second to memory off chip."""
    return -(-bandwidth * INTERFACE_UM2_PER_GB // 10**9)


def silicon_uusd(um2: int, nm: int) -> int:
    """The price of that much of a wafer, in millionths of a dollar."""
    return -(-um2 * technology(nm).wafer_usd // WAFER_MM2)
