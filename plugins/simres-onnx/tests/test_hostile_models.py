"""Models that are broken or made to harm are read or refused soon, with a name."""

# ruff: noqa: E402
from __future__ import annotations

from pathlib import Path

import pytest

from simres.errors import SimresError

onnx = pytest.importorskip("onnx")

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from simres_onnx.importing import read

FLOAT = TensorProto.FLOAT


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


def model(nodes, inputs: dict[str, tuple], outputs: list[str], weights: dict[str, object], kind: int = FLOAT):
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info(name, FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, kind, None) for name in outputs],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)])


def ones(*shape: int) -> np.ndarray:
    return np.ones(shape, dtype=np.float32)


def _loop() -> object:
    flags = [helper.make_tensor_value_info(name, TensorProto.BOOL, ()) for name in ("on", "again")]
    count = helper.make_tensor_value_info("turn", TensorProto.INT64, ())
    body = helper.make_graph(
        [helper.make_node("Identity", ["on"], ["again"])], "b", [count, *flags[:1]], flags[1:]
    )
    return helper.make_node("Loop", ["most", "begin"], [], body=body)


RELU = helper.make_node("Relu", ["x"], ["y"])
HOSTILE = {
    "a loop without end": ([_loop(), RELU], {"most": np.array(2**62), "begin": np.array(True)}, None),
    "a range without end": (
        [helper.make_node("Range", ["a", "b", "c"], ["large"]), RELU],
        {"a": np.array(0), "b": np.array(2**40), "c": np.array(1)},
        None,
    ),
    "a cycle": (
        [helper.make_node("Add", ["x", "y"], ["z"]), helper.make_node("Relu", ["z"], ["y"])],
        {},
        "shape",
    ),
    "too few channels": (
        [helper.make_node("Conv", ["x", "w"], ["y"])],
        {"w": ones(4)},
        "do not fit together|does not say the shape",
    ),
    "an input too few": (
        [helper.make_node("Add", ["x"], ["y"])],
        {},
        "hostile.onnx.*lacks|does not say the shape",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_models_are_read_or_refused_soon(folder: Path, name: str) -> None:
    nodes, weights, said = HOSTILE[name]
    path = folder / "hostile.onnx"
    onnx.save(model(nodes, {"x": (2, 3, 4, 4)}, ["y"], weights), str(path))
    if said is None:
        assert read([path]).workload.vector_ops == 96
    else:
        with pytest.raises(SimresError, match=said):
            read([path])


@pytest.mark.parametrize("dims", [(-1, 2), (2**40, 2**40), (3,), (2, 2, 2)])
def test_a_weight_whose_shape_lies_is_refused_by_name(folder: Path, dims: tuple[int, ...]) -> None:
    made = model([helper.make_node("Add", ["x", "w"], ["y"])], {"x": (2, 2)}, ["y"], {"w": ones(2, 2)})
    made.graph.initializer[0].dims[:] = dims
    path = folder / "lies.onnx"
    onnx.save(made, str(path))
    with pytest.raises(SimresError, match=r"lies\.onnx`: the (shape|values) of `w`"):
        read([path])


def test_weights_in_another_file_are_not_opened(folder: Path) -> None:
    made = model([helper.make_node("MatMul", ["x", "w"], ["y"])], {"x": (2, 3)}, ["y"], {"w": ones(3, 4)})
    weight = made.graph.initializer[0]
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="../../../../../dev/zero")
    path = folder / "outside.onnx"
    path.write_bytes(made.SerializeToString())
    assert read([path]).workload.macs == 24
