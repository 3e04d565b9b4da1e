"""Steps: orthogonal turns, lengths that stay, momentum that is written down by name."""

# ruff: noqa: E402
from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from torch import nn

from simres.errors import SimresError
from simres.training import precision
from simres.training.optimiser import Stepper, orthogonal
from simres.training.precision import settled
from simres.training.recipe import Precision, Recipe, recipe

pytestmark = pytest.mark.torch


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 3), st.integers(1, 24), st.integers(1, 24), st.integers(0, 10_000))
def test_singular_values_come_near_1_and_directions_stay(
    count: int, rows: int, columns: int, seed: int
) -> None:
    """As the scalar iteration has it: from 0.02 on, of the largest possible, all land in 0.68 to 1.21."""
    generator = torch.Generator().manual_seed(seed)
    given = torch.randn((count, rows, columns), generator=generator)
    made = orthogonal(given)
    for before, after in zip(given.double(), made.double(), strict=True):
        u, singular, v = torch.linalg.svd(before / before.norm(), full_matrices=False)
        within = u.mT @ after @ v.mT
        assert torch.allclose(within, torch.diag(within.diagonal()), atol=1e-4)
        assert within.diagonal().max() < 1.21
        assert (within.diagonal()[singular >= 0.021] > 0.67).all()


@pytest.mark.parametrize("decay_all", [True, False])
def test_biases_and_norms_decay_only_where_a_recipe_says_so(decay_all: bool) -> None:
    module = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2))
    before = {name: value.detach().clone() for name, value in module.named_parameters()}
    for parameter in module.parameters():
        parameter.grad = torch.zeros_like(parameter)
    stepper = Stepper(module, Recipe(epochs=1, lr=0.5, weight_decay=0.1, decay_all=decay_all))
    stepper.step(1.0)
    for name, value in module.named_parameters():
        shrinks = decay_all or value.ndim > 1
        assert torch.allclose(value, before[name] * (0.95 if shrinks else 1.0)), name


def test_filters_keep_their_length_and_turn_by_the_rate() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(8 * 36, 5))
    made = Recipe(
        epochs=1, lr=0.1, lr_rest=0.02, optimiser="muon", momentum=0.6, weight_decay=0, nesterov=True
    )
    stepper = Stepper(module, made)
    for turn in range(20):
        before = module[0].weight.detach().clone()
        module(torch.randn(4, 3, 8, 8)).square().mean().backward()
        bias, slope = module[2].bias.detach().clone(), module[2].bias.grad.clone()
        stepper.step(0.5)
        if not turn:  # the first step has no momentum behind it: gradient plus 0.6 of it
            assert torch.allclose(module[2].bias, bias - 0.02 * 0.5 * 1.6 * slope, atol=1e-6)
            continue
        length = before.norm()
        assert length == pytest.approx(4.0, rel=0.08)  # the root of 2 x 8
        moved = module[0].weight - before * (4.0 / length)
        assert 0.05 * 4.0 * 0.5 < moved.norm() < 0.05 * 4.0 * 1.21
        assert module[0].weight.grad is None


def test_without_muon_it_is_torch_s_own_sgd() -> None:
    torch.manual_seed(0)
    one, other = (nn.Conv2d(3, 4, 3) for _ in range(2))
    other.load_state_dict(one.state_dict())
    stepper = Stepper(one, Recipe(epochs=1, lr=0.1, momentum=0.9, weight_decay=1e-2))
    sgd = torch.optim.SGD(other.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-2)
    for _ in range(3):
        x = torch.randn(2, 3, 5, 5)
        for module in (one, other):
            module(x).square().sum().backward()
        stepper.step(1.0)
        sgd.step()
        sgd.zero_grad()
    assert torch.allclose(one.weight, other.weight)


@pytest.mark.parametrize("optimiser", ["sgd", "muon"])
def test_momentum_is_written_down_by_name_and_taken_over(optimiser: str) -> None:
    torch.manual_seed(0)
    made = Recipe(epochs=1, lr=0.1, optimiser=optimiser, momentum=0.6)
    modules = [nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(36, 2))]
    modules.append(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(36, 2)))
    steppers = [Stepper(module, made) for module in modules]
    x = torch.randn(6, 3, 5, 5)

    def step(number: int) -> None:
        modules[number](x).square().sum().backward()
        steppers[number].step(1.0)

    step(0)
    state = steppers[0].state()
    assert state.keys() == dict(modules[0].named_parameters()).keys()
    modules[1].load_state_dict(modules[0].state_dict())
    steppers[1].load({name: tensor.clone() for name, tensor in state.items()})
    step(0)
    step(1)
    for name, value in modules[0].state_dict().items():
        assert torch.equal(value, modules[1].state_dict()[name]), name
    with pytest.raises(SimresError, match="which the network does not have"):
        steppers[1].load({"9.weight": torch.zeros(1)})


@pytest.mark.parametrize(("native", "wanted"), [(True, Precision.BF16), (False, Precision.FP32)])
def test_the_precision_is_decided_by_the_device(
    monkeypatch: pytest.MonkeyPatch, native: bool, wanted: Precision
) -> None:
    monkeypatch.setattr(precision, "_cpu", lambda: native)
    cpu = torch.device("cpu")
    assert settled(recipe("fast", {"precision": "auto"}), cpu).precision is wanted
    assert settled(recipe("fast", {"precision": "fp32"}), cpu).precision is Precision.FP32
