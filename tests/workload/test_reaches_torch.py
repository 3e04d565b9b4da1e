"""Reaches of traced operators, held to what torch computes: which inputs change which outputs."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402

from simres.testing.stated_reaches import check_reach  # noqa: E402
from simres.tracing import trace  # noqa: E402
from simres.tracing.export import export  # noqa: E402
from simres.tracing.input_shapes import input_shapes  # noqa: E402
from simres.workload import Unit  # noqa: E402

pytestmark = pytest.mark.torch


class Call(nn.Module):
    """A function as a module, on data that an operator made."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(torch.relu(x))


class Product(nn.Module):
    """A product with a constant of (c, m)."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.rand(4, 4))

    def forward(self, x: Tensor) -> Tensor:
        return torch.mm(x[0], self.weight)


PICKED = torch.tensor([2, 0, 0])
GRID = torch.linspace(-1, 1, 12).reshape(1, 3, 2, 2)
SPACE = torch.linspace(-1, 1, 24).reshape(1, 2, 2, 2, 3)
PLACES = torch.zeros(1, 3, 4, dtype=torch.int64)

MODULES = {
    "conv1d": (nn.Conv1d(4, 6, 3, stride=2, padding=1, dilation=2, groups=2), (4, 9)),
    "conv2d": (nn.Conv2d(2, 3, (3, 2), stride=(2, 1), padding=(1, 0)), (2, 5, 4)),
    "conv3d": (nn.Conv3d(2, 2, 2, padding=1), (2, 2, 3, 2)),
    "transposed1d": (nn.ConvTranspose1d(4, 6, 4, stride=3, padding=1, output_padding=1, groups=2), (4, 4)),
    "transposed2d": (nn.ConvTranspose2d(3, 2, 3, stride=2, padding=1, dilation=2), (3, 3, 3)),
    "transposed3d": (nn.ConvTranspose3d(2, 2, 2, stride=2), (2, 2, 2, 2)),
    "depthwise transposed": (nn.ConvTranspose2d(3, 3, 4, stride=2, padding=1, groups=3), (3, 3, 3)),
    "linear": (nn.Linear(4, 3), (2, 4)),
    "constant product": (Product(), (2, 4)),
    "product": (Call(lambda x: x @ (x * 2).transpose(1, 2)), (3, 4)),
    "max pool 1d": (nn.MaxPool1d(3, 2, padding=1), (2, 8)),
    "max pool 2d": (nn.MaxPool2d(3, 2, padding=1, dilation=2), (2, 9, 7)),
    "max pool 3d": (nn.MaxPool3d(2), (2, 4, 4, 2)),
    "average pool 1d": (nn.AvgPool1d(4, 2), (2, 9)),
    "average pool 3d": (nn.AvgPool3d(2, 1), (2, 3, 3, 3)),
    "adaptive pool 1d": (nn.AdaptiveAvgPool1d(3), (2, 8)),
    "adaptive pool 2d": (nn.AdaptiveAvgPool2d((2, 3)), (2, 5, 7)),
    "adaptive pool 3d": (nn.AdaptiveAvgPool3d((1, 2, 2)), (2, 3, 4, 3)),
    "global pool": (nn.AdaptiveAvgPool2d(1), (3, 4, 4)),
    "group norm": (nn.GroupNorm(2, 4), (4, 3, 2)),
    "one group": (nn.GroupNorm(1, 4), (4, 3)),
    "instance norm 1d": (nn.InstanceNorm1d(3, affine=True), (3, 5)),
    "instance norm 2d": (nn.InstanceNorm2d(3), (3, 3, 2)),
    "layer norm": (nn.LayerNorm([3, 2]), (4, 3, 2)),
    "rms norm": (nn.RMSNorm(4), (3, 4)),
    "softmax": (nn.Softmax(1), (4, 3)),
    "log softmax": (nn.LogSoftmax(-1), (4, 3)),
    "sum": (Call(lambda x: x.sum((1, 3))), (2, 3, 4)),
    "mean kept": (Call(lambda x: x.mean(2, keepdim=True)), (2, 3, 4)),
    "variance": (Call(lambda x: x.var(1)), (3, 4)),
    "largest": (Call(lambda x: x.amax(-1)), (3, 4)),
    "concat": (Call(lambda x: torch.cat([x, x * 2, x], 2)), (2, 3)),
    "zeros around": (Call(lambda x: nn.functional.pad(x, (1, -1, 0, 2))), (3, 4)),
    "mirrored": (nn.ReflectionPad2d((2, 1, 0, 2)), (2, 3, 4)),
    "edge": (nn.ReplicationPad1d(3), (2, 4)),
    "nearest": (nn.Upsample(scale_factor=2.5), (2, 3, 4)),
    "nearest smaller": (nn.Upsample(size=(2, 3)), (2, 7, 8)),
    "linear 1d": (nn.Upsample(scale_factor=2, mode="linear"), (2, 5)),
    "bilinear": (nn.Upsample(size=(7, 3), mode="bilinear", align_corners=True), (2, 4, 8)),
    "trilinear": (nn.Upsample(size=(3, 2, 5), mode="trilinear"), (1, 4, 3, 2)),
    "bicubic": (nn.Upsample(scale_factor=2, mode="bicubic"), (1, 4, 5)),
    "rows picked": (Call(lambda x: torch.index_select(x, 1, PICKED)), (3, 4)),
    "index": (Call(lambda x: x[:, :, PICKED]), (2, 3)),
    "gathered": (Call(lambda x: torch.gather(x, 2, torch.zeros(1, 2, 3, dtype=torch.int64))), (2, 4)),
    "sorted": (Call(lambda x: x.sort(1)[0]), (3, 4)),
    "best": (Call(lambda x: x.topk(2, 1)[0]), (4, 3)),
    "median": (Call(lambda x: x.median(1)[0]), (4, 3)),
    "summed up": (Call(lambda x: x.cumsum(1)), (4, 3)),
    "multiplied up": (Call(lambda x: x.cumprod(-1)), (4, 3)),
    "greatest so far": (Call(lambda x: x.logcumsumexp(-1)), (4, 3)),
    "distances": (Call(lambda x: torch.cdist(x, x * 2)), (4, 3)),
    "transformed": (Call(lambda x: torch.fft.rfft(x, dim=1).real), (4, 3)),
    "transformed twice": (Call(lambda x: torch.fft.fft2(x).imag), (2, 4, 3)),
    "bent": (Call(lambda x: nn.functional.grid_sample(x, GRID, align_corners=False)), (2, 4, 3)),
    "bent by itself": (
        Call(lambda x: nn.functional.grid_sample(x[:, :1], x.permute(0, 2, 3, 1), align_corners=True)),
        (2, 4, 3),
    ),
    "bent space": (Call(lambda x: nn.functional.grid_sample(x, SPACE, align_corners=False)), (2, 2, 4, 3)),
    "antialiased": (
        Call(lambda x: nn.functional.interpolate(x, (3, 2), mode="bilinear", antialias=True)),
        (2, 8, 5),
    ),
    "antialiased cubic": (
        Call(lambda x: nn.functional.interpolate(x, (4, 7), mode="bicubic", antialias=True)),
        (1, 9, 5),
    ),
    "scattered": (Call(lambda x: torch.zeros(1, 3, 4).scatter_add(2, PLACES, x)), (3, 4)),
    "added": (Call(lambda x: x + x.mean(2, keepdim=True)), (2, 3)),
}


@pytest.mark.parametrize("name", MODULES)
def test_what_torch_reads_is_in_the_reach(name: str):
    module, shape = MODULES[name]
    workload = trace(module.eval(), shape, name="reach")
    nodes = list(export(module, input_shapes(shape), 1, "reach").program.graph.nodes)
    held = 0
    for op in workload.ops:
        if op.unit is Unit.VIEW or op.kind in ("bias", "compare"):
            continue
        node = next(node for node in nodes if str(node.target) == op.source)
        nodes = nodes[nodes.index(node) + 1 :]
        check_reach(workload, op, node)
        held += 1
    assert held
