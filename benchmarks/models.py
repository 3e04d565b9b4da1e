"""Builds the networks that `simres models` lists and counts: `python benchmarks/models.py [--check]`.

Writes simres/networks/models.json. With `--check` nothing is written, and the exit code is 1 where a count
differs from what is committed.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from simres.networks.catalogue import TABLE, Model, counted, models
from simres.networks.variant import Variant

TORCHVISION = """
densenet121 efficientnet_b0 mnasnet1_0 mobilenet_v2 mobilenet_v3_small regnet_y_400mf resnet18 resnet34
resnet50 resnet101 resnext50_32x4d shufflenet_v2_x1_0 vgg11_bn vgg16_bn wide_resnet50_2
"""
LISTED = (
    *(Variant(f"resnet{depth}", classes=10) for depth in (8, 20, 32, 44, 56, 110)),
    Variant("cifar:resnet50", classes=10),
    Variant("cifar:resnet50", shortcut="projection", classes=10),
    Variant("resnet20", span=1, classes=10),
    Variant("resnet20", span=3, classes=10),
    Variant("resnet56", block="bottleneck", classes=10),
    Variant("resnet20", block="preact", classes=10),
    Variant("resnet110", block="preact", classes=10),
    *(Variant(f"plain{depth}", classes=10) for depth in (8, 20, 32, 44, 56, 110)),
    Variant("lenet5", classes=10),
    Variant("cifar:alexnet", classes=10),
    *(Variant(f"torchvision:{name}", stem="cifar", classes=10) for name in TORCHVISION.split()),
)


def main(check: bool) -> int:
    """Counts every network in `LISTED`; returns the exit code."""
    found: list[Model] = [counted(variant) for variant in LISTED]
    if check:
        differ = set(found) ^ set(models())
        for model in sorted(differ, key=lambda item: item.command):
            print(f"differs: {model}")
        return 1 if differ else 0
    rows = ",\n ".join(json.dumps(asdict(model)) for model in found)
    Path(TABLE).write_text(f"[\n {rows}\n]\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
