"""The table of operators: what each kind costs, on which unit, what it reads, and how it can be cut.

The host's rate is in operations a second, one operation being one element through one instruction of a
vector processor. An add, multiply, compare or select costs 1; so does an elementary function (exp, log,
rsqrt, reciprocal, sin, cos), which vector units look up in a table; everything else is made of those.
docs/prices.md shows these costs.

A new kind is one entry here. Where the operator needs no attributes, `sources` lets it be traced, too.
A plugin's operator brings its own entry: see `Operator` in `simres.plugins.hooks`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from math import prod

from simres.workload import reading
from simres.workload.operators import Loops, Op, Unit
from simres.workload.reaches import Reads, Shape
from simres.workload.reading import Call, Reading


class Per(StrEnum):
    """What a cost is multiplied by."""

    OUTPUT = "element of the output"
    INPUT = "element of the input"
    WINDOW = "input in the window of each output"


@dataclass(frozen=True, slots=True)
class Cost:
    """`ops` vector operations per element, and the reason for the number."""

    ops: int
    per: Per
    reason: str


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of operator.

    `reads` gives the reach of each input. With `weights`, the second input has a share for each part of the
    output's column. `maps` says whether it makes maps (batch, channels, axes...); None: as what it reads.

    Of a matrix operator, `extents` are the counts of its loop nest that belong to each axis of the output (by
    default its shape), and `loops` makes a tile's loop nest of the operator's and the counts of the tile.
    Where there is none, nothing is said of the loop nest of a tile.

    Of a normalisation, `statistics` are the vector operations per element that gather its statistics; the
    rest of its cost applies them (`simres.passes.two_passes`).

    `sources` are the names in exported graphs of operators whose cost depends on shapes alone.
    """

    name: str
    unit: Unit
    cost: Cost | None = None
    reads: Reading = reading.all_of_it
    weights: bool = False
    maps: bool | None = None
    extents: Callable[[Call], Shape] | None = None
    loops: Callable[[Call, Loops, Shape], Loops] | None = None
    sources: tuple[str, ...] = ()
    statistics: int = 0

    def rules(self, call: Call, place: int) -> Reads:
        """The rules of one input of an operator; where they are not of its form, all of it is read."""
        found, rank = self.reads(call, place), len(call.inputs[place])
        return found if len(found) == rank else reading.all_of_it(call, place)

    @property
    def elementwise(self) -> bool:
        """Whether each element is made of one element of each operand that is not broadcast."""
        return self.reads is reading.elementwise

    @property
    def may_look_up(self) -> bool:
        """Whether rows may be looked up in an input."""
        return self.reads in (reading.gather, reading.stated)

    @property
    def reduces(self) -> bool:
        """Whether its output is made of statistics over the input, or is the statistics themselves."""
        return self.statistics > 0 or self.reads is reading.reduction

    @property
    def pooling(self) -> bool:
        """Whether it slides a window over maps, channel by channel."""
        return self.reads is reading.pooling


def _convolution_extents(call: Call) -> Shape:
    """A transposed convolution multiplies once for each pixel of its input."""
    if not call.op.attributes.get("transposed") or len(call.inputs[0]) != len(call.output):
        return call.output
    axes = len(call.inputs[1]) - 2
    return (*call.output[:-axes], *call.inputs[0][-axes:])


def _convolution_loops(call: Call, loops: Loops, counts: Shape) -> Loops:
    """Images, channels and pixels; the last axis is the columns, those before it are the rows."""
    axes = len(call.inputs[1]) - 2 if len(call.inputs) > 1 else len(counts) - 2
    images, channels, pixels = prod(counts[: -axes - 1]), counts[-axes - 1], counts[-axes:]
    loops = replace(loops, n=images, p=prod(pixels[:-1]), q=pixels[-1])
    if loops.groups == 1:
        return replace(loops, m=channels)
    return replace(loops, groups=max(1, channels // loops.m))


def _linear_loops(call: Call, loops: Loops, counts: Shape) -> Loops:
    if loops.groups > 1:
        return _product_loops(call, loops, counts)
    return replace(loops, n=prod(counts[:-1]), m=counts[-1])


def _product_loops(call: Call, loops: Loops, counts: Shape) -> Loops:  # noqa: ARG001 - as all `Kind.loops`
    if len(counts) < 2:
        return replace(loops, groups=1, n=prod(counts))
    return replace(loops, groups=prod(counts[:-2]), n=counts[-2], m=counts[-1])


_ONE = "one instruction an element"
_TABLE = "an elementary function: one table lookup an element"


def _elementwise(name: str, ops: int, reason: str, sources: str = "", *, maps: bool | None = None) -> Kind:
    return Kind(
        name,
        Unit.HOST,
        Cost(ops, Per.OUTPUT, reason),
        reading.elementwise,
        maps=maps,
        sources=tuple(sources.split()),
    )


def _host(
    name: str,
    cost: Cost,
    reads: Reading = reading.all_of_it,
    sources: str = "",
    *,
    maps: bool | None = None,
    statistics: int = 0,
) -> Kind:
    return Kind(
        name, Unit.HOST, cost, reads, maps=maps, sources=tuple(sources.split()), statistics=statistics
    )


def _each(ops: int, reason: str) -> Cost:
    return Cost(ops, Per.OUTPUT, reason)


def _read(ops: int, reason: str) -> Cost:
    return Cost(ops, Per.INPUT, reason)


def _move(name: str, reads: Reading = reading.all_of_it, sources: str = "") -> Kind:
    return Kind(name, Unit.MOVE, reads=reads, sources=tuple(sources.split()))


_HOST = (
    # what residual networks are made of
    _elementwise(
        "batch_norm", 2, "y = a x + b: its four vectors are combined ahead of time into two", maps=True
    ),
    _elementwise("relu", 1, "one comparison with zero", "relu.default"),
    _elementwise("add", 1, _ONE),
    _elementwise("bias", 1, "one addition an element of a convolution's or linear layer's result"),
    _host(
        "max_pool",
        Cost(1, Per.WINDOW, "k x k comparisons an output (the first is with minus infinity)"),
        reading.pooling,
        maps=True,
    ),
    _host(
        "avg_pool",
        Cost(1, Per.WINDOW, "k x k additions an output: each input once where windows tile"),
        reading.pooling,
        maps=True,
    ),
    # arithmetic
    _elementwise("sub", 1, _ONE),
    _elementwise("mul", 1, _ONE, "mul.Tensor mul.Scalar"),
    _elementwise(
        "div",
        1,
        "a multiplication with a reciprocal that was looked up or is constant",
        "div.Tensor div.Scalar",
    ),
    _elementwise("neg", 1, _ONE, "neg.default"),
    _elementwise("abs", 1, _ONE, "abs.default"),
    _elementwise("sign", 1, _ONE, "sign.default"),
    _elementwise(
        "round",
        1,
        "floor, ceil, round and trunc: one instruction an element",
        "floor.default ceil.default round.default trunc.default div.Tensor_mode div.Scalar_mode",
    ),
    _elementwise(
        "remainder",
        3,
        "divide, round down, multiply and subtract in one",
        "remainder.Tensor remainder.Scalar fmod.Tensor fmod.Scalar",
    ),
    _elementwise(
        "maximum", 1, "the greater or lesser of two: one comparison", "maximum.default minimum.default"
    ),
    _elementwise(
        "compare",
        1,
        _ONE,
        "eq.Tensor eq.Scalar ne.Tensor ne.Scalar lt.Tensor lt.Scalar le.Tensor le.Scalar gt.Tensor "
        "gt.Scalar ge.Tensor ge.Scalar isnan.default isinf.default",
    ),
    _elementwise(
        "logical",
        1,
        "and, or, not, xor: one instruction an element",
        "logical_and.default logical_or.default logical_not.default logical_xor.default "
        "bitwise_and.Tensor bitwise_or.Tensor bitwise_xor.Tensor bitwise_not.default "
        "bitwise_and.Scalar bitwise_or.Scalar bitwise_xor.Scalar",
    ),
    _elementwise(
        "select",
        1,
        "where(condition, a, b): one select an element",
        "where.self where.ScalarOther where.ScalarSelf where.Scalar",
    ),
    _elementwise("clamp", 2, "one comparison for each of two limits (relu6, hardtanh)"),
    _elementwise("cast", 1, "one conversion an element"),
    # elementary functions
    _elementwise("exp", 1, _TABLE, "exp.default exp2.default expm1.default"),
    _elementwise("log", 1, _TABLE, "log.default log2.default log10.default log1p.default"),
    _elementwise("sqrt", 1, _TABLE, "sqrt.default"),
    _elementwise("rsqrt", 1, _TABLE, "rsqrt.default"),
    _elementwise("reciprocal", 1, _TABLE, "reciprocal.default"),
    _elementwise("sin", 1, _TABLE, "sin.default"),
    _elementwise("cos", 1, _TABLE, "cos.default"),
    _elementwise("square", 1, "x x x"),
    _elementwise("pow", 3, "exp(p log x): look up, multiply, look up"),
    _elementwise(
        "erf",
        15,
        "Abramowitz and Stegun 7.1.25: |x| and sign 2, t 3, cubic 5, exp(-x x) 3, rest 2",
        "erf.default",
    ),
    # activations
    _elementwise("sigmoid", 4, "1 / (1 + exp(-x)): negate, exp, add, reciprocal", "sigmoid.default"),
    _elementwise(
        "tanh",
        6,
        "1 - 2 / (exp(2x) + 1): multiply, exp, add, reciprocal, multiply, subtract",
        "tanh.default",
    ),
    _elementwise("silu", 5, "x sigmoid(x): sigmoid 4, multiply", "silu.default"),
    _elementwise(
        "gelu", 9, "x sigmoid(x (a + b x x)): 4 for the polynomial, sigmoid 4, multiply", "gelu.default"
    ),
    _elementwise("hardsigmoid", 4, "clamp(x / 6 + 1/2): multiply, add, clamp 2", "hardsigmoid.default"),
    _elementwise("hardswish", 5, "x hardsigmoid(x): hardsigmoid 4, multiply", "hardswish.default"),
    _elementwise(
        "leaky_relu",
        2,
        "max(x, a x): multiply, compare (PReLU too)",
        "leaky_relu.default prelu.default _prelu_kernel.default",
    ),
    _elementwise(
        "elu",
        4,
        "exp, subtract, multiply, select (CELU and SELU too)",
        "elu.default celu.default selu.default",
    ),
    _elementwise("softplus", 3, "log(1 + exp(x)): exp, add, log", "softplus.default"),
    _elementwise("mish", 10, "x tanh(softplus(x)): softplus 3, tanh 6, multiply", "mish.default"),
    # over many elements at once
    _host(
        "softmax",
        _each(5, "find the maximum, subtract it, exp, sum, multiply by the reciprocal"),
        reading.along_one,
        statistics=4,
    ),
    _host(
        "log_softmax",
        _each(5, "find the maximum, subtract it, exp, sum, subtract the logarithm"),
        reading.along_one,
        statistics=4,
    ),
    _host(
        "layer_norm",
        _each(7, "sum, subtract the mean, square, sum, scale, then weight and bias"),
        reading.over_last,
        statistics=4,
    ),
    _host(
        "group_norm",
        _each(7, "as layer norm, over groups of channels"),
        reading.over_groups,
        maps=True,
        statistics=4,
    ),
    _host(
        "instance_norm",
        _each(5, "as layer norm without weight and bias, over pixels"),
        reading.over_pixels,
        maps=True,
        statistics=4,
    ),
    _host("rms_norm", _each(4, "square, sum, scale, weight"), reading.over_last, statistics=2),
    _host(
        "sum",
        _read(1, "one addition an element read (a mean's division is one an output: left out)"),
        reading.reduction,
        "sum.default sum.dim_IntList",
    ),
    _host("mean", _read(1, "as sum"), reading.reduction),
    _host(
        "variance",
        _read(4, "sum, subtract the mean, square, sum"),
        reading.reduction,
        "var.default var.dim var.correction",
    ),
    _host(
        "reduce",
        _read(1, "max, min, argmax, any, all, prod: one instruction an element read"),
        reading.reduction,
        "amax.default amin.default max.default min.default max.dim min.dim argmax.default argmin.default "
        "any.default any.dim any.dims all.default all.dim all.dims prod.default prod.dim_int",
    ),
    _host("cumsum", _each(1, "one addition an element"), sources="cumsum.default"),
    _host(
        "norm",
        _read(2, "square and sum (the root is one an output: left out)"),
        reading.reduction,
        "linalg_vector_norm.default",
    ),
    # resampling that computes
    _host(
        "interpolate_linear",
        _each(3, "two taps: a + t (b - a)"),
        reading.resampling(1),
        "upsample_linear1d.default upsample_linear1d.vec",
        maps=True,
    ),
    _host(
        "interpolate_bilinear",
        _each(9, "four taps: three times a + t (b - a)"),
        reading.resampling(1),
        "upsample_bilinear2d.default upsample_bilinear2d.vec",
        maps=True,
    ),
    _host(
        "interpolate_bicubic",
        _each(35, "sixteen taps: five times 4 multiplications and 3 additions"),
        reading.resampling(2),
        "upsample_bicubic2d.default upsample_bicubic2d.vec",
        maps=True,
    ),
)

_MATRIX = (
    Kind(
        "conv",
        Unit.MATRIX,
        reads=reading.convolution,
        weights=True,
        maps=True,
        extents=_convolution_extents,
        loops=_convolution_loops,
    ),
    Kind("linear", Unit.MATRIX, reads=reading.linear, weights=True, maps=False, loops=_linear_loops),
    Kind("matmul", Unit.MATRIX, reads=reading.matmul, maps=False, loops=_product_loops),
)

_MOVE = (
    _move(
        "scatter",
        sources="slice_scatter.default select_scatter.default scatter.src scatter.value index_put.default "
        "scatter_add.default",
    ),
    _move("gather", reading.gather, "index_select.default gather.default embedding.default"),
    _move("roll", sources="roll.default"),
    _move("flip", sources="flip.default"),
    _move("repeat", sources="repeat.default"),
    _move(
        "pad",
        reading.padding,
        "reflection_pad1d.default reflection_pad2d.default reflection_pad3d.default "
        "replication_pad1d.default replication_pad2d.default replication_pad3d.default",
    ),
    _move(
        "interpolate_nearest",
        reading.resampling(1),
        "upsample_nearest1d.default upsample_nearest1d.vec upsample_nearest2d.default upsample_nearest2d.vec",
    ),
    _move("concat", reading.concatenation),
    _move("copy", reading.elementwise),
)

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (*_HOST, *_MATRIX, *_MOVE)}
"""Every kind of operator that computes or moves, by name."""


def kind_of(op: Op) -> Kind:
    """The entry of an operator: what it says itself goes before the table.

    The passes of a normalisation are cut along any axis; only of what is a map always, as a map.
    """
    known = KINDS.get(op.kind)
    if known is not None and not op.reads:
        return known
    maps = bool(known.maps) if known is not None and known.reduces else None
    return Kind(op.kind, op.unit, reads=reading.stated, weights=op.unit is Unit.MATRIX, maps=maps)
