"""Measures the density and deviation of each activation on real images.

The exported program itself is run, node by node, so that each figure is of the very tensor that the workload
names.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.export import ExportedProgram
from torch.export.graph_signature import InputKind

from simres.errors import SimresError
from simres.plugins.hooks import Operator
from simres.tracing.export import export
from simres.tracing.graph_reader import GraphReader
from simres.tracing.input_shapes import InputShape
from simres.tracing.lowering import Lowering
from simres.workload.graph import Workload
from simres.workload.operators import Role


@dataclass(slots=True)
class _Sums:
    elements: int = 0
    nonzero: int = 0
    total: float = 0.0
    squares: float = 0.0

    def add(self, value: Tensor) -> None:
        exact = value.double()
        self.elements += value.numel()
        self.nonzero += int(torch.count_nonzero(value))
        self.total += float(exact.sum())
        self.squares += float(exact.square().sum())

    @property
    def density(self) -> float:
        return self.nonzero / self.elements

    @property
    def deviation(self) -> float:
        mean = self.total / self.elements
        return math.sqrt(max(0.0, self.squares / self.elements - mean * mean))


class _Watched(fx.Interpreter):
    """Runs a graph and keeps the sums of every tensor in `names`."""

    def __init__(self, module: fx.GraphModule, names: Mapping[str, str], sums: dict[str, _Sums]) -> None:
        super().__init__(module)
        self._names, self._sums = names, sums

    def run_node(self, n: fx.Node) -> Any:
        result = super().run_node(n)
        name = self._names.get(n.name)
        if name is not None and n.op == "call_function" and isinstance(result, Tensor):
            self._sums.setdefault(name, _Sums()).add(result)
        return result


def measure(
    workload: Workload,
    module: nn.Module,
    batches: Iterable[Tensor],
    operators: Mapping[str, Lowering | Operator] | None = None,
) -> Workload:
    """`workload`, which `module` was traced into, with the density and deviation of each activation.

    `batches` are images (n, channels, rows, columns) as the network takes them. The result does not
    depend on their division into batches, except for the rounding of sums. Raises `SimresError` without
    images, or if the network computes values that are not numbers.
    """
    module = module.cpu().eval()
    sums: dict[str, _Sums] = {}
    programs: dict[tuple[int, ...], tuple[ExportedProgram, dict[str, str]]] = {}
    for x in batches:
        shape = tuple(x.shape)
        if shape not in programs:
            program = export(module, [InputShape(shape[1:])], shape[0], workload.name).program
            reader = GraphReader(program, module, workload.name, operators, allow_unmodelled=True)
            reader.workload({})
            programs[shape] = (program, reader.names())
        program, names = programs[shape]
        with torch.no_grad():
            _Watched(program.graph_module, names, sums).run(*arguments(program, x))
    if not sums:
        raise SimresError("no images to measure on")
    if not all(math.isfinite(found.squares) for found in sums.values()):
        raise SimresError(f"`{workload.name}` computes values on these images that are not numbers")
    tensors = {
        name: replace(tensor, density=sums[name].density, deviation=sums[name].deviation)
        if tensor.role is Role.ACTIVATION and name in sums
        else tensor
        for name, tensor in workload.tensors.items()
    }
    return replace(workload, tensors=tensors)


def arguments(program: ExportedProgram, x: Tensor) -> list[Any]:
    """Returns what the graph takes, in its order: weights, constants, and `x` where it has its input."""
    known: dict[str, Any] = {**program.constants, **program.state_dict}
    return [
        x if spec.kind is InputKind.USER_INPUT else known.get(str(spec.target))
        for spec in program.graph_signature.input_specs
    ]
