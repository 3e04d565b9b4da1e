"""The training loop.

All randomness follows from the seed and the number of the step, so a resumed run continues exactly as if it
had not been interrupted: on one machine's CPU, with the same number of threads, to the last bit.
"""

from __future__ import annotations

import math
import resource
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from simres.errors import AnswerIsNo, SimresError
from simres.networks.build import build_variant
from simres.networks.checkpoint import put
from simres.plugins.registry import Registry
from simres.training import split, store
from simres.training.augment import Batches, seed_of
from simres.training.datasets import Dataset
from simres.training.evaluation import Scores, evaluate, scores
from simres.training.loss import Loss
from simres.training.optimiser import Mean, Stepper
from simres.training.precision import settled
from simres.training.processes import Interrupts, Processes
from simres.training.recipe import Precision
from simres.training.training_run import (
    CHECKPOINT,
    Epoch,
    SilentTraining,
    TrainingObserver,
    TrainingOutcome,
    TrainingRun,
)

LOOK_EVERY = 20
"""Steps between reads of the loss on an accelerator, where each read synchronises."""
RESIDENT_SHARE = 0.5
"""The largest share of an accelerator's free memory that a data set may occupy."""


def fit(
    run: TrainingRun,
    dataset: Dataset,
    folder: Path,
    *,
    resume: bool = False,
    device: torch.device | None = None,
    checkpoint_every: int | None = None,
    observer: TrainingObserver | None = None,
    registry: Registry | None = None,
    initial: dict[str, Tensor] | None = None,
    teacher: nn.Module | None = None,
) -> TrainingOutcome:
    """Trains to the end of the recipe, or until Ctrl-C, after which `resume` continues from the same step.

    Saves after every epoch, and every `checkpoint_every` steps. `initial` are weights to start from; a recipe
    with `distil` needs a `teacher`. Under `torchrun`, all processes call it. Raises `AnswerIsNo` when the
    loss is no longer a number, and `SimresError` for a network that does not fit the data, or a full disk;
    the last saved state remains.
    """
    processes = Processes()
    device = device or torch.device("cpu")
    run = replace(run, recipe=settled(run.recipe, device))
    with processes.joined(device), Interrupts().caught() as interrupts:
        return _Trainer(run, dataset, folder, device, processes, registry, initial, teacher).train(
            interrupts, resume, checkpoint_every, observer or SilentTraining()
        )


class _Trainer:
    def __init__(
        self,
        run: TrainingRun,
        dataset: Dataset,
        folder: Path,
        device: torch.device,
        processes: Processes,
        registry: Registry | None,
        initial: dict[str, Tensor] | None,
        teacher: nn.Module | None,
    ) -> None:
        dataset = split.trained_with(dataset, run.recipe.held_out)
        self.run, self.recipe, self.about = run, run.recipe, dataset.about
        self.folder, self.device, self.processes = folder, device, processes
        if run.recipe.batch % processes.count:
            raise SimresError(
                f"a batch of {run.recipe.batch} images cannot be divided among {processes.count} processes"
            )
        self.steps_per_epoch = dataset.about.train // run.recipe.batch
        if not self.steps_per_epoch:
            raise SimresError(
                f"`{dataset.about.name}` has {dataset.about.train} training images, "
                f"fewer than a batch of {run.recipe.batch}",
                f"try `--batch {max(1, dataset.about.train // 8)}`",
            )
        torch.manual_seed(seed_of(run.recipe.seed))
        network = build_variant(run.variant, registry)
        self.module = network.module.to(device)
        if initial is not None:
            self.module.load_state_dict(initial)
        if run.recipe.channels_last:
            self.module = self.module.to(memory_format=torch.channels_last)
        self.training = _batches(dataset, "train", run, device)
        self.testing = _batches(dataset, "test", run, device)
        self._fits(network.name)
        self.loss = Loss(self.module, run.recipe, teacher and teacher.to(device))
        self.stepper = Stepper(self.module, run.recipe)
        self.mean = Mean(self.module, run.recipe.ema) if run.recipe.ema else None
        self.progress = store.Progress()

    def train(
        self, interrupts: Interrupts, resume: bool, checkpoint_every: int | None, observer: TrainingObserver
    ) -> TrainingOutcome:
        """Trains the constructed network."""
        if resume:
            self._load()
        elif self.processes.first:
            store.start(self.folder, self.run)
            self._save()
        if self.processes.first:
            store.tidy(self.folder)
            observer.begin(self.run, self.steps_per_epoch, self.progress.step, self.about.train)
        model = self.processes.wrapped(self.module)
        if self.recipe.compile:
            model = torch.compile(model)  # type: ignore[assignment]
        model.train()
        total = self.recipe.epochs * self.steps_per_epoch
        interrupted = False
        while self.progress.step < total and not interrupted:
            interrupted = self._epoch(model, interrupts, checkpoint_every, observer)
        return TrainingOutcome(
            self.folder, self.progress.epochs, self.progress.step, interrupted, _peak_bytes(self.device)
        )

    def _epoch(
        self,
        model: nn.Module,
        interrupts: Interrupts,
        checkpoint_every: int | None,
        observer: TrainingObserver,
    ) -> bool:
        """Trains to the end of the epoch; returns whether it was interrupted before that."""
        recipe, first = self.recipe, self.progress.step
        epoch = first // self.steps_per_epoch
        order = self.training.order(epoch)
        stop = (epoch + 1) * self.steps_per_epoch
        before = self.progress
        own = self.processes.first  # the sums of all processes, resumed, count once
        loss_sum = torch.tensor(before.loss if own else 0.0, dtype=torch.float64, device=self.device)
        wrong = torch.tensor(before.wrong if own else 0, dtype=torch.int64, device=self.device)
        started = time.perf_counter()

        def now(step: int) -> store.Progress:
            seconds = before.seconds + time.perf_counter() - started
            loss = float(self.processes.add_up(loss_sum.clone()))
            if not math.isfinite(loss):
                raise self._diverged(step - 1)
            missed = int(self.processes.add_up(wrong.clone()))
            return replace(before, step=step, loss=loss, wrong=missed, seconds=seconds)

        for step in range(first, stop):
            at = step % self.steps_per_epoch * recipe.batch
            rows = order[at : at + recipe.batch]
            x, labels = self.training.augmented(rows, epoch, step, self.processes.part(len(rows)))
            torch.manual_seed(seed_of(recipe.seed, 4, step, self.processes.rank))  # for dropout
            with torch.autocast(self.device.type, torch.bfloat16, enabled=recipe.precision is Precision.BF16):
                logits = model(x)
                loss = self.loss(logits, labels, x)
            loss.backward()  # type: ignore[no-untyped-call]
            factor = recipe.rate(step, self.steps_per_epoch)
            self.stepper.step(factor)
            if self.mean:
                self.mean.update(self.module)
            with torch.no_grad():
                loss_sum += loss.detach().double() * len(labels)
                wrong += (logits.argmax(1) != labels).sum()
            look = self.device.type == "cpu" or step % LOOK_EVERY == 0 or step + 1 == stop
            shown = float(loss.detach()) if look else None
            if shown is not None and not math.isfinite(shown):
                raise self._diverged(step)
            if self.processes.first:
                observer.step(step + 1, shown, recipe.lr * factor)
            if step + 1 == stop:
                break
            if interrupted := self.processes.any(interrupts.told, self.device):
                self.progress = now(step + 1)
                self._save()
                return interrupted
            if checkpoint_every and (step + 1) % checkpoint_every == 0:
                self.progress = now(step + 1)
                self._save()
        self._end_epoch(epoch, now(stop), observer)
        return interrupts.told and self.progress.step < recipe.epochs * self.steps_per_epoch

    def _end_epoch(self, epoch: int, progress: store.Progress, observer: TrainingObserver) -> None:
        """Tests the network and records the results."""
        images = self.steps_per_epoch * self.recipe.batch
        started = time.perf_counter()
        found = self._test()
        if not math.isfinite(found.loss) or not self._sound():
            raise self._diverged(progress.step - 1)
        record = Epoch(
            epoch=epoch + 1,
            step=progress.step,
            lr=self.recipe.lr * self.recipe.rate(progress.step - 1, self.steps_per_epoch),
            train_loss=progress.loss / images,
            train_error=progress.wrong / images,
            test_loss=found.loss,
            test_accuracy=found.accuracy,
            seconds=progress.seconds,
            images_per_s=images / progress.seconds if progress.seconds else 0.0,
            test_seconds=time.perf_counter() - started,
        )
        self.progress = store.Progress(step=progress.step, epochs=(*self.progress.epochs, record))
        if self.processes.first:
            path = self.folder / CHECKPOINT
            store.save_checkpoint(path, self._weights(), self.run, self.about, self.progress.epochs)
            self._save()
            observer.epoch(record)

    def _weights(self) -> dict[str, Tensor]:
        return self.mean.values if self.mean else self.module.state_dict()

    def _test(self) -> Scores:
        kept = None
        if self.mean:
            kept = {name: value.clone() for name, value in self.module.state_dict().items()}
            self.module.load_state_dict(self.mean.values)
        classes = len(self.about.classes)
        with torch.autocast(
            self.device.type, torch.bfloat16, enabled=self.recipe.precision is Precision.BF16
        ):
            found = evaluate(self.module, self.testing, classes, self.processes.share(self.about.test))
        if kept:
            self.module.load_state_dict(kept)
        if self.processes.count == 1:
            return found
        counts = torch.tensor(found.confusion, dtype=torch.int64, device=self.device)
        loss = torch.tensor(found.loss * found.images, dtype=torch.float64, device=self.device)
        return scores(self.processes.add_up(counts), self.processes.add_up(loss))

    def _save(self) -> None:
        if not self.processes.first:
            return
        if not self._sound():
            raise self._diverged(self.progress.step - 1)
        tensors = {"model": self.module.state_dict(), "momentum": self.stepper.state()}
        if self.mean:
            tensors["mean"] = self.mean.values
        store.save_state(self.folder, self.run, self.progress, tensors)

    def _sound(self) -> bool:
        """Whether all weights and statistics are finite numbers."""
        return all(bool(value.isfinite().all()) for value in self.module.state_dict().values())

    def _load(self) -> None:
        run, self.progress, tensors = store.load_state(self.folder)
        if run.digest != self.run.digest:
            raise SimresError(
                f"the images of `{self.run.data}` have changed since `{self.folder}` was trained",
                f"their digest was {run.digest} and is now {self.run.digest}",
            )
        put(self.module, tensors.get("model", {}), f"the state in `{self.folder}`", self.run.variant.network)
        self.stepper.load(tensors.get("momentum", {}))
        if self.mean and "mean" in tensors:
            self.mean.values = {k: v.to(self.device) for k, v in tensors["mean"].items()}

    def _fits(self, name: str) -> None:
        """Raises `SimresError` where the network rejects these images, or has another number of classes."""
        x, _ = self.training.plain(0, 2)
        self.module.eval()
        try:
            with torch.no_grad():
                out = self.module(x)
        except (RuntimeError, TypeError, ValueError) as error:
            reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
            raise SimresError(
                f"`{name}` does not accept the images of `{self.about.name}`, which are {self.about.input}: "
                f"{reason}",
                "`--size` resizes them; `--stem cifar` adapts torchvision's networks to small images",
            ) from error
        classes = len(self.about.classes)
        if not isinstance(out, Tensor) or out.shape != (2, classes):
            shape = tuple(out.shape) if isinstance(out, Tensor) else type(out).__name__
            raise SimresError(
                f"`{name}` returns {shape} for two images, but `{self.about.name}` has {classes} classes",
                f"it must return (2, {classes})",
            )

    def _diverged(self, step: int) -> AnswerIsNo:
        epoch, within = divmod(step, self.steps_per_epoch)
        kept = f"`{self.folder}` has the state "
        done = len(self.progress.epochs)
        kept += f"after epoch {done}" if done else "before the first epoch"
        return AnswerIsNo(
            f"the loss is not a finite number in epoch {epoch + 1}, step {within + 1} of "
            f"{self.steps_per_epoch}; {kept}",
            f"a smaller learning rate may help: `--lr {self.recipe.lr / 3:.2g}`",
        )


def _batches(dataset: Dataset, split: str, run: TrainingRun, device: torch.device) -> Batches:
    """Returns a split's batches, with the pixels on an accelerator if they fit."""
    pixels: np.ndarray = dataset.train_images if split == "train" else dataset.test_images
    labels = dataset.train_labels if split == "train" else dataset.test_labels
    images, classes = torch.from_numpy(pixels), torch.from_numpy(labels)
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        if pixels.nbytes > RESIDENT_SHARE * free:
            raise SimresError(
                f"the images take {pixels.nbytes} B, which do not fit beside the network on the accelerator",
                "`--size` makes them smaller; `--device cpu` needs memory for one batch only",
            )
        images, classes = images.to(device), classes.to(device)
    return Batches(images, classes, dataset.about.mean, dataset.about.deviation, run.recipe)


def _peak_bytes(device: torch.device) -> int:
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
