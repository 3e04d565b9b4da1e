"""Makes a workload of a model: tensors, operators in order, their costs and names."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from typing import Any

from simres.errors import AnswerIsNo, SimresError
from simres.tracing.lowering import Lowered, Node, Value
from simres.tracing.prices import vector_ops
from simres.tracing.quantisation import QUANTISED, made_of
from simres.workload import Op, Role, Tensor, Unit, Workload
from simres.workload.rules import GROWING_VIEWS
from simres_onnx.call import Call
from simres_onnx.model import Model
from simres_onnx.names import Names, block_of, path_of
from simres_onnx.operators import OPERATORS


class Reader:
    """Reads one model; `workload` gives the result."""

    def __init__(self, model: Model, name: str) -> None:
        self._model, self._name = model, name
        self._values: dict[str, Value] = {}
        self._tensors: dict[str, Tensor] = {}
        self._ops: list[Op] = []
        self._unknown: Counter[str] = Counter()
        self._first: dict[str, str] = {}
        self._names = Names()
        graph = model.graph
        read = {name for node in graph.node for name in node.input if name}
        self._wanted = read | {item.name for item in graph.output}

    def workload(self) -> Workload:
        """The workload. Raises `AnswerIsNo` if some operator has no cost, naming all such."""
        graph = self._model.graph
        for given in graph.input:
            if given.name not in self._model.weights:
                self._declare(given.name, Role.INPUT)
        for node in graph.node:
            self._read(node)
        if self._unknown:
            found = (
                f"  {kind}  {'once' if count == 1 else f'{count} times, first'} in `{self._first[kind]}`"
                for kind, count in self._unknown.items()
            )
            raise AnswerIsNo(
                "\n".join([f"`{self._name}` uses operators that simres-onnx cannot price:", *found]),
                "export the network without them, or trace it: simres trace package.module:factory",
            )
        made = [self._values[item.name].name for item in graph.output if item.name in self._values]
        outputs = tuple(dict.fromkeys(made))
        if not outputs:
            raise SimresError(f"`{self._name}` has no output that an operator makes")
        inputs = [name for name, tensor in self._tensors.items() if tensor.role is Role.INPUT]
        used = (*inputs, *(name for op in self._ops for name in (*op.inputs, *op.outputs)), *outputs)
        parameters = sum(
            math.prod(item.dims) for item in graph.initializer if item.name in self._model.weights
        )
        return Workload(
            name=self._name,
            tensors={name: self._tensors[name] for name in dict.fromkeys(used)},
            ops=tuple(self._ops),
            outputs=outputs,
            parameters=parameters,
            origin={"model": self._name, "opset": str(self._model.opset)},
        )

    def _declare(self, name: str, role: Role, dtype: str = "") -> Value:
        shape, own = self._known(name)
        tensor = Tensor(self._names.unique(name), role, shape, dtype or own)
        self._tensors[tensor.name] = tensor
        value = Value(tensor.name, shape, tensor.dtype, constant=role is Role.WEIGHT)
        self._values[name] = value
        return value

    def _known(self, name: str) -> tuple[tuple[int, ...], str]:
        if name not in self._model.tensors:
            raise SimresError(
                f"`{self._name}` does not say the shape of `{name}`",
                "a workload has one shape per tensor: export the network with fixed sizes",
            )
        return self._model.tensors[name]

    def _value(self, name: str) -> Value | None:
        """A tensor by its name in the model; weights become tensors when they are used."""
        if not name:
            return None
        return self._values.get(name) or self._declare(name, Role.WEIGHT)

    def _read(self, node: Any) -> None:
        path = path_of(node, self._model.weights)
        outputs = tuple(
            Value("", *self._known(name)) if name in self._wanted else Value("", ()) for name in node.output
        )
        inputs = [self._value(name) for name in node.input]
        call = Call(node, self._model, inputs, outputs, path, self)
        operator = OPERATORS.get(node.op_type) if node.domain in ("", "ai.onnx", "com.microsoft") else None
        if all(value is None or value.constant for value in inputs) and inputs and node.op_type not in _DRAWS:
            # What depends on weights alone is computed ahead of time, and is a weight itself.
            dtype = ""
            if node.op_type == "DequantizeLinear" and inputs[0] is not None:
                dtype = inputs[0].dtype
            for name in node.output:
                if name in self._model.tensors:
                    self._declare(name, Role.WEIGHT, dtype)
            return
        if operator is None:
            self._unknown[node.op_type] += 1
            self._first.setdefault(node.op_type, node.name or path or node.output[0])
            return
        try:
            made = operator(call)
        except SimresError:
            raise
        except (ArithmeticError, AssertionError, LookupError, TypeError, ValueError) as error:
            raise SimresError(
                f"`{node.name or node.op_type}` ({node.op_type}): its shapes do not fit together",
                "`onnx.checker.check_model(model, full_check=True)` says more",
            ) from error
        for name, value in zip(node.output, made, strict=False):
            if name:
                self._values[name] = value

    def emit(self, described: Node, lowered: Lowered, path: str, source: str) -> tuple[Value, ...]:
        """Adds the operator that a call becomes; returns what it makes."""
        if lowered.kind == "identity":
            first = (lowered.inputs or described.inputs)[0]
            dtype = first.dtype if first.dtype in QUANTISED else described.output.dtype
            return (replace(described.output, name=first.name, dtype=dtype, constant=first.constant),)
        described = replace(described, outputs=made_of(described, lowered))
        inputs = described.inputs if lowered.inputs is None else lowered.inputs
        if lowered.unit is Unit.VIEW and inputs[0].elements == 1 and lowered.kind in GROWING_VIEWS:
            return tuple(replace(value, name=inputs[0].name) for value in described.outputs)
        name = self._names.operator(path, lowered.kind, view=lowered.unit is Unit.VIEW)
        read = [value.name for value in inputs]
        for suffix, shape in lowered.derived:
            own = self._names.unique(f"{name}.{suffix}")
            self._tensors[own] = Tensor(own, Role.WEIGHT, shape)
            read.append(own)
        base = read[0] if lowered.unit is Unit.VIEW else None
        made = []
        for index, value in enumerate(described.outputs):
            own = name if index == 0 else self._names.unique(f"{name}.{index}")
            self._tensors[own] = Tensor(own, Role.ACTIVATION, value.shape, value.dtype, base)
            made.append(replace(value, name=own))
        op = Op(
            name,
            lowered.kind,
            lowered.unit,
            tuple(read),
            tuple(value.name for value in made),
            macs=lowered.macs,
            vector_ops=lowered.vector_ops,
            loops=lowered.loops,
            window=lowered.window,
            attributes=lowered.attributes,
            block=block_of(path),
            source=source,
        )
        self._ops.append(op)
        if lowered.bias is not None:
            made[0] = self._biased(op, made[0], lowered.bias)
        return tuple(made)

    def _biased(self, op: Op, result: Value, bias: Value) -> Value:
        """Adding the bias is a host operator of its own."""
        own = self._names.unique(f"{op.name}.add_bias")
        self._tensors[own] = Tensor(own, Role.ACTIVATION, result.shape, result.dtype)
        cost = vector_ops("bias", outputs=result.elements)
        read = (result.name, bias.name)
        self._ops.append(
            Op(own, "bias", Unit.HOST, read, (own,), vector_ops=cost, block=op.block, source=op.source)
        )
        return replace(result, name=own)


_DRAWS = frozenset({"RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Bernoulli"})
"""Operators whose result no constant tells."""
