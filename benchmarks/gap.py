"""Distance of schedules to their lower bounds: five networks on five chips in two data types.

    python benchmarks/gap.py [--networks NAME ...] [--chips NAME ...] [--named]

For each case: the makespan, the busiest engine at its peak, the proven lower bound, what the makespan is of
each, bytes moved, tasks, and processor seconds from a traced network to the result. Below the table stand the
geometric means. fp32 is the network as traced, int8 after `fold_batch_norm`, `fold_bias`, `fuse_epilogues`
and `quantise_int8`. `--named` runs single cases with other memories and batches, each beside the figure that
it is held to.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log
from typing import Any

from simres import api
from simres.program.record import RecordLevel
from simres.result import Result

NETWORKS = ("resnet20", "resnet18", "mobilenet_v2", "torchvision:resnet50", "vit_b_16")
CHIPS = ("paper", "edge-npu", "mcu", "tpu-like", "eyeriss")
INT8 = ["fold_batch_norm", "fold_bias", "fuse_epilogues", "quantise_int8"]
FORMS: Mapping[str, list[str]] = {"fp32": [], "int8": INT8}


@dataclass(frozen=True)
class Named:
    """A case with a figure of its own: at most so many `ms`, or `mb` over the bus."""

    network: str
    chip: str
    form: str
    ms: float | None = None
    mb: float | None = None
    settings: tuple[tuple[str, Any], ...] = ()


NAMED = (
    Named("resnet18", "edge-npu", "fp32", 3.75),
    Named("resnet18", "edge-npu", "int8", 1.74),
    Named("mobilenet_v2", "edge-npu", "fp32", 1.75),
    Named("mobilenet_v2", "edge-npu", "int8", 0.62),
    Named("torchvision:resnet50", "edge-npu", "fp32", 9.5),
    Named("torchvision:resnet50", "edge-npu", "int8", 4.2),
    Named("mobilenet_v2", "paper", "fp32", 15.4),
    Named("torchvision:resnet50", "eyeriss", "int8", 152),
    Named("torchvision:resnet50", "eyeriss", "fp32", 640),
    Named("mobilenet_v2", "eyeriss", "fp32", 75),
    Named("vit_b_16", "eyeriss", "fp32", 2900),
    Named("vit_b_16", "eyeriss", "int8", 800),
    Named("vit_b_16", "edge-npu", "fp32", 32),
    Named("resnet18", "paper", "fp32", mb=55, settings=(("hardware.sram.capacity", "512 KiB"),)),
    Named("torchvision:resnet50", "paper", "fp32", mb=140),
    Named("torchvision:resnet50", "paper", "int8", 27.4),
    Named(
        "torchvision:resnet50",
        "paper",
        "int8",
        36.5,
        settings=(("hardware.sram.capacity", "4 MB"), ("batch", 4)),
    ),
)


def run(network: str, chip: str, form: str, settings: Mapping[str, Any]) -> tuple[Result, float]:
    """The result of a case, and the processor seconds it took."""
    more = dict(settings)
    batch = more.pop("batch", 1)
    passes = [*FORMS[form], *([f"batch_{batch}"] if batch > 1 else [])]
    workload = api.find_workload(network)
    begun = time.process_time()
    result = api.simulate(workload, chip=chip, overrides={"passes": passes, **more}, record=RecordLevel.NONE)  # type: ignore[arg-type]
    return result, time.process_time() - begun


def line(result: Result, seconds: float) -> tuple[str, float, float]:
    """A line about a result, and its makespan over the busiest engine and over the lower bound."""
    makespan, busiest = result.record.makespan_ps, max(result.bounds.engines.values())
    moved = result.program.bytes_read + result.program.bytes_written
    compulsory = result.scheduled.compulsory_bytes if hasattr(result.scheduled, "compulsory_bytes") else 0
    ratio, above = makespan / busiest, makespan / result.bounds.makespan
    told = (
        f"{makespan / 1e9:10.3f} ms {busiest / 1e9:10.3f} {ratio:6.3f} {result.bounds.makespan / 1e9:10.3f} "
        f"{above:6.3f} {moved / 1e6:8.2f} of {compulsory / 1e6:8.2f} MB {len(result.program.tasks):6d} tasks "
        f"{seconds:5.2f} s  {result.program.scheduler}"
    )
    return told, ratio, above


def mean(ratios: list[float]) -> float:
    """The geometric mean."""
    return exp(sum(map(log, ratios)) / len(ratios))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--networks", nargs="*", default=NETWORKS)
    parser.add_argument("--chips", nargs="*", default=CHIPS)
    parser.add_argument("--forms", nargs="*", default=tuple(FORMS))
    parser.add_argument("--named", action="store_true")
    asked = parser.parse_args()
    if asked.named:
        for case in NAMED:
            result, seconds = run(case.network, case.chip, case.form, dict(case.settings))
            told, _, _ = line(result, seconds)
            wanted = f"{case.ms} ms" if case.ms else f"{case.mb} MB"
            figure = (
                result.record.makespan_ps / 1e9
                if case.ms
                else (result.program.bytes_read + result.program.bytes_written) / 1e6
            )
            met = "ok    " if figure <= (case.ms or case.mb or 0) else "MISSED"
            print(
                f"{case.network:22s} {case.chip:9s} {case.form}  at most {wanted:8s} {met} {told}", flush=True
            )
        return
    ratios: list[float] = []
    above: list[float] = []
    for network in asked.networks:
        for chip in asked.chips:
            for form in asked.forms:
                result, seconds = run(network, chip, form, {})
                told, ratio, more = line(result, seconds)
                ratios.append(ratio)
                above.append(more)
                print(f"{network:22s} {chip:9s} {form}  {told}", flush=True)
    print(
        f"geometric means of {len(ratios)} cases: {mean(ratios):.3f} over the busiest engine, "
        f"{mean(above):.3f} over the lower bound"
    )


if __name__ == "__main__":
    main()
