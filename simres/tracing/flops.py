"""The reference for MACs: torch's counter over the exported, decomposed program."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import fx, nn
from torch._subclasses.fake_tensor import FakeTensor
from torch.utils.flop_counter import FlopCounterMode

from simres.tracing.export import export
from simres.tracing.exported_calls import checks_only
from simres.tracing.input_shapes import InputShapes, input_shapes


def flop_counter_macs(module: nn.Module, input_shape: InputShapes, *, batch: int | None = 1) -> int:
    """Multiply-accumulates as `torch.utils.flop_counter` has them: half its floating-point operations.

    The program is decomposed by torch's own table, not by ours, and run with tensors of no substance.
    Eager evaluation would hide the products inside fused attention. It is told of products that it has
    no entry for: of integers, and of groups of rows with a matrix each (experts of a mixture).
    """
    program = export(module, input_shapes(input_shape), batch, type(module).__name__, whole=()).program
    _without_checks(program.graph_module)
    placeholders = [node.meta["val"] for node in program.graph.nodes if node.op == "placeholder"]
    fake = next(value.fake_mode for value in placeholders if isinstance(value, FakeTensor))
    with fake, FlopCounterMode(display=False, custom_mapping=_unknown()) as counter:
        program.graph_module(*placeholders)
    flops = counter.get_total_flops()
    assert flops % 2 == 0, "one multiply and one add each"
    return int(flops // 2)


def _without_checks(module: fx.GraphModule) -> None:
    """Takes out calls that only check something, for which the counter has no rule."""
    for node in [node for node in module.graph.nodes if checks_only(node)]:
        for user in list(node.users):
            user.replace_all_uses_with(node.args[0])
            module.graph.erase_node(user)
        module.graph.erase_node(node)
    module.recompile()


def _unknown() -> dict[Any, Any]:
    """Floating-point operations of products that torch's counter does not know, by operator."""

    def product(a: Sequence[int], b: Sequence[int], *_: object, **__: object) -> int:
        return 2 * math.prod(a) * b[-1]

    names = ((torch.ops.aten, ("_grouped_mm", "_int_mm")), (torch.ops.transformers, ("grouped_mm_fallback",)))
    return {getattr(room, name): product for room, known in names for name in known if hasattr(room, name)}
