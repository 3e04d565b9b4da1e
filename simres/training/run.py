"""A training run: network, recipe, data set and outcome. Does not import torch."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Protocol

from pydantic import ValidationError

from simres.errors import SimresError
from simres.files import read_text
from simres.networks.names import RUN_CHECKPOINT
from simres.networks.variant import NUMBERS, TEXTS, Variant
from simres.text import shorten
from simres.training.recipe import Recipe, plainly

METRICS = "metrics.jsonl"
CONFIG = "config.yaml"
CHECKPOINT = RUN_CHECKPOINT
STATE = "state.safetensors"
"""The files of a run's folder: one line an epoch, the choices, the network, and what resuming needs."""

MOST = 10**15
"""Losses, seconds and steps beyond that are a slip."""


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """The choices: with the pixels behind `digest`, they decide every weight on the CPU.

    `data` is a data set as `simres.training.datasets.open_dataset` takes it, `size` what its images are
    resized to.
    """

    variant: Variant
    recipe: Recipe
    data: str
    digest: str
    size: int | None = None

    def document(self) -> dict[str, Any]:
        """As plain data, without what is None."""
        network = {k: v for k, v in asdict(self.variant).items() if v not in (None, ())}
        return {
            "network": {k: list(v) if isinstance(v, tuple) else v for k, v in network.items()},
            "data": {"name": self.data, "digest": self.digest} | ({"size": self.size} if self.size else {}),
            "recipe": self.recipe.model_dump(mode="json"),
        }

    def command(self, data: str) -> str:
        """The command that makes this run, with `data` for what was typed."""
        words = ["simres train", self.variant.network, "--data", data]
        for name in ("block", "shortcut", "span", "stem"):
            value = getattr(self.variant, name)
            words += [f"--{name} {value}"] if value is not None else []
        words += [f"--size {self.size}"] if self.size else []
        words += [f"--recipe {closest(self.recipe)}", *settings(self.recipe)]
        return " ".join(words)


def run_from(document: Any, where: str) -> TrainingRun:
    """The run that `TrainingRun.document` wrote. Raises `SimresError`."""
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
        raise SimresError(f"{where} does not describe a training run: a text or a number is something else")
    return run


def closest(recipe: Recipe) -> str:
    """The recipe of ours that differs in the fewest values."""
    from simres.training.recipe import RECIPES

    return min(RECIPES, key=lambda name: len(_changes(recipe, name)))


def settings(recipe: Recipe) -> list[str]:
    """What to say after `--recipe` for `recipe`: `--set lr=0.1`, for every value that differs."""
    return [f"--set {name}={_typed(value)}" for name, value in _changes(recipe, closest(recipe)).items()]


def _changes(changed: Recipe, name: str) -> dict[str, Any]:
    from simres.training.recipe import recipe

    ours, theirs = recipe(name).model_dump(mode="json"), changed.model_dump(mode="json")
    return {key: value for key, value in theirs.items() if value != ours[key]}


def _typed(value: Any) -> str:
    return json.dumps(value, separators=(",", ":")) if isinstance(value, bool | list) else str(value)


@dataclass(frozen=True, slots=True)
class Epoch:
    """What an epoch came to. Errors and losses are of the images as trained on, and as tested.

    `epoch` counts from 1, `step` over the whole run. `seconds` are those of training alone, of which
    `images_per_s` is made; `test_seconds` those of the test.
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
    """A run that ended, or was `interrupted`: its epochs, and the most bytes of memory it held."""

    folder: Path
    epochs: tuple[Epoch, ...]
    steps: int
    interrupted: bool = False
    peak_bytes: int = 0

    @property
    def accuracy(self) -> float | None:
        """Of the last epoch, on the test images; None before the first."""
        return self.epochs[-1].test_accuracy if self.epochs else None


class TrainingObserver(Protocol):
    """Who wants to know how a run goes on."""

    def begin(self, run: TrainingRun, steps_per_epoch: int, done: int, images: int) -> None:
        """Called once, with the steps that were done before and the images an epoch."""

    def step(self, step: int, loss: float | None, lr: float) -> None:
        """Called after each step, counted over the whole run; `loss` is None where it was not asked for."""

    def epoch(self, epoch: Epoch) -> None:
        """Called after each epoch's test, when everything is saved."""


class SilentTraining:
    """An observer that does not care."""

    def begin(self, run: TrainingRun, steps_per_epoch: int, done: int, images: int) -> None:
        """Nothing."""

    def step(self, step: int, loss: float | None, lr: float) -> None:
        """Nothing."""

    def epoch(self, epoch: Epoch) -> None:
        """Nothing."""


def read_metrics(folder: Path) -> tuple[Epoch, ...]:
    """The epochs of a run, from its folder or from its `metrics.jsonl`. Raises `SimresError`."""
    path = folder / METRICS if folder.is_dir() else folder
    text = read_text(path, "training run", "name the folder that `simres train -o` wrote", 64 << 20)
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            found.append(epoch_from(json.loads(line)))
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise SimresError(f"`{path}`, line {number}: no epoch of a training run") from error
    return tuple(found)


def epoch_from(document: dict[str, Any]) -> Epoch:
    """The epoch that `json` wrote. Raises `TypeError` or `KeyError` where it is none."""
    values = {item.name: document[item.name] for item in fields(Epoch)}
    if not all(is_figure(value) for value in values.values()):
        raise TypeError("an epoch is made of numbers")
    return Epoch(**values)


def is_figure(value: object) -> bool:
    """Whether that is a number such as training has: no truth, not infinite and no `nan`, and not huge."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= MOST
