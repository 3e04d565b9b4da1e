"""The traffic of two cycle-level simulators, DRAMsim3 and Ramulator 2, and what the controller makes of it.

`dram-streams.json` and `dram-groups.json` have their figures: same timing, queues and addresses, refresh on.
They differ from each other in what a controller is free to do, so the measure is the distance from the
interval between them.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from simres_dram.addresses import AddressMap
from simres_dram.controller import Controller
from simres_dram.spec import DramSpec
from simres_dram.waiting import Lines

HERE = Path(__file__).parent
FILES = HERE / "dram-streams.json", HERE / "dram-groups.json"
SIMULATORS = "dramsim3", "ramulator2"
MAPS = {"row": "ro-ra-ba-bg-co-ch", "bgint": "ro-ra-ba-co-bg-ch"}
DEVICES = {"ddr3": "DDR3-1600K-x8", "ddr4": "DDR4-2400T-x8"}
LINES = 40_000
"""Of a row's traffic."""

Row = Mapping[str, Any]


def rows(path: Path) -> list[Row]:
    """The rows of a file: device, address map, pattern, reads in flight, and both simulators' figures."""
    found: list[Row] = json.loads(path.read_text(encoding="utf-8"))["rows"]
    return found


def dram(row: Row) -> DramSpec:
    return DramSpec(kind="dram", device=DEVICES[row["dram"]], address_map=MAPS[row["address_map"]])


def tolerance(row: Row) -> float:
    """How far off a row may be: 2 % where lines go one way, 5 % where reads and writes mix."""
    return 0.05 if any(word in row["pattern"] for word in ("copy", "mix", "triad")) else 0.02


def traffic(row: Row, addresses: AddressMap) -> list[Lines]:
    """A row's traffic as stretches of lines and whether they are written."""
    pattern, size = row["pattern"], row.get("group_lines", 1)
    half, rotation = addresses.lines // 2, addresses.columns * addresses.groups * addresses.banks
    quarter = addresses.lines // 4 + rotation // 4
    streams = {
        "copy_conflict": [(0, False), (half, True)],
        "copy_stagger": [(0, False), (half + rotation // 2, True)],
        "triad": [(0, False), (quarter, False), (2 * quarter, True)],
        "two_read": [(0, False), (half, False)],
    }
    if pattern.startswith("seq"):
        return [(0, LINES, pattern == "seq_write")]
    if pattern in streams:
        return in_turns(streams[pattern], size)
    writes = {"read": 0, "mix": 1, "blk": 0, "write": 3}[pattern.rsplit("_", 1)[1]]  # of three groups
    chance = random.Random(1)
    starts = [size * chance.randrange(addresses.lines // size) for _ in range(LINES // size)]
    return [(start, start + size, n % 3 >= 3 - writes) for n, start in enumerate(starts)]


def in_turns(streams: Sequence[tuple[int, bool]], size: int) -> list[Lines]:
    """Groups of so many lines of each stream in turn, from its first line on."""
    return [
        (start + at, start + at + size, write)
        for at in range(0, LINES // len(streams), size)
        for start, write in streams
    ]


def run(row: Row) -> tuple[float, float]:
    """The share of the peak bandwidth that a row's traffic gets here, and its reads' mean latency in ns."""
    spec = dram(row)
    window = row["read_window"]
    controller = Controller(spec.clocks, spec.addresses, spec.queues, 1, window)
    lines = traffic(row, spec.addresses)
    controller.add(0, {0: lines})
    controller.run()
    port = controller.ports[0]
    moved = sum(stop - start for start, stop, _ in lines)
    latency = (port.ended - port.joined) / port.reads * 1e9 / spec.chip.clock if port.reads else 0.0
    return moved * spec.clocks.bl / port.done, latency


def outside(value: float, row: Row, what: str = "bw_frac") -> float:
    """How far a figure is outside the interval between the two simulators, as a share of its nearer end."""
    low, high = sorted(row[name][what] for name in SIMULATORS)
    return value / min(max(value, low), high) - 1
