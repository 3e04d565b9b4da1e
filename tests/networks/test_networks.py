"""The CIFAR family, torchvision's networks, factories, checkpoints."""

# ruff: noqa: E402
from __future__ import annotations

import sys
from pathlib import Path

import pytest

from simres.errors import SimresError

torch = pytest.importorskip("torch")

from torch import nn

from simres.networks.blocks import (
    BasicBlock,
    PaddedIdentity,
    PlainBlock,
    projection,
)
from simres.networks.build import build
from simres.networks.checkpoint import network_of, weight_digest

pytestmark = pytest.mark.torch


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def closed_form(n: int) -> int:
    """Parameters of the CIFAR family with padded shortcuts: convolutions, two vectors a norm, classifier."""
    convolutions = 3 * 16 * 9 + 9 * (
        2 * n * 16**2 + 16 * 32 + (2 * n - 1) * 32**2 + 32 * 64 + (2 * n - 1) * 64**2
    )
    norms = 2 * (16 + 2 * n * (16 + 32 + 64))
    return convolutions + norms + 64 * 10 + 10


@pytest.mark.parametrize("kind", ["resnet", "plain"])
@pytest.mark.parametrize("depth", [8, 20, 32, 44, 56, 110])
def test_parameters_follow_the_closed_form(kind: str, depth: int) -> None:
    network = build(f"cifar:{kind}{depth}")
    assert parameters(network.module) == closed_form((depth - 2) // 6)
    weighted = [module for module in network.module.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    assert len(weighted) == depth
    assert network.input == "3x32x32"
    assert not network.module.training


def test_resnet20_has_the_parameters_of_the_design() -> None:
    assert closed_form(3) == 269_722
    assert parameters(build("resnet18").module) == 11_689_512


def test_projections_add_their_parameters() -> None:
    added = 16 * 32 + 2 * 32 + 32 * 64 + 2 * 64
    assert parameters(build("resnet20", shortcut="projection").module) == 269_722 + added


@pytest.mark.parametrize("channels", [(16, 16), (16, 32), (3, 8)])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("size", [7, 8])
def test_shortcuts_have_the_shape_of_what_they_go_round(
    channels: tuple[int, int], stride: int, size: int
) -> None:
    x = torch.randn(2, channels[0], size, size)
    expected = (2, channels[1], -(-size // stride), -(-size // stride))
    for make in (PaddedIdentity, projection, BasicBlock, PlainBlock):
        assert make(*channels, stride)(x).shape == expected


def test_a_padded_shortcut_keeps_the_input_between_zeros() -> None:
    x = torch.randn(1, 16, 8, 8)
    y = PaddedIdentity(16, 32, 2)(x)
    assert torch.equal(y[:, 8:24], x[:, :, ::2, ::2])
    assert not y[:, :8].any()
    assert not y[:, 24:].any()
    with pytest.raises(SimresError, match="cannot go from 32 channels to 16"):
        PaddedIdentity(32, 16, 1)


def test_a_block_of_one_s_own_is_called_with_channels_and_stride() -> None:
    called = []

    class Own(PlainBlock):
        def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
            called.append((in_channels, out_channels, stride))
            super().__init__(in_channels, out_channels, stride)

    build("resnet14", block=Own)
    assert called == [(16, 16, 1), (16, 16, 1), (16, 32, 2), (32, 32, 1), (32, 64, 2), (64, 64, 1)]
    for name in ("resnet18", "plain20"):
        with pytest.raises(SimresError, match="has a fixed block"):
            build(name, block=Own)

    def broken(*_: int) -> nn.Module:
        raise RuntimeError("oh no")

    with pytest.raises(SimresError, match="oh no"):
        build("resnet20", block=broken)


def test_nothing_is_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("a download")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", never)
    monkeypatch.setattr("urllib.request.urlopen", never)
    for name in ("squeezenet1_1", "googlenet", "torchvision:lraspp_mobilenet_v3_large"):
        build(name)
    with pytest.raises(SimresError, match="unknown network `torchvision:resnet19`") as raised:
        build("torchvision:resnet19")
    assert "torchvision:resnet18" in str(raised.value.hint)


FACTORIES = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.fc = nn.Linear(8, width)
    def forward(self, x):
        return self.fc(x)

def build(): return Net(7)
def fails(): raise ValueError("no such luck")
def wants(width): return Net(width)
def number(): return 3
made = Net(3)
made.input_shape = (8,)
"""


@pytest.fixture
def factories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "simres_test_factories.py").write_text(FACTORIES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "simres_test_factories", raising=False)
    return "simres_test_factories"


def test_factories_are_classes_functions_or_modules(factories: str) -> None:
    assert build(f"{factories}:Net").module.fc.out_features == 4
    assert build(f"{factories}:build").module.fc.out_features == 7
    made = build(f"{factories}:made")
    assert made.module.fc.out_features == 3
    assert made.input == "8"


@pytest.mark.parametrize(
    ("attribute", "message"),
    [
        ("fails", "ValueError: no such luck"),
        ("wants", "missing 1 required positional argument"),
        ("number", "makes an object of type `int`"),
        ("nothing", "no attribute 'nothing'"),
    ],
)
def test_a_factory_that_fails_says_how(factories: str, attribute: str, message: str) -> None:
    with pytest.raises(SimresError, match=message):
        build(f"{factories}:{attribute}")


@pytest.mark.parametrize(
    "source", ["import sys; sys.exit(3)", "this is no python", "import nothing_of_that_name"]
)
def test_a_module_that_cannot_be_imported_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    (tmp_path / "simres_test_broken.py").write_text(source)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    with pytest.raises(SimresError, match="cannot build a network from `simres_test_broken:x`"):
        build("simres_test_broken:x")


def test_a_checkpoint_brings_its_network_and_its_weights(tmp_path: Path) -> None:
    save = pytest.importorskip("safetensors.torch").save_file
    module = build("resnet8", shortcut="projection").module
    with torch.no_grad():
        module.fc.bias.fill_(0.25)
    path = tmp_path / "net.safetensors"
    state = module.state_dict()
    save(state, path, {"network": "resnet8", "shortcut": "projection", "accuracy": "0.75"})
    loaded = network_of(str(path))
    assert loaded.name == "cifar:resnet8"
    assert loaded.accuracy == 0.75
    assert loaded.input == "3x32x32"
    assert loaded.weight_digest == weight_digest(state)
    assert loaded.module.fc.bias.tolist() == [0.25] * 10

    for metadata, message in (
        ({}, "does not state its network"),
        ({"network": "resnet50"}, "could be two networks"),
        ({"network": "resnet14"}, "does not fit `cifar:resnet14`"),
        ({"network": "resnet8", "shortcut": "none"}, "unknown shortcut `none`"),
        (
            {"network": "resnet8", "shortcut": "projection", "accuracy": "high"},
            "accuracy must be from 0 to 1",
        ),
        ({"network": str(path)}, "names another checkpoint"),
    ):
        save(state, tmp_path / "wrong.safetensors", metadata)
        with pytest.raises(SimresError, match=message):
            network_of(str(tmp_path / "wrong.safetensors"))


def test_what_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    (tmp_path / "x.safetensors").write_bytes(b"\x80\x04pickle")
    (tmp_path / "d.safetensors").mkdir()
    for name in ("x", "d", "none"):
        with pytest.raises(SimresError):
            network_of(str(tmp_path / f"{name}.safetensors"))


@pytest.mark.parametrize(
    "changes", [{"classes": "999999999"}, {"channels": "999999999"}, {"network": "resnet1202"}]
)
def test_a_checkpoint_that_claims_a_huge_network_takes_no_memory_for_it(
    tmp_path: Path, changes: dict[str, str]
) -> None:
    save = pytest.importorskip("safetensors.torch").save_file
    path = tmp_path / "net.safetensors"
    save(build("resnet8").module.state_dict(), path, {"network": "resnet8"} | changes)
    with pytest.raises(SimresError, match="does not fit"):
        network_of(str(path))


@pytest.mark.parametrize("text", ["os:abort", "os.path:exists", "sys:exit", "builtins:exit"])
def test_python_s_own_modules_make_no_networks(text: str) -> None:
    with pytest.raises(SimresError, match="a module of Python itself"):
        network_of(text)
