"""Networks without some of their blocks: the accuracy of each, before and after finetuning.

Both are measured on images held out from the training images (`simres.training.split`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from simres import jobs
from simres.errors import SimresError
from simres.networks.build import build_variant
from simres.networks.checkpoint import put, read
from simres.plugins.registry import Registry
from simres.training import store
from simres.training.alternatives import Alternatives
from simres.training.augment import Batches
from simres.training.block_removal import without
from simres.training.datasets import Dataset
from simres.training.evaluation import evaluate
from simres.training.loop import fit
from simres.training.precision import settled
from simres.training.recipe import Recipe
from simres.training.split import chosen_on
from simres.training.trained_network import Trained
from simres.training.training_run import CHECKPOINT, STATE, TrainingObserver, TrainingRun

ADAPTED_ON = 2000
"""Images on which the batch norms of a network without blocks are measured again."""

RANGED_ON = 500
"""Images on which the ranges of int8 are measured."""


@dataclass(frozen=True, slots=True)
class Child:
    """A network without some blocks, in `module`. `accuracy` is that on the test images, `chosen_on` that on
    the held-out images: 0 to 1."""

    removed: tuple[str, ...]
    module: nn.Module
    metadata: dict[str, str]
    accuracy: float
    chosen_on: float


def accuracies(
    module: nn.Module, blocks: Sequence[str], removals: Sequence[tuple[str, ...]], batches: Batches
) -> list[float]:
    """Returns the accuracy of `module` without each of `removals`, its batch norms adapted: 0 to 1.

    Networks that are equal up to a block share its input.
    """
    network = Alternatives(module, blocks, adapted=True)
    runs = network.runs(removals) * len(batches)
    with jobs.job("runs of a block on an image", runs) as job:

        def did(count: int) -> None:
            job.steps += count

        return network.accuracies(removals, batches, did)


@torch.no_grad()
def adapt(module: nn.Module, batches: Batches) -> None:
    """Measures the batch norms of a network again, in place, on the first `ADAPTED_ON` of these images."""
    norms = [part for part in module.modules() if isinstance(part, _BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the mean of all batches
        norm.train()
    for start in range(0, min(len(batches), ADAPTED_ON), 500):
        module(batches.plain(start, min(start + 500, len(batches)))[0])
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
        norm.eval()


@dataclass(frozen=True)
class Pruner:
    """Makes children of a network in `folder`, each in its own folder, where a killed run resumes."""

    found: Trained
    dataset: Dataset
    data: str
    folder: Path
    recipe: Recipe | None
    """None: no finetuning."""
    held_out: int
    device: torch.device
    registry: Registry
    int8: Callable[[nn.Module, Tensor], nn.Module] | None = None
    """Converts a network, with images to measure ranges on, to one that computes in int8 on the CPU. If set,
    the accuracies of children are in int8; the one in their metadata stays in fp32."""

    def child(self, removed: tuple[str, ...], observer: TrainingObserver) -> Child:
        """Returns the network without these blocks, finetuned if there is a recipe.

        Raises `KeyboardInterrupt` if training was interrupted; the next call resumes it.
        """
        found = self.found
        variant = found.variant.without(*removed)
        module = without(found.module, removed).to(self.device)
        choosing = found.choosing(chosen_on(self.dataset, self.held_out), ADAPTED_ON).to(self.device)
        testing = found.testing(self.dataset).to(self.device)
        if self.recipe is None:
            if removed:
                adapt(module, choosing)
            metadata = {**found.metadata, **variant.metadata()}
        else:
            place = self.folder / f"without-{'+'.join(removed) or 'nothing'}"
            run = TrainingRun(variant, self.recipe, self.data, self.dataset.about.digest)
            resumed = (place / STATE).exists()
            if resumed and store.load_state(place)[0].recipe != settled(self.recipe, self.device):
                raise SimresError(
                    f"`{place}` has a run with a different recipe",
                    "choose another folder with `-o`, or remove this one",
                )
            outcome = fit(
                run,
                self.dataset,
                place,
                resume=resumed,
                device=self.device,
                observer=observer,
                registry=self.registry,
                initial=module.state_dict(),
                teacher=found.module,
            )
            if outcome.interrupted:
                raise KeyboardInterrupt
            state, metadata = read(place / CHECKPOINT)
            module = build_variant(variant, self.registry).module
            put(module, state, f"`{place / CHECKPOINT}`", variant.network)
            module = module.to(self.device)
        classes = len(found.classes)
        accuracy = evaluate(module, testing, classes).accuracy
        metadata["accuracy"] = repr(accuracy)
        if self.int8 is None:
            return Child(removed, module, metadata, accuracy, evaluate(module, choosing, classes).accuracy)
        cpu = torch.device("cpu")
        testing, choosing = testing.to(cpu), choosing.to(cpu)
        rounded = self.int8(module, choosing.plain(0, RANGED_ON)[0])
        found_on = [evaluate(rounded, batches, classes).accuracy for batches in (testing, choosing)]
        return Child(removed, module, metadata, *found_on)
