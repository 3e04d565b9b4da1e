"""The loss of a training step: the labels', the teacher's, or shares of both."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812  (torch's own convention)
from torch import Tensor, nn

from simres.errors import SimresError
from simres.training.recipe import Recipe

LEAST = 1e-12
"""Smaller probabilities are raised to this one."""


class Loss:
    """The loss of a network in training. Raises `SimresError` if a recipe distils without a teacher.

    Distillation is the Kullback-Leibler divergence of the softened outputs, times the square of the
    temperature (Hinton et al. 2015, arXiv:1503.02531, section 2).
    """

    def __init__(self, module: nn.Module, recipe: Recipe, teacher: nn.Module | None) -> None:
        if recipe.distil and teacher is None:
            raise SimresError(
                "the recipe has `distil`, but there is no teacher",
                "`simres prune` starts such runs and also resumes them",
            )
        self._recipe, self._teacher = recipe, teacher
        self._softmax = ends_in_softmax(module)
        self._teacher_softmax = teacher is not None and ends_in_softmax(teacher)
        if teacher is not None:
            teacher.eval()

    def __call__(self, outputs: Tensor, labels: Tensor, x: Tensor) -> Tensor:
        """Outputs (N, classes), labels (N,) and images (N, channels, H, W) -> the mean loss."""
        recipe = self._recipe
        logits = to_logits(outputs) if self._softmax else outputs
        loss = F.cross_entropy(logits, labels, label_smoothing=recipe.label_smoothing)
        if not recipe.distil or self._teacher is None:
            return loss
        with torch.no_grad():
            taught = self._teacher(x)
            taught = (to_logits(taught) if self._teacher_softmax else taught).float()
        own, wanted = (F.log_softmax(part.float() / recipe.temperature, 1) for part in (logits, taught))
        apart = F.kl_div(own, wanted, reduction="batchmean", log_target=True)
        return (1 - recipe.distil) * loss + recipe.distil * recipe.temperature**2 * apart


def ends_in_softmax(module: nn.Module) -> bool:
    """Whether the output of a network is probabilities: its last layer is a softmax."""
    last = module
    while children := list(last.children()):
        last = children[-1]
    return isinstance(last, nn.Softmax)


def to_logits(probabilities: Tensor) -> Tensor:
    """Returns logits (N, classes) whose softmax are these probabilities."""
    return probabilities.float().clamp_min(LEAST).log()
