"""Compares the default areas with published ones; `--write` puts the table into docs/area.md.

    python benchmarks/area.py --write

Nothing is fitted to these figures: the defaults are areas of cells (simres.hardware.area_costs).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from simres.hardware.area_costs import array_um2, registers_um2, sram_um2

PAGE = Path(__file__).parents[1] / "docs" / "area.md"
SECTION = re.compile(r"(?<=<!-- published -->\n).*?(?=<!-- end -->)", re.DOTALL)
KIB = 1024


@dataclass(frozen=True)
class Published:
    """A published area in square millimetres, and the default for the same parts in square micrometres."""

    what: str
    nm: int
    mm2: float
    um2: int
    source: str

    @property
    def off(self) -> float:
        """The default over the published area, less 1."""
        return self.um2 / 10**6 / self.mm2 - 1


def published() -> Iterator[Published]:
    """Every area that was found with its source, by chip."""
    eie = "EIE, ISCA 2016, table II (layout)"
    yield Published("EIE, memories of a PE, 162 KiB", 45, 0.594786, sram_um2(162 * KIB, 45), eie)
    whole = sram_um2(162 * KIB, 45) + array_um2(1, "int16", 45)
    yield Published("EIE, a whole PE", 45, 0.638024, whole, eie)
    gemmini = "Gemmini, DAC 2021, table of areas (layout)"
    yield Published("Gemmini, 16 x 16 in int8", 22, 0.116, array_um2(256, "int8", 22), gemmini)
    yield Published("Gemmini, scratchpad, 256 KiB", 22, 0.544, sram_um2(256 * KIB, 22), gemmini)
    yield Published("Gemmini, accumulator, 64 KiB", 22, 0.146, sram_um2(64 * KIB, 22), gemmini)
    nvdla = "NVDLA primer (estimated synthesis, all engines)"
    for macs, buffer, mm2 in ((64, 128, 0.91), (256, 256, 1.7), (1024, 256, 3.0), (2048, 512, 5.5)):
        um2 = array_um2(macs, "int8", 28) + sram_um2(buffer * KIB, 28)
        yield Published(f"NVDLA, {macs} multipliers, {buffer} KiB", 28, mm2, um2, nvdla)
    # 12 inputs, 224 weights and 24 sums of 16 bits in each element.
    um2 = array_um2(168, "int16", 65) + registers_um2(168 * 260, "int16", 65) + sram_um2(108 * KIB, 65)
    yield Published("Eyeriss, core", 65, 12.25, um2, "Eyeriss, JSSC 2017, table IV (silicon)")
    tpu = "TPU, ISCA 2017, figure 2: a share of at most 331 mm2 (silicon)"
    yield Published("TPU, buffers, 28 MiB, 37 %", 28, 0.37 * 331, sram_um2(28 * KIB * KIB, 28), tpu)
    yield Published("TPU, compute, 256 x 256 in int8, 30 %", 28, 0.3 * 331, array_um2(65536, "int8", 28), tpu)


def lines() -> Iterator[str]:
    """The table of the page."""
    yield "| published | technology | area | by default | off | source |"
    yield "|---|---|---|---|---|---|"
    for one in published():
        size = f"{one.mm2:.3g} mm² | {one.um2 / 10**6:.3g} mm²"
        yield f"| {one.what} | {one.nm} nm | {size} | {one.off:+.0%} | {one.source} |"


def main() -> None:
    text = "\n".join(lines())
    print(text)
    if "--write" in sys.argv[1:]:
        PAGE.write_text(
            SECTION.sub(lambda _: f"{text}\n", PAGE.read_text(encoding="utf-8")), encoding="utf-8"
        )


if __name__ == "__main__":
    main()
