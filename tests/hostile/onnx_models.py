"""Hostile ONNX models: spoiled bytes, lying shapes, cycles, paths that lead out, endless loops."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from tests.hostile import mutations
from tests.hostile.judging import Attempt, put

SIZES = (0, -1, 1, 2, 3, 65_537, 2**31, 2**40, 2**62, -(2**63), 2**63 - 1)
KINDS = (
    "Conv",
    "Gemm",
    "MatMul",
    "Reshape",
    "Resize",
    "Split",
    "Einsum",
    "Range",
    "Expand",
    "Tile",
    "ConstantOfShape",
    "NonZero",
    "TopK",
    "LSTM",
    "Scan",
    "Gone",
    "",
    "\ud7ff\x1b[31m",
)
PLACES = ("../../../etc/passwd", "/dev/zero", "weights.bin", "", "\x1b[2J")


@cache
def _valid() -> bytes:
    """A convolution, a pooling, a reshape by a computed shape, and a product."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    made = helper.make_node
    nodes = [
        made("Conv", ["x", "w"], ["c"], strides=[1, 1], pads=[1, 1, 1, 1]),
        made("Relu", ["c"], ["r"]),
        made("MaxPool", ["r"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
        made("Concat", ["one", "rest"], ["shape"], axis=0),
        made("Reshape", ["p", "shape"], ["f"]),
        made("Gemm", ["f", "v"], ["y"]),
    ]
    weights = {
        "w": np.ones((4, 3, 3, 3), np.float32),
        "v": np.ones((64, 5), np.float32),
        "one": np.array([1]),
        "rest": np.array([-1]),
    }
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 3, 8, 8))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    return bytes(helper.make_model(graph).SerializeToString())


def _lying(rng: Random, model: Any) -> None:
    """One thing in a graph that is not as it should be."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    graph = model.graph
    node, weight = rng.choice(graph.node), rng.choice(graph.initializer)
    match rng.randrange(11):
        case 0:
            weight.dims[:] = [*weight.dims[1:], rng.choice(SIZES)]
        case 1:
            weight.dims.extend([rng.choice(SIZES)] * rng.choice((1, 3, 500)))
        case 2:
            graph.input[0].type.tensor_type.shape.dim[rng.randrange(4)].dim_value = rng.choice(SIZES)
        case 3:
            node.op_type = rng.choice(KINDS)
        case 4:
            node.input[:] = [*node.input[1:], rng.choice((*node.output, "y", "f", "gone", ""))]
        case 5:
            weight.data_location = TensorProto.EXTERNAL
            weight.external_data.add(key="location", value=rng.choice(PLACES))
            weight.external_data.add(key="length", value=str(rng.choice(SIZES)))
        case 6:
            weight.data_type = rng.choice((0, 1, 2, 7, 8, 14, 17, 99))
        case 7:
            for attribute in node.attribute:
                attribute.ints[:] = [rng.choice(SIZES)] * rng.choice((0, 1, 2, 4, 300))
                attribute.i = rng.choice(SIZES)
        case 8:
            name, count = rng.choice(("Range", "ConstantOfShape", "Expand", "Tile")), rng.choice(SIZES)
            values = {"Range": (0, count, 1), "ConstantOfShape": ([count] * 2,)}.get(
                name, ([1, 1], [count] * 2)
            )
            given = [f"{name}{at}" for at in range(len(values))]
            for own, value in zip(given, values, strict=True):
                graph.initializer.append(numpy_helper.from_array(np.array(value), own))
            graph.node.insert(0, helper.make_node(name, given, ["large"]))
        case 9:
            turn = [helper.make_node("Identity", ["on"], ["again"])]
            flags = [helper.make_tensor_value_info(own, TensorProto.BOOL, ()) for own in ("on", "again")]
            count = helper.make_tensor_value_info("turn", TensorProto.INT64, ())
            body = helper.make_graph(turn, "body", [count, flags[0]], [flags[1]])
            for own, value in (("most", 2**62), ("begin", True)):
                graph.initializer.append(numpy_helper.from_array(np.array(value), own))
            graph.node.insert(0, helper.make_node("Loop", ["most", "begin"], [], body=body))
        case _:
            graph.node.extend([node] * rng.choice((1, 2000)))


def onnx_model(rng: Random, folder: Path) -> Attempt:
    import onnx

    if rng.random() < 0.3:
        data = mutations.bytes_changed(rng, _valid())
    else:
        model = onnx.load_from_string(_valid())
        for _ in range(rng.randint(1, 3)):
            _lying(rng, model)
        data = model.SerializeToString()
    path = put(folder, "net.onnx", data)

    def read() -> None:
        from simres_onnx.importing import read as read_model

        from simres.commands.import_ import checked
        from simres.workload.json import dumps

        dumps(checked(read_model([path]), str(path)).workload)

    return Attempt(read, (str(path), "net"))
