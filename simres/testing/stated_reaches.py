"""Checks the reach that an operator states against its computation. Needs torch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

from simres.testing.contract import hold
from simres.workload import Op, Workload
from simres.workload.boxes import Box

if TYPE_CHECKING:
    import torch
    from torch import fx

MOST_ELEMENTS = 1024
"""Larger inputs are tested at this many elements."""


def check_reaches(
    workload: Workload, module: torch.nn.Module, input_shape: Sequence[Any], source: str
) -> None:
    """Checks every operator of that `source` in a traced `module` against the reach that it states.

    Each element of an input in turn is set to NaN. Where the NaN propagates to an element of the output, the
    stated reach of that element must contain it. Raises `ContractBroken`.
    """
    from simres.tracing.export import export
    from simres.tracing.input_shapes import input_shapes

    program = export(module, input_shapes(input_shape), 1, "contract").program
    nodes = [node for node in program.graph.nodes if str(node.target) == source]
    ops = [op for op in workload.ops if op.source == source and op.reads]
    for node, op in zip(nodes, ops, strict=False):
        check_reach(workload, op, node)


def check_reach(workload: Workload, op: Op, node: fx.Node) -> None:
    """Checks one operator, traced from the call `node` of an exported graph."""
    import torch

    generator = torch.Generator().manual_seed(0)

    def made_up(value: Any) -> Any:
        if isinstance(value, torch.fx.Node):
            fake = value.meta["val"]
            drawn = torch.rand(tuple(fake.shape), generator=generator)
            return (
                drawn.to(fake.dtype)
                if fake.dtype.is_floating_point
                else torch.zeros_like(drawn).to(fake.dtype)
            )
        return value

    arguments = torch.fx.node.map_aggregate(node.args, made_up)
    settings = torch.fx.node.map_aggregate(node.kwargs, made_up)
    tensors = [found for found in _leaves((arguments, settings)) if isinstance(found, torch.Tensor)]

    def result() -> torch.Tensor:
        found = node.target(*arguments, **settings)  # type: ignore[operator]
        return found if isinstance(found, torch.Tensor) else found[0]

    for place, (name, reach) in enumerate(zip(op.inputs, workload.reaches(op), strict=True)):
        shape = workload.tensors[name].shape
        number = next((at for at, tensor in enumerate(tensors) if tuple(tensor.shape) == shape), None)
        if number is None or not tensors[number].dtype.is_floating_point:
            continue
        tensor = tensors.pop(number)
        everywhere = list(product(*map(range, shape)))
        for element in everywhere[:: -(-len(everywhere) // MOST_ELEMENTS) or 1]:
            before = tensor[element].clone()
            tensor[element] = float("nan")
            for reached in result().isnan().nonzero().tolist():
                box: Box = tuple((at, at + 1) for at in reached)
                found = reach(box)
                inside = found is not None and all(
                    start <= at < stop for at, (start, stop) in zip(element, found, strict=True)
                )
                hold(
                    inside,
                    f"element {tuple(reached)} of `{op.outputs[0]}` depends on element {element} of its "
                    f"input {place} (`{name}`), and `reads` says that it needs {found} of it",
                )
            tensor[element] = before


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in _leaves(item)]
    if isinstance(value, list | tuple):
        return [leaf for item in value for leaf in _leaves(item)]
    return [value]
