"""One node of a model, as the functions in `simres_onnx.operators` see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Protocol

from onnx import helper

from simres.errors import SimresError
from simres.tracing.built_in import LOWERINGS
from simres.tracing.lowering import Lowered, Node, Value
from simres_onnx.model import Model


class Emits(Protocol):
    """What takes operators down."""

    def emit(self, described: Node, lowered: Lowered, path: str, source: str) -> tuple[Value, ...]:
        """Adds an operator; returns what it makes."""


class Call:
    """A node: its attributes, inputs and outputs, and the means to become operators of the workload."""

    def __init__(
        self,
        node: Any,
        model: Model,
        inputs: Sequence[Value | None],
        outputs: Sequence[Value],
        path: str,
        reader: Emits,
    ) -> None:
        self._node, self._model, self._path, self._reader = node, model, path, reader
        self.inputs, self.outputs = inputs, outputs
        self.kind: str = node.op_type

    @cached_property
    def attributes(self) -> Mapping[str, Any]:
        """Attributes as Python has them, texts as text."""
        found = {item.name: helper.get_attribute_value(item) for item in self._node.attribute}
        return {name: value.decode() if isinstance(value, bytes) else value for name, value in found.items()}

    @property
    def output(self) -> Value:
        """The first output."""
        return self.outputs[0]

    def input(self, place: int) -> Value:
        """An input that must be there."""
        found = self.optional(place)
        if found is None:
            raise SimresError(f"`{self._node.name or self.kind}` ({self.kind}) lacks its input {place}")
        return found

    def optional(self, place: int) -> Value | None:
        """An input, None where it was left out."""
        return self.inputs[place] if place < len(self.inputs) else None

    def constant(self, place: int, attribute: str = "") -> list[int] | None:
        """Numbers that are constant: an attribute of older models, or an input; None where left out."""
        if attribute in self.attributes:
            value = self.attributes[attribute]
            return [int(item) for item in value] if isinstance(value, list) else [int(value)]
        name = self._node.input[place] if place < len(self._node.input) else ""
        if not name:
            return None
        if name not in self._model.constants:
            raise SimresError(
                f"`{self._node.name or self.kind}` ({self.kind}) takes `{name}` from data",
                "a workload has one shape per tensor: export the network with fixed sizes",
            )
        return [int(item) for item in self._model.constants[name].flatten()]

    def exponent(self) -> float | int | None:
        """The second input, where it is one constant number."""
        value = self._model.constants.get(self._node.input[1])
        if value is None or value.size != 1:
            return None
        number = float(value.reshape(()))
        return int(number) if number.is_integer() else number

    def pads(self, kernel: Sequence[int], sizes: Sequence[int], axes: int) -> tuple[list[int], list[int]]:
        """The padding before and after along each axis, stated or as much as keeps the size."""
        pads = self.attributes.get("pads", [0] * 2 * axes)
        before, after = list(pads[:axes]), list(pads[axes:])
        if (mode := self.attributes.get("auto_pad", "NOTSET")) in ("SAME_UPPER", "SAME_LOWER"):
            strides = self.attributes.get("strides", [1] * axes)
            dilations = self.attributes.get("dilations", [1] * axes)
            for axis in range(axes):
                reach = (kernel[axis] - 1) * dilations[axis] + 1
                made = -(-sizes[axis] // strides[axis])
                more = max(0, (made - 1) * strides[axis] + reach - sizes[axis])
                before[axis] = more // 2 if mode == "SAME_UPPER" else more - more // 2
                after[axis] = more - before[axis]
        return before, after

    def slid(
        self,
        name: str,
        arguments: Mapping[str, object],
        before: Sequence[int],
        after: Sequence[int],
        axes: int,
    ) -> tuple[Value, ...]:
        """A convolution or pooling, whose window is padded differently before and after."""
        source = f"aten.{name}.default"
        if name.startswith("max_pool"):
            source = f"aten.{name}_with_indices.default"

        def lower(node: Node) -> Lowered:
            found = LOWERINGS[source](node)
            if found.window is None or list(before) == list(after):
                return found
            sides = [0] * (2 if axes == 1 else 0)
            sides += [side for pair in zip(before, after, strict=True) for side in pair]
            return replace(found, window=replace(found.window, padding=tuple(sides)))

        return self.lowered(lower, source, arguments)

    def aten(self, source: str, arguments: Mapping[str, object], *outputs: Value) -> tuple[Value, ...]:
        """Becomes what the tracer makes of torch's operator; by default it makes the node's first output."""
        return self.lowered(LOWERINGS[f"aten.{source}"], f"aten.{source}", arguments, *outputs)

    def lowered(
        self, lower: Callable[[Node], Lowered], source: str, arguments: Mapping[str, object], *outputs: Value
    ) -> tuple[Value, ...]:
        """The same by a lowering function of its own."""
        described = Node(source, arguments, outputs or (self.output,))
        return self._reader.emit(described, lower(described), self._path, self.kind)
