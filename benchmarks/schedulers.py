"""Schedules of two published tools beside those of simres, on the same chips and networks.

    python benchmarks/schedulers.py

Their figures were measured in November 2026 by running the tools; `docs/validation.md` has the table, which
`python benchmarks/validation.py --only schedulers` writes. Here the processor seconds are printed, too.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

import simres
from simres.api import find_workload
from simres.workload import Role, Tensor, Workload

FOLDED = ["fold_batch_norm", "fold_bias"]
SOMA, ACCELFORGE = "SoMa (HPCA 2025)", "AccelForge with FFM (2026)"


class Case(NamedTuple):
    """A network on a chip by its rates and memory, and what the other tool reached there."""

    tool: str
    network: str
    chip: Mapping[str, str]
    theirs_ms: float | None
    theirs_bytes: int | None = None
    images: int = 1

    @property
    def said(self) -> str:
        """The chip in a line."""
        return ", ".join(self.chip[key] for key in ("matrix", "ddr", "sram"))


def _chip(matrix: str, ddr: str, sram: str, host: str = "1 TOP/s") -> dict[str, str]:
    return {"matrix": matrix, "ddr": ddr, "sram": sram, "host": host}


SMALL = {size: _chip("1 TOP/s", "1 GB/s", size) for size in ("4 MB", "3 MB", "2 MB", "1 MB")}
PAPER = _chip("1 TFLOP/s", "1 GB/s", "1 MiB", "10 GFLOP/s")
CASES = (
    Case(SOMA, "ResNet-50", _chip("16 TOP/s", "16 GB/s", "8 MB"), 1.624),
    Case(SOMA, "ResNet-50", SMALL["4 MB"], 25.87),
    *(Case(SOMA, "ResNet-50", SMALL[size], None) for size in ("3 MB", "2 MB", "1 MB")),
    Case(SOMA, "ResNet-50", SMALL["4 MB"], None, images=4),
    Case(ACCELFORGE, "two convolutions", PAPER, 1.959, 1_958_912),
    Case(ACCELFORGE, "residual block", PAPER, 2.845, 2_761_728),
    Case(ACCELFORGE, "stage of two blocks", PAPER, 4.830, 4_662_272),
)


class Ours(NamedTuple):
    """What simres makes of a case: picoseconds, bytes moved, the lower bound in picoseconds, CPU seconds."""

    ps: int
    nbytes: int
    bound_ps: int
    seconds: float


def rows() -> Iterator[tuple[Case, Ours]]:
    """Every case with its simulation."""
    for case in CASES:
        yield case, simulated(case)


def simulated(case: Case) -> Ours:
    """The default schedule of a case."""
    begun = time.process_time()
    resnet50 = case.network == "ResNet-50"
    network = find_workload("torchvision-resnet50") if resnet50 else part(case.network)
    assert isinstance(network, Workload)
    types = ["quantise_int8"] if resnet50 else []
    hardware = {
        "ddr": {"kind": "ddr", "bandwidth": case.chip["ddr"], "burst": "64 B"},
        "sram": {"kind": "sram", "capacity": case.chip["sram"]},
        "matrix": {"kind": "matrix", "rate": case.chip["matrix"]},
        "host": {"kind": "host", "rate": case.chip["host"]},
    }
    overrides = {
        "hardware": hardware,
        "scheduler": "overlapped",
        "passes": [*FOLDED, *types, "fuse_epilogues", f"batch_{case.images}"],
    }
    result = simres.simulate(network, chip="paper", overrides=overrides, record="aggregate")
    program, seconds = result.program, time.process_time() - begun
    nbytes = program.bytes_read + program.bytes_written
    return Ours(result.makespan_ps, nbytes, result.bounds.makespan, seconds)


def part(name: str) -> Workload:
    """The first stage of ResNet-18 (64 channels, 56 x 56) or a part of it, fed from off chip."""
    whole = find_workload("resnet18")
    assert isinstance(whole, Workload)
    blocks = {"stage of two blocks": ("layer1.0", "layer1.1")}.get(name, ("layer1.0",))
    ops = [op for op in whole.ops if op.block in blocks]
    if name == "two convolutions":
        first, second = (op for op in ops if op.kind == "conv")
        ops = [first, replace(second, inputs=(first.outputs[0], second.inputs[1]))]
    made = {tensor for op in ops for tensor in op.outputs}
    named = {tensor for op in ops for tensor in (*op.inputs, *op.outputs)}
    tensors = {tensor: _fed(whole.tensors[tensor], made) for tensor in named}
    return Workload(name, tensors, tuple(ops), (ops[-1].outputs[0],))


def _fed(tensor: Tensor, made: set[str]) -> Tensor:
    """A tensor of a part: an activation that the part does not make is its input."""
    outside = tensor.role is Role.ACTIVATION and tensor.name not in made
    return replace(tensor, role=Role.INPUT) if outside else tensor


def main() -> int:
    """Prints a line a case."""
    for case, ours in rows():
        theirs = "refuses" if case.theirs_ms is None else f"{case.theirs_ms:.3f} ms"
        print(
            f"{case.tool:28}{case.network:22}{case.images:2} x {case.said:34}{theirs:>10}"
            f"{ours.ps / 1e9:9.3f} ms {ours.nbytes:>12} B, bound {ours.bound_ps / 1e9:.3f} ms,"
            f" {ours.seconds:.1f} CPU s",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
