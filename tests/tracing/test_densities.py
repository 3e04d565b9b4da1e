"""Density and size of activations: what hooks on the modules see, whatever the batches."""

# ruff: noqa: E402
from __future__ import annotations

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from simres.errors import SimresError
from simres.networks.build import build
from simres.tracing import trace
from simres.tracing.densities import measure
from simres.workload import Role
from simres.workload.json import dumps, loads
from simres.workload.rules import problems_of_workload

pytestmark = pytest.mark.torch


def test_figures_are_those_of_the_tensors_they_stand_at() -> None:
    torch.manual_seed(0)
    module = build("resnet8").module
    workload = trace(module, (3, 16, 16), name="net", operators={})
    x = torch.randn(6, 3, 16, 16)
    seen: dict[str, torch.Tensor] = {}

    def watch(path: str) -> torch.utils.hooks.RemovableHandle:
        def note(_: object, __: object, output: torch.Tensor) -> None:
            seen[path] = output.clone()

        return module.get_submodule(path).register_forward_hook(note)

    paths = ("conv", "bn", "relu", "layers.0.relu1", "layers.1.bn2", "layers.2.relu2", "pool")
    handles = [watch(path) for path in paths]
    with torch.no_grad():
        module(x)
    for handle in handles:
        handle.remove()
    for parts in ((6,), (2, 4), (1, 5)):
        measured = measure(workload, module, x.split(list(parts)), {})
        for path, output in seen.items():
            tensor = measured.tensors[path]
            assert tensor.density == pytest.approx(float((output != 0).float().mean()), abs=1e-6), path
            assert tensor.deviation == pytest.approx(float(output.double().std(correction=0)), rel=1e-3), path
    assert all(
        tensor.density is None for tensor in measured.tensors.values() if tensor.role is not Role.ACTIVATION
    )
    assert measured.ops == workload.ops
    assert loads(dumps(measured)) == measured
    assert measured.digest != workload.digest


def test_images_are_needed_and_must_make_sense() -> None:
    module = build("resnet8").module
    workload = trace(module, (3, 16, 16), name="net", operators={})
    with pytest.raises(SimresError, match="no images"):
        measure(workload, module, [], {})
    with pytest.raises(SimresError, match="not numbers"):
        measure(workload, module, [torch.full((1, 3, 16, 16), float("inf"))], {})


@pytest.mark.parametrize("deviation", [-1.0, float("inf"), float("nan")])
def test_a_size_of_responses_is_finite_and_not_negative(deviation: float) -> None:
    workload = trace(build("resnet8").module, (3, 16, 16), name="net", operators={})
    wrong = replace(workload.tensors["conv"], deviation=deviation)
    found = list(problems_of_workload(replace(workload, tensors={**workload.tensors, "conv": wrong})))
    assert len(found) == 1
    assert "`conv`).deviation" in found[0]
