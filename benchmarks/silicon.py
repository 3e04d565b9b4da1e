"""Measured silicon and RTL beside simulations of the same chips and shapes.

    python benchmarks/silicon.py --data DIR [SET ...]

`DIR` holds the measurements as CSV files; sets are `gemmini`, `nvdla`, `eyeriss`, `tpuv4`, `operators` (of
TPU v4) and `coral`. Of each row it prints what was measured, what comes out and what a one-parameter rule
says (multiply-accumulates or bytes over one rate, fitted to the rows), then the mean and the median of the
errors. The chips lie in `plugins/simres-systolic/scenarios/chips`; only `tpuv4` has figures that are
calibrated on these rows.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import data_sets  # type: ignore[import-not-found]
from measured import Found, Row, found, read, report  # type: ignore[import-not-found]
from simres_systolic.vector import OPERANDS

import simres
from simres.workload import Loops, Op, Role, Tensor, Unit, Window, Workload
from simres.workload.kinds import KINDS as KIND_TABLE

CHIPS = Path(__file__).parents[1] / "plugins" / "simres-systolic" / "scenarios" / "chips"


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


def gemmini(data: Path) -> Iterator[Found]:
    """Products on Gemmini, in cycles of its RTL."""
    rows = []
    for row in read(data, "gemmini_rtl_gemm.csv"):
        m, k, n = (int(row[key]) for key in "mkn")
        result = simulated("gemmini", product(m, n, k, "int8"), "overlapped")
        rows.append(
            Row(
                f"{m} x {k} x {n}",
                "",
                float(row["rtl_cycles"]),
                result.makespan_ps / 1000,
                m * k * n,
                "gemmini",
            )
        )
    yield found(data_sets.GEMMINI, rows)


def nvdla(data: Path) -> Iterator[Found]:
    """Convolutions on NVDLA nv_small, in cycles of its RTL.

    `serial`, as its sequence controller waits until all of a layer's input is in the buffer, with the weights
    of the first kernels (nvdla/hw, NV_NVDLA_CSC_sg.v, `dat_cbuf_ready`); weights share the port with it.
    """
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
        result = simulated("nvdla-small", given, "serial")
        cycles = result.makespan_ps / 1000
        rows.append(Row(row["trace"], "", value["rtl_cycles"], cycles, value["macs"], "nvdla-small"))
    yield found(data_sets.NVDLA, rows)


def eyeriss(data: Path) -> Iterator[Found]:
    """AlexNet's convolutions on Eyeriss, in milliseconds: processing, and with DRAM; then MB on the bus.

    Inputs are AlexNet's own: convolutions of stride 1 keep the size, and what padding adds to them is not in
    DRAM. What a layer leaves is taken to be as dense as what the next one reads, pooled or not; of what the
    last one leaves nothing was published, and it is taken to be as dense as what that layer reads.
    """
    processing: list[Row] = []
    total: list[Row] = []
    moved: list[Row] = []
    layers = list(read(data, "eyeriss_layers.csv"))
    dense = [1 - float(row["zeros_in_inputs_percent"]) / 100 for row in layers]
    for row, before, after in zip(layers, dense, [*dense[1:], dense[-1]], strict=True):
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
        once = sum(tensor.nbytes for tensor in given.tensors.values())
        for rows, column, simulated_here, amount in (
            (processing, "processing_latency_ms", busy / 1e9, macs),
            (total, "total_latency_ms", result.makespan_ps / 1e9, macs),
            (moved, "dram_mb", nbytes / 1e6, once),
        ):
            rows.append(Row(row["layer"], "", float(row[column]), simulated_here, amount, "eyeriss"))
    yield found(data_sets.EYERISS_PROCESSING, processing)
    yield found(data_sets.EYERISS_TOTAL, total)
    yield found(data_sets.EYERISS_DRAM, moved)


def tpuv4(data: Path) -> Iterator[Found]:
    """Products on both cores of a TPU v4, in microseconds of the device.

    The product was timed without the copies of its operands to on-chip memory: the matrix unit's time.
    """
    rows = []
    for row in read(data, "tpu_v4_gemm.csv"):
        m, n, k = (int(row[key]) for key in "mnk")
        result = simulated("tpuv4", product(m, n, k, "fp16"), "serial")
        busy = result.record.engines["matrix"].working_ps
        name, measured = f"{m} x {k} x {n}", float(row["op_median_us"])
        rows.append(Row(name, row["set"], measured, busy / 1e6, m * k * n, "tpuv4"))
    yield found(data_sets.TPU_PRODUCTS, rows)


KINDS = {
    "linear": "cast",
    "selu": "elu",
    "parametric_relu": "leaky_relu",
    "binary_step": "compare",
    "batch_norm_inference": "batch_norm",
    "average_pool": "avg_pool",
    "pool_unnamed": "max_pool",
}
"""The kind of each operator of TPU v4's rows that is called otherwise there; `linear` copies."""
FAMILIES = {
    "elementwise": data_sets.TPU_ELEMENTWISE,
    "batch_norm": data_sets.TPU_BATCH_NORM,
    "layer_norm": data_sets.TPU_LAYER_NORM,
    "pool": data_sets.TPU_POOLS,
}
LANES = 128


def operators(data: Path) -> Iterator[Found]:
    """Operators that are no products on both cores of a TPU v4, in microseconds of the device.

    They stream from HBM, so the on-chip memory is set as large as that.
    """
    rows: dict[str, list[Row]] = {family: [] for family in FAMILIES}
    for row in read(data, "tpu_v4_operators.csv"):
        shape = [int(size) for size in row["shape"].split("x")]
        kind = KINDS.get(row["operator"], row["operator"])
        if kind not in KIND_TABLE or row["family"] not in FAMILIES:
            sys.stderr.write(f"not simulated, as nothing is known of its kind: {row['operator']}\n")
            continue
        given, plain = (operator(kind, sizes, row["dtype_out"]) for sizes in (laid_out(shape), shape))
        overrides = {"scheduler": "serial", "hardware.sram.capacity": "32 GiB"}
        result = simres.simulate(
            given, chip=str(CHIPS / "tpuv4.yaml"), overrides=overrides, record="aggregate"
        )
        busy = result.record.engines["vector"].working_ps
        nbytes = sum(tensor.nbytes for tensor in plain.tensors.values())
        name, measured = f"{row['operator']} {row['shape']}", float(row["program_median_us"])
        rows[row["family"]].append(Row(name, row["operator"], measured, busy / 1e6, nbytes, "tpuv4"))
    for family, some in rows.items():
        if some:
            yield found(FAMILIES[family], some)


def laid_out(shape: Sequence[int]) -> tuple[int, ...]:
    """A shape of several axes with one of them padded to the lanes: the one that pads least."""
    if len(shape) == 1:
        return tuple(shape)
    padded = [-(-size // LANES) * LANES for size in shape]
    axis = min(range(len(shape)), key=lambda axis: padded[axis] / shape[axis])
    return (*shape[:axis], padded[axis], *shape[axis + 1 :])


def operator(kind: str, shape: Sequence[int], result: str) -> Workload:
    """An operator on fp16 tensors of this shape, with a result of type `result` (`float16`, `float32`)."""
    window, out, each = None, tuple(shape), KIND_TABLE[kind].cost
    assert each is not None
    if KIND_TABLE[kind].pooling:
        window, out = (
            Window((2, 2), (2, 2), (0, 0, 0, 0), (1, 1)),
            (*shape[:-2], shape[-2] // 2, shape[-1] // 2),
        )
    dtype = result.replace("float", "fp")
    names = ("a", "b") if kind in ("add", "sub", "mul", "div") else ("a",)
    tensors = [Tensor(name, Role.INPUT, tuple(shape), "fp16") for name in names]
    tensors.append(Tensor("y", Role.ACTIVATION, out, dtype))
    op = Op(
        "y",
        kind,
        Unit.HOST,
        names,
        ("y",),
        vector_ops=each.ops * tensors[0].elements,
        window=window,
        attributes={OPERANDS: "fp16"},
    )
    return workload((op, tensors))


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
        if row["network"] not in CORAL:
            sys.stderr.write(f"not simulated, as its layers are not at hand: {row['network']}\n")
            continue
        overrides = {"workload": CORAL[row["network"]]}
        result = simres.simulate(CHIPS.parent / "edge-tpu.yaml", overrides=overrides, record="aggregate")
        macs, measured = int(row["stand_in_macs"]), float(row["edge_tpu_dev_board_ms"])
        rows.append(Row(row["network"], "", measured, result.makespan_ps / 1e9, macs, "edge-tpu"))
    yield found(data_sets.EDGE_TPU, rows)


SETS: Mapping[str, Callable[[Path], Iterator[Found]]] = {
    "gemmini": gemmini,
    "nvdla": nvdla,
    "eyeriss": eyeriss,
    "tpuv4": tpuv4,
    "operators": operators,
    "coral": coral,
}


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
        for one in SETS[name](given.data):
            print("\n".join(report(one)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
