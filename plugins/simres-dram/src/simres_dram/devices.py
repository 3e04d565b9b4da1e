"""Devices by name: what data sheets say of them.

The times are the standards' (JESD79-3F for DDR3; JESD79-4D for DDR4, its speed bins and
timing tables), as makers repeat them: for DDR3-1600 11-11-11, Alliance's AS4C256M16D3B (pages 32 and 38) and
Micron's MT41J256M8 (table 56); for DDR4-2400, Micron's MT40A1G (table 157). tRC is tRAS + tRP. CWL is the
standard's first set for the speed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from simres_dram.delay import Delay

Parameter = Literal[
    "CL",
    "CWL",
    "tRCD",
    "tRP",
    "tRAS",
    "tRRD_S",
    "tRRD_L",
    "tFAW",
    "tCCD_S",
    "tCCD_L",
    "tWTR_S",
    "tWTR_L",
    "tWR",
    "tRTP",
    "tRFC",
    "tREFI",
    "tRTRS",
]
"""A timing parameter, under the data sheet's name."""

Name = Literal[
    "DDR3-1066F-x8",
    "DDR3-1333H-x8",
    "DDR3-1600K-x8",
    "DDR3-1600K-x16",
    "DDR4-2400T-x8",
    "DDR4-2400T-x16",
    "DDR4-3200AA-x8",
]
"""A device: its standard and speed bin, and how many data bits it has."""


@dataclass(frozen=True, slots=True)
class Device:
    """A DRAM chip: `width` data bits, `groups` of `banks` banks, `rows` of `columns` words of its width.

    `clock` is in hertz; data moves at twice that.
    """

    clock: int
    width: int
    groups: int
    banks: int
    rows: int
    columns: int
    timing: Mapping[Parameter, Delay]


def _ns(nanoseconds: float, clocks: int = 0) -> Delay:
    """A time, and the clocks that it takes at the least."""
    return Delay(clocks, round(1000 * nanoseconds))


def _ck(clocks: int) -> Delay:
    return Delay(clocks)


def _ddr3(clock: int, cl: int, cwl: int, rcd: float, ras: float, rrd: float, faw: float) -> Device:
    """A DDR3 chip of 4 Gb and 8 bits, with pages of 1 KB."""
    times: dict[Parameter, Delay] = {
        "CL": _ck(cl),
        "CWL": _ck(cwl),
        "tRCD": _ns(rcd),
        "tRP": _ns(rcd),
        "tRAS": _ns(ras),
        "tRRD_S": _ns(rrd, 4),
        "tRRD_L": _ns(rrd, 4),
        "tFAW": _ns(faw),
        "tCCD_S": _ck(4),
        "tCCD_L": _ck(4),
        "tWTR_S": _ns(7.5, 4),
        "tWTR_L": _ns(7.5, 4),
        "tWR": _ns(15),
        "tRTP": _ns(7.5, 4),
        "tRFC": _ns(260),
        "tREFI": _ns(7800),
        "tRTRS": _ck(2),
    }
    return Device(clock, 8, 1, 8, 65536, 1024, MappingProxyType(times))


def _ddr4(clock: int, cl: int, cwl: int, rcd: float, rrd_s: float) -> Device:
    """A DDR4 chip of 8 Gb and 8 bits, with pages of 1 KB."""
    times: dict[Parameter, Delay] = {
        "CL": _ck(cl),
        "CWL": _ck(cwl),
        "tRCD": _ns(rcd),
        "tRP": _ns(rcd),
        "tRAS": _ns(32),
        "tRRD_S": _ns(rrd_s, 4),
        "tRRD_L": _ns(4.9, 4),
        "tFAW": _ns(21, 20),
        "tCCD_S": _ck(4),
        "tCCD_L": _ns(5, 5),
        "tWTR_S": _ns(2.5, 2),
        "tWTR_L": _ns(7.5, 4),
        "tWR": _ns(15),
        "tRTP": _ns(7.5, 4),
        "tRFC": _ns(350),
        "tREFI": _ns(7800),
        "tRTRS": _ck(2),
    }
    return Device(clock, 8, 4, 4, 65536, 1024, MappingProxyType(times))


def _x16(device: Device, groups: int, rows: int, rrd_s: float, rrd_l: float, faw: Delay) -> Device:
    """The same chip with 16 bits: half the rows or groups, pages of 2 KB, fewer of them opened at once."""
    times = {**device.timing, "tRRD_S": _ns(rrd_s, 4), "tRRD_L": _ns(rrd_l, 4), "tFAW": faw}
    return replace(device, width=16, groups=groups, rows=rows, timing=MappingProxyType(times))


_DDR3_1600K = _ddr3(800_000_000, 11, 8, 13.75, 35, 6, 30)
_DDR4_2400T = _ddr4(1_200_000_000, 17, 12, 14.16, 3.3)

DEVICES: Mapping[Name, Device] = MappingProxyType(
    {
        "DDR3-1066F-x8": _ddr3(533_333_333, 7, 6, 13.125, 37.5, 7.5, 37.5),
        "DDR3-1333H-x8": _ddr3(666_666_666, 9, 7, 13.5, 36, 6, 30),
        "DDR3-1600K-x8": _DDR3_1600K,
        "DDR3-1600K-x16": _x16(_DDR3_1600K, 1, 32768, 7.5, 7.5, _ns(40)),
        "DDR4-2400T-x8": _DDR4_2400T,
        "DDR4-2400T-x16": _x16(_DDR4_2400T, 2, 65536, 5.3, 6.4, _ns(30, 28)),
        "DDR4-3200AA-x8": _ddr4(1_600_000_000, 22, 16, 13.75, 2.5),
    }
)
"""Every device by name; 4 Gb of DDR3, 8 Gb of DDR4."""
