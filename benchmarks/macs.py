"""MACs of many networks, ours beside torch's: `python benchmarks/macs.py [NAME...]`; exit 1 if any differ."""

from __future__ import annotations

import sys
import time

from simres.networks.build import build
from simres.tracing.flops import flop_counter_macs
from simres.tracing.tracer import trace

NETWORKS = (
    *(f"cifar:resnet{depth}" for depth in (20, 32, 44, 56, 110)),
    *("cifar:plain20", "cifar:plain56"),
    *(f"torchvision:resnet{depth}" for depth in (18, 34, 50, 152)),
    *(
        f"torchvision:{name}"
        for name in (
            "resnext50_32x4d",
            "wide_resnet50_2",
            "alexnet",
            "vgg16",
            "squeezenet1_1",
            "mobilenet_v2",
            "mobilenet_v3_small",
            "densenet121",
            "googlenet",
            "efficientnet_b0",
            "shufflenet_v2_x1_0",
            "convnext_tiny",
            "vit_b_16",
        )
    ),
)
"""The networks whose MACs must agree exactly."""


def main(chosen: list[str]) -> int:
    """Prints a line for each network; returns the exit code."""
    differ = 0
    print(f"{'network':<32}{'MACs':>15}{'flop_counter / 2':>18}{'vector ops':>14}{'trace':>9}  coverage")
    for name in chosen or NETWORKS:
        network = build(name)
        assert network.input is not None, f"{name} names no input"
        started = time.perf_counter()
        workload = trace(network.module, network.input, name=network.name, operators={})
        taken = time.perf_counter() - started
        counted = flop_counter_macs(network.module, network.input)
        differ += counted != workload.macs
        verdict = workload.coverage if counted == workload.macs else "DIFFERS"
        figures = f"{workload.macs:>15}{counted:>18}{workload.vector_ops:>14}{taken:>7.2f} s"
        print(f"{network.name:<32}{figures}  {verdict}", flush=True)
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
