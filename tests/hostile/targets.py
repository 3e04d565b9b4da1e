"""What is read how: for each parser of simres, hostile inputs and what is done with them.

A target makes a file of random numbers, and reads it as simres does for a user. Whatever comes out but a
result or a `SimresError` that says where it looked is a finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from tests.hostile import (
    free_graphs,
    onnx_models,
    results,
    scenarios,
    settings,
    topologies,
    traces,
    training,
    workloads,
)
from tests.hostile.judging import Target

TORCH = ("torch", "numpy", "PIL", "safetensors")
ALL = (
    Target("workload", workloads.workload, 14),
    Target("workload, simulated", workloads.simulated, 6),
    Target("free graph", free_graphs.planned, 6),
    Target("scenario", scenarios.scenario, 16),
    Target("chip", scenarios.chip, 5),
    Target("setting", settings.setting, 5),
    Target("unit", settings.unit, 5),
    Target("sweep values", settings.varied, 7),
    Target("arrivals", scenarios.arrivals, 3),
    Target("measured times", scenarios.times, 3),
    Target("result", results.result, 14),
    Target("sweep table", results.table, 4),
    Target("trace", traces.trace, 6),
    Target("topology", topologies.topology, 5, ("simres_systolic",)),
    Target("ONNX model", onnx_models.onnx_model, 4, ("simres_onnx", "onnx")),
    Target("recipe", scenarios.recipe, 3),
    Target("list of candidates", results.candidates, 2),
    Target("image archive", training.archive, 6, ("numpy", "PIL")),
    Target("CIFAR-10 archive", training.cifar, 2, ("numpy", "PIL")),
    Target("IDX file", training.idx, 1, ("numpy", "PIL")),
    Target("data set cache", training.dataset, 1, ("numpy", "PIL")),
    Target("checkpoint", training.checkpoint, 2, TORCH),
    Target("training state", training.state, 1, TORCH),
)


def targets() -> Iterator[Target]:
    """Those whose modules are installed here."""
    for target in ALL:
        if all(find_spec(name) for name in target.needs):
            yield target
