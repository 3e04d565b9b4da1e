"""Holds out some training images for all choices: test images decide nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simres.errors import SimresError
from simres.training.datasets import Dataset

ORDER = 1
"""Seed of the order of the held-out images, which puts all classes into every batch for the batch norms."""


def trained_with(dataset: Dataset, held_out: int) -> Dataset:
    """Returns the data set without every `held_out`-th training image; unchanged if 0."""
    return dataset if not held_out else _of(dataset, np.flatnonzero(~_held(dataset, held_out)))


def chosen_on(dataset: Dataset, held_out: int) -> Dataset:
    """Returns the data set with only every `held_out`-th training image, in an order that mixes the classes.

    Raises `SimresError` if there is none.
    """
    rows = np.random.default_rng(ORDER).permutation(np.flatnonzero(_held(dataset, held_out)))
    if not len(rows):
        raise SimresError(
            f"`{dataset.about.name}` has {dataset.about.train} training images, too few to choose blocks",
            f"one in {held_out} is held out for the choice, so at least {held_out} are needed",
        )
    return _of(dataset, rows)


def _held(dataset: Dataset, held_out: int) -> NDArray[np.bool_]:
    places: NDArray[np.bool_] = np.arange(len(dataset.train_labels)) % held_out == held_out - 1
    return places


def _of(dataset: Dataset, rows: NDArray[np.int64]) -> Dataset:
    about = replace(dataset.about, train=len(rows))
    return replace(
        dataset,
        about=about,
        train_images=dataset.train_images[rows],
        train_labels=dataset.train_labels[rows],
    )
