"""Tracing: MACs as torch counts them, vector operations as the table prices them, nothing free in silence."""

# ruff: noqa: E402
from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import simres
from simres.workload import json as workload_json

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: N812
from torch import nn

from simres.networks.build import build
from simres.tracing import trace, trace_network
from simres.tracing.flops import flop_counter_macs
from simres.workload import Loops, Role, Unit, Workload

pytestmark = pytest.mark.torch

SHIPPED = Path(__file__).parents[2] / "scenarios" / "workloads"

QUICK = (
    "cifar:resnet20",
    "torchvision:resnet18",
    "torchvision:alexnet",
    "torchvision:squeezenet1_1",
    "torchvision:mobilenet_v3_small",
    "torchvision:vit_b_16",
)
SLOW = (
    "torchvision:shufflenet_v2_x1_0",
    "cifar:plain20",
    "torchvision:resnet50",
    "torchvision:resnext50_32x4d",
    "torchvision:vgg16",
    "torchvision:mobilenet_v2",
    "torchvision:densenet121",
    "torchvision:googlenet",
    "torchvision:efficientnet_b0",
    "torchvision:convnext_tiny",
    "torchvision:inception_v3",
    "torchvision:swin_t",
    "torchvision:deeplabv3_mobilenet_v3_large",
)
LONGER = (
    *(f"cifar:resnet{depth}" for depth in (32, 44, 56, 110)),
    *(f"torchvision:resnet{depth}" for depth in (34, 152)),
    "torchvision:wide_resnet50_2",
)
"""Networks of the same blocks as others above, of which there are only more."""


@pytest.mark.parametrize(
    "name",
    [
        *QUICK,
        *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW),
        *(pytest.param(name, marks=[pytest.mark.slow, pytest.mark.exhaustive]) for name in LONGER),
    ],
)
def test_macs_are_those_of_the_flop_counter(name: str) -> None:
    network = build(name)
    assert network.input
    workload = trace(network.module, network.input, name=name, operators={})
    assert workload.macs == flop_counter_macs(network.module, network.input)
    assert workload.unmodelled == ()
    assert workload.parameters == sum(p.numel() for p in network.module.parameters())
    assert workload_json.loads(workload_json.dumps(workload)) == workload


def by_kind(workload: Workload) -> Counter[str]:
    found: Counter[str] = Counter()
    for op in workload.ops:
        found[op.kind] += op.vector_ops
    return +found


DESIGN = {
    "resnet20": (40_551_040, 269_722, 1_073_344, [376_832, 188_416, 86_016, 4_096], 10),
    "resnet18": (1_814_073_344, 11_689_512, 46_715_648, [4_967_424, 2_308_096, 752_640, 1_831_424], 1000),
}


@pytest.mark.parametrize("name", DESIGN)
def test_the_figures_of_the_design(name: str) -> None:
    macs, parameters, weight_bytes, (norm, relu, add, pool), logits = DESIGN[name]
    workload = trace_network(name)
    kinds = by_kind(workload)
    assert workload.macs == macs
    assert workload.parameters == parameters
    assert kinds["batch_norm"] == norm
    assert kinds["relu"] == relu
    assert kinds["add"] == add
    assert kinds["max_pool"] + kinds["avg_pool"] == pool
    assert kinds["bias"] == logits
    assert workload.vector_ops == norm + relu + add + pool + logits
    matrix = {name for op in workload.ops if op.unit is Unit.MATRIX for name in op.inputs}
    weights = [workload.tensors[name] for name in matrix if workload.tensors[name].role is Role.WEIGHT]
    assert sum(tensor.nbytes for tensor in weights) == weight_bytes


@given(st.sampled_from(["resnet", "plain"]), st.integers(1, 5))
@settings(max_examples=4, deadline=None)
def test_the_cifar_family_follows_its_closed_form(kind: str, n: int) -> None:
    """Stem, first convolutions of a stage, all others, classifier; every map has C H W = 16384 >> stage."""
    workload = trace_network(f"cifar:{kind}{6 * n + 2}")
    block = 16 * 16 * 9 * 32 * 32
    assert workload.macs == 3 * 16 * 9 * 1024 + (6 * n - 2) * block + 2 * block // 2 + 640
    elements = [16_384, 8_192, 4_096]
    kinds = by_kind(workload)
    maps = elements[0] + sum(2 * n * size for size in elements)
    assert kinds["batch_norm"] == 2 * maps
    assert kinds["relu"] == maps
    assert kinds["add"] == (sum(n * size for size in elements) if kind == "resnet" else 0)


@pytest.mark.parametrize("name", ["resnet20", "resnet18", "torchvision:mobilenet_v2"])
def test_committed_workloads_are_what_tracing_makes(name: str) -> None:
    from simres.networks import network_names as names

    committed = workload_json.read(SHIPPED / f"{names.parse(name).file_stem}.json")
    assert isinstance(committed, Workload)
    assert committed.unmeasured.digest == trace_network(name, operators={}).digest, (
        "trace them again: python benchmarks/trace_workloads.py"
    )


def test_the_same_network_has_the_same_digest() -> None:
    assert trace_network("resnet8").digest == trace_network("resnet8").digest
    module = build("resnet8").module
    assert trace(module, (3, 32, 32)).digest == trace(module, "3x32x32").digest


def test_tracing_leaves_the_module_as_it_was() -> None:
    module = build("resnet8").module
    module.train()
    module.layers[0].eval()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    trace(module, (3, 32, 32))
    assert module.training
    assert not module.layers[0].training
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


def test_names_and_blocks_are_those_of_the_modules() -> None:
    workload = trace_network("resnet20")
    ops = {op.name: op for op in workload.ops}
    assert ops["layers.3.conv1"].block == ops["layers.3.add"].block == "layers.3"
    assert ops["layers.3.shortcut.pad"].unit is Unit.MOVE
    assert ops["conv"].block == ops["fc.add_bias"].block == ""
    assert ops["layers.0.conv1"].inputs == ("relu", "layers.0.conv1.weight")
    assert ops["layers.0.bn1"].inputs == ("layers.0.conv1", "layers.0.bn1.scale", "layers.0.bn1.shift")
    window = ops["layers.3.conv1"].window
    assert window is not None
    assert (window.kernel, window.stride, window.padding) == ((3, 3), (2, 2), (1, 1, 1, 1))
    resnet18 = {op.name: op for op in trace_network("resnet18").ops}
    assert resnet18["layer2.0.downsample.0"].block == "layer2.0"
    assert resnet18["layer1.0.relu_2"].kind == "relu"


def test_origin_says_where_it_is_from() -> None:
    origin = trace_network("resnet8", batch=2).origin
    assert origin["network"] == "cifar:resnet8"
    assert origin["input"] == "2x3x32x32"
    assert origin["torch"] == torch.__version__.partition("+")[0]


@given(
    n=st.integers(1, 3),
    groups=st.sampled_from([1, 2, 4]),
    cin=st.integers(1, 2),
    cout=st.integers(1, 2),
    size=st.tuples(st.integers(5, 9), st.integers(5, 9)),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.integers(1, 3),
    padding=st.integers(0, 2),
    dilation=st.integers(1, 2),
    transposed=st.booleans(),
    bias=st.booleans(),
)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_convolution(
    n, groups, cin, cout, size, kernel, stride, padding, dilation, transposed, bias
) -> None:
    kind = nn.ConvTranspose2d if transposed else nn.Conv2d
    module = kind(
        cin * groups, cout * groups, kernel, stride, padding, dilation=dilation, groups=groups, bias=bias
    )
    with torch.no_grad():
        try:
            shape = module(torch.zeros(n, cin * groups, *size)).shape
        except RuntimeError:
            assume(False)
    assume(math.prod(shape) > 0)
    workload = trace(module, (cin * groups, *size), batch=n, operators={})
    op = workload.ops[0]
    pixels = size if transposed else shape[2:]
    assert op.loops == Loops(groups, n, cout, cin, pixels[0], pixels[1], kernel[0], kernel[1])
    assert workload.macs == flop_counter_macs(module, (cin * groups, *size), batch=n)
    assert by_kind(workload) == (Counter(bias=math.prod(shape)) if bias else Counter())


class Attention(nn.Module):
    def forward(self, q, k, v):
        return F.scaled_dot_product_attention(q, k, v)


@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 9), st.integers(1, 9), st.integers(1, 8))
@settings(max_examples=5, deadline=None)
def test_attention_s_products_are_matrix_work(
    batch: int, heads: int, queries: int, keys: int, width: int
) -> None:
    inputs = [(heads, queries, width), (heads, keys, width), (heads, keys, width)]
    workload = trace(Attention(), inputs, batch=batch, operators={})
    assert workload.macs == 2 * batch * heads * queries * keys * width
    assert by_kind(workload)["softmax"] == 5 * batch * heads * queries * keys


ELEMENTWISE = {
    "relu": (nn.ReLU(), 1),
    "relu6": (nn.ReLU6(), 2),
    "sigmoid": (nn.Sigmoid(), 4),
    "tanh": (nn.Tanh(), 6),
    "silu": (nn.SiLU(inplace=True), 5),
    "gelu": (nn.GELU(), 9),
    "gelu_tanh": (nn.GELU(approximate="tanh"), 9),
    "hardswish": (nn.Hardswish(inplace=True), 5),
    "hardsigmoid": (nn.Hardsigmoid(), 4),
    "leaky_relu": (nn.LeakyReLU(), 2),
    "prelu": (nn.PReLU(), 2),
    "elu": (nn.ELU(), 4),
    "selu": (nn.SELU(), 4),
    "softplus": (nn.Softplus(), 3),
    "mish": (nn.Mish(), 10),
    "softmax": (nn.Softmax(1), 5),
    "log_softmax": (nn.LogSoftmax(1), 5),
    "batch_norm": (nn.BatchNorm2d(6), 2),
    "bare_batch_norm": (nn.BatchNorm2d(6, affine=False), 2),
    "layer_norm": (nn.LayerNorm([8, 8]), 7),
    "bare_layer_norm": (nn.LayerNorm([8, 8], elementwise_affine=False), 5),
    "group_norm": (nn.GroupNorm(3, 6), 7),
    "instance_norm": (nn.Sequential(nn.InstanceNorm2d(6)), 5),  # torch 2.6 cannot export it by itself
    "rms_norm": (nn.RMSNorm([8]), 4),
    "dropout": (nn.Dropout(), 0),
    "identity": (nn.Identity(), 0),
    "max_pool": (nn.MaxPool2d(3, 1, 1), 9),
    "avg_pool": (nn.AvgPool2d(3, 1, 1), 9),
    "global_pool": (nn.AdaptiveAvgPool2d(1), 1),
    "flatten": (nn.Flatten(), 0),
    "pixel_shuffle": (nn.PixelUnshuffle(2), 0),
    "zero_pad": (nn.ZeroPad2d(1), 0),
    "reflect_pad": (nn.ReflectionPad2d(1), 0),
}


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_prices_per_element(name: str) -> None:
    module, price = ELEMENTWISE[name]
    batch = 3
    workload = trace(module, (6, 8, 8), batch=batch, operators={})
    assert workload.vector_ops == price * batch * 6 * 64
    assert workload.macs == 0


def test_resampling_is_priced_by_its_output() -> None:
    for mode, price in (("nearest", 0), ("bilinear", 9), ("bicubic", 35)):
        workload = trace(nn.Upsample(scale_factor=2, mode=mode), (3, 4, 4), operators={})
        assert workload.vector_ops == price * 3 * 64
        assert workload.outputs
        assert workload.bytes_out == 4 * 3 * 64


@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 5), st.integers(1, 5))
@settings(max_examples=6, deadline=None)
def test_adaptive_pools_read_what_their_windows_hold(rows: int, columns: int, p: int, q: int) -> None:
    workload = trace(nn.AdaptiveAvgPool2d((p, q)), (2, rows, columns), operators={})

    def windows(size: int, outputs: int) -> int:
        return sum(math.ceil((i + 1) * size / outputs) - i * size // outputs for i in range(outputs))

    expected = 0 if (p, q) == (rows, columns) else 2 * windows(rows, p) * windows(columns, q)
    assert workload.vector_ops in (expected, 2 * windows(rows, p) * windows(columns, q))


class Movement(nn.Module):
    def forward(self, x):
        n, c, h, w = x.shape
        y = x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)  # ShuffleNet's channel shuffle
        a, b = y.chunk(2, dim=1)
        return torch.cat([F.pad(a, (0, 0, 0, 0, 1, 1)), b], 1)


def test_data_movement_is_listed_with_its_bytes() -> None:
    workload = trace(Movement(), (8, 4, 4), operators={})
    moves = {op.kind: op for op in workload.ops if op.unit is Unit.MOVE}
    assert set(moves) == {"copy", "pad", "concat"}
    nbytes = {kind: workload.tensors[op.outputs[0]].nbytes for kind, op in moves.items()}
    assert nbytes == {"copy": 4 * 8 * 16, "pad": 4 * 6 * 16, "concat": 4 * 10 * 16}
    assert workload.moved_on_chip_bytes == sum(nbytes.values())
    views = [op for op in workload.ops if op.unit is Unit.VIEW]
    for op in views:
        for name in op.outputs:
            assert workload.tensors[name].view_of == op.inputs[0]


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 8)
        self.head = nn.Linear(8, 100, bias=False)
        self.head.weight = self.embed.weight
        self.norm = nn.LayerNorm(8)
        self.spare = nn.Linear(50, 50)

    def forward(self, tokens):
        return self.head(self.norm(self.norm(self.embed(tokens))))


def test_shared_weights_count_once_and_unused_ones_move_no_bytes() -> None:
    module = Tied()
    workload = trace(module, "7:int64", operators={})
    assert workload.weight_bytes == 4 * (800 + 16)
    assert workload.parameters == 800 + 16 + 50 * 50 + 50
    assert workload.tensors["tokens"].dtype == "int64"
    assert workload.macs == 7 * 8 * 100 == flop_counter_macs(module, "7:int64")


class Constants(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.zeros(9, 4))
        self.register_buffer("index", torch.tensor([3, 1, 2]))

    def forward(self, x):
        scale = self.table[self.index].exp().sum(0)
        return x * scale + torch.zeros_like(x) + torch.arange(4.0)


def test_what_depends_on_weights_alone_is_computed_ahead_of_time() -> None:
    workload = trace(Constants(), (4,), operators={})
    assert [op.kind for op in workload.ops] == ["mul", "add", "add"]
    weights = [tensor for tensor in workload.tensors.values() if tensor.role is Role.WEIGHT]
    assert sorted(tensor.elements for tensor in weights) == [1, 4, 4]


def test_several_inputs_and_outputs() -> None:
    class Two(nn.Module):
        def forward(self, image, tokens):
            return {"image": image + 1, "both": (image.sum() * tokens, image)}

    workload = trace(Two(), [(3, 4), "5:int32"], operators={})
    assert [t.name for t in workload.tensors.values() if t.role is Role.INPUT] == ["image", "tokens"]
    assert len(workload.outputs) == 3
    assert workload.outputs[-1] == "image"


def test_recurrent_networks() -> None:
    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(8, 16, batch_first=True)

        def forward(self, x):
            return self.lstm(x)[0]

    workload = trace(Recurrent(), (5, 8), operators={})
    assert workload.macs == 5 * 4 * 16 * (8 + 16) == flop_counter_macs(Recurrent(), (5, 8))
    assert workload.unmodelled == ()


def test_a_recurrent_network_is_cut_though_its_first_state_is_stored_as_one_value() -> None:
    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.gru = nn.GRU(64, 128, batch_first=True)

        def forward(self, x):
            return self.gru(x)[0]

    workload = trace(Recurrent(), (3, 64), operators={})
    for scheduler in ("serial", "overlapped"):
        chosen = {"scheduler": scheduler, "hardware.sram.capacity": "64 KiB"}
        result = simres.simulate(workload, chip="paper", overrides=chosen)
        assert sum(layer.macs for layer in result.layers) == workload.macs == 3 * 3 * 128 * (64 + 128)


def test_a_batch_of_a_million_takes_no_memory() -> None:
    assert trace_network("resnet8", batch=10**6).macs == 10**6 * trace_network("resnet8").macs


def test_shapes_can_be_taken_as_they_are() -> None:
    workload = trace(nn.Linear(8, 4), (8,), batch=None, operators={})
    assert workload.tensors["input"].shape == (8,)
    assert workload.macs == 32


def test_half_precision_is_half_the_bytes() -> None:
    full = trace(nn.Conv2d(3, 4, 3), (3, 8, 8), operators={})
    half = trace(nn.Conv2d(3, 4, 3).bfloat16(), (3, 8, 8), operators={})
    assert half.compulsory_bytes * 2 == full.compulsory_bytes
    assert half.macs == full.macs
