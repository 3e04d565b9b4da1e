"""MLPerf Tiny: measured times of boards beside simulations of the same chips and networks.

    python benchmarks/tiny.py --data DIR [--rows]

DIR has `mlperf_tiny_systems.csv` and `mlperf_tiny_latency.csv`. Each prediction is simres's
own: the board's chip as shipped, the network in int8, scheduler `serial`. Nothing is fitted but where it says
so, and then never to the row that is predicted. `--rows` prints every row.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from statistics import geometric_mean, mean, median
from typing import NamedTuple

from measured import read as read_rows  # type: ignore[import-not-found]

from simres.api import find_workload, simulate
from simres.hardware.microcontroller import MicrocontrollerSpec
from simres.plugins.registry import default_registry
from simres.scenario.loader import from_document, load_chip

BOARDS = {
    "L4R5ZI": "nucleo-l4r5zi",
    "H7A3ZI": "nucleo-h7a3zi-q",
    "U575ZI": "nucleo-u575zi-q",
    "U585I": "b-u585i-iot02a",
    "G0B1RE": "nucleo-g0b1re",
    "xG24": "xg24-dk2601b",
    "RH850": "rh850-f1km-s4",
    "LC236R5E176": "lc236r5e176",
    "Tinker": "tinker-v",
    "GAP9": "gap9-evk",
    "NDP9120": "ndp120",
}
"""Part of a board's name, and its chip."""
CORES = ("Cortex-M4", "Cortex-M7", "Cortex-M33")
LIBRARIES = (
    "X-CUBE-AI v7",
    "X-CUBE-AI v8.0",
    "X-CUBE-AI v8.1",
    "X-CUBE-AI v9",
    "X-CUBE-AI v10",
    "Plumerai Inference Engine 2023.05",
    "Plumerai Inference Engine",
    "HALE",
    "ONNC, CMSIS-NN",
    "microTVM e3a6cb6, CMSIS-NN",
    "microTVM e3a6cb6, native kernels",
)
"""Libraries of kernels, by how `software` names them; the first that fits."""
LIVE = ("X-CUBE-AI v8.1", "X-CUBE-AI v9", "X-CUBE-AI v10", "Plumerai Inference Engine 2023.05", "ONNC")
"""Software that leaves out the filters of `vww` that are all zero, as its times tell."""
NEITHER = ("native kernels", "GapFlow")
"""Software whose `vww` fits neither form; it is predicted, and no factor is taken from it."""
PASSES = ["fold_batch_norm", "fold_bias", "quantise_int8"]


class Row(NamedTuple):
    """A measured time: the system, its chip and family, the library, the network as measured and as run."""

    system: str
    chip: str
    family: str
    library: str
    network: str
    workload: str
    ms: float
    clock_mhz: float
    plain: bool
    """int8, weights in flash, no option that trades time for memory."""
    board: str = ""
    supply: str = ""
    """What the entry says of its supply."""
    energy_uj: float = 0.0
    """0 where there was no meter."""
    energy_ms: float = 0.0
    """The time of an inference in the run with the meter."""

    @property
    def mac_us(self) -> float:
        """Microseconds at one multiply-accumulate a cycle of the published clock."""
        return macs(self.workload) / self.clock_mhz


class Error(NamedTuple):
    """A row, its prediction in ms, and on what a factor for it was measured."""

    row: Row
    ms: float
    by: str = ""

    @property
    def share(self) -> float:
        """Predicted over measured, less 1."""
        return self.ms / self.row.ms - 1


def read(data: Path) -> list[Row]:
    """The rows with a stated clock that are no FPGAs; results that were handed in again count once."""
    systems = {one["system_id"]: one for one in read_rows(data, "mlperf_tiny_systems.csv")}
    found = []
    for one in read_rows(data, "mlperf_tiny_latency.csv"):
        system = systems[one["system_id"]]
        chip = next((chip for part, chip in BOARDS.items() if part in system["board"]), "")
        if one["same_file_as"] or not chip:
            continue
        software, network = system["software"], one["network"]
        live = network == "vww" and any(part in software for part in LIVE)
        named = f"{one['system_id']} {one['flags']}"
        odd = any(part in named for part in ("min_ram", "max_performance"))
        clock = system.get("accelerator_clock_mhz") or system.get("processor_clock_mhz") or "1"
        found.append(
            Row(
                one["system_id"],
                chip,
                system["family"],
                next((name for name in LIBRARIES if name in software), software),
                network,
                "tiny:vww_live" if live else f"tiny:{network}",
                float(one["latency_ms"]),
                float(clock),
                not odd and not system["numeric_type"].startswith("float"),
                system["board"],
                system.get("hardware_notes", ""),
                float(one.get("energy_uj") or 0),
                float(one.get("energy_run_latency_ms") or 0),
            )
        )
    return found


@cache
def macs(workload: str) -> int:
    """Multiply-accumulates of a network."""
    return find_workload(workload).macs


@cache
def simulated_ms(chip: str, workload: str, factor: float = 1.0) -> float:
    """The simulated ms of a network in int8 on a shipped chip, its kernels `factor` times as slow.

    A chip without counted kernels takes `factor` times as long.
    """
    registry = default_registry()
    document: dict[str, object] = {"workload": workload, "chip": chip, "passes": PASSES}
    counted = _counted(chip)
    if counted:
        document["hardware"] = {"cpu": {"kernel_factor": factor}}
    result = simulate(from_document(document, registry=registry))
    return result.makespan_ps / 1e9 * (1 if counted else factor)


def _counted(chip: str) -> bool:
    hardware = load_chip(chip, registry=default_registry()).hardware
    return isinstance(hardware.get("cpu"), MicrocontrollerSpec)


def factor(row: Row) -> float:
    """The factor at which the simulated time is the measured one: time is a line over it."""
    one, two = (simulated_ms(row.chip, row.workload, times) for times in (1.0, 2.0))
    return max(0.001, 1 + (row.ms - one) / (two - one))


def with_factor(row: Row, others: Sequence[Row], by: str) -> Error:
    """The prediction with the median factor of other rows."""
    return Error(row, simulated_ms(row.chip, row.workload, round(median(map(factor, others)), 3)), by)


def as_counted(rows: Iterable[Row]) -> Iterator[Error]:
    """CMSIS-NN's instructions, counted, at the published clock: nothing measured."""
    for row in rows:
        yield Error(row, simulated_ms(row.chip, row.workload))


def of_the_library(row: Row, rows: Sequence[Row]) -> tuple[list[Row], str]:
    """The rows on which the factor of a row's library is measured, and what sets them apart from it."""
    same = [other for other in rows if other.library == row.library and _usable(other)]
    boards = [other for other in same if other.chip != row.chip]
    return (boards, "boards") if boards else ([one for one in same if one.network != row.network], "networks")


def of_the_system(row: Row, rows: Sequence[Row]) -> list[Row]:
    """The same system's other networks, for `ic`; nothing for the others."""
    if row.network != "ic":
        return []
    return [one for one in rows if one.system == row.system and one.network != "ic" and _usable(one)]


def by_library(rows: Sequence[Row]) -> Iterator[Error]:
    """One factor a library, the median of other boards; of the board's other networks where it is alone."""
    for row in rows:
        others, by = of_the_library(row, rows)
        if others:
            yield with_factor(row, others, by)


def rate_by_library(rows: Sequence[Row]) -> Iterator[Error]:
    """The simple rule for the same: multiply-accumulates a cycle of the library, from the same rows."""
    for row in rows:
        others, by = of_the_library(row, rows)
        if others:
            yield Error(row, row.mac_us * median(other.ms / other.mac_us for other in others), by)


def from_the_other_three(rows: Sequence[Row]) -> Iterator[Error]:
    """`ic` by one factor, the median of the same system's other networks."""
    for row in rows:
        if others := of_the_system(row, rows):
            yield with_factor(row, others, "networks")


def by_rate(rows: Sequence[Row]) -> Iterator[Error]:
    """The simple rule for the same: `ic` at the rate of multiply-accumulates of the system's others."""
    for row in rows:
        if others := of_the_system(row, rows):
            each = geometric_mean(other.ms / macs(f"tiny:{other.network}") for other in others)
            yield Error(row, each * macs("tiny:ic"), "networks")


def flash(rows: Sequence[Row]) -> Iterator[tuple[Row, float, float]]:
    """What weights in flash cost `ad` with HALE: measured, and by the chip's flash, in microseconds."""
    for row in rows:
        if "max_performance" not in row.system:
            continue
        name = row.system.removesuffix("_max_performance")
        beside = [other for other in rows if other.system == name and other.network == row.network]
        for other in beside:
            document = {
                "workload": row.workload,
                "chip": row.chip,
                "passes": PASSES,
                "hardware": {"flash": {"bandwidth": "1 TB/s"}},
            }
            fast = simulate(from_document(document, registry=default_registry())).makespan_ps / 1e9
            shipped_chip = {**document, "hardware": {}}
            slow = simulate(from_document(shipped_chip, registry=default_registry())).makespan_ps / 1e9
            yield row, 1000 * (other.ms - row.ms), 1000 * (slow - fast)


def _usable(row: Row) -> bool:
    return row.network != "vww" or not any(part in row.library for part in NEITHER)


def said(title: str, errors: Iterable[Error], *, rows: bool) -> None:
    """Prints the mean and median error, and how far off in the mean each network is."""
    found = list(errors)
    if not found:
        print(f"{title:<66}    0")
        return
    sizes = [abs(one.share) for one in found]
    signed = {
        name: mean(one.share for one in found if one.row.network == name)
        for name in ("ic", "kws", "vww", "ad")
        if any(one.row.network == name for one in found)
    }
    lean = ", ".join(f"{name} {100 * share:+.0f}" for name, share in signed.items())
    print(f"{title:<66} {len(found):>4} {100 * mean(sizes):6.1f} {100 * median(sizes):6.1f}  {lean}")
    for one in found if rows else ():
        row = one.row
        times = f"{row.ms:9.3f} {one.ms:9.3f} {100 * one.share:+6.1f}"
        print(f"    {row.system:<58} {row.network:<4} {times} {one.by}")


def main(data: Path, *, every: bool) -> int:
    """Prints all comparisons; returns the exit code."""
    if not (data / "mlperf_tiny_latency.csv").exists():
        print(
            f"there is no `mlperf_tiny_latency.csv` in {data}; `--data` names the folder that has it",
            file=sys.stderr,
        )
        return 2
    rows = read(data)
    plain = [row for row in rows if row.plain]
    arm = [row for row in plain if row.family in CORES]
    print(f"{'predicted by':<66} rows  mean median  each network, mean, in %")
    said("M4, M7, M33: instructions counted, nothing measured", as_counted(arm), rows=every)
    said("M4, M7, M33: one factor a library, each board from the others", by_library(arm), rows=every)
    alone = [one for one in by_library(arm) if one.by == "boards"]
    said("  those whose library was measured on another board", alone, rows=False)
    said("ic from the system's other networks, one factor", from_the_other_three(plain), rows=every)
    said("  of M4, M7 and M33 boards", from_the_other_three(arm), rows=False)
    said("  by multiply-accumulates at one rate, the same rows", by_rate(plain), rows=False)
    others = [row for row in plain if row.family not in CORES]
    for chip in dict.fromkeys(row.chip for row in others):
        own = [row for row in others if row.chip == chip]
        said(f"{chip}: nothing measured", as_counted(own), rows=every)
    floats = [row for row in rows if "float" in row.system and row.family in CORES]
    print()
    print("flash: what weights in flash cost `ad` beside weights in RAM, HALE        measured  predicted, us")
    for row, measured, predicted in flash(rows):
        print(f"    {row.system:<62} {measured:12.0f} {predicted:10.0f}")
    print(f"{len(floats)} rows in fp32 and those of `min_ram` are not predicted.")
    print()
    for library in LIBRARIES:
        of = [row for row in arm if row.library == library and _usable(row)]
        if of:
            by_chip = {
                chip: median(factor(row) for row in of if row.chip == chip)
                for chip in {row.chip: 0 for row in of}
            }
            print(f"{library:<36} {', '.join(f'{chip} {value:.2f}' for chip, value in by_chip.items())}")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="MLPerf Tiny beside simulations.")
    parser.add_argument("--data", type=Path, required=True, help="the folder with the measured times")
    parser.add_argument("--rows", action="store_true", help="print every row")
    given = parser.parse_args()
    sys.exit(main(given.data, every=given.rows))
