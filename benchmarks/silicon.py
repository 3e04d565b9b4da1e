"""Measured silicon and RTL beside simulations of the same chips and shapes.

    python benchmarks/silicon.py --data DIR [SET ...]

`DIR` holds the measurements as CSV files; sets are `gemmini`, `nvdla`, `eyeriss`, `tpuv4` and `coral`. Of
each row it prints what was measured, what comes out and what a one-parameter rule says (multiply-accumulates
over one rate, fitted to the rows), then the mean and the median of the errors. The chips lie in
`plugins/simres-systolic/scenarios/chips`; only `tpuv4` has figures that are calibrated on these rows.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import mean, median
from typing import NamedTuple

import simres
from simres.workload import Loops, Op, Role, Tensor, Unit, Window, Workload

CHIPS = Path(__file__).parents[1] / "plugins" / "simres-systolic" / "scenarios" / "chips"


class Row(NamedTuple):
    """One measurement: figures in one unit (`Found.unit`), and the multiply-accumulates that were done."""

    name: str
    group: str
    measured: float
    simulated: float
    macs: int

    @property
    def error(self) -> float:
        """Simulated over measured, less 1."""
        return self.simulated / self.measured - 1


class Found(NamedTuple):
    """The rows of a set of measurements, and the unit of their figures."""

    title: str
    unit: str
    rows: Sequence[Row]


def workload(*layers: tuple[Op, Sequence[Tensor]]) -> Workload:
    """Operators as a workload: their inputs lie off chip before, their outputs after."""
    tensors = {tensor.name: tensor for _, read in layers for tensor in read}
    weights = sum(tensor.elements for tensor in tensors.values() if tensor.role is Role.WEIGHT)
    ops = tuple(op for op, _ in layers)
    return Workload("measured", tensors, ops, tuple(op.outputs[0] for op in ops), weights)


def product(m: int, n: int, k: int, dtype: str) -> Workload:
    """An `m x k` by `k x n` product."""
    loops = Loops(n=m, m=n, c=k)
    tensors = (
        Tensor("a", Role.INPUT, (m, k), dtype),
        Tensor("b", Role.WEIGHT, (n, k), dtype),
        Tensor("c", Role.ACTIVATION, (m, n), dtype),
    )
    op = Op("product", "linear", Unit.MATRIX, ("a", "b"), ("c",), macs=loops.macs, loops=loops)
    return workload((op, tensors))


def convolution(
    images: int,
    inputs: Sequence[int],
    outputs: Sequence[int],
    window: Window,
    groups: int,
    dtype: str,
    densities: tuple[float | None, float | None] = (None, None),
) -> Workload:
    """A convolution of `(channels, rows, columns)` inputs to outputs, each group an operator.

    `densities` are the shares of non-zeros of inputs and outputs, where they are known.
    """
    (channels, height, width), (filters, p, q) = inputs, outputs
    channels, filters = channels // groups, filters // groups
    r, s = window.kernel
    loops = Loops(1, images, filters, channels, p, q, r, s)
    layers = []
    for group in range(groups):
        x, w, y = (f"{name}{group}" for name in "xwy")
        tensors = (
            Tensor(x, Role.INPUT, (images, channels, height, width), dtype, density=densities[0]),
            Tensor(w, Role.WEIGHT, (filters, channels, r, s), dtype),
            Tensor(y, Role.ACTIVATION, (images, filters, p, q), dtype, density=densities[1]),
        )
        op = Op(y, "conv", Unit.MATRIX, (x, w), (y,), macs=loops.macs, loops=loops, window=window)
        layers.append((op, tensors))
    return workload(*layers)


def simulated(chip: str, given: Workload, scheduler: str) -> simres.Result:
    """The simulation of a workload on a chip of the folder."""
    return simres.simulate(
        given, chip=str(CHIPS / f"{chip}.yaml"), overrides={"scheduler": scheduler}, record="aggregate"
    )


def read(data: Path, name: str) -> Iterator[Mapping[str, str]]:
    """The rows of a file of measurements."""
    with (data / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def gemmini(data: Path) -> Iterator[Found]:
    """Products on Gemmini, in cycles of its RTL."""
    rows = []
    for row in read(data, "gemmini_rtl_gemm.csv"):
        m, k, n = (int(row[key]) for key in "mkn")
        result = simulated("gemmini", product(m, n, k, "int8"), "overlapped")
        rows.append(
            Row(f"{m} x {k} x {n}", "", float(row["rtl_cycles"]), result.makespan_ps / 1000, m * k * n)
        )
    yield Found("Gemmini, 16 x 16", "cycles", rows)


def nvdla(data: Path) -> Iterator[Found]:
    """Convolutions on NVDLA nv_small, in cycles of its RTL."""
    rows = []
    for row in read(data, "nvdla_small_rtl_convolutions.csv"):
        value = {key: int(text) for key, text in row.items() if text.isdecimal()}
        window = Window(
            (value["kernel_h"], value["kernel_w"]),
            (value["stride_y"], value["stride_x"]),
            (value["pad_top"], value["pad_bottom"], value["pad_left"], value["pad_right"]),
            (value["dilation_y"], value["dilation_x"]),
        )
        given = convolution(
            1,
            (value["in_c"], value["in_h"], value["in_w"]),
            (value["out_c"], value["out_h"], value["out_w"]),
            window,
            1,
            "int8",
        )
        result = simulated("nvdla-small", given, "overlapped")
        rows.append(Row(row["trace"], "", value["rtl_cycles"], result.makespan_ps / 1000, value["macs"]))
    yield Found("NVDLA nv_small", "cycles", rows)


def eyeriss(data: Path) -> Iterator[Found]:
    """AlexNet's convolutions on Eyeriss, in milliseconds: processing, and with DRAM; then MB on the bus.

    Inputs are AlexNet's own: convolutions of stride 1 keep the size, and what padding adds to them is not in
    DRAM. What a layer leaves is taken to be as dense as what the next one reads, pooled or not; of what the
    last one leaves nothing was published, and it is taken to be as dense as what that layer reads.
    """
    processing, total, moved = [], [], []
    rows = list(read(data, "eyeriss_layers.csv"))
    dense = [1 - float(row["zeros_in_inputs_percent"]) / 100 for row in rows]
    for row, before, after in zip(rows, dense, [*dense[1:], dense[-1]], strict=True):
        batch, kernel, stride, groups = (int(row[key]) for key in ("batch", "kernel", "stride", "groups"))
        inputs, outputs = (
            [int(size) for size in row[key].split("x")] for key in ("in_chw_padded", "out_chw")
        )
        padding = (kernel - 1) // 2 if stride == 1 else 0
        inputs = [inputs[0], *(size - 2 * padding for size in inputs[1:])]
        window = Window((kernel, kernel), (stride, stride), (padding,) * 4)
        given = convolution(batch, inputs, outputs, window, groups, "int16", (before, after))
        result = simulated("eyeriss", given, "row_stationary")
        macs = int(row["macs_batch"])
        nbytes = result.program.bytes_read + result.program.bytes_written
        busy = result.record.engines["matrix"].working_ps
        processing.append(Row(row["layer"], "", float(row["processing_latency_ms"]), busy / 1e9, macs))
        total.append(Row(row["layer"], "", float(row["total_latency_ms"]), result.makespan_ps / 1e9, macs))
        moved.append(Row(row["layer"], "", float(row["dram_mb"]), nbytes / 1e6, macs))
    yield Found("Eyeriss, AlexNet, processing", "ms", processing)
    yield Found("Eyeriss, AlexNet, total", "ms", total)
    yield Found("Eyeriss, AlexNet, DRAM, run-length coded", "MB", moved)


def tpuv4(data: Path) -> Iterator[Found]:
    """Products on both cores of a TPU v4, in microseconds of the device.

    The product was timed without the copies of its operands to on-chip memory: the matrix unit's time.
    """
    rows = []
    for row in read(data, "tpu_v4_gemm.csv"):
        m, n, k = (int(row[key]) for key in "mnk")
        result = simulated("tpuv4", product(m, n, k, "fp16"), "serial")
        busy = result.record.engines["matrix"].working_ps
        rows.append(Row(f"{m} x {k} x {n}", row["set"], float(row["op_median_us"]), busy / 1e6, m * k * n))
    yield Found("TPU v4, products", "us", rows)


CORAL = {
    "Inception v1 (224x224)": str(CHIPS.parent / "workloads" / "googlenet.json"),
    "MobileNet v2 (224x224)": "mobilenet_v2",
    "ResNet-50 V1 (299x299)": str(CHIPS.parent / "workloads" / "resnet50-299.json"),
}
"""The workload of each network that Coral published."""


def coral(data: Path) -> Iterator[Found]:
    """Whole networks on an Edge TPU with its weights warm, in milliseconds."""
    rows = []
    for row in read(data, "coral_edge_tpu.csv"):
        overrides = {"workload": CORAL[row["network"]]}
        result = simres.simulate(CHIPS.parent / "edge-tpu.yaml", overrides=overrides, record="aggregate")
        macs, measured = int(row["stand_in_macs"]), float(row["edge_tpu_dev_board_ms"])
        rows.append(Row(row["network"], "", measured, result.makespan_ps / 1e9, macs))
    yield Found("Edge TPU, Dev Board", "ms", rows)


SETS: Mapping[str, Callable[[Path], Iterator[Found]]] = {
    "gemmini": gemmini,
    "nvdla": nvdla,
    "eyeriss": eyeriss,
    "tpuv4": tpuv4,
    "coral": coral,
}


def errors(rows: Sequence[Row]) -> tuple[float, float]:
    """The mean and the median of the sizes of the errors."""
    sizes = [abs(row.error) for row in rows]
    return mean(sizes), median(sizes)


def by_one_rate(rows: Sequence[Row]) -> list[Row]:
    """What multiply-accumulates over one rate say of the rows, at the rate that has the least mean error."""
    rates = {row.macs / row.measured for row in rows}
    ruled = ([row._replace(simulated=row.macs / rate) for row in rows] for rate in rates)
    return min(ruled, key=errors)


def report(found: Found, longest: int = 24) -> Iterator[str]:
    """Lines about a set of measurements: its rows, unless they are many, and errors by group."""
    yield f"{found.title}, {found.unit}"
    ruled = by_one_rate(found.rows)
    if len(found.rows) <= longest:
        for row, rule in zip(found.rows, ruled, strict=True):
            yield (
                f"  {row.name:32}{row.measured:12.2f} measured{row.simulated:12.2f} simulated"
                f" {row.error:+7.1%}   one rate {rule.error:+7.1%}"
            )
    groups = list(dict.fromkeys(row.group for row in found.rows))
    for group in ["", *groups] if groups != [""] else groups:
        chosen = [number for number, row in enumerate(found.rows) if group in ("", row.group)]
        simulated_error, rule_error = (
            "{:.1%} mean, {:.1%} median".format(*errors([rows[number] for number in chosen]))
            for rows in (found.rows, ruled)
        )
        yield f"  {group or 'all'}: {len(chosen)} rows, error {simulated_error}; one rate {rule_error}"


def main() -> int:
    """Prints the sets that were asked for, by default all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder of the measurements")
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"{', '.join(SETS)}; by default all")
    given = parser.parse_args()
    if unknown := set(given.sets) - set(SETS):
        parser.error(f"unknown set `{min(unknown)}`; known: {', '.join(SETS)}")
    if not given.data.is_dir():
        parser.error(f"`{given.data}` is no folder")
    for name in given.sets or SETS:
        for found in SETS[name](given.data):
            print("\n".join(report(found)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
