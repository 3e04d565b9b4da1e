"""A growing graph: tensors to choose from, and operators, lowered by the tracer's functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from simres.testing.graphs.choices import Choices
from simres.tracing.built_in import LOWERINGS
from simres.tracing.lowering import Node, Value
from simres.tracing.prices import vector_ops
from simres.workload import Op, Role, Tensor, Unit, Workload

T = TypeVar("T")
Shape = tuple[int, ...]

MOST_ELEMENTS = 2048
"""The largest number of elements of a tensor."""

NUMBERS = ("fp32", "int8", "fp16", "bf16", "fp64", "int16", "int32", "uint8")
"""Data types to compute with, of whole bytes per element; indices are int64, conditions bool."""


class TooLarge(Exception):
    """An operator's result would have no element, or too many; the operator is omitted."""


class Graph:
    """Tensors and operators drawn so far.

    `values` are the inputs and activations. The methods that choose a value prefer recent ones, so that
    chains with skip connections are typical, and make a new input of the network where none fits.
    """

    def __init__(self, choices: Choices, *, dtypes: Sequence[str] = NUMBERS, partly: bool) -> None:
        self.choices = choices
        self.dtypes = tuple(dtypes)
        """Data types to compute with."""
        self.partly = partly
        """Whether operators may leave parts of the network's inputs unread."""
        self.images = self.integer(1, 3)
        self.values: list[Value] = []
        self.tensors: dict[str, Tensor] = {}
        self.ops: list[Op] = []
        self.weights = 0

    def integer(self, least: int, most: int) -> int:
        """An integer from `least` to `most`, both included."""
        return self.choices.integer(least, max(least, most))

    def chance(self) -> bool:
        """Draws a boolean."""
        return self.choices.one_of((False, True))

    def one_of(self, *choices: T) -> T:
        """Draws one of the choices."""
        return self.choices.one_of(choices)

    def some_of(self, choices: Sequence[T], least: int = 0, most: int | None = None) -> list[T]:
        """Draws from `least` to `most` (by default all) of the choices, each at most once, in any order."""
        return self.choices.some_of(choices, least, len(choices) if most is None else min(most, len(choices)))

    def input(self, shape: Shape, dtype: str | None = None) -> Value:
        """Returns a new input of the network; the data type is drawn unless given."""
        _sized(shape)
        dtype = self.one_of(*self.dtypes) if dtype is None else dtype
        number = sum(tensor.role is Role.INPUT for tensor in self.tensors.values())
        value = _value(f"x{number}", shape, dtype)
        self.tensors[value.name] = Tensor(value.name, Role.INPUT, shape, dtype)
        self.values.append(value)
        return value

    def weight(self, shape: Shape, dtype: str) -> Value:
        """Returns a new constant; it becomes a tensor of the workload once an operator reads it."""
        _sized(shape)
        self.weights += 1
        return replace(_value(f"w{self.weights}", shape, dtype), constant=True)

    def choose(
        self, fits: Callable[[Value], bool], otherwise: Callable[[], Shape], dtype: str | None = None
    ) -> Value:
        """Returns an input or activation that fits, or a new input whose shape `otherwise` returns."""
        there = [value for value in self.values if fits(value)]
        if there and self.integer(0, 7) < 7:
            return self.one_of(*reversed(there[-3:]), *there)
        return self.input(otherwise(), dtype)

    def number(self, least_rank: int = 0, most_rank: int = 5) -> Value:
        """Returns a value to compute with, with a number of axes in this range."""

        def fits(value: Value) -> bool:
            return value.dtype in self.dtypes and least_rank <= len(value.shape) <= most_rank

        return self.choose(fits, lambda: self.shape(max(least_rank, min(4, most_rank))))

    def anything(self, least_rank: int = 0, most_rank: int = 5) -> Value:
        """Returns a value of any data type, with a number of axes in this range."""
        return self.choose(
            lambda value: least_rank <= len(value.shape) <= most_rank,
            lambda: self.shape(max(least_rank, min(4, most_rank))),
        )

    def whole(self, value: Value) -> Value:
        """Returns a value for an operator that leaves parts of it unread: no input unless `partly` is set."""
        name = value.name
        while (base := self.tensors[name].view_of) is not None:
            name = base
        if self.partly or self.tensors[name].role is not Role.INPUT:
            return value
        source = "aten.logical_not.default" if value.dtype == "bool" else "aten.relu.default"
        self.call(source, {"self": value}, value.shape)
        return self.values[-1]

    def operand(self, shape: Shape, dtype: str) -> Value:
        """Returns a second operand of that shape: an existing value, a weight, or a new input."""
        if self.integer(0, 3) == 3:
            return self.weight(shape, dtype)
        return self.choose(lambda value: (value.shape, value.dtype) == (shape, dtype), lambda: shape, dtype)

    def shape(self, rank: int) -> Shape:
        """Draws a shape with the batch first, and from three axes on channels next, then rows and columns."""
        if not rank:
            return ()
        most = 8 if rank < 5 else 4
        return (self.images, *(self.integer(1, most) for _ in range(rank - 1)))

    def axis(self, value: Value) -> int:
        """Draws one of the axes of a value."""
        return self.integer(0, len(value.shape) - 1)

    def call(
        self,
        source: str,
        arguments: Mapping[str, object],
        *shapes: Shape,
        dtype: str | Sequence[str] = "",
        used: Sequence[int] = (0,),
    ) -> None:
        """Calls an operator that returns tensors of these shapes, of which those `used` are read or kept.

        The tracer's lowering of the call is added to the graph. `dtype` is that of the results, by default
        that of the first tensor among the arguments.
        """
        for shape in shapes:
            _sized(shape)
        named = Node(source, arguments, ())
        first = named.inputs[0].dtype
        dtypes = [dtype or first] * len(shapes) if isinstance(dtype, str) else list(dtype)
        outputs = tuple(_value("", shape, kind) for shape, kind in zip(shapes, dtypes, strict=True))
        lowered = LOWERINGS[source](Node(source, arguments, outputs))
        if lowered.kind == "identity":
            return
        name = f"{lowered.kind}{len(self.ops)}"
        inputs = named.inputs if lowered.inputs is None else lowered.inputs
        read = [self._read(value) for value in inputs]
        for suffix, shape in lowered.derived:
            read.append(self._read(replace(self.weight(shape, first), name=f"{name}.{suffix}")))
        view_of = read[0] if lowered.unit is Unit.VIEW else None
        made = []
        for index in used:
            own = name if len(used) == 1 else f"{name}.{index}"
            value = replace(outputs[index], name=own)
            made.append(self._made(value, view_of))
        self.ops.append(
            Op(
                name=name,
                kind=lowered.kind,
                unit=lowered.unit,
                inputs=tuple(read),
                outputs=tuple(value.name for value in made),
                macs=lowered.macs,
                vector_ops=lowered.vector_ops,
                loops=lowered.loops,
                window=lowered.window,
                attributes=lowered.attributes,
                block=self.one_of("", "first", "first.inner", "second"),
                source=source,
            )
        )
        if lowered.bias is not None:
            self.bias(made[0], lowered.bias)
        else:
            self.values += made

    def bias(self, result: Value, bias: Value) -> None:
        """Adds a separate operator that adds a bias to the preceding result."""
        cost = vector_ops("bias", outputs=result.elements)
        name = f"{result.name}.add_bias"
        made = self._made(replace(result, name=name), None)
        read = (result.name, self._read(bias))
        self.ops.append(
            Op(name, "bias", Unit.HOST, read, (name,), vector_ops=cost, source=self.ops[-1].source)
        )
        self.values.append(made)

    def unpriced(self, value: Value) -> None:
        """Adds an operator without a cost, which is let through."""
        name = f"unmodelled{len(self.ops)}"
        made = self._made(replace(value, name=name, constant=False), None)
        self.ops.append(Op(name, "unknown.op", Unit.UNMODELLED, (value.name,), (name,)))
        self.values.append(made)

    def _read(self, value: Value) -> str:
        if value.name not in self.tensors:
            self.tensors[value.name] = Tensor(value.name, Role.WEIGHT, value.shape, value.dtype)
        return value.name

    def _made(self, value: Value, view_of: str | None) -> Value:
        self.tensors[value.name] = Tensor(value.name, Role.ACTIVATION, value.shape, value.dtype, view_of)
        return value

    def workload(self) -> Workload:
        """Returns the graph: its outputs are the unread values, and occasionally a value that is read."""
        read = {name for op in self.ops for name in op.inputs}
        made = [name for op in self.ops for name in op.outputs]
        kept = self.some_of(made, most=2)
        outputs = tuple(name for name in made if name not in read or name in kept)
        parameters = sum(tensor.elements for tensor in self.tensors.values() if tensor.role is Role.WEIGHT)
        return Workload("random", self.tensors, tuple(self.ops), outputs, parameters)


Kinds = Mapping[str, Callable[[Graph], None]]
"""The function that draws an operator, by kind."""


def _sized(shape: Shape) -> None:
    if not 0 < math.prod(shape) <= MOST_ELEMENTS:
        raise TooLarge


def _value(name: str, shape: Shape, dtype: str) -> Value:
    strides = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
    return Value(name, shape, dtype, tuple(strides))
