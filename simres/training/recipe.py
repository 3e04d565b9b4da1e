"""Training recipes as data. Does not import torch."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from simres.errors import InvalidFile, Problem, SimresError
from simres.text import shorten


class LearningRateSchedule(StrEnum):
    """The course of the learning rate over the run."""

    CONSTANT = "constant"
    STEP = "step"
    """`lr * drop ^ floor(epoch / epochs_drop)`: the paper's section 4.2."""
    MILESTONES = "milestones"
    """Multiplied by `drop` at each of `milestones`: He et al. 2015."""
    ONE_CYCLE = "one-cycle"
    """Linear rise for the share `warmup` of all steps, then linear fall to 0."""


class Flip(StrEnum):
    """The mirroring of images."""

    NONE = "none"
    RANDOM = "random"
    """Each image with probability 1/2, drawn anew in every epoch."""
    ALTERNATING = "alternating"
    """Alternating epochs, half of the images in the first: each image is seen both ways in two epochs (Jordan
    2024, arXiv:2404.00498)."""


class Padding(StrEnum):
    """The pixels around an image that random crops extend over."""

    ZERO = "zero"
    """The mean of all images."""
    REFLECT = "reflect"
    """The image mirrored at its edge."""


class Optimiser(StrEnum):
    """The optimiser."""

    SGD = "sgd"
    MUON = "muon"
    """Filters of convolutions turn by orthogonal matrices and keep their length; `sgd` for all other
    parameters (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/)."""


class Precision(StrEnum):
    """The data type of forward and backward passes; weights are always fp32."""

    FP32 = "fp32"
    BF16 = "bf16"
    AUTO = "auto"
    """bf16 where the device has it in hardware, otherwise fp32."""


class Recipe(BaseModel):
    """All settings of a training run other than network and data."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    epochs: int = Field(ge=1, le=100_000)
    """Passes over the training images."""
    batch: int = Field(128, ge=1, le=1_000_000)
    """Images per step, over all processes."""
    optimiser: Optimiser = Optimiser.SGD
    """`sgd`, or `muon` for the filters of convolutions and `sgd` for all other parameters."""
    lr: float = Field(gt=0, le=100, allow_inf_nan=False)
    """Peak learning rate; for `muon` the share of their length by which filters turn."""
    lr_rest: float | None = Field(None, gt=0, le=100, allow_inf_nan=False)
    """Peak learning rate of the parameters that `muon` leaves to `sgd`; by default `lr`."""
    momentum: float = Field(0.9, ge=0, lt=1)
    """Share of the previous step in the next."""
    nesterov: bool = False
    """Nesterov's momentum."""
    weight_decay: float = Field(1e-4, ge=0, le=1)
    """L2 penalty, as in torch's SGD."""
    decay_all: bool = True
    """Whether biases and norms decay too."""
    schedule: LearningRateSchedule = LearningRateSchedule.ONE_CYCLE
    """`constant`, `step`, `milestones` or `one-cycle`."""
    drop: float = Field(0.5, gt=0, le=1)
    """Factor of `step` and `milestones`."""
    epochs_drop: int = Field(10, ge=1)
    """Epochs between the drops of `step`."""
    milestones: tuple[int, ...] = ()
    """Epochs at whose start the rate drops."""
    warmup: float = Field(0.2, ge=0, lt=1)
    """Share of all steps during which `one-cycle` rises."""
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    """Share of a label that is spread over all classes."""
    distil: float = Field(0.0, ge=0, le=1)
    """Share of the loss that measures the distance from a teacher's output instead of the label."""
    temperature: float = Field(4.0, gt=0, le=100, allow_inf_nan=False)
    """Temperature of `distil`, by which both outputs are divided."""
    crop: int = Field(4, ge=0, le=1024)
    """Pixels of padding on each side, from which the image is cropped at random."""
    padding: Padding = Padding.ZERO
    """`zero`, or `reflect`: the image mirrored at its edges."""
    uncropped: int = Field(0, ge=0)
    """The number of last epochs with whole images (no crop, no cutout), as in the test."""
    flip: Flip = Flip.RANDOM
    """`none`, `random` or `alternating`."""
    cutout: int = Field(0, ge=0, le=1024)
    """Side of a square that is blanked at random, in pixels; 0 for none."""
    ema: float = Field(0.0, ge=0, lt=1)
    """Decay, per step, of a running mean of the weights, which is then tested and kept; 0 for none."""
    precision: Precision = Precision.FP32
    """`fp32`, `bf16`, or `auto`: bf16 where the device has it in hardware."""
    held_out: int = Field(0, ge=0, le=1_000_000)
    """One of this many training images is held out for choices; 0 for none."""
    channels_last: bool = True
    """Pixels before channels in memory."""
    compile: bool = False
    """Whether the network runs through torch.compile."""
    seed: int = Field(0, ge=0, lt=2**31)
    """The seed of all randomness."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov requires a momentum greater than 0")
        if list(self.milestones) != sorted(set(self.milestones)) or any(m < 1 for m in self.milestones):
            raise ValueError("milestones must be ascending epochs from 1")
        if self.lr_rest is not None and self.optimiser is Optimiser.SGD:
            raise ValueError("lr_rest requires `optimiser: muon`; sgd has one rate")
        return self

    def whole(self, epoch: int) -> bool:
        """Whether images of that epoch, counted from 0, are neither cropped nor blanked."""
        return epoch >= self.epochs - self.uncropped

    def reach(self, epoch: int) -> int:
        """Returns the largest shift of images of that epoch, counted from 0, in pixels."""
        return 0 if self.whole(epoch) else self.crop

    def rate(self, step: int, steps_per_epoch: int) -> float:
        """Returns the factor on the learning rate at `step`, counted from 0 over the whole run: 0 to 1."""
        epoch = step // steps_per_epoch
        if self.schedule is LearningRateSchedule.STEP:
            return float(self.drop ** (epoch // self.epochs_drop))
        if self.schedule is LearningRateSchedule.MILESTONES:
            return float(self.drop ** sum(epoch >= milestone for milestone in self.milestones))
        if self.schedule is LearningRateSchedule.ONE_CYCLE:
            steps = steps_per_epoch * self.epochs
            up = self.warmup * steps
            return (step + 1) / up if step + 1 < up else min(1.0, (steps - step) / max(steps - up, 1))
        return 1.0


_HE = {"momentum": 0.9, "weight_decay": 1e-4, "batch": 128, "lr": 0.1, "crop": 4}

RECIPES: Mapping[str, Mapping[str, Any]] = {
    # Sections 4.2 and 4.3. The paper does not state the number of epochs: 100 is ten drops by half.
    "paper": _HE | {"epochs": 100, "schedule": "step", "drop": 0.5, "epochs_drop": 10},
    # arXiv:1512.03385, section 4.2: 64k steps of 128 images, a tenth of the rate at 32k and at 48k.
    "he2015": _HE | {"epochs": 164, "schedule": "milestones", "drop": 0.1, "milestones": [82, 123]},
    # For two CPU cores and a short wait: docs/training.md describes how it was found.
    "fast": {
        "epochs": 24,
        "optimiser": "muon",
        "lr": 0.012,
        "lr_rest": 0.15,
        "momentum": 0.85,
        "nesterov": True,
        "weight_decay": 0.0,
        "schedule": "one-cycle",
        "warmup": 0.1,
        "label_smoothing": 0.1,
        "flip": "alternating",
        "crop": 3,
        "padding": "reflect",
        "uncropped": 2,
        "precision": "auto",
    },
}
"""The recipes that come with simres, by name."""


def recipe(named: str | Path, changes: Mapping[str, Any] | None = None) -> Recipe:
    """Returns the recipe of that name, or in that YAML file, with `changes` applied to it.

    A file may start from a recipe (`extends: fast`). Values in `changes` may be texts, as typed after
    `--set`. Raises `SimresError` or `InvalidFile`, with the allowed values.
    """
    text = str(named)
    if text in RECIPES:
        values: dict[str, Any] = dict(RECIPES[text])
    elif text.endswith((".yaml", ".yml")):
        values = _from_file(Path(text))
    else:
        close = get_close_matches(text, RECIPES, n=1)
        raise SimresError(
            f"unknown recipe `{text}`; known: {', '.join(RECIPES)}",
            f"did you mean `{close[0]}`?" if close else "or name a YAML file with a recipe",
        )
    from simres.scenario.source import parse_value

    for name, value in (changes or {}).items():
        _known(name)
        values[name] = parse_value(value, f"--set {name}") if isinstance(value, str) else value
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        raise SimresError(f"recipe `{text}`: {plainly(error)}") from error


def _from_file(path: Path) -> dict[str, Any]:
    from simres.scenario.source import read

    found = read(path, "recipe")
    data = dict(found.data)
    base = data.pop("extends", None)
    problems = []
    if base is not None and (not isinstance(base, str) or base not in RECIPES):
        message = f"extends: must be one of {', '.join(RECIPES)}, is `{shorten(base)}`"
        problems.append(Problem(*found.place(("extends",)), message))
    problems += [
        Problem(*found.place((name,), key=True), _unknown(name))
        for name in data
        if name not in Recipe.model_fields
    ]
    if problems:
        raise InvalidFile("recipe", str(path), problems)
    values = {**RECIPES[base], **data} if base else data
    try:
        Recipe.model_validate(values)
    except ValidationError as error:
        problems = [Problem(*found.place(item["loc"]), _said(item)) for item in error.errors()]
        raise InvalidFile("recipe", str(path), problems) from error
    return values


def _known(name: str) -> None:
    if name not in Recipe.model_fields:
        raise SimresError(_unknown(name))


def _unknown(name: str) -> str:
    close = get_close_matches(name, Recipe.model_fields, n=1)
    wish = f"did you mean `{close[0]}`?" if close else "known: " + ", ".join(Recipe.model_fields)
    return f"a recipe has no `{name}`; {wish}"


def plainly(error: ValidationError) -> str:
    """Returns pydantic's first finding about a recipe as a plain message."""
    return _said(error.errors()[0])


def _said(item: Any) -> str:
    place = ".".join(str(part) for part in item["loc"])
    message = str(item["msg"]).removeprefix("Value error, ")
    value = "" if not place else f", is `{str(item['input'])[:40]}`"
    return f"{place}: {message[:1].lower()}{message[1:]}{value}" if place else message
