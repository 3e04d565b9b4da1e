"""The reference for MACs: torch's counter over the exported, decomposed program."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensor
from torch.utils.flop_counter import FlopCounterMode

from simres.tracing.export import export
from simres.tracing.input_shapes import InputShapes, input_shapes


def flop_counter_macs(module: nn.Module, input_shape: InputShapes, *, batch: int | None = 1) -> int:
    """Multiply-accumulates as `torch.utils.flop_counter` has them: half its floating-point operations.

    The program is decomposed by torch's own table, not by ours, and run with tensors of no substance.
    Eager evaluation would hide the products inside fused attention. It is told of the one product that it
    has no entry for, that of groups of rows with a matrix each (experts of a mixture).
    """
    program = export(module, input_shapes(input_shape), batch, type(module).__name__, whole=()).program
    placeholders = [node.meta["val"] for node in program.graph.nodes if node.op == "placeholder"]
    fake = next(value.fake_mode for value in placeholders if isinstance(value, FakeTensor))
    with fake, FlopCounterMode(display=False, custom_mapping=_experts()) as counter:
        program.graph_module(*placeholders)
    flops = counter.get_total_flops()
    assert flops % 2 == 0, "one multiply and one add each"
    return int(flops // 2)


def _experts() -> dict[Any, Any]:
    """Floating-point operations of grouped products: torch's operator, and that of transformers."""

    def grouped(a: Sequence[int], b: Sequence[int], *_: object, **__: object) -> int:
        return 2 * math.prod(a) * b[-1]

    rooms = ((torch.ops.aten, "_grouped_mm"), (torch.ops.transformers, "grouped_mm_fallback"))
    return {getattr(room, name): grouped for room, name in rooms if hasattr(room, name)}
