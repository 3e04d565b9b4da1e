"""Lowers fake quantisation: floating-point tensors that stand for integers of 8 bits or fewer.

A network prepared for quantisation rounds its weights and activations to the values that integers have, and
goes on with floating-point numbers. What it stands for keeps the integers: weights are stored as such, an
activation is converted once, and what only moves or compares elements keeps their type.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from simres.tracing.lowering import IDENTITY, Lowered, Lowering, Node, Value, host
from simres.workload.operators import Unit

QUANTISED = frozenset({"int4", "int8", "uint8"})
"""Data types of integers that stand for scaled numbers."""

KEEPS = frozenset({"relu", "max_pool", "maximum", "clamp"})
"""Kinds of the host whose result is made of elements of their operands."""


def integers(low: int, high: int) -> str:
    """The narrowest data type with all whole numbers from `low` to `high`."""
    if low >= -8 and high <= 7:
        return "int4"
    return "int8" if low < 0 else "uint8"


def _quantise(node: Node) -> Lowered:
    """Scales are part of the instruction that converts."""
    return replace(host(node, "quantise"), inputs=node.inputs[:1])


def _dequantise(_: Node) -> Lowered:
    """The integers stay: their reader scales its result."""
    return IDENTITY


def made_of(node: Node, lowered: Lowered) -> tuple[Value, ...]:
    """The outputs of a node, as integers where it makes such or only moves or compares them."""
    inputs = node.inputs if lowered.inputs is None else lowered.inputs
    moved = lowered.unit in (Unit.VIEW, Unit.MOVE) or lowered.kind in KEEPS
    if lowered.kind == "quantise":
        dtype = integers(node.number("quant_min", -128), node.number("quant_max", 127))
    elif moved and inputs and inputs[0].dtype in QUANTISED and len({v.dtype for v in _data(inputs)}) == 1:
        dtype = inputs[0].dtype
    else:
        return node.outputs
    return tuple(
        replace(value, dtype=dtype) if value.dtype.startswith(("fp", "bf")) else value
        for value in node.outputs
    )


def _data(inputs: Sequence[Value]) -> list[Value]:
    """What is no index."""
    return [value for value in inputs if value.dtype not in ("int64", "int32", "bool")]


_FAKE = (
    "aten.fake_quantize_per_tensor_affine.default",
    "aten.fake_quantize_per_tensor_affine.tensor_qparams",
    "aten.fake_quantize_per_tensor_affine_cachemask.default",
    "aten._fake_quantize_per_tensor_affine_cachemask_tensor_qparams.default",
    "aten.fake_quantize_per_channel_affine.default",
    "aten.fake_quantize_per_channel_affine_cachemask.default",
    "quantized_decomposed.quantize_per_tensor.default",
    "quantized_decomposed.quantize_per_tensor.tensor",
    "quantized_decomposed.quantize_per_channel.default",
)

LOWERINGS: dict[str, Lowering] = {
    **dict.fromkeys(_FAKE, _quantise),
    **dict.fromkeys(
        (
            "quantized_decomposed.dequantize_per_tensor.default",
            "quantized_decomposed.dequantize_per_tensor.tensor",
            "quantized_decomposed.dequantize_per_channel.default",
        ),
        _dequantise,
    ),
}
"""Lowering functions by operator."""
