"""A training run: network, recipe, data set and outcome. Does not import torch."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Protocol

from pydantic import ValidationError

from simres.errors import SimresError
from simres.files import read_text
from simres.networks.network_names import RUN_CHECKPOINT
from simres.networks.variant import NUMBERS, TEXTS, Variant
from simres.text import shorten
from simres.training.recipe import Recipe, plainly

METRICS = "metrics.jsonl"
CONFIG = "config.yaml"
CHECKPOINT = RUN_CHECKPOINT
STATE = "state.safetensors"
"""The files of a run's folder: metrics by epoch, settings, network, and the state for resuming."""

MOST = 10**15
"""Larger losses, seconds and steps are rejected as corrupt."""


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """The settings of a run: with the pixels behind `digest`, they determine every weight on the CPU.

    `data` is a data set as `simres.training.datasets.open_dataset` takes it, `size` the size that its images
    are resized to.
    """

    variant: Variant
    recipe: Recipe
    data: str
    digest: str
    size: int | None = None

    def document(self) -> dict[str, Any]:
        """Returns plain data, without values that are None."""
        network = {k: v for k, v in asdict(self.variant).items() if v not in (None, ())}
        return {
            "network": {k: list(v) if isinstance(v, tuple) else v for k, v in network.items()},
            "data": {"name": self.data, "digest": self.digest} | ({"size": self.size} if self.size else {}),
            "recipe": self.recipe.model_dump(mode="json"),
        }

    def command(self, data: str) -> str:
        """Returns the command of this run, with `data` as typed."""
        words = ["simres train", self.variant.network, "--data", data]
        for name in ("block", "shortcut", "span", "stem"):
            value = getattr(self.variant, name)
            words += [f"--{name} {value}"] if value is not None else []
        words += [f"--size {self.size}"] if self.size else []
        words += [f"--recipe {closest(self.recipe)}", *settings(self.recipe)]
        return " ".join(words)


def data_in(config: Path) -> str:
    """Returns the data set in the settings of a run, `folder:PATH` with its place; empty if none is there."""
    from simres.scenario.source import read

    try:
        data = read(config, "run").data.get("data")
    except SimresError:  # an old or foreign file: the caller says what is missing
        return ""
    name = data.get("name") if isinstance(data, dict) else None
    return name if isinstance(name, str) else ""


def run_from(document: Any, where: str) -> TrainingRun:
    """Returns the run that `TrainingRun.document` wrote. Raises `SimresError`."""
    try:
        network: dict[str, Any] = dict(document["network"])
        network["removed"] = tuple(network.get("removed", ()))
        data = document["data"]
        recipe = Recipe.model_validate(document["recipe"])
        run = TrainingRun(Variant(**network), recipe, data["name"], data["digest"], data.get("size"))
    except ValidationError as error:
        raise SimresError(f"{where} does not describe a training run: {plainly(error)}") from error
    except KeyError as error:
        raise SimresError(f"{where} does not describe a training run: no {error}") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise SimresError(f"{where} does not describe a training run: {shorten(error, 200)}") from error
    given = [getattr(run.variant, name) for name in TEXTS] + [getattr(run.variant, name) for name in NUMBERS]
    forms = [str] * len(TEXTS) + [int] * len(NUMBERS)
    sound = all(value is None or type(value) is form for value, form in zip(given, forms, strict=True))
    texts = (run.variant.network, run.data, run.digest, *run.variant.removed)
    if (
        not sound
        or not all(isinstance(text, str) for text in texts)
        or type(run.size) not in (int, type(None))
    ):
        raise SimresError(f"{where} does not describe a training run: a value has the wrong type")
    return run


def closest(recipe: Recipe) -> str:
    """Returns the name of the recipe of simres that differs in the fewest values."""
    from simres.training.recipe import RECIPES

    return min(RECIPES, key=lambda name: len(_changes(recipe, name)))


def settings(recipe: Recipe) -> list[str]:
    """Returns the options after `--recipe` for `recipe`: `--set lr=0.1`, for every value that differs."""
    return [f"--set {name}={_typed(value)}" for name, value in _changes(recipe, closest(recipe)).items()]


def _changes(changed: Recipe, name: str) -> dict[str, Any]:
    from simres.training.recipe import recipe

    ours, theirs = recipe(name).model_dump(mode="json"), changed.model_dump(mode="json")
    return {key: value for key, value in theirs.items() if value != ours[key]}


def _typed(value: Any) -> str:
    return json.dumps(value, separators=(",", ":")) if isinstance(value, bool | list) else str(value)


@dataclass(frozen=True, slots=True)
class Epoch:
    """The result of an epoch. Errors and losses are those of the training images and of the test images.

    `epoch` counts from 1, `step` over the whole run. `seconds` are those of training alone, on which
    `images_per_s` is based; `test_seconds` those of the test.
    """

    epoch: int
    step: int
    lr: float
    train_loss: float
    train_error: float
    test_loss: float
    test_accuracy: float
    seconds: float
    images_per_s: float
    test_seconds: float


@dataclass(frozen=True, slots=True)
class TrainingOutcome:
    """A finished or `interrupted` run: its epochs, and its peak memory in bytes."""

    folder: Path
    epochs: tuple[Epoch, ...]
    steps: int
    interrupted: bool = False
    peak_bytes: int = 0

    @property
    def accuracy(self) -> float | None:
        """The accuracy of the last epoch on the test images; None before the first."""
        return self.epochs[-1].test_accuracy if self.epochs else None


class TrainingObserver(Protocol):
    """Observes the progress of a run."""

    def begin(self, run: TrainingRun, steps_per_epoch: int, done: int, images: int) -> None:
        """Called once, with the number of steps done before and of images per epoch."""

    def step(self, step: int, loss: float | None, lr: float) -> None:
        """Called after each step, counted over the whole run; `loss` is None where it was not read."""

    def epoch(self, epoch: Epoch) -> None:
        """Called after each epoch's test, when everything is saved."""


class SilentTraining:
    """An observer that does nothing."""

    def begin(self, run: TrainingRun, steps_per_epoch: int, done: int, images: int) -> None:
        """Does nothing."""

    def step(self, step: int, loss: float | None, lr: float) -> None:
        """Does nothing."""

    def epoch(self, epoch: Epoch) -> None:
        """Does nothing."""


def read_metrics(folder: Path) -> tuple[Epoch, ...]:
    """Reads the epochs of a run, from its folder or from its `metrics.jsonl`. Raises `SimresError`."""
    path = folder / METRICS if folder.is_dir() else folder
    text = read_text(path, "training run", "name the folder that `simres train -o` wrote", 64 << 20)
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            found.append(epoch_from(json.loads(line)))
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise SimresError(f"`{path}`, line {number}: not an epoch of a training run") from error
    return tuple(found)


def epoch_from(document: dict[str, Any]) -> Epoch:
    """Returns the epoch that `json` wrote. Raises `TypeError` or `KeyError` for any other document."""
    values = {item.name: document[item.name] for item in fields(Epoch)}
    if not all(is_figure(value) for value in values.values()):
        raise TypeError("an epoch has a value that is not a number")
    return Epoch(**values)


def is_figure(value: object) -> bool:
    """Whether a value is a plausible number of a training run: no bool, finite, and not huge."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= MOST
