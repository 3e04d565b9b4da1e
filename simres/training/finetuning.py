"""Finetunes a network after blocks were removed, with the whole network as the teacher."""

from __future__ import annotations

import json
from typing import Any

from simres.training.recipe import LearningRateSchedule, Recipe, recipe
from simres.training.trained_network import Trained

HELD_OUT = 10
"""One of this many training images is held out for choices."""
CHANGES: dict[str, Any] = {
    "schedule": LearningRateSchedule.ONE_CYCLE,
    "warmup": 0.1,
    "milestones": [],
    "label_smoothing": 0.0,
    "uncropped": 1,
    "ema": 0.0,
    "distil": 0.8,
    "temperature": 3.0,
    "held_out": HELD_OUT,
}
"""Changes that finetuning makes to the recipe of the checkpoint."""
RATE = 0.5
"""Its peak learning rate, as a share of the checkpoint's."""


def finetuning(found: Trained, epochs: int, seed: int = 0) -> Recipe:
    """Returns the recipe that finetunes a child of `found` for these epochs: that of the checkpoint, with one
    cycle at half the learning rate and most of the loss from the teacher."""
    stated = found.metadata.get("recipe")
    base = Recipe.model_validate(json.loads(stated)) if stated else recipe("fast")
    rates = {"lr": base.lr * RATE, "lr_rest": base.lr_rest and base.lr_rest * RATE}
    changes = CHANGES | rates | {"epochs": epochs, "seed": seed}
    return Recipe.model_validate({**base.model_dump(mode="json"), **changes})
