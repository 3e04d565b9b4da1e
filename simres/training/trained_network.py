"""A trained checkpoint with the images to evaluate it on."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from simres.errors import SimresError
from simres.networks.checkpoint import accuracy_in, load_checkpoint, read, variant_in
from simres.networks.network_names import CHECKPOINT_SUFFIX
from simres.networks.variant import Variant
from simres.plugins.registry import Registry
from simres.scenario import shipped
from simres.text import shorten
from simres.training.augment import Batches
from simres.training.block_removal import spread
from simres.training.datasets import NAMES, Dataset
from simres.training.recipe import Recipe
from simres.training.training_run import CHECKPOINT, CONFIG, data_in


@dataclass(frozen=True, slots=True)
class Trained:
    """A checkpoint that `simres train` wrote: its network, and the metadata of its images."""

    path: Path
    variant: Variant
    module: nn.Module
    input: str
    metadata: dict[str, str]
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    accuracy: float | None

    @property
    def side(self) -> int | None:
        """Rows and columns of its images, if they are equal."""
        _, rows, columns = (int(part) for part in self.input.split("x"))
        return rows if rows == columns else None

    def images(self, given: str | None, opened: Callable[[str, int | None], Dataset]) -> Dataset:
        """Returns the data set `given`, by default the one it was trained on, opened by `opened`.

        Raises `SimresError` where neither is known, or where images or classes do not match the network.
        """
        name = given or self._trained_on()
        found = opened(name, None)
        if found.about.input != self.input:
            found = opened(name, self.side)
        if found.about.input != self.input:
            raise SimresError(
                f"`{self.path}` takes images of {self.input}, but those of `{name}` are {found.about.input}"
            )
        if found.about.classes != self.classes:
            odd = sorted(set(found.about.classes) ^ set(self.classes))
            raise SimresError(
                f"`{self.path}` has {len(self.classes)} classes, and `{name}` has "
                f"{len(found.about.classes)}" + (f"; `{odd[0]}` is in only one of them" if odd else "")
            )
        return found

    def _trained_on(self) -> str:
        """The data set that it was trained on; the path of a folder of images comes from the run's settings.

        A checkpoint contains no paths, so that it reveals nothing about a disk.
        """
        name = self.metadata.get("data", "")
        if name in NAMES:
            return name
        config = self.path.parent / CONFIG
        given = data_in(config) if config.is_file() else ""
        place = Path(given.removeprefix("folder:"))
        if given.startswith("folder:") and place.name == name.removeprefix("folder:"):
            if place.exists():
                return given
            why = f"`{config}` names `{place}`, which does not exist"
        else:
            why = f"a checkpoint has no paths, and there is no `{CONFIG}` of the run beside it"
        raise SimresError(
            f"cannot find `{name}`, the images that `{self.path}` was trained on: {why}",
            "name them with `--data folder:PATH`",
        )

    def batches(self, images: object, labels: object, recipe: Recipe) -> Batches:
        """Returns batches of these arrays, normalised like the training images."""
        pixels, classes = torch.as_tensor(images), torch.as_tensor(labels)
        return Batches(pixels, classes, self.mean, self.deviation, recipe)

    def testing(self, dataset: Dataset) -> Batches:
        """Returns batches of a data set's test images."""
        return self.batches(dataset.test_images, dataset.test_labels, Recipe(epochs=1, lr=1.0))

    def choosing(self, dataset: Dataset, images: int) -> Batches:
        """Returns batches of this many training images, spread over a data set."""
        rows = spread(len(dataset.train_labels), images)
        pixels, labels = dataset.train_images[rows], dataset.train_labels[rows]
        return self.batches(pixels, labels, Recipe(epochs=1, lr=1.0))


def trained(path: Path, registry: Registry | None = None, *, trusted: bool = False) -> Trained:
    """Returns the checkpoint in a file, in a run's folder, or of a shipped name. Raises `SimresError`.

    `trusted` is as in `simres.networks.checkpoint.load_checkpoint`.
    """
    path = shipped.find_checkpoint(path)
    path = path / CHECKPOINT if path.is_dir() else path
    if path.suffix != CHECKPOINT_SUFFIX:
        raise SimresError(
            f"`{path}` is not a checkpoint", f"a {CHECKPOINT_SUFFIX} file, or the folder of a run"
        )
    _, metadata = read(path)
    network = load_checkpoint(path, registry, trusted=trusted)
    if network.input is not None and not re.fullmatch(r"[1-9][0-9]{0,4}(x[1-9][0-9]{0,4}){2}", network.input):
        raise SimresError(
            f"checkpoint `{path}`: its input must be channels x rows x columns, is `{shorten(network.input)}`"
        )
    missing = [key for key in ("class_names", "mean", "deviation") if key not in metadata]
    if missing or network.input is None:
        raise SimresError(
            f"checkpoint `{path}` does not describe its images: no `{(missing or ['input'])[0]}`",
            "checkpoints written by `simres train` do",
        )
    return Trained(
        path=path,
        variant=variant_in(path, metadata),
        module=network.module,
        input=network.input,
        metadata=metadata,
        classes=_list(path, metadata, "class_names", str),
        mean=_of_channels(path, metadata, "mean", network.input),
        deviation=_of_channels(path, metadata, "deviation", network.input),
        accuracy=accuracy_in(path, metadata),
    )


def _list(path: Path, metadata: dict[str, str], key: str, kind: type) -> tuple[Any, ...]:
    try:
        found: Any = json.loads(metadata[key])
        if not isinstance(found, list) or not found or not all(isinstance(item, kind) for item in found):
            raise ValueError
    except (ValueError, RecursionError) as error:
        raise SimresError(f"checkpoint `{path}`: `{key}` is not a list of {kind.__name__}") from error
    return tuple(found)


def _of_channels(path: Path, metadata: dict[str, str], key: str, shape: str) -> tuple[float, ...]:
    """Returns figures on a scale from 0 to 1, one per channel of the input; a deviation of 0 is rejected."""
    found = _list(path, metadata, key, float)
    least = 0.0 if key == "mean" else 1e-9
    if len(found) != int(shape.partition("x")[0]) or not all(least <= value <= 1 for value in found):
        raise SimresError(f"checkpoint `{path}`: `{key}` must have one number from 0 to 1 per channel")
    return found
