"""Networks without blocks: measured with batch norms that fit, and trained on where a run was cut."""

# ruff: noqa: E402
from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.training_data import tree

torch = pytest.importorskip("torch")

from simres.errors import SimresError
from simres.networks.build import build
from simres.networks.variant import Variant
from simres.networks.without_blocks import removable
from simres.plugins.registry import default_registry
from simres.training.augment import Batches
from simres.training.block_removal import without
from simres.training.datasets import Dataset, open_dataset
from simres.training.evaluation import evaluate
from simres.training.finetuning import HELD_OUT, finetuning
from simres.training.loop import fit
from simres.training.pruning import Pruner, accuracies, adapt
from simres.training.recipe import Recipe
from simres.training.split import chosen_on, trained_with
from simres.training.trained_network import trained
from simres.training.training_run import SilentTraining, TrainingRun

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("data")
    return open_dataset(f"folder:{tree(folder / 'tree')}", cache=folder / "cache")


@pytest.fixture(scope="module")
def pruner(data: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Pruner:
    folder = tmp_path_factory.mktemp("runs")
    recipe = Recipe(epochs=1, batch=8, lr=0.05, crop=1)
    fit(TrainingRun(Variant("resnet8", classes=3), recipe, "x", data.about.digest), data, folder / "run")
    found = trained(folder / "run")
    tuning = finetuning(found, 2)
    registry = default_registry()
    device = torch.device("cpu")
    return Pruner(found, data, "x", folder / "pruned", tuning, HELD_OUT, device, registry)


def test_no_image_is_trained_with_and_chosen_by(data: Dataset) -> None:
    kept, chosen = trained_with(data, 10), chosen_on(data, 10)
    assert (kept.about.train, chosen.about.train) == (44, 4)
    assert len(kept.train_labels) == 44
    pixels = {image.tobytes() for image in kept.train_images}
    assert not pixels & {image.tobytes() for image in chosen.train_images}
    assert len(set(chosen_on(data, 2).train_labels[:8].tolist())) == 3  # which lie class after class
    assert trained_with(data, 0) is data
    with pytest.raises(SimresError, match="too few to choose blocks"):
        chosen_on(data, 1000)


def test_batch_norms_are_those_of_the_smaller_network() -> None:
    torch.manual_seed(0)
    module = build("resnet8", classes=3).module
    pixels = torch.randint(0, 256, (40, 16, 16, 3), dtype=torch.uint8)
    batches = Batches(pixels, torch.arange(40) % 3, (0.5,) * 3, (0.2,) * 3, Recipe(epochs=1, lr=1.0))
    blocks = removable(module)
    removals = [(), blocks[:1], blocks]
    before = {name: value.clone() for name, value in module.state_dict().items()}
    found = accuracies(module, blocks, removals, batches)
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())
    for removed, accuracy in zip(removals, found, strict=True):
        alone = without(module, removed)
        adapt(alone, batches)
        assert not any(part.training for part in alone.modules())
        # The one divides by the count of values less one, the other by the count.
        assert evaluate(alone, batches, 3).accuracy == pytest.approx(accuracy, abs=1 / 40)


def test_a_child_is_trained_on_and_found_again(pruner: Pruner) -> None:
    gone = ("layers.1",)
    child = pruner.child(gone, SilentTraining())
    assert child.metadata["removed"] == "layers.1"
    assert child.metadata["accuracy"] == repr(child.accuracy)
    again = pruner.child(gone, SilentTraining())
    assert (again.accuracy, again.chosen_on) == (child.accuracy, child.chosen_on)
    assert pruner.recipe is not None
    other = replace(pruner, recipe=pruner.recipe.model_copy(update={"seed": 1}))
    with pytest.raises(SimresError, match="a run with a different recipe"):
        other.child(gone, SilentTraining())


def test_accuracies_are_those_of_the_network_in_int8(pruner: Pruner) -> None:
    class Constant(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.eye(3)[torch.zeros(len(x), dtype=torch.int64)]

    asked = []

    def int8(module: torch.nn.Module, x: torch.Tensor) -> torch.nn.Module:
        asked.append(len(x))
        return Constant()

    child = replace(pruner, recipe=None, int8=int8).child((), SilentTraining())
    assert asked == [4]
    assert child.accuracy == pytest.approx(1 / 3)
    assert child.metadata["accuracy"] == repr(
        evaluate(child.module, pruner.found.testing(pruner.dataset), 3).accuracy
    )


def test_without_training_only_the_norms_change(pruner: Pruner) -> None:
    child = replace(pruner, recipe=None).child(("layers.0",), SilentTraining())
    state, parent = child.module.state_dict(), pruner.found.module.state_dict()
    changed = {name for name, value in state.items() if not torch.equal(value, parent[name])}
    assert changed
    assert all("running" in name or "num_batches" in name for name in changed)
