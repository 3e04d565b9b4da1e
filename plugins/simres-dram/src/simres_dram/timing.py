"""The timing parameters of a DRAM, in clocks, under the names that data sheets give them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """Clocks between commands (JEDEC JESD79-3F for DDR3, JESD79-4D for DDR4), without the `t` or `n`.

    `bl` is the data bus time of a burst, half its length. `_s` is between bank groups, `_l` within one;
    they are the same where a standard has no groups.
    """

    cl: int
    """Read command to its first data."""
    cwl: int
    """Write command to its first data."""
    rcd: int
    """Activate to read or write."""
    rp: int
    """Precharge to activate or refresh."""
    ras: int
    """Activate to precharge."""
    rrd_s: int
    """Activate to activate of another bank."""
    rrd_l: int
    faw: int
    """The time in which a rank may activate four rows."""
    ccd_s: int
    """Column command to column command of the same direction."""
    ccd_l: int
    wtr_s: int
    """End of written data to a read."""
    wtr_l: int
    wr: int
    """End of written data to precharge."""
    rtp: int
    """Read to precharge."""
    rfc: int
    """Refresh to activate."""
    refi: int
    """Refresh to refresh, on average; 0 for none."""
    rtrs: int = 1
    """Gap on the data bus when it goes from one rank to another."""
    bl: int = 4

    @property
    def rc(self) -> int:
        """Activate to activate of the same bank."""
        return self.ras + self.rp

    @property
    def read_to_write(self) -> int:
        """Read to write, so that two clocks lie between their data: CL + BL/2 + 2 - CWL in both standards."""
        return self.cl + self.bl + 2 - self.cwl

    @property
    def written(self) -> int:
        """Write command to the end of its data."""
        return self.cwl + self.bl
