"""Loads a model: every shape known, and everything that depends on constants alone computed."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper, shape_inference
from onnx.reference import ReferenceEvaluator

from simres.errors import SimresError
from simres.text import shorten

LARGEST_BYTES = 2 << 30
"""Of a file: what the format itself allows."""
MOST_ELEMENTS = 2**62
"""Of a tensor."""
MOST_FOLDED = 1 << 16
"""Elements of a constant that is computed; larger ones are weights, of which only the shape is used."""
NEVER_LARGER = frozenset(
    [
        "Cast",
        "Compress",
        "Concat",
        "Flatten",
        "Gather",
        "Identity",
        "NonZero",
        "Reshape",
        "Slice",
        "Split",
        "Squeeze",
        "Transpose",
        "Unique",
        "Unsqueeze",
    ]
)
"""Operators that are computed even where the size of their result is not known before."""
NOT_COMPUTED = frozenset(["DequantizeLinear", "Einsum", "QuantizeLinear", "RegexFullMatch", "StringSplit"])
"""Operators that are left to whoever reads the graph, or that take any time on small inputs."""
ROUNDS = 64
"""How often shapes and constants are worked out in turn."""

DTYPES = {
    TensorProto.DOUBLE: "fp64",
    TensorProto.FLOAT: "fp32",
    TensorProto.FLOAT16: "fp16",
    TensorProto.BFLOAT16: "bf16",
    TensorProto.INT64: "int64",
    TensorProto.INT32: "int32",
    TensorProto.INT16: "int16",
    TensorProto.INT8: "int8",
    TensorProto.UINT8: "uint8",
    TensorProto.INT4: "int4",
    TensorProto.UINT4: "int4",
    TensorProto.BOOL: "bool",
    TensorProto.COMPLEX64: "complex64",
    TensorProto.COMPLEX128: "complex128",
}
"""ONNX's data types by the names that workloads use; unsigned ones by others as wide."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model: its graph, shapes and data types by name, constants with their values, what was assumed."""

    graph: Any
    opset: int
    tensors: Mapping[str, tuple[tuple[int, ...], str]]
    constants: Mapping[str, Any]
    weights: frozenset[str]
    left_out: tuple[str, ...]


def load(path: Path) -> Model:
    """Raises `SimresError` where the file is no model, or leaves a shape open."""
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise SimresError(f"`{path}` is too large for an ONNX model: more than 2 GiB")
        model = onnx.load(str(path), load_external_data=False)
    except OSError as error:
        raise SimresError(f"cannot read `{path}`: {error.strerror}") from error
    except SimresError:
        raise
    except Exception as error:  # protobuf's own, of several classes
        raise SimresError(f"`{path}` is no ONNX model") from error
    if not model.graph.node:
        raise SimresError(f"`{path}` is no ONNX model, or one without operators")
    weights = frozenset(item.name for item in model.graph.initializer)
    left_out = _closed(model, weights)
    constants = {
        item.name: _value(item, path)
        for item in model.graph.initializer
        if _elements(item, path) <= MOST_FOLDED and item.data_location != TensorProto.EXTERNAL
    }
    for _ in range(ROUNDS):
        _forget_shapes(model)
        with contextlib.suppress(Exception):  # what cannot be worked out is missing below
            model = shape_inference.infer_shapes(model, data_prop=True)
        if not _fold(model, constants):
            break
    opset = max((one.version for one in model.opset_import if one.domain in ("", "ai.onnx")), default=1)
    return Model(model.graph, opset, _tensors(model), constants, weights, left_out)


def _elements(item: Any, path: Path) -> int:
    """How many elements an initialiser says it has. Raises `SimresError` where that cannot be."""
    if any(size < 0 for size in item.dims) or math.prod(item.dims) > MOST_ELEMENTS:
        raise SimresError(f"`{path}`: the shape of `{item.name}` is {shorten(str(list(item.dims)))}")
    return math.prod(item.dims)


def _value(item: Any, path: Path) -> Any:
    """The numbers of an initialiser. Raises `SimresError` where they are not those that its shape needs."""
    try:
        return numpy_helper.to_array(item)
    except Exception as error:  # of several classes
        raise SimresError(f"`{path}`: the values of `{item.name}` are not those of its shape") from error


def _closed(model: Any, weights: frozenset[str]) -> tuple[str, ...]:
    """Gives sizes that the inputs leave open the value 1; says which."""
    opened = []
    for given in model.graph.input:
        for size in given.type.tensor_type.shape.dim if given.name not in weights else ():
            if not size.dim_value:
                opened.append(size.dim_param or "?")
                size.dim_value = 1
    if not opened:
        return ()
    names = ", ".join(f"`{name}`" for name in dict.fromkeys(opened))
    return (f"sizes that the model leaves open, taken as 1: {names}",)


def _forget_shapes(model: Any) -> None:
    """Takes away what is stated or was inferred of all but inputs: it may hold sizes that were open, and
    inference keeps those."""
    del model.graph.value_info[:]
    for made in model.graph.output:
        made.type.tensor_type.ClearField("shape")


def _tensors(model: Any) -> dict[str, tuple[tuple[int, ...], str]]:
    graph = model.graph
    found = {
        item.name: (tuple(item.dims), DTYPES.get(item.data_type, str(item.data_type)))
        for item in graph.initializer
    }
    for info in (*graph.input, *graph.value_info, *graph.output):
        kind = info.type.tensor_type
        if info.name not in found and kind.HasField("shape"):
            sizes = tuple(size.dim_value if size.HasField("dim_value") else -1 for size in kind.shape.dim)
            if all(size >= 0 for size in sizes):
                found[info.name] = (sizes, DTYPES.get(kind.elem_type, str(kind.elem_type)))
    return found


def _fold(model: Any, constants: dict[str, Any]) -> bool:
    """Computes what depends on constants alone, and shapes; True where that told something new."""
    shapes, kept, new = _tensors(model), [], False
    for node in model.graph.node:
        values = _evaluated(node, model, shapes, constants)
        if values is None:
            kept.append(onnx.NodeProto.FromString(node.SerializeToString()))
            continue
        for name, value in zip(node.output, values, strict=False):
            constants[name] = value = np.asarray(value)
            model.graph.initializer.append(numpy_helper.from_array(value, name))
            new = True
    del model.graph.node[:]
    model.graph.node.extend(kept)
    return new


def _evaluated(node: Any, model: Any, shapes: Mapping[str, Any], constants: Mapping[str, Any]) -> Any:
    """The results of a node that is constant; None where it is not, or too large."""
    if node.op_type == "Shape" and node.input[0] in shapes:
        attributes = {item.name: item.i for item in node.attribute}
        axes = shapes[node.input[0]][0]
        return [np.array(axes[attributes.get("start", 0) : attributes.get("end", len(axes))], dtype=np.int64)]
    if node.op_type == "Size" and node.input[0] in shapes:
        return [np.prod(shapes[node.input[0]][0], dtype=np.int64)]
    named = [name for name in node.input if name]
    if any(name not in constants for name in named) or node.op_type in NOT_COMPUTED:
        return None
    if any(item.HasField("g") or item.graphs for item in node.attribute):  # a loop, perhaps without end
        return None
    sizes = [math.prod(shapes[name][0]) if name in shapes else None for name in node.output if name]
    if any(size > MOST_FOLDED if size is not None else node.op_type not in NEVER_LARGER for size in sizes):
        return None
    try:
        inputs = [helper.make_tensor_value_info(name, 0, None) for name in named]
        outputs = [helper.make_tensor_value_info(name, 0, None) for name in node.output]
        alone = helper.make_model(
            helper.make_graph([node], "alone", inputs, outputs), opset_imports=model.opset_import
        )
        found = ReferenceEvaluator(alone).run(None, {name: constants[name] for name in named})
    except Exception:  # an operator that the reference does not compute is read like any other
        return None
    return found if all(isinstance(value, np.ndarray | np.generic) for value in found) else None
