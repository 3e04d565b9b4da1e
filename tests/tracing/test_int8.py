"""A network in int8: rounded as integers would be, and close to what it computes in fp32."""

# ruff: noqa: E402
from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import nn

from simres.errors import SimresError
from simres.networks.build import build
from simres.tracing.int8 import BATCH, Int8Network

pytestmark = pytest.mark.torch


def test_whole_numbers_within_the_range_stay_as_they_are() -> None:
    layer = nn.Conv2d(1, 2, 1)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([127.0, -3 * 127.0]).reshape(2, 1, 1, 1))
        layer.bias.copy_(torch.tensor([0.5, 0.25]))
    x = torch.arange(-128.0, 127.0).reshape(255, 1, 1, 1)
    found = Int8Network(layer, "1x1x1", [torch.tensor([-128.0, 127.0]).reshape(2, 1, 1, 1)])(x)
    assert torch.allclose(found, layer(x), rtol=1e-5, atol=1e-3)


def test_activations_have_256_levels_and_weights_a_scale_for_each_channel() -> None:
    torch.manual_seed(0)
    first, second = nn.Conv2d(1, 3, 1, bias=False), nn.Conv2d(3, 3, 1, bias=False)
    with torch.no_grad():
        first.weight.fill_(1)
        second.weight.copy_(torch.diag(torch.tensor([1.0, 1e3, 1e-3])).reshape(3, 3, 1, 1))
    x = torch.randn(BATCH + 50, 1, 4, 4)
    found = Int8Network(nn.Sequential(first, second), "1x4x4", [x])(x)
    assert found.shape == (BATCH + 50, 3, 4, 4)
    for channel in range(3):
        assert 20 < len(found[:, channel].unique()) <= 256


def test_a_residual_network_with_batch_norms_computes_nearly_the_same() -> None:
    torch.manual_seed(0)
    module = build("resnet8").module
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.weight, 0.5, 1.5)
            nn.init.normal_(part.bias, std=0.2)
            part.running_mean.normal_(std=0.2)
            part.running_var.uniform_(0.5, 2)
    x = torch.randn(16, 3, 32, 32)
    found = Int8Network(module, "3x32x32", [x])(x)
    with torch.no_grad():
        whole = module(x)
    error = (found - whole).abs().mean() / (whole - whole.mean(0)).abs().mean()
    assert 0 < error < 0.25  # a batch norm left out makes it larger than 1
    assert torch.equal(Int8Network(module, "3x32x32", [x])(x[:3]), found[:3])


def test_without_images_nothing_is_measured() -> None:
    with pytest.raises(SimresError, match="no images to measure the ranges of int8 with"):
        Int8Network(nn.Conv2d(1, 1, 1), "1x4x4", [])
