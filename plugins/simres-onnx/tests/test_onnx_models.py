"""ONNX models become the workloads that tracing makes of the same networks."""

# ruff: noqa: E402
from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simres
from simres.errors import AnswerIsNo, SimresError
from simres.testing import check_importer, registry_with
from simres.workload import Role, Unit, Workload
from simres.workload.json import dumps, loads

onnx = pytest.importorskip("onnx")

import numpy as np
import simres_onnx
from onnx import TensorProto, helper, numpy_helper
from simres_onnx.importing import USAGE, read

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


def imported(folder: Path, made) -> Workload:
    path = folder / "net.onnx"
    onnx.save(made, str(path))
    found = read([path]).workload
    assert isinstance(found, Workload)
    assert loads(dumps(found)) == found
    return found


def ones(*shape: int) -> np.ndarray:
    return np.ones(shape, dtype=np.float32)


@given(
    n=st.integers(1, 2),
    groups=st.sampled_from([1, 2]),
    channels=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    sizes=st.lists(st.integers(4, 7), min_size=1, max_size=3),
    kernel=st.integers(1, 3),
    stride=st.integers(1, 2),
    dilation=st.integers(1, 2),
    pads=st.lists(st.integers(0, 2), min_size=6, max_size=6),
    transposed=st.booleans(),
    bias=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_any_convolution(
    folder, n, groups, channels, sizes, kernel, stride, dilation, pads, transposed, bias
) -> None:
    axes = len(sizes)
    cin, cout = (count * groups for count in channels)
    reach = (kernel - 1) * dilation + 1
    before, after = pads[:axes], pads[3 : 3 + axes]
    if transposed:
        before = after = [0] * axes
    made = [
        (size - 1) * stride + reach if transposed else (size + b + a - reach) // stride + 1
        for size, b, a in zip(sizes, before, after, strict=True)
    ]
    if min(made) < 1:
        return
    shape = (cin, channels[1]) if transposed else (cout, channels[0])
    weights = {"conv.weight": ones(*shape, *[kernel] * axes)} | ({"conv.bias": ones(cout)} if bias else {})
    node = helper.make_node(
        "ConvTranspose" if transposed else "Conv",
        ["x", *weights],
        ["y"],
        strides=[stride] * axes,
        dilations=[dilation] * axes,
        pads=[*before, *after],
        group=groups,
    )
    found = imported(folder, model([node], {"x": (n, cin, *sizes)}, ["y"], weights))
    assert found.ops[0].name == "conv"
    pixels = int(np.prod(sizes if transposed else made))
    assert found.macs == n * cout * channels[0] * pixels * kernel**axes
    assert found.tensors[found.outputs[0]].shape == (n, cout, *made)
    assert found.vector_ops == (n * cout * int(np.prod(made)) if bias else 0)
    window = found.ops[0].window
    assert window is not None
    assert window.padding[-2 * axes :] == tuple(s for pair in zip(before, after, strict=True) for s in pair)
    assert simres.simulate(found, chip="paper").makespan_ps > 0


PRODUCTS: dict[str, tuple[dict, dict, dict, int]] = {
    "Gemm": ({"transB": 1}, {"x": (3, 4)}, {"w": (5, 4), "b": (5,)}, 60),
    "Gemm ": ({}, {"x": (3, 4)}, {"w": (4, 5), "b": (5,)}, 60),
    "Gemm computed": ({"alpha": 0.5}, {"x": (3, 4), "w": (4, 5)}, {}, 60),
    "MatMul": ({}, {"x": (2, 3, 4)}, {"w": (4, 5)}, 120),
    "MatMul computed": ({}, {"x": (2, 6, 3, 4), "w": (2, 6, 4, 5)}, {}, 720),
    "MatMul spread": ({}, {"x": (2, 6, 3, 4), "w": (4, 5)}, {}, 720),
    "Einsum": ({"equation": "bhid,bhjd->bhij"}, {"x": (2, 6, 3, 4), "w": (2, 6, 5, 4)}, {}, 720),
    "Einsum turned": ({"equation": "bihd,hjd->hbij"}, {"x": (2, 3, 6, 4), "w": (6, 5, 4)}, {}, 720),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_products_of_matrices(folder: Path, name: str) -> None:
    attributes, inputs, weights, macs = PRODUCTS[name]
    node = helper.make_node(name.split()[0], [*inputs, *weights], ["y"], **attributes)
    values = {key: ones(*shape) for key, shape in weights.items()}
    found = imported(folder, model([node], inputs, ["y"], values))
    assert found.macs == macs
    assert simres.simulate(found, chip="paper").makespan_ps > 0


ELEMENTWISE: dict[str, tuple[int, dict]] = {
    "Relu": (1, {}),
    "Sigmoid": (4, {}),
    "Gelu": (9, {}),
    "HardSwish": (5, {}),
    "LeakyRelu": (2, {}),
    "Erf": (15, {}),
    "Tan": (4, {}),
    "Softmax": (5, {"axis": 1}),
    "LogSoftmax": (5, {}),
    "Softsign": (3, {}),
    "GlobalAveragePool": (1, {}),
    "GlobalMaxPool": (1, {}),
    "ReduceSum": (1, {}),
    "ReduceL2": (2, {}),
    "ReduceSumSquare": (2, {}),
    "ArgMax": (1, {"axis": 1}),
    "Transpose": (0, {"perm": [0, 2, 3, 1]}),
    "Flatten": (0, {}),
    "SpaceToDepth": (0, {"blocksize": 2}),
    "Identity": (0, {}),
    "Dropout": (0, {}),
    "MaxPool": (4, {"kernel_shape": [2, 2], "auto_pad": "SAME_UPPER"}),
    "AveragePool": (1, {"kernel_shape": [2, 2], "strides": [2, 2]}),
}


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_prices_are_the_tracer_s(folder: Path, name: str) -> None:
    price, attributes = ELEMENTWISE[name]
    nodes = [helper.make_node("Relu", ["x"], ["z"]), helper.make_node(name, ["z"], ["y"], **attributes)]
    kind = TensorProto.INT64 if name == "ArgMax" else FLOAT
    made = model(nodes, {"x": (2, 3, 4, 4)}, ["y"], {}, kind)
    if name in ("Gelu", "Softsign"):
        made.opset_import[0].version = 20
    assert imported(folder, made).vector_ops == 96 * (1 + price)


def test_slices_pads_splits_and_resizes(folder: Path) -> None:
    nodes = [
        helper.make_node("Slice", ["x", "from", "to", "axes"], ["s"]),
        helper.make_node("Split", ["s"], ["a", "b"], axis=1, num_outputs=2),
        helper.make_node("Concat", ["a", "b"], ["c"], axis=3),
        helper.make_node("Pad", ["c", "pads"], ["p"]),
        helper.make_node("Resize", ["p", "", "", "sizes"], ["y"], mode="linear"),
    ]
    weights = {
        "from": np.array([1, 0]),
        "to": np.array([5, 9]),
        "axes": np.array([2, 3]),
        "pads": np.array([0, 0, 1, 2, 0, 0, 0, 1]),
        "sizes": np.array([1, 2, 10, 30]),
    }
    found = imported(folder, model(nodes, {"x": (1, 4, 8, 9)}, ["y"], weights))
    kinds = [op.kind for op in found.ops]
    assert kinds == ["slice", "slice", "slice", "concat", "pad", "interpolate_bilinear"]
    assert [found.tensors[op.outputs[0]].shape for op in found.ops][-2:] == [(1, 2, 5, 21), (1, 2, 10, 30)]
    assert found.ops[4].attributes["pad"] == (2, 1, 1, 0)
    assert found.vector_ops == 9 * 600


def quantised(dtype: str):
    """x is rounded to integers, convolved with integers, and rounded again: as quantisers write it."""
    kind = np.int8 if dtype == "int8" else np.uint8
    point = np.array(0, dtype=kind)
    weights = {
        "scale": np.float32(0.1),
        "point": point,
        "conv.weight": np.ones((8, 3, 3, 3), dtype=np.int8),
        "weight_point": np.array(0, dtype=np.int8),
    }
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "scale", "point"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "scale", "point"], ["d"]),
        helper.make_node("DequantizeLinear", ["conv.weight", "scale", "weight_point"], ["w"]),
        helper.make_node("Conv", ["d", "w"], ["c"]),
        helper.make_node("QuantizeLinear", ["c", "scale", "point"], ["e"]),
        helper.make_node("MaxPool", ["e"], ["m"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("DequantizeLinear", ["m", "scale", "point"], ["y"]),
    ]
    return model(nodes, {"x": (1, 3, 8, 8)}, ["y"], weights)


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_a_quantised_model_keeps_its_integers(folder: Path, dtype: str) -> None:
    found = imported(folder, quantised(dtype))
    conv = next(op for op in found.ops if op.unit is Unit.MATRIX)
    assert found.macs == 3 * 8 * 9 * 36
    assert [found.tensors[name].dtype for name in conv.inputs] == [dtype, "int8"]
    assert found.weight_bytes == 8 * 27
    assert [op.kind for op in found.ops] == ["quantise", "conv", "quantise", "max_pool"]
    assert found.tensors[found.outputs[0]].dtype == dtype
    assert found.vector_ops == 4 * 192 + 4 * 288 + 4 * 72


def test_integer_convolutions_and_products(folder: Path) -> None:
    weights = {
        "s": np.float32(0.1),
        "p": np.array(0, dtype=np.uint8),
        "w": np.ones((8, 3, 3, 3), dtype=np.int8),
        "z": np.array(0, dtype=np.int8),
    }
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "p"], ["q"]),
        helper.make_node("QLinearConv", ["q", "s", "p", "w", "s", "z", "s", "p"], ["c"]),
        helper.make_node("DequantizeLinear", ["c", "s", "p"], ["y"]),
    ]
    assert imported(folder, model(nodes, {"x": (1, 3, 8, 8)}, ["y"], weights)).macs == 3 * 8 * 9 * 36


def test_sizes_that_a_model_leaves_open_are_1_and_that_is_said(folder: Path) -> None:
    made = model([helper.make_node("Relu", ["x"], ["y"])], {"x": ("batch", 8)}, ["y"], {})
    path = folder / "open.onnx"
    onnx.save(made, str(path))
    found = read([path])
    assert found.left_out == ("sizes that the model leaves open, taken as 1: `batch`",)
    assert found.workload.vector_ops == 8


def test_operators_without_a_cost_are_named_together(folder: Path) -> None:
    nodes = [
        helper.make_node("Det", ["x"], ["a"], name="first"),
        helper.make_node("Det", ["x"], ["b"], name="second"),
        helper.make_node("Add", ["a", "b"], ["y"]),
    ]
    made = model(nodes, {"x": (4, 4)}, ["y"], {})
    path = folder / "unknown.onnx"
    onnx.save(made, str(path))
    with pytest.raises(AnswerIsNo, match="Det  2 times, first in `first`"):
        read([path])


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_any_bytes_are_read_or_refused(folder: Path, content: bytes) -> None:
    path = folder / "any.onnx"
    path.write_bytes(content)
    with pytest.raises(SimresError, match="is no ONNX model"):
        read([path])


@pytest.mark.parametrize("names", [[], ["a.onnx", "b.onnx"], ["a.txt"]])
def test_other_files_are_refused(names: list[str]) -> None:
    with pytest.raises(SimresError) as error:
        read([Path(name) for name in names])
    assert error.value.hint == USAGE
    with pytest.raises(SimresError, match="cannot read"):
        read([Path("missing.onnx")])


def test_the_importer_keeps_its_contract(folder: Path) -> None:
    path = folder / "contract.onnx"
    onnx.save(quantised("int8"), str(path))
    registry = registry_with(simres_onnx)
    check_importer(registry.importer("onnx"), path, registry=registry)


def exported(module, shape: tuple[int, ...], path: Path) -> None:
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module.eval(), (torch.zeros(1, *shape),), str(path), dynamo=False, opset_version=17)


QUICK = ("squeezenet1_1", "shufflenet_v2_x0_5", "mobilenet_v3_small")
SLOW = (
    *("resnet18", "resnet34", "resnet50", "resnext50_32x4d", "squeezenet1_0", "mobilenet_v2"),
    *("mobilenet_v3_large", "shufflenet_v2_x1_0", "mnasnet0_5", "densenet121", "googlenet"),
    *("efficientnet_b0", "regnet_y_400mf", "regnet_x_400mf", "convnext_tiny", "swin_t", "inception_v3"),
    *("maxvit_t", "alexnet", "vit_b_32"),
)


@pytest.mark.torch
@pytest.mark.parametrize("name", [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)])
def test_macs_are_those_of_the_same_network_traced(name: str, tmp_path: Path) -> None:
    torchvision = pytest.importorskip("torchvision")
    from simres.tracing import trace

    options = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    module = torchvision.models.get_model(name, weights=None, **options)
    size = 299 if name == "inception_v3" else 224
    exported(module, (3, size, size), tmp_path / "net.onnx")
    found = read([tmp_path / "net.onnx"]).workload
    assert isinstance(found, Workload)
    assert found.macs == trace(module, (3, size, size), operators={}).macs
    assert not found.unmodelled


@pytest.mark.torch
def test_a_network_without_batch_norm_has_the_names_and_costs_of_its_trace(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from torch import nn

    from simres.tracing import trace

    class Small(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
            self.fc = nn.Linear(8 * 16, 5)

        def forward(self, x):
            return self.fc(torch.flatten(self.features(x), 1))

    module = Small()
    exported(module, (3, 8, 8), tmp_path / "net.onnx")
    found, traced = read([tmp_path / "net.onnx"]).workload, trace(module, (3, 8, 8), operators={})
    assert isinstance(found, Workload)

    def shown(workload: Workload):
        ops = [op for op in workload.ops if op.unit is not Unit.VIEW]
        return [(op.name, op.kind, op.macs, op.vector_ops, op.loops, op.window) for op in ops]

    assert shown(found) == shown(traced)
    assert found.weight_bytes == traced.weight_bytes
    assert found.parameters == traced.parameters
    inputs = [tensor.shape for tensor in found.tensors.values() if tensor.role is Role.INPUT]
    assert inputs == [(1, 3, 8, 8)]
