"""Types that lowering functions take and return.

A lowering function gets a `Node` and returns a `Lowered`. The built-in ones are in `matrix`, `vector` and
`movement`; packages add theirs with the hook `simres_operators`. Nothing here imports torch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from simres.plugins.hooks import Operator
from simres.tracing.prices import vector_ops
from simres.workload.operators import Attribute, Loops, Unit, Window
from simres.workload.reaches import Reads, broadcast


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor as a lowering function sees it: `shape` and `strides` in elements.

    `constant` is true of weights and of what can be computed from weights alone.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str = "fp32"
    strides: tuple[int, ...] = ()
    constant: bool = False

    @property
    def elements(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def contiguous(self) -> bool:
        """True if the elements lie in memory in the order of their indices."""
        expected = 1
        for size, stride in zip(reversed(self.shape), reversed(self.strides), strict=False):
            if size != 1 and stride != expected:
                return False
            expected *= size
        return True


@dataclass(frozen=True, slots=True)
class Node:
    """One operator call in the exported graph.

    `arguments` are by the names in the operator's schema, defaults filled in, tensors as `Value`. `outputs`
    are all that it returns, used or not. `module` is the class that called it (`torch.nn.modules...`).
    """

    source: str
    arguments: Mapping[str, object]
    outputs: tuple[Value, ...]
    module: str = ""
    inputs: tuple[Value, ...] = field(init=False)
    """The tensors it reads, in the order of the schema."""

    def __post_init__(self) -> None:
        found: list[Value] = []
        for argument in self.arguments.values():
            if isinstance(argument, Value):
                found.append(argument)
            elif isinstance(argument, list | tuple):
                found.extend(item for item in argument if isinstance(item, Value))
        object.__setattr__(self, "inputs", tuple(found))

    @property
    def output(self) -> Value:
        """The first output: for most operators the only one."""
        return self.outputs[0]

    def tensor(self, name: str) -> Value:
        """The tensor argument of that name."""
        value = self.arguments[name]
        assert isinstance(value, Value), f"{self.source}: `{name}` is no tensor"
        return value

    def optional(self, name: str) -> Value | None:
        """The tensor argument of that name, None where it was left out."""
        value = self.arguments.get(name)
        return value if isinstance(value, Value) else None

    def integers(self, name: str, length: int = 0) -> tuple[int, ...]:
        """The list of integers of that name, one integer repeated to `length`; empty where left out."""
        value = self.arguments.get(name)
        items = (
            list(value)
            if isinstance(value, Sequence) and not isinstance(value, str)
            else [value] * (value is not None)
        )
        numbers = tuple(item for item in items if isinstance(item, int))
        return numbers * length if len(numbers) == 1 and length else numbers

    def number(self, name: str, default: int = 0) -> int:
        """The integer of that name."""
        value = self.arguments.get(name)
        return value if isinstance(value, int) else default

    def flag(self, name: str) -> bool:
        """The boolean of that name."""
        return bool(self.arguments.get(name))


@dataclass(frozen=True, slots=True)
class Lowered:
    """The result of lowering a node: one operator of the workload and its cost.

    `inputs` are the tensors it reads (None: all of the node's). `bias`, if given, is added to the result
    by a separate host operator. `derived` are weights computed ahead of time from the constants that
    are not among `inputs`, as (suffix of the name, shape).

    `reads` is the reach of a kind that the table of operators does not have: for each input, a rule for each
    of its axes (`simres.workload.reaches`); of an input without any, all is read.
    """

    kind: str
    unit: Unit
    vector_ops: int = 0
    loops: Loops | None = None
    inputs: tuple[Value, ...] | None = None
    bias: Value | None = None
    derived: tuple[tuple[str, tuple[int, ...]], ...] = ()
    window: Window | None = None
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    reads: tuple[Reads, ...] = ()

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the loop nest."""
        return self.loops.macs if self.loops else 0


IDENTITY = Lowered("identity", Unit.VIEW)
"""Returns its input as it is: no operator at all."""

Lowering = Callable[[Node], Lowered]
"""A function from a node to what it becomes."""


def host(node: Node, kind: str, *, window: int = 0, times: int = 1) -> Lowered:
    """A host operator of a kind in the price table, priced by the node's first input and output."""
    inputs = node.inputs[0].elements if node.inputs else 0
    if any(value.dtype.startswith("complex") for value in (*node.inputs, *node.outputs)):
        scaled = kind in ("mul", "div") and _complex_operands(node) < 2
        known = None if scaled else COMPLEX.get(kind)
        kind, times = known or kind, times if known else 2 * times
    cost = vector_ops(kind, outputs=node.output.elements, inputs=inputs, window=window)
    return Lowered(kind, Unit.HOST, vector_ops=cost * times)


def _complex_operands(node: Node) -> int:
    numbers = sum(isinstance(value, complex) for value in node.arguments.values())
    return numbers + sum(value.dtype.startswith("complex") for value in node.inputs)


COMPLEX = {
    "mul": "complex_mul",
    "square": "complex_mul",
    "div": "complex_div",
    "reciprocal": "complex_reciprocal",
    "abs": "complex_abs",
    "complex_angle": "complex_angle",
    "polar": "polar",
    "conj": "conj",
    **dict.fromkeys(("exp", "log", "sqrt", "rsqrt", "sin", "cos"), "complex_exp"),
}
"""What an operator costs on complex numbers; of others both parts cost the same."""


def declared(operator: Operator, node: Node) -> Lowered:
    """The host operator that a plugin declares without its own function."""
    elements = (node.inputs[0] if operator.per_input and node.inputs else node.output).elements
    return Lowered(operator.kind, Unit.HOST, operator.ops * elements, attributes=scalars(node))


def elementwise_reads(node: Node, lowered: Lowered) -> tuple[Reads, ...]:
    """The reach of an operator that works element for element, after broadcasting."""
    inputs = node.inputs if lowered.inputs is None else lowered.inputs
    return tuple(broadcast(value.shape, node.output.shape) for value in inputs)


def window_of(
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...] = (),
    dilation: tuple[int, ...] = (),
) -> Window:
    """The window of an operator that slides along some axes, each padded alike before and after.

    What slides along one axis has a single row.
    """
    axes = len(kernel)
    padding, dilation = padding or (0,) * axes, dilation or (1,) * axes
    if axes == 1:
        kernel, stride, padding, dilation = (1, *kernel), (1, *stride), (0, *padding), (1, *dilation)
    sides = tuple(side for both in zip(padding, padding, strict=True) for side in both)
    return Window(kernel, stride, sides, dilation)


def scalars(node: Node) -> dict[str, Attribute]:
    """The node's arguments that are plain numbers, texts or lists of integers, for the record.

    Axes are counted from the front, and ends of slices brought inside the tensor.
    """
    rank = len(node.inputs[0].shape) if node.inputs else len(node.output.shape)
    found: dict[str, Attribute] = {}
    for name, value in node.arguments.items():
        if isinstance(value, float) and not math.isfinite(value):
            found[name] = str(value)  # JSON has no infinity
        elif isinstance(value, bool | int | float | str):
            found[name] = value
        elif isinstance(value, list | tuple) and value and all(isinstance(item, int) for item in value):
            found[name] = tuple(value)
    for name in ("dim", "dims"):
        axes = found.get(name)
        if isinstance(axes, tuple):
            found[name] = tuple(axis % rank if rank else axis for axis in axes)
        elif isinstance(axes, int) and axes < 0:
            found[name] = axes + rank
    return found
