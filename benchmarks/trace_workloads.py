"""Traces the networks whose workloads are committed: `python benchmarks/trace_workloads.py [--check]`.

Writes scenarios/workloads/*.json (all but paper.json, which no network can be traced into). With `--check`
nothing is written, and the exit code is 1 where a fresh trace differs from what is committed. What was
measured on images stays while the checkpoint does; `simres trace --data` measures it (CONTRIBUTING.md).
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

from simres.networks import network_names as names
from simres.tracing import trace_network
from simres.workload import Ledger, Workload
from simres.workload.json import read, write

SHIPPED = Path(__file__).parent.parent / "scenarios"
CHECKPOINT = SHIPPED / "checkpoints" / "resnet20.safetensors"

COMMITTED = (
    str(CHECKPOINT),
    "torchvision:resnet18",
    "torchvision:resnet50",
    "torchvision:mobilenet_v2",
    "torchvision:vit_b_16",
    *(f"tiny:{name}" for name in names.TINY),
)
"""Networks that can be simulated without torch."""

FOLDER = SHIPPED / "workloads"


def measured(fresh: Workload, old: Workload | Ledger) -> Workload:
    """`fresh` with what the committed trace says of real images, where that was measured with its weights."""
    if not isinstance(old, Workload) or old.weight_digest != fresh.weight_digest:
        return fresh
    tensors = {
        name: replace(tensor, density=old.tensors[name].density, deviation=old.tensors[name].deviation)
        if name in old.tensors
        else tensor
        for name, tensor in fresh.tensors.items()
    }
    return replace(fresh, tensors=tensors)


def main(check: bool) -> int:
    """Traces every network in `COMMITTED`; returns the exit code."""
    stale = 0
    for name in COMMITTED:
        path = FOLDER / f"{names.parse(name).file_stem}.json"
        started = time.perf_counter()
        workload = trace_network(name, operators={})
        taken = time.perf_counter() - started
        if path.exists():
            workload = measured(workload, read(path))
        same = path.exists() and read(path).digest == workload.digest
        if not check:
            write(workload, path)
        stale += check and not same
        state = "as committed" if same else "DIFFERS" if check else "written"
        size = f"{workload.macs:>14} MACs  {len(workload.ops):>4} ops"
        print(f"{path.name:<28} {size}  {taken:5.2f} s  {state}")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
