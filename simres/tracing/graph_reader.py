"""Converts an exported graph to a workload: tensors, operators in order, and costs."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import torch
from torch import fx, nn
from torch.export import ExportedProgram
from torch.export.graph_signature import InputKind, OutputKind, TensorArgument

from simres.errors import SimresError
from simres.plugins.hooks import Operator
from simres.tracing import recurrent
from simres.tracing.built_in import LOWERINGS
from simres.tracing.export import DTYPES
from simres.tracing.exported_calls import arguments, checks_only, is_random, used_outputs
from simres.tracing.lowering import IDENTITY, Lowered, Lowering, Node, Value
from simres.tracing.module_names import Names, Places
from simres.tracing.prices import vector_ops
from simres.tracing.quantisation import QUANTISED, made_of
from simres.tracing.unmodelled import Unmodelled, from_plugins, resolved
from simres.workload.graph import Workload
from simres.workload.operators import Op, Role, Tensor, Unit
from simres.workload.rules import GROWING_VIEWS

UNIFORM = {
    f"aten.{name}.default"
    for name in (
        "full",
        "full_like",
        "zeros",
        "zeros_like",
        "ones",
        "ones_like",
        "empty",
        "empty_like",
        "scalar_tensor",
    )
} | {f"aten.{name}.default" for name in ("new_full", "new_zeros", "new_ones", "new_empty", "empty_permuted")}
"""Operators that fill a tensor with one number, whatever they are given."""


class GraphReader:
    """Reads one exported program; `workload` gives the result."""

    def __init__(
        self,
        program: ExportedProgram,
        module: nn.Module,
        name: str,
        operators: Mapping[str, Lowering | Operator] | None,
        allow_unmodelled: bool,
    ) -> None:
        self._program = program
        self._module = module
        self._name = name
        self._given = operators
        self._places = Places(module)
        self._unmodelled = Unmodelled(name, allow_unmodelled)
        self._values: dict[fx.Node, Value | tuple[Value, ...] | None] = {}
        self._tensors: dict[str, Tensor] = {}
        self._derived: dict[tuple[str, ...], str] = {}
        self._ops: list[Op] = []
        self._emitted: dict[str, tuple[str, ...]] = {}
        self._names = Names(())

    def workload(self, origin: Mapping[str, str]) -> Workload:
        """The workload. Raises `AnswerIsNo` if some operator has no price, naming all such."""
        self._read_inputs()
        for node in self._program.graph.nodes:
            if node.op == "call_function":
                before = len(self._ops)
                self._read_node(node)
                self._emitted[node.name] = tuple(op.name for op in self._ops[before:])
            elif node.op == "get_attr":
                self._values[node] = self._constant_attribute(node)
        self._unmodelled.refuse()
        outputs = self._read_outputs()
        inputs = [name for name, tensor in self._tensors.items() if tensor.role is Role.INPUT]
        used = (*inputs, *(name for op in self._ops for name in (*op.inputs, *op.outputs)), *outputs)
        tensors = {name: self._tensors[name] for name in dict.fromkeys(used)}
        return Workload(
            name=self._name,
            tensors=tensors,
            ops=tuple(self._ops),
            outputs=outputs,
            parameters=sum(parameter.numel() for parameter in self._module.parameters()),
            warnings=self._unmodelled.warnings,
            origin=origin,
        )

    def names(self) -> dict[str, str]:
        """The tensor that each node of the program came to, for those that came to one; after `workload`."""
        found = {node.name: value for node, value in self._values.items() if isinstance(value, Value)}
        return {name: value.name for name, value in found.items() if not value.constant}

    def operators(self) -> dict[str, tuple[str, ...]]:
        """The operators of the workload that each call of the program came to; after `workload`."""
        return {name: ops for name, ops in self._emitted.items() if ops}

    def _read_inputs(self) -> None:
        """Parameters, buffers and constants become weights (tied ones once), user inputs inputs."""
        signature = self._program.graph_signature
        placeholders = {node.name: node for node in self._program.graph.nodes if node.op == "placeholder"}
        first_name: dict[int, str] = {}
        for target, tensor in self._module.state_dict(keep_vars=True).items():
            first_name.setdefault(id(tensor), target)
        owners = dict(self._module.state_dict(keep_vars=True))
        for spec in signature.input_specs:
            node = placeholders[spec.arg.name]
            if not isinstance(spec.arg, TensorArgument):
                self._values[node] = None
                continue
            user = spec.kind is InputKind.USER_INPUT
            target = spec.arg.name if user else str(spec.target)
            if target in owners:
                target = first_name[id(owners[target])]
            role = Role.INPUT if user else Role.WEIGHT
            self._values[node] = self._declare(target, role, node.meta["val"], unique=False)
        self._names = Names(self._tensors)

    def _declare(
        self, name: str, role: Role, fake: torch.Tensor, dtype: str | None = None, *, unique: bool = True
    ) -> Value:
        name = self._names.unique(name) if unique else name
        value = self._value(name, fake, constant=role is Role.WEIGHT)
        value = value if dtype is None else replace(value, dtype=dtype)
        self._tensors[name] = Tensor(name, role, value.shape, value.dtype)
        return value

    def _value(self, name: str, fake: object, *, constant: bool = False) -> Value:
        if not isinstance(fake, torch.Tensor):
            raise SimresError(
                f"cannot trace `{self._name}`: `{name}` is a {type(fake).__name__}, not a tensor"
            )
        if fake.dtype not in DTYPES:
            raise SimresError(
                f"cannot trace `{self._name}`: `{name}` has the data type {fake.dtype}",
                "known: " + ", ".join(DTYPES.values()),
            )
        shape = tuple(fake.shape)
        if not all(isinstance(size, int) for size in shape):
            raise SimresError(
                f"cannot trace `{self._name}`: the shape of `{name}` depends on data",
                "a workload has one shape per tensor",
            )
        return Value(name, shape, DTYPES[fake.dtype], tuple(fake.stride()), constant)

    def _constant_attribute(self, node: fx.Node) -> Value | None:
        found = operator.attrgetter(str(node.target))(self._program.graph_module)
        if not isinstance(found, torch.Tensor):
            return None
        return self._declare(str(node.target), Role.WEIGHT, found)

    def _read_node(self, node: fx.Node) -> None:
        if node.target is operator.getitem:
            whole, index = self._values.get(node.args[0]), node.args[1]  # type: ignore[arg-type]
            self._values[node] = whole[index] if isinstance(whole, tuple) and isinstance(index, int) else None
            return
        if not node.users or checks_only(node):
            return
        described = self._describe(node)
        if described is None:
            return
        if described.source == recurrent.SOURCE:
            self._values[node] = recurrent.unrolled(described, partial(self._call, node, described))
            return
        lowered = self._lower(node, described)
        if lowered is None:
            return
        if lowered.kind == "identity":
            source = (lowered.inputs or described.inputs)[0]
            dtype = source.dtype if source.dtype in QUANTISED else described.output.dtype
            same = replace(described.output, name=source.name, constant=source.constant, dtype=dtype)
            self._values[node] = self._bind(node, (same,))
            return
        made = self._emit(node, replace(described, outputs=made_of(described, lowered)), lowered)
        self._values[node] = self._bind(node, made)

    def _call(
        self, node: fx.Node, whole: Node, source: str, arguments: dict[str, object], shape: tuple[int, ...]
    ) -> Value:
        """One of the calls that `node` stands for; it makes one tensor, of the type of its first."""
        described = Node(source, arguments, (), whole.module)
        value = Value(node.name, shape, described.inputs[0].dtype)
        described = replace(described, outputs=(value,))
        lowered = LOWERINGS[source](described)
        first = described.inputs[0]
        filled = self._tensors[first.name].shape == () and first.constant
        if lowered.kind == "identity" or (lowered.unit is Unit.VIEW and filled):
            return replace(value, name=first.name, constant=first.constant)
        return self._emit(node, described, lowered, used={0})[0]

    def _bind(self, node: fx.Node, values: tuple[Value, ...]) -> Value | tuple[Value, ...]:
        return values if isinstance(node.meta["val"], list | tuple) else values[0]

    def _describe(self, node: fx.Node) -> Node | None:
        """The node as lowering functions see it; None if it yields no tensor at all."""
        yielded = node.meta.get("val")
        fakes = list(yielded) if isinstance(yielded, list | tuple) else [yielded]
        if not any(isinstance(fake, torch.Tensor) for fake in fakes):
            return None
        used = used_outputs(node, len(fakes))
        outputs = tuple(
            self._value(node.name, fake) if index in used else Value(node.name, ())
            for index, fake in enumerate(fakes)
        )
        path = self._places.path(node.meta.get("nn_module_stack"))
        named = {name: self._argument(value) for name, value in arguments(node).items()}
        return Node(str(node.target), named, outputs, self._places.module_class(path))

    def _argument(self, value: object) -> object:
        if isinstance(value, fx.Node):
            found = self._values.get(value)
            return list(found) if isinstance(found, tuple) else found
        if isinstance(value, list | tuple):
            return [self._argument(item) for item in value]
        return value

    def _lower(self, node: fx.Node, described: Node) -> Lowered | None:
        """What becomes of the node; None if it is computed ahead of time, from constants alone."""
        if described.source in UNIFORM:
            self._uniform(node, described)
            return None
        lowering = self._lowering(described.source)
        constant = all(value.constant for value in described.inputs) and not is_random(node)
        if lowering is None and constant:
            self._ahead_of_time(node, described)
            return None
        if lowering is None:
            path = self._places.path(node.meta.get("nn_module_stack"))
            return self._unmodelled.note(described, path)
        lowered = lowering(described)
        if not constant or lowered.unit is Unit.MATRIX or lowered.kind == "identity":
            return lowered
        if lowered.unit is not Unit.VIEW:
            self._ahead_of_time(node, replace(described, outputs=made_of(described, lowered)))
            return None
        if described.inputs and self._tensors[described.inputs[0].name].shape == ():
            shown = (
                replace(value, name=described.inputs[0].name, constant=True) for value in described.outputs
            )
            self._values[node] = self._bind(node, tuple(shown))
            return None
        same = len(described.outputs) == 1 and described.output.elements == described.inputs[0].elements
        return IDENTITY if same and lowered.kind not in GROWING_VIEWS else lowered

    def _lowering(self, source: str) -> Lowering | None:
        if self._given is not None and source in self._given:
            return resolved(self._given[source])
        return LOWERINGS.get(source) or (from_plugins(source) if self._given is None else None)

    def _uniform(self, node: fx.Node, described: Node) -> None:
        """A tensor that is one number everywhere takes the room of one number, whatever it is read as."""
        own = self._names.unique(node.name)
        self._tensors[own] = Tensor(own, Role.WEIGHT, (), described.output.dtype)
        self._values[node] = replace(described.output, name=own, constant=True)

    def _stored(self, value: Value, kind: str) -> Value:
        """A weight of a matrix operator lies in memory element by element, even where all are one number.

        It lies there in the shape in which it is read: a view of a constant may have made that. Only a matrix
        may be stored transposed.
        """
        tensor = self._tensors[value.name]
        turned = kind == "linear" and len(tensor.shape) == len(value.shape) == 2
        if tensor.role is not Role.WEIGHT or tensor.shape == value.shape:
            return value
        if tensor.elements == value.elements and turned:
            return value
        if tensor.elements == value.elements and not any(value.name in op.inputs for op in self._ops):
            self._tensors[value.name] = replace(tensor, shape=value.shape)
            return value
        if tensor.elements == value.elements:
            own = self._names.unique(f"{value.name}.reshape")
            self._tensors[own] = Tensor(own, Role.ACTIVATION, value.shape, value.dtype, value.name)
            self._ops.append(Op(own, "reshape", Unit.VIEW, (value.name,), (own,)))
        else:
            own = self._names.unique(value.name)
            self._tensors[own] = Tensor(own, Role.WEIGHT, value.shape, value.dtype)
        return replace(value, name=own)

    def _ahead_of_time(self, node: fx.Node, described: Node) -> None:
        """Constants computed from constants are weights: a table that is indexed, a mask, a folded scale."""
        path = self._places.path(node.meta.get("nn_module_stack"))
        wanted = f"{path}.{node.name}" if path else node.name
        fakes = node.meta["val"] if isinstance(node.meta["val"], list | tuple) else (node.meta["val"],)
        values = tuple(
            self._declare(wanted, Role.WEIGHT, fake, described.outputs[index].dtype)
            if index in used_outputs(node, len(fakes))
            else described.outputs[0]
            for index, fake in enumerate(fakes)
        )
        self._values[node] = self._bind(node, values)

    def _emit(
        self, node: fx.Node, described: Node, lowered: Lowered, used: set[int] | None = None
    ) -> tuple[Value, ...]:
        """Adds the operator that a call becomes, and the values that it makes: those `used` have a name."""
        path = self._places.path(node.meta.get("nn_module_stack"))
        block = self._places.block(path)
        name = self._names.unique(self._places.operator(path, lowered.kind, lowered.unit is Unit.VIEW))
        inputs = described.inputs if lowered.inputs is None else lowered.inputs
        attributes = lowered.attributes
        if lowered.unit is Unit.MATRIX and len(inputs) > 1:
            inputs = (inputs[0], self._stored(inputs[1], lowered.kind), *inputs[2:])
            if lowered.kind == "linear" and self._tensors[inputs[1].name].shape != inputs[1].shape:
                attributes = {}  # stored as (m, c), and seen transposed
        read = [value.name for value in inputs]
        read += self._derive(described, lowered, name)
        view_of = read[0] if lowered.unit is Unit.VIEW and read else None
        used = used_outputs(node, len(described.outputs)) if used is None else used
        made: list[Value] = []
        for index, value in enumerate(described.outputs):
            if index in used:
                own = name if len(used) == 1 else f"{name}.{index}"
                own = name if own == name else self._names.unique(own)
                self._tensors[own] = Tensor(own, Role.ACTIVATION, value.shape, value.dtype, view_of)
                value = replace(value, name=own)
            made.append(value)
        self._ops.append(
            Op(
                name=name,
                kind=lowered.kind,
                unit=lowered.unit,
                inputs=tuple(read),
                outputs=tuple(made[index].name for index in sorted(used)),
                macs=lowered.macs,
                vector_ops=lowered.vector_ops,
                loops=lowered.loops,
                window=lowered.window,
                attributes=attributes,
                block=block,
                source=described.source,
                reads=lowered.reads,
            )
        )
        if lowered.bias is not None:
            made[0] = self._add_bias(name, made[0], lowered.bias, block, described.source)
        return tuple(made)

    def _add_bias(self, name: str, result: Value, bias: Value, block: str, source: str) -> Value:
        """Adding the bias is a separate host operator, in place on the result it is added to."""
        own = self._names.unique(f"{name}.add_bias")
        self._tensors[own] = Tensor(own, Role.ACTIVATION, result.shape, result.dtype)
        cost = vector_ops("bias", outputs=result.elements)
        self._ops.append(
            Op(
                own,
                "bias",
                Unit.HOST,
                (result.name, bias.name),
                (own,),
                vector_ops=cost,
                block=block,
                source=source,
            )
        )
        return replace(result, name=own)

    def _derive(self, described: Node, lowered: Lowered, name: str) -> list[str]:
        """Weights computed ahead of time from those the operator no longer reads; the same ones once."""
        if not lowered.derived:
            return []
        kept = {value.name for value in lowered.inputs or ()}
        sources = tuple(value.name for value in described.inputs if value.name not in kept)
        found = []
        for suffix, shape in lowered.derived:
            key = (*sources, suffix)
            if key not in self._derived:
                own = self._names.unique(f"{name}.{suffix}")
                self._tensors[own] = Tensor(own, Role.WEIGHT, shape, described.output.dtype)
                self._derived[key] = own
            found.append(self._derived[key])
        return found

    def _read_outputs(self) -> tuple[str, ...]:
        names = {node.name: node for node in self._program.graph.nodes}
        outputs = []
        for spec in self._program.graph_signature.output_specs:
            if isinstance(spec.arg, TensorArgument):
                value = self._values.get(names[spec.arg.name])
                kept = spec.kind is OutputKind.BUFFER_MUTATION and isinstance(value, Value) and value.constant
                if isinstance(value, Value) and not kept:
                    outputs.append(value.name)
        if not outputs:
            raise SimresError(f"cannot trace `{self._name}`: it returns no tensor")
        return tuple(dict.fromkeys(outputs))
