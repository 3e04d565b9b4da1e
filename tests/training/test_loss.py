"""The loss of a step: labels, probabilities, and a teacher."""

# ruff: noqa: E402
from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import nn
from torch.nn import functional

from simres.errors import SimresError
from simres.networks.build import build
from simres.training.loss import Loss, ends_in_softmax
from simres.training.recipe import Recipe

pytestmark = pytest.mark.torch


def test_probabilities_are_trained_like_logits() -> None:
    torch.manual_seed(0)
    x, labels = torch.randn(8, 5), torch.arange(8) % 3
    layer = nn.Linear(5, 3)
    recipe = Recipe(epochs=1, lr=1.0)
    plain = Loss(layer, recipe, None)(layer(x), labels, x)
    network = nn.Sequential(layer, nn.Softmax(1))
    assert Loss(network, recipe, None)(network(x), labels, x).item() == pytest.approx(plain.item(), rel=1e-5)
    assert ends_in_softmax(build("tiny:ic").module)
    assert not ends_in_softmax(build("resnet8").module)


def test_a_teacher_takes_the_place_of_the_label() -> None:
    torch.manual_seed(0)
    x, labels = torch.randn(8, 5), torch.arange(8) % 3
    student, teacher = nn.Linear(5, 3), nn.Linear(5, 3)
    recipe = Recipe(epochs=1, lr=1.0, distil=1.0, temperature=2.0)
    found = Loss(student, recipe, teacher)(student(x), labels, x)
    p, q = (functional.softmax(made(x) / 2, 1) for made in (teacher, student))
    assert found.item() == pytest.approx(4 * (p * (p / q).log()).sum(1).mean().item(), rel=1e-4)
    assert Loss(student, recipe, student)(student(x), labels, x).item() == pytest.approx(0, abs=1e-6)
    half = Recipe(epochs=1, lr=1.0, distil=0.5, temperature=2.0)
    alone = Loss(student, Recipe(epochs=1, lr=1.0), None)(student(x), labels, x)
    both = Loss(student, half, teacher)(student(x), labels, x)
    assert both.item() == pytest.approx((alone.item() + found.item()) / 2, rel=1e-4)


def test_without_a_teacher_nothing_is_distilled() -> None:
    with pytest.raises(SimresError, match="there is no teacher"):
        Loss(nn.Linear(2, 2), Recipe(epochs=1, lr=1.0, distil=0.5), None)
