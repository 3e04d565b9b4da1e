"""Networks that share their first blocks compute, to the last bit, what each of them computes by itself."""

# ruff: noqa: E402
from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest

torch = pytest.importorskip("torch")

from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from simres.networks.build import build_variant
from simres.networks.variant import Variant
from simres.networks.without_blocks import removable
from simres.training import alternatives
from simres.training.alternatives import Alternatives
from simres.training.augment import Batches
from simres.training.block_removal import without
from simres.training.evaluation import evaluate
from simres.training.recipe import Recipe

pytestmark = pytest.mark.torch


def awake(module: nn.Module) -> nn.Module:
    """With statistics that are not those of a network that never saw an image."""
    generator = torch.Generator().manual_seed(1)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.copy_(torch.randn(part.num_features, generator=generator) / 4)
            part.weight.data.copy_(torch.rand(part.num_features, generator=generator) + 0.5)
    return module.eval()


class Overwriting(nn.Module):
    """A block that overwrites what it is given, and a shortcut that goes on with what is left of that."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)
        self.relu = nn.ReLU(inplace=True)
        self.shortcut = nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.relu(x)
        return self.conv(x) + self.shortcut(x)


class Careless(nn.Module):
    """A stem and three blocks, each of which changes in place what the one before put out."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 3, 1)
        self.norm = nn.BatchNorm2d(3)
        self.act = nn.ReLU(inplace=True)
        self.blocks = nn.ModuleList(Overwriting() for _ in range(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.act(self.norm(self.stem(x)))
        for block in self.blocks:
            x = block(x)
            x -= 0.25
        return x.mean((2, 3))


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@cache
def network(name: str, block: str = "basic", shortcut: str = "padded") -> nn.Module:
    torch.manual_seed(3)
    return awake(Careless() if name == "careless" else build_variant(Variant(name, block, shortcut)).module)


@pytest.mark.parametrize("room", [20_000, 2**30])
@pytest.mark.parametrize(
    "made",
    [
        ("resnet14", "basic", "padded"),
        ("resnet20", "bottleneck", "projection"),
        ("resnet14", "preact", "projection"),
        ("careless",),
    ],
)
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_alternatives_are_the_networks_themselves(
    made: tuple[str, ...], room: int, data: st.DataObject
) -> None:
    module = network(*made)
    blocks = removable(module)
    removals = data.draw(st.lists(st.sets(st.sampled_from(blocks)), min_size=1, max_size=6))
    x = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(len(removals)))
    tried = Alternatives(module, blocks)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alternatives, "ROOM", room)
        found = {place: said.clone() for place, said in tried.outputs(x, removals)}
    assert sorted(found) == list(range(len(removals)))
    for place, removed in enumerate(removals):
        with torch.no_grad():
            assert torch.equal(found[place], without(module, sorted(removed))(x))


def test_accuracies_are_those_of_evaluating_each() -> None:
    module = network("resnet14")
    generator = torch.Generator().manual_seed(2)
    pixels = torch.randint(0, 256, (30, 8, 8, 3), dtype=torch.uint8, generator=generator)
    batches = Batches(pixels, torch.zeros(30).long(), (0.5,) * 3, (0.25,) * 3, Recipe(epochs=1, lr=1.0))
    with torch.no_grad():  # the whole network is always right then, and the others are not
        batches.labels = module(batches.plain(0, 30)[0]).argmax(1)
    removals = [("layers.4", "layers.1"), (), ("layers.0",), ("layers.5",), ("layers.1",)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alternatives, "BATCH", 12)
        runs: list[int] = []
        tried = Alternatives(module, removable(module))
        found = tried.accuracies(removals, batches, runs.append)
    assert found == [evaluate(without(module, removed), batches, 10).accuracy for removed in removals]
    assert found[1] == 1 > min(found)
    assert runs == [tried.runs(removals) * images for images in (12, 12, 6)]


def test_no_block_runs_twice_on_the_same() -> None:
    """Of 6 blocks the whole network runs 6; without one of them, only those behind it run anew."""
    module = network("resnet14")
    blocks = removable(module)
    tried = Alternatives(module, blocks)
    ran: list[str] = []
    for name, part in tried._module.named_modules():
        if name.endswith("conv1"):
            part.register_forward_hook(lambda *_, name=name: ran.append(name.removesuffix(".conv1")))
    removals = [(), *((block,) for block in blocks)]
    list(tried.outputs(torch.randn(1, 3, 8, 8), removals))
    assert len(ran) == tried.runs(removals) == 6 + 5 + 4 + 3 + 2 + 1
    assert ran.count(blocks[0]) == 1
    assert ran.count(blocks[-1]) == 6


def test_the_network_stays_as_it_was() -> None:
    module = awake(build_variant(Variant("resnet8")).module).train()
    blocks = removable(module)
    list(Alternatives(module, blocks).outputs(torch.randn(1, 3, 8, 8), [blocks]))
    assert module.training
    assert removable(module) == blocks
    assert all("forward" not in vars(part) for part in module.modules())
