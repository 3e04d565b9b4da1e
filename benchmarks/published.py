"""Published measurements beside simulations of the same chip and network.

    python benchmarks/published.py [CHIP ...]

Nothing is fitted to any of them. `docs/validation.md` has the table. The chips, with what of them is
inferred, lie in `plugins/simres-systolic/scenarios/`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import simres
from simres.units import PS_PER_S

FOLDER = Path(__file__).parents[1] / "plugins" / "simres-systolic" / "scenarios"
FOLDED = ["fold_batch_norm", "fold_bias"]
MLPERF = (
    "MLPerf Inference v0.5, closed, Google, tpu-v3.8x1, offline: 32,716 images/s on 8 cores "
    "(github.com/mlcommons/inference_results_v0.5)"
)
CORAL = "Coral, Edge TPU performance benchmarks (coral.ai/docs/edgetpu/benchmarks)"
JSSC = "Chen et al., Eyeriss, IEEE JSSC 52(1), 2017, latencies of the convolutions"
MLPERF_IMAGES = 32_716
CORES = 8


class Case(NamedTuple):
    """A network on a chip: the scenario, what it is set to, and the published time of all images, if any."""

    chip: str
    network: str
    images: int
    published_ps: int | None = None
    source: str = ""
    scenario: str = ""
    workload: str = ""


def ms(value: float) -> int:
    """Picoseconds."""
    return round(value * PS_PER_S / 1000)


def offline(images: int) -> int:
    """Picoseconds in which a TPUv3 core has so many images by MLPerf's figure, which names no batch."""
    return images * CORES * PS_PER_S // MLPERF_IMAGES


RESNETS = {"ResNet-18": "resnet18", "ResNet-50": "torchvision-resnet50"}
CASES = (
    *(
        Case("TPUv3 core", "ResNet-18", images, scenario="tpuv3", workload="resnet18")
        for images in (1, 8, 32)
    ),
    *(
        Case("TPUv3 core", "ResNet-50", images, published, source, "tpuv3", "torchvision-resnet50")
        for images in (1, 8, 16, 32, 64)
        for published, source in ([(offline(images), MLPERF)] if images > 8 else [(None, "")])
    ),
    *(
        Case("Edge TPU", name, n, None, "", "edge-tpu", file)
        for name, file in RESNETS.items()
        for n in (1, 4, 16)
    ),
    Case("Edge TPU", "ResNet-50 (299)", 1, ms(56), f"{CORAL}: Dev Board; 49 ms over USB 3", "edge-tpu"),
    Case("Edge TPU", "MobileNetV2", 1, ms(2.6), f"{CORAL}: Dev Board", "edge-tpu", "mobilenet_v2"),
    Case("Eyeriss", "AlexNet, convolutions", 4, ms(115.3), JSSC, "eyeriss-alexnet"),
    Case(
        "Eyeriss",
        "VGG-16, convolutions",
        3,
        ms(4309.5),
        JSSC,
        "eyeriss-alexnet",
        str(FOLDER / "workloads" / "vgg16-convolutions.json"),
    ),
    *(
        Case("Eyeriss", name, images, None, "", "eyeriss", file)
        for name, file in RESNETS.items()
        for images in (1, 4)
    ),
)
"""With a published time where there is one that can be had with its source."""

TYPES = {"tpuv3": "quantise_bf16", "edge-tpu": "quantise_int8", "eyeriss": "quantise_fp16"}


def simulated_ps(case: Case) -> int:
    """How long all images of a case take."""
    traced = [*FOLDED, TYPES[case.scenario], "fuse_epilogues"] if case.scenario in TYPES else []
    overrides: dict[str, object] = {
        "passes": [*traced, f"batch_{case.images}"],
        "scheduler": "row_stationary" if case.scenario == "eyeriss-alexnet" else "overlapped",
    }
    if case.workload:  # densities are those of the scenario's own network
        overrides |= {"workload": case.workload, "densities": {}}
    return simres.simulate(FOLDER / f"{case.scenario}.yaml", overrides=overrides).makespan_ps


def rows(*chips: str) -> Iterator[tuple[Case, int]]:
    """Every case of these chips (all by default) with its simulated picoseconds."""
    for case in CASES:
        if not chips or case.chip in chips:
            yield case, simulated_ps(case)


def main() -> None:
    """Prints a line a case."""
    for case, found in rows(*sys.argv[1:]):
        line = f"{case.chip:12}{case.network:24}{case.images:4} images{found / 1e9:12.3f} ms"
        if case.published_ps is not None:
            line += f"{case.published_ps / 1e9:12.3f} ms published  {found / case.published_ps - 1:+7.1%}"
        print(line, flush=True)


if __name__ == "__main__":
    main()
