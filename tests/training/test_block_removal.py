"""What blocks are worth: removed by a rule that can be checked on a network made for it."""

# ruff: noqa: E402
from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import nn

from simres.errors import SimresError
from simres.networks.build import build
from simres.training.augment import Batches
from simres.training.block_removal import (
    RemovalPoint,
    RemovalStudy,
    branch_end,
    responses,
    spread,
    study,
    without,
)
from simres.training.evaluation import evaluate
from simres.training.features import feature_maps, layer_responses
from simres.training.recipe import Recipe

pytestmark = pytest.mark.torch

CLASSES = 4


class Adds(nn.Module):
    """A block that adds a constant to one class's value: worth something where that class is wrong."""

    def __init__(self, label: int, amount: float) -> None:
        super().__init__()
        self.conv = nn.Conv2d(CLASSES, CLASSES, 1)
        self.shortcut = nn.Identity()
        nn.init.zeros_(self.conv.weight)
        nn.init.zeros_(self.conv.bias)
        with torch.no_grad():
            self.conv.bias[label] = amount

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.shortcut(x) + self.conv(x)


class Net(nn.Module):
    """Pixel c of an image is the value of class c, less what the first block has to put back."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.Sequential(Adds(0, 30.0), Adds(1, 0.0), Adds(2, 0.0))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        values = x.mean(1).flatten(1)[:, :CLASSES, None, None]
        values = values - torch.tensor([30.0, 0, 0, 0]).view(1, CLASSES, 1, 1)
        return self.blocks(values).flatten(1)


def images() -> Batches:
    pixels = torch.zeros(40, 2, 2, 3, dtype=torch.uint8)
    labels = torch.arange(40) % CLASSES
    for number, label in enumerate(labels.tolist()):
        pixels[number, label // 2, label % 2] = 10
    return Batches(pixels, labels, (0.0,) * 3, (1 / 255,) * 3, Recipe(epochs=1, lr=1.0))


def cost(module: nn.Module) -> tuple[int, int]:
    """The third block is the slowest, the first is next."""
    times = {0: 30, 1: 10, 2: 50}
    left = [n for n in times if isinstance(module.blocks[n], Adds)]
    return 100 + sum(times[n] for n in left), 7 * len(left)


def test_blocks_go_by_what_they_cost_for_what_they_save() -> None:
    module = Net()
    made = study(module, images(), images(), cost)
    assert made.path[0] == RemovalPoint((), 1.0, 1.0, 190, 21)
    # Blocks 1 and 2 are worth nothing: the slower goes first. Without block 0, class 0 is never found.
    assert [point.removed for point in made.path[1:]] == [
        ("blocks.2",),
        ("blocks.2", "blocks.1"),
        ("blocks.2", "blocks.1", "blocks.0"),
    ]
    assert [point.accuracy for point in made.path] == [1.0, 1.0, 1.0, 0.75]
    assert [point.time_ps for point in made.path] == [190, 140, 130, 100]
    assert [len(point.removed) for point in made.front()] == [2, 3]
    alone = {block.name: block.without.accuracy for block in made.blocks}
    assert alone == {"blocks.0": 0.75, "blocks.1": 1.0, "blocks.2": 1.0}
    assert isinstance(module.blocks[2], Adds)
    assert len(study(module, images(), images(), cost, most=1).path) == 2


def test_responses_are_of_the_branch_and_of_what_it_gets() -> None:
    found = responses(Net(), images(), ["blocks.0", "blocks.1"])
    response, given = found["blocks.0"]
    assert response == pytest.approx(torch.tensor([30.0, 0, 0, 0] * 40).std().item())
    assert given > 0
    assert found["blocks.1"][0] == 0


def test_a_branch_ends_before_the_addition() -> None:
    for name, block, last in (
        ("resnet8", None, "bn2"),
        ("resnet20", "bottleneck", "bn3"),
        ("resnet8", "preact", "conv2"),
    ):
        from simres.networks.build import build_variant
        from simres.networks.variant import Variant

        module = build_variant(Variant(name, block=block, shortcut="projection")).module
        first = module.get_submodule("layers.1")
        assert branch_end(first) is getattr(first, last)


def test_a_network_without_blocks_is_refused() -> None:
    with pytest.raises(SimresError, match="no residual blocks"):
        study(build("plain8").module, images(), images(), cost)


def test_no_point_of_the_front_is_beaten() -> None:
    points = tuple(
        RemovalPoint((str(n),), a, a, t, 0)
        for n, (t, a) in enumerate([(9, 0.9), (8, 0.8), (7, 0.85), (5, 0.2)])
    )
    assert [point.time_ps for point in RemovalStudy((), points).front()] == [9, 7, 5]


def test_rows_are_spread_over_all() -> None:
    assert spread(10, 5) == [0, 2, 4, 6, 8]
    assert spread(3, 5) == [0, 1, 2]


def test_scores_count_every_image() -> None:
    scores = evaluate(without(Net(), ["blocks.0"]), images(), CLASSES)
    assert scores.images == 40
    assert scores.accuracy == 0.75
    assert scores.recall(0) == 0
    assert scores.precision(0) is None
    assert scores.precision(3) in (0.5, 1.0)
    assert sum(map(sum, scores.confusion)) == 40


def test_responses_and_maps_of_every_layer() -> None:
    pixels = torch.randint(0, 256, (6, 16, 16, 3), dtype=torch.uint8)
    batches = Batches(
        pixels, torch.zeros(6, dtype=torch.int64), (0.5,) * 3, (0.3,) * 3, Recipe(epochs=1, lr=1.0)
    )
    module = build("resnet8").module
    found = layer_responses(module, batches)
    assert [response.layer for response in found][:3] == ["conv", "layers.0.conv1", "layers.0.conv2"]
    assert len(found) == 7
    with torch.no_grad():
        first = module.bn(module.conv(batches.rows(range(6)))).std()
    assert found[0].deviation == pytest.approx(float(first), rel=1e-4)
    maps = feature_maps(module, batches, 2)
    assert [(found.layer, found.values.shape) for found in maps] == [
        ("relu", (16, 16, 16)),
        ("layers.0", (16, 16, 16)),
        ("layers.1", (32, 8, 8)),
        ("layers.2", (64, 4, 4)),
    ]
    with pytest.raises(SimresError, match="no image 6"):
        feature_maps(module, batches, 6)
    with pytest.raises(SimresError, match="no layer `nothing`"):
        feature_maps(module, batches, 0, ["nothing"])
