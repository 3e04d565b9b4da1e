"""Blocks by name and span, the paper's baselines, stems for small images, and blocks taken out."""

# ruff: noqa: E402
from __future__ import annotations

import copy

import pytest

torch = pytest.importorskip("torch")

from torch import nn

from simres.errors import SimresError
from simres.networks.blocks import BasicBlock, BottleneckBlock, PlainBlock, PreactBlock, trait
from simres.networks.build import build, build_variant
from simres.networks.catalogue import counted, models
from simres.networks.variant import Variant, variant_of
from simres.networks.without_blocks import removable, remove

pytestmark = pytest.mark.torch

VARIANTS = [
    Variant("resnet20"),
    Variant("resnet20", span=1),
    Variant("resnet20", span=3, shortcut="projection"),
    Variant("resnet20", block="bottleneck"),
    Variant("resnet20", block="preact"),
    Variant("resnet20", block="preact", shortcut="projection", span=3),
    Variant("plain20"),
    Variant("plain26", classes=4, channels=1),
]


def depth(module: nn.Module) -> int:
    return sum(
        isinstance(layer, nn.Conv2d | nn.Linear) and "shortcut" not in name
        for name, layer in module.named_modules()
    )


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_every_variant_has_the_depth_of_its_name_and_survives_a_checkpoint(variant: Variant) -> None:
    network = build_variant(variant)
    assert f"{depth(network.module)}" == variant.network[-2:]
    x = torch.randn(2, variant.channels or 3, 32, 32)
    assert network.module(x).shape == (2, variant.classes or 10)
    assert variant_of(variant.metadata()) == variant


def test_a_span_moves_shortcuts_and_no_parameter() -> None:
    counts = {
        sum(p.numel() for p in build_variant(Variant("resnet20", span=span)).module.parameters())
        for span in (1, 2, 3)
    }
    assert counts == {269_722}
    blocks = [len(removable(build_variant(Variant("resnet20", span=span)).module)) for span in (1, 2, 3)]
    assert blocks == [18, 9, 6]
    with pytest.raises(SimresError, match="blocks of 4 do not fill"):
        build_variant(Variant("resnet20", span=4))


@pytest.mark.parametrize("block", [BasicBlock, PreactBlock, BottleneckBlock])
@pytest.mark.parametrize("shortcut", ["padded", "projection"])
def test_a_block_with_nothing_on_its_branch_is_its_shortcut(block: type[nn.Module], shortcut: str) -> None:
    made = block(8, 16, 2, shortcut=shortcut).eval()
    last = [
        m for m in made.children() if isinstance(m, nn.Conv2d | nn.BatchNorm2d) and m is not made.shortcut
    ]
    for layer in last:
        nn.init.zeros_(layer.weight)
        if getattr(layer, "bias", None) is not None:
            nn.init.zeros_(layer.bias)
    x = torch.rand(2, 8, 6, 6)
    expected = made.shortcut(x)
    if block is PreactBlock and shortcut == "projection":
        expected = made.shortcut(torch.zeros_like(x))
    elif block is not PreactBlock:
        expected = expected.relu()
    torch.testing.assert_close(made(x), expected)


def test_the_paper_s_baselines_have_their_parameters() -> None:
    def parameters(module: nn.Module) -> int:
        return sum(p.numel() for p in module.parameters())

    alexnet = build("cifar:alexnet", classes=10)
    assert parameters(alexnet.module) == 57_044_810
    assert alexnet.input == "3x64x64"
    assert alexnet.module(torch.zeros(1, 3, 64, 64)).shape == (1, 10)
    lenet = build("lenet5", channels=1)
    assert parameters(lenet.module) == 61_706
    assert lenet.input == "1x32x32"
    with pytest.raises(SimresError, match="could be two networks"):
        build("alexnet")


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2", "densenet121", "vgg11"])
def test_a_stem_for_small_images_keeps_the_resolution(name: str) -> None:
    network = build(f"torchvision:{name}", stem="cifar", classes=7, channels=1)
    assert network.input == "1x32x32"
    first = next(m for m in network.module.modules() if isinstance(m, nn.Conv2d))
    assert (first.in_channels, first.stride, first.kernel_size) == (1, (1, 1), (3, 3))
    with torch.no_grad():
        assert network.module(torch.zeros(1, 1, 32, 32)).shape == (1, 7)


@pytest.mark.parametrize(
    ("variant", "message"),
    [
        (Variant("torchvision:vit_b_16", stem="cifar"), "has no stem for small images"),
        (Variant("torchvision:resnet18", stem="small"), "unknown stem `small`"),
        (Variant("resnet20", stem="cifar"), "has a fixed stem"),
        (Variant("lenet5", span=2), "has no skip span"),
        (Variant("resnet20", block="bottleneck", span=2), "brings its own skip span"),
        (Variant("resnet26", block="bottleneck"), "blocks of 3 do not fill"),
        (Variant("resnet20", block="basik"), "unknown block `basik`"),
        (Variant("plain20", shortcut="padded"), "has a fixed block and shortcut"),
        (Variant("resnet20", removed=("layers.99",)), "no residual block `layers.99`"),
        (Variant("plain20", removed=("layers.1",)), "no residual block `layers.1`"),
    ],
)
def test_what_cannot_be_built_says_why(variant: Variant, message: str) -> None:
    with pytest.raises(SimresError, match=message):
        build_variant(variant)


@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5", "", "٣"])
def test_numbers_in_metadata_are_whole(value: str) -> None:
    with pytest.raises(SimresError, match="`classes` must be a whole number from 1"):
        variant_of({"network": "resnet20", "classes": value})


@pytest.mark.parametrize("name", ["resnet8", "torchvision:resnet18"])
def test_a_removed_block_leaves_what_its_branch_at_zero_would(name: str) -> None:
    module = build(name).module
    for block in removable(module):
        silent, left = copy.deepcopy(module), copy.deepcopy(module)
        last = [m for n, m in silent.get_submodule(block).named_children() if isinstance(m, nn.BatchNorm2d)][
            -1
        ]
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        remove(left, block)
        x = torch.randn(2, 3, 32, 32)
        with torch.no_grad():
            torch.testing.assert_close(left(x), silent(x))
        assert block not in removable(left)


def test_the_list_of_models_is_what_building_them_counts() -> None:
    listed = {model.command: model for model in models()}
    for variant in (
        Variant("resnet20", classes=10),
        Variant("resnet56", block="bottleneck", classes=10),
        Variant("cifar:alexnet", classes=10),
        Variant("torchvision:resnet18", stem="cifar", classes=10),
    ):
        found = counted(variant)
        assert listed[found.command] == found
    assert listed["resnet20"].macs == 40_551_040
    for name, model in listed.items():
        if name.startswith(("resnet", "plain", "cifar:resnet")):
            assert str(model.depth) in name


def test_traits_are_seen_through_partials() -> None:
    from functools import partial

    assert trait(partial(BasicBlock, layers=3), "layers", 2) == 3
    assert trait(partial(partial(BottleneckBlock, shortcut="projection")), "expansion", 1) == 4
    assert trait(PlainBlock, "preactivated", False) is False
