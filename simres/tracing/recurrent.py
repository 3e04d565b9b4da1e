"""The steps of recurrent layers, as calls of torch's operators; torch is not imported.

The steps are those of torch's own decomposition (`torch/_decomp/decompositions.py`, `one_layer_lstm`,
`gru_cell`): the inputs of all steps are multiplied at once, the state of each in turn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from simres.tracing.lowering import Node, Value
from simres.workload.reaches import Shape

SOURCE = "simres.recurrent.default"
"""The name of the call that stands for a whole layer."""

Call = Callable[[str, dict[str, object], Shape], Value]
"""Makes one call of an operator: its name, its arguments, and the shape of its result."""


@dataclass(frozen=True, slots=True)
class _Cell:
    """One direction of one layer: its weights, and how it makes the next state."""

    call: Call
    mode: str
    weights: Sequence[Value]
    bias: bool

    def linear(self, x: Value, place: int) -> Value:
        """Multiplies by the weights of the input (0), or of the state (1)."""
        weight = self.weights[place]
        bias = self.weights[2 + place] if self.bias else None
        arguments: dict[str, object] = {"input": x, "weight": weight, "bias": bias}
        return self.call("aten.linear.default", arguments, (*x.shape[:-1], weight.shape[0]))

    def apply(self, name: str, *operands: Value) -> Value:
        """An elementwise operator."""
        arguments = dict(zip(("self", "other"), operands, strict=False))
        return self.call(f"aten.{name}", dict(arguments), operands[0].shape)

    def gates(self, x: Value, count: int) -> list[Value]:
        """Equal parts of the last axis."""
        size = x.shape[-1] // count
        return [part(self.call, x, 2, at * size, (at + 1) * size) for at in range(count)]

    def step(self, x: Value, hidden: Value, cell: Value | None) -> tuple[Value, Value | None]:
        """The next hidden state, and that of an LSTM's cells, from the product of an input."""
        made, do = self.linear(hidden, 1), self.apply
        if self.mode == "gru":
            (r, z, n), (hr, hz, hn) = self.gates(x, 3), self.gates(made, 3)
            reset = do("sigmoid.default", do("add.Tensor", hr, r))
            kept = do("sigmoid.default", do("add.Tensor", hz, z))
            new = do("tanh.default", do("add.Tensor", n, do("mul.Tensor", hn, reset)))
            return do("add.Tensor", do("mul.Tensor", do("sub.Tensor", hidden, new), kept), new), None
        summed = do("add.Tensor", made, x)
        if cell is None:
            return do("tanh.default" if self.mode == "rnn_tanh" else "relu.default", summed), None
        i, f, g, o = self.gates(summed, 4)
        i, f, o = (do("sigmoid.default", gate) for gate in (i, f, o))
        added = do("mul.Tensor", i, do("tanh.default", g))
        cell = do("add.Tensor", do("mul.Tensor", f, cell), added)
        hidden = do("mul.Tensor", o, do("tanh.default", cell))
        projection = self.weights[4 if self.bias else 2 :]
        if projection:
            shape = (*hidden.shape[:-1], projection[0].shape[0])
            arguments: dict[str, object] = {"input": hidden, "weight": projection[0], "bias": None}
            hidden = self.call("aten.linear.default", arguments, shape)
        return hidden, cell


def part(call: Call, x: Value, axis: int, start: int, end: int) -> Value:
    """A range of an axis."""
    shape = (*x.shape[:axis], end - start, *x.shape[axis + 1 :])
    arguments: dict[str, object] = {"self": x, "dim": axis, "start": start, "end": end, "step": 1}
    return call("aten.slice.Tensor", arguments, shape)


def together(call: Call, parts: Sequence[Value], axis: int) -> Value:
    """Tensors concatenated along an axis; a single one is itself."""
    if len(parts) == 1:
        return parts[0]
    shape = list(parts[0].shape)
    shape[axis] = sum(one.shape[axis] for one in parts)
    return call("aten.cat.default", {"tensors": list(parts), "dim": axis}, tuple(shape))


def unrolled(node: Node, call: Call) -> tuple[Value, ...]:
    """The output of a recurrent layer, its last hidden state, and of an LSTM the last state of its cells."""
    x, mode = node.tensor("x"), str(node.arguments["mode"])
    states, weights = node.arguments["states"], node.arguments["weights"]
    assert isinstance(states, list)
    assert isinstance(weights, list)
    directions = 2 if node.flag("bidirectional") else 1
    cells = node.number("layers") * directions
    each = len(weights) // cells
    if turned := node.flag("batch_first"):
        x = _turned(call, x)
    last: list[tuple[Value, Value | None]] = []
    for layer in range(node.number("layers")):
        made = []
        for direction in range(directions):
            number = layer * directions + direction
            own = weights[number * each : (number + 1) * each]
            first = [part(call, state, 0, number, number + 1) for state in states]
            cell = _Cell(call, mode, own, node.flag("bias"))
            steps, end = _run(cell, x, first, backwards=direction == 1)
            made.append(together(call, steps, 0))
            last.append(end)
        x = together(call, made, 2)
    if turned:
        x = _turned(call, x)
    ends = [[end[place] for end in last] for place in range(len(states))]
    return (x, *(together(call, [one for one in end if one is not None], 0) for end in ends))


def _run(
    cell: _Cell, x: Value, first: Sequence[Value], *, backwards: bool
) -> tuple[list[Value], tuple[Value, Value | None]]:
    """The hidden state after each step, in the order of the inputs, and the last states."""
    products = cell.linear(x, 0)
    hidden, inner = first[0], first[1] if len(first) > 1 else None
    found = []
    order = range(x.shape[0])
    for step in reversed(order) if backwards else order:
        hidden, inner = cell.step(part(cell.call, products, 0, step, step + 1), hidden, inner)
        found.append(hidden)
    return found[::-1] if backwards else found, (hidden, inner)


def _turned(call: Call, x: Value) -> Value:
    """Batch and steps change places."""
    arguments: dict[str, object] = {"self": x, "dims": [1, 0, 2]}
    return call("aten.permute.default", arguments, (x.shape[1], x.shape[0], x.shape[2]))
