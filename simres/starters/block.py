"""Template: a residual block."""

SUMMARY = "a residual block whose branch has a learned scale, initially 0.1"
TRY = "simres trace cifar:resnet20 --block @part@ -o @part@.json"
EXTRAS = "[torch]"

FILES = {
    "src/@module@/__init__.py": '''\
"""For simres: @summary@."""

from collections.abc import Iterator

from simres.plugins.hooks import Block, hookimpl


@hookimpl
def simres_blocks() -> Iterator[Block]:
    """The block `@part@`."""
    yield Block(
        name="@part@",
        target="@module@.block:@Class@Block",
        summary="@summary@",
    )
''',
    "src/@module@/block.py": '''\
"""The block, a torch.nn.Module. This module, and torch with it, is imported only when the block is used."""

import torch
from torch import Tensor, nn


class @Class@Block(nn.Module):
    """Two 3 x 3 convolutions scaled by a parameter, and a shortcut: y = relu(a F(x) + x).

    (N, in_channels, H, W) -> (N, out_channels, ceil(H / stride), ceil(W / stride)).
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.scale = nn.Parameter(torch.tensor(0.1))
        # The name `shortcut` marks what remains when the block is removed from a network.
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels)
            )
        self.relu2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) -> (N, out_channels, ceil(H / stride), ceil(W / stride))."""
        y = self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x)))))
        z: Tensor = self.relu2(self.scale * y + self.shortcut(x))
        return z
''',
    "tests/test_@part@.py": '''\
"""The block can be built, trained, traced and simulated, and its branch is scaled."""

import pytest

torch = pytest.importorskip("torch")

import @module@  # noqa: E402
from simres.testing import check_plugin  # noqa: E402
from @module@.block import @Class@Block  # noqa: E402


def test_every_contract_is_kept() -> None:
    check_plugin(@module@)


def test_without_its_branch_it_is_the_shortcut() -> None:
    block = @Class@Block(4, 4, 1).eval()
    x = torch.randn(2, 4, 8, 8)
    with torch.no_grad():
        block.scale.zero_()
        assert torch.equal(block(x), x.relu())
''',
}
