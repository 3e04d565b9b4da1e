"""What ONNX's operators are: calls of torch's, of which the tracer's table has the costs and reaches.

The forms are those of github.com/onnx/onnx/blob/main/docs/Operators.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from simres.tracing.lowering import Lowered, Node, Value, host
from simres_onnx.call import Call
from simres_onnx.products import PRODUCTS
from simres_onnx.shaping import SHAPING, axes_of, axis_of

Operator = Callable[[Call], tuple[Value, ...]]
"""Reads one node; returns what it makes."""


def _unary(source: str) -> Operator:
    return lambda call: call.aten(source, {"self": call.input(0)})


def _binary(source: str) -> Operator:
    def read(call: Call) -> tuple[Value, ...]:
        return call.aten(source, {"self": call.input(0), "other": call.input(1)})

    return read


def _chain(source: str) -> Operator:
    """Any number of operands, one after the other."""

    def read(call: Call) -> tuple[Value, ...]:
        found = call.input(0)
        for place in range(1, len(call.inputs)):
            (found,) = call.aten(source, {"self": found, "other": call.input(place)})
        return (found,)

    return read


def _clip(call: Call) -> tuple[Value, ...]:
    given = {"min": call.optional(1), "max": call.optional(2)}
    limits = {
        name: call.attributes.get(name, None if value is None else 0.0) for name, value in given.items()
    }
    return call.aten("clamp.default", {"self": call.input(0), **limits})


def _power(call: Call) -> tuple[Value, ...]:
    exponent = call.exponent()
    if exponent is None:
        return call.aten("pow.Tensor_Tensor", {"self": call.input(0), "exponent": call.input(1)})
    return call.aten("pow.Tensor_Scalar", {"self": call.input(0), "exponent": exponent})


def _batch_norm(call: Call) -> tuple[Value, ...]:
    names = ("input", "weight", "bias", "running_mean", "running_var")
    arguments = {name: call.input(place) for place, name in enumerate(names)}
    return call.aten("_native_batch_norm_legit_no_training.default", arguments)


def _layer_norm(source: str) -> Operator:
    def read(call: Call) -> tuple[Value, ...]:
        x, axis = call.input(0), axis_of(call, -1)
        shape = x.shape[axis:]
        arguments = {"input": x, "normalized_shape": shape, "weight": call.input(1), "bias": call.optional(2)}
        return call.aten(source, arguments)

    return read


def _group_norm(call: Call) -> tuple[Value, ...]:
    groups = call.attributes["num_groups"]
    arguments = {"input": call.input(0), "weight": call.input(1), "bias": call.input(2), "group": groups}
    return call.aten("native_group_norm.default", arguments)


def _instance_norm(call: Call) -> tuple[Value, ...]:
    arguments = {"input": call.input(0), "weight": call.input(1), "bias": call.input(2)}
    return call.aten("_native_batch_norm_legit.no_stats", arguments)


def _softmax(source: str) -> Operator:
    return lambda call: call.aten(source, {"self": call.input(0), "dim": axis_of(call, -1)})


def _pool(kind: str) -> Operator:
    """Windows over one to three axes; where padding differs before and after, the window says both."""

    def read(call: Call) -> tuple[Value, ...]:
        x = call.input(0)
        axes = len(x.shape) - 2
        kernel = call.attributes["kernel_shape"]
        before, after = call.pads(kernel, x.shape[2:], axes)
        arguments = {
            "self": x,
            "kernel_size": kernel,
            "stride": call.attributes.get("strides", [1] * axes),
            "padding": before,
            "dilation": call.attributes.get("dilations", [1] * axes),
        }
        return call.slid(f"{kind}{'3d' if axes == 3 else '2d'}", arguments, before, after, axes)

    return read


def _global_pool(source: str) -> Operator:
    def read(call: Call) -> tuple[Value, ...]:
        x = call.input(0)
        return call.aten(source, {"self": x, "dim": list(range(2, len(x.shape))), "keepdim": True})

    return read


def _reduction(source: str) -> Operator:
    def read(call: Call) -> tuple[Value, ...]:
        return call.aten(source, {"self": call.input(0), "dim": axes_of(call)})

    return read


def _squares(source: str) -> Operator:
    def read(call: Call) -> tuple[Value, ...]:
        x = call.input(0)
        (squares,) = call.aten(
            "pow.Tensor_Scalar", {"self": x, "exponent": 2}, replace(call.output, shape=x.shape)
        )
        return call.aten(source, {"self": squares, "dim": axes_of(call)})

    return read


def _log_sum_exp(call: Call) -> tuple[Value, ...]:
    x = call.input(0)
    (powers,) = call.aten("exp.default", {"self": x}, replace(call.output, shape=x.shape))
    (total,) = call.aten("sum.dim_IntList", {"self": powers, "dim": axes_of(call)})
    return call.aten("log.default", {"self": total})


def _greatest(source: str) -> Operator:
    return lambda call: call.aten(source, {"self": call.input(0), "dim": [axis_of(call, 0)]})


def _topk(call: Call) -> tuple[Value, ...]:
    (k,) = call.constant(1, "k") or [1]
    return call.aten("topk.default", {"self": call.input(0), "k": k, "dim": axis_of(call, -1)}, *call.outputs)


def _running_sum(call: Call) -> tuple[Value, ...]:
    (axis,) = call.constant(1) or [0]
    return call.aten("cumsum.default", {"self": call.input(0), "dim": axis % len(call.output.shape)})


def _cast(call: Call) -> tuple[Value, ...]:
    return call.aten("_to_copy.default", {"self": call.input(0)})


def _select(call: Call) -> tuple[Value, ...]:
    arguments = {"condition": call.input(0), "self": call.input(1), "other": call.input(2)}
    return call.aten("where.self", arguments)


def _resize(call: Call) -> tuple[Value, ...]:
    x, mode = call.input(0), call.attributes.get("mode", "nearest")
    axes = len(x.shape) - 2
    names = {
        "nearest": "nearest",
        "linear": {1: "linear", 2: "bilinear", 3: "trilinear"}.get(axes),
        "cubic": "bicubic",
    }
    if mode == "nearest" and axes == 3:
        return call.aten("index_select.default", {"self": x, "dim": 2})
    return call.aten(f"upsample_{names[mode]}{axes}d.vec", {"input": x})


def _sampled(call: Call) -> tuple[Value, ...]:
    mode = call.attributes.get("mode", "linear")
    number = {"linear": 0, "bilinear": 0, "nearest": 1, "cubic": 2, "bicubic": 2}[mode]
    axes = len(call.output.shape) - 2
    arguments = {"input": call.input(0), "grid": call.input(1), "interpolation_mode": number}
    return call.aten(f"grid_sampler_{axes}d.default", arguments)


def _quantise(call: Call) -> tuple[Value, ...]:
    """The integers of the output's own type."""
    x, made = call.input(0), call.output

    def lower(node: Node) -> Lowered:
        return replace(host(node, "quantise"), inputs=(x,))

    low, high = {"uint8": (0, 255), "int4": (-8, 7)}.get(made.dtype, (-128, 127))
    (found,) = call.lowered(lower, "quantise", {"self": x, "quant_min": low, "quant_max": high})
    return (replace(found, dtype=made.dtype),)


def _same(call: Call) -> tuple[Value, ...]:
    """The input as it is: dropout in inference, integers that are read as what they stand for."""
    x = call.input(0)
    return (replace(call.output, name=x.name, dtype=x.dtype, constant=x.constant),)


def _softsign(call: Call) -> tuple[Value, ...]:
    x = call.input(0)
    (size,) = call.aten("abs.default", {"self": x})
    (more,) = call.aten("add.Scalar", {"self": size, "other": 1})
    return call.aten("div.Tensor", {"self": x, "other": more})


UNARY = """
Relu relu, Sigmoid sigmoid, Tanh tanh, HardSigmoid hardsigmoid, HardSwish hardswish, Elu elu, Selu selu,
Celu celu, LeakyRelu leaky_relu, ThresholdedRelu leaky_relu, Softplus softplus, Mish mish, Gelu gelu,
Swish silu, Erf erf, Exp exp, Log log, Sqrt sqrt, Reciprocal reciprocal, Neg neg, Abs abs, Sign sign,
Floor floor, Ceil ceil, Round round, Sin sin, Cos cos, Tan tan, Asin asin, Acos acos, Atan atan, Sinh sinh,
Cosh cosh, Asinh asinh, Acosh acosh, Atanh atanh, Not logical_not, IsNaN isnan, IsInf isinf,
BitwiseNot bitwise_not
"""
"""ONNX's operators of one tensor, each with torch's name."""

BINARY = """
Add add.Tensor, Sub sub.Tensor, Mul mul.Tensor, Div div.Tensor, Mod remainder.Tensor,
And logical_and.default, Or logical_or.default, Xor logical_xor.default, Equal eq.Tensor, Less lt.Tensor,
LessOrEqual le.Tensor, Greater gt.Tensor, GreaterOrEqual ge.Tensor, BitwiseAnd bitwise_and.Tensor,
BitwiseOr bitwise_or.Tensor, BitwiseXor bitwise_xor.Tensor, BitShift bitwise_left_shift.Tensor,
PRelu prelu.default
"""
"""ONNX's operators of two tensors, each with torch's name."""


def _pairs(text: str) -> dict[str, str]:
    items = (item.split() for item in text.replace("\n", " ").split(","))
    return {name: source for name, source in items}  # noqa: C416 - the types of its parts are known


OPERATORS: Mapping[str, Operator] = {
    **PRODUCTS,
    **SHAPING,
    **{name: _unary(f"{source}.default") for name, source in _pairs(UNARY).items()},
    **{name: _binary(source) for name, source in _pairs(BINARY).items()},
    "Max": _chain("maximum.default"),
    "Min": _chain("minimum.default"),
    "Sum": _chain("add.Tensor"),
    "Clip": _clip,
    "Pow": _power,
    "Softsign": _softsign,
    "Where": _select,
    "Cast": _cast,
    "CastLike": _cast,
    "BatchNormalization": _batch_norm,
    "LayerNormalization": _layer_norm("native_layer_norm.default"),
    "RMSNormalization": _layer_norm("rms_norm.default"),
    "GroupNormalization": _group_norm,
    "InstanceNormalization": _instance_norm,
    "Softmax": _softmax("_softmax.default"),
    "LogSoftmax": _softmax("_log_softmax.default"),
    "MaxPool": _pool("max_pool"),
    "AveragePool": _pool("avg_pool"),
    "GlobalAveragePool": _global_pool("mean.dim"),
    "GlobalMaxPool": _global_pool("amax.default"),
    "ReduceMean": _reduction("mean.dim"),
    "ReduceSum": _reduction("sum.dim_IntList"),
    "ReduceMax": _reduction("amax.default"),
    "ReduceMin": _reduction("amin.default"),
    "ReduceProd": _reduction("prod.dim_int"),
    "ReduceL1": _reduction("linalg_vector_norm.default"),
    "ReduceL2": _reduction("linalg_vector_norm.default"),
    "ReduceSumSquare": _squares("sum.dim_IntList"),
    "ReduceLogSumExp": _log_sum_exp,
    "ArgMax": _greatest("argmax.default"),
    "ArgMin": _greatest("argmin.default"),
    "TopK": _topk,
    "CumSum": _running_sum,
    "Resize": _resize,
    "Upsample": _resize,
    "GridSample": _sampled,
    "QuantizeLinear": _quantise,
    "DequantizeLinear": _same,
    "Identity": _same,
    "Dropout": _same,
}
"""What is read, by ONNX's name."""
