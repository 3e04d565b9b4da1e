"""Optimisers whose state is stored by parameter name."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from simres.errors import SimresError
from simres.training.recipe import Optimiser, Recipe

ROUNDS = 3
"""Rounds of the Newton-Schulz iteration, as in arXiv:2404.00498."""


class Stepper:
    """Performs the steps of a recipe's optimiser; `state` holds its momentum by parameter."""

    def __init__(self, module: nn.Module, recipe: Recipe) -> None:
        self._recipe = recipe
        self._parameters = {name: p for name, p in module.named_parameters() if p.requires_grad}
        muon = recipe.optimiser is Optimiser.MUON
        filters = {name: p for name, p in self._parameters.items() if muon and p.ndim == 4}
        rest = [p for name, p in self._parameters.items() if name not in filters]
        self._filters = Turning(filters, recipe.momentum)
        decayed = [p for p in rest if recipe.decay_all or p.ndim > 1]
        others = [p for p in rest if not (recipe.decay_all or p.ndim > 1)]
        groups = [
            {"params": decayed, "weight_decay": recipe.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ]
        self._rate = recipe.lr_rest if muon and recipe.lr_rest is not None else recipe.lr
        self._sgd = torch.optim.SGD(
            [group for group in groups if group["params"]] or [torch.zeros(0)],
            lr=self._rate,
            momentum=recipe.momentum,
            nesterov=recipe.nesterov,
            fused=True,
        )

    def step(self, factor: float) -> None:
        """Performs one step along the gradients and clears them; `factor` is the schedule's."""
        for group in self._sgd.param_groups:
            group["lr"] = self._rate * factor
        self._sgd.step()
        self._filters.step(self._recipe.lr * factor)
        for parameter in self._parameters.values():
            parameter.grad = None

    def state(self) -> dict[str, Tensor]:
        """Returns momentum by parameter name; empty before the first step, or without momentum."""
        kept = {name: self._sgd.state.get(p, {}) for name, p in self._parameters.items()}
        found = {name: state.get("momentum_buffer") for name, state in kept.items()}
        return {name: tensor for name, tensor in found.items() if tensor is not None} | self._filters.momentum

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Loads momentum from `state`. Raises `SimresError` where it belongs to another network."""
        for name, tensor in state.items():
            parameter = self._parameters.get(name)
            if parameter is None or parameter.shape != tensor.shape:
                raise SimresError(f"the state has momentum for `{name}`, which the network does not have")
            taken = torch.empty_like(parameter).copy_(tensor)
            if name in self._filters.momentum:
                self._filters.momentum[name] = taken
            else:
                self._sgd.state[parameter]["momentum_buffer"] = taken


class Turning:
    """Muon, for the filters of convolutions. Each bank of filters is a matrix with one row per output
    channel. It turns by an orthogonal matrix whose length depends on the rate alone, and keeps its own
    length.

    Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/; the fixed length as in arXiv:2404.00498.
    """

    def __init__(self, filters: Mapping[str, nn.Parameter], momentum: float) -> None:
        self._share = momentum
        self._filters = dict(filters)
        self._alike: dict[tuple[int, int], list[str]] = {}
        for name, p in self._filters.items():
            self._alike.setdefault((p.shape[0], p[0].numel()), []).append(name)
        self.momentum = {name: torch.zeros_like(p) for name, p in self._filters.items()}

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Performs one step along the gradients, by the share `rate` of each bank's length."""
        for shape, names in self._alike.items():
            ahead = []
            for name in names:
                gradient = self._filters[name].grad
                if gradient is None:  # an unused layer
                    gradient = torch.zeros_like(self._filters[name])
                momentum = self.momentum[name].mul_(self._share).add_(gradient)
                ahead.append(gradient.add(momentum, alpha=self._share).reshape(shape))
            turns = orthogonal(torch.stack(ahead))
            length = (2 * shape[0]) ** 0.5  # as He et al. initialise: variance 2 / inputs
            by = rate * length / min(shape) ** 0.5
            for name, turn in zip(names, turns, strict=True):
                p = self._filters[name]
                p.mul_(length / p.norm().clamp_min(1e-12)).add_(turn.reshape(p.shape), alpha=-by)


def orthogonal(matrices: Tensor) -> Tensor:
    """Returns matrices (n, rows, columns) with their singular vectors kept and their singular values near 1.

    Singular values of at least 2 % of the matrix's Frobenius norm become 0.68 to 1.21.

    Three rounds of the Newton-Schulz iteration X <- a X + b (X X^T) X + c (X X^T)^2 X with the constants of
    Jordan et al. 2024, which are steep at 0 rather than exact at 1.
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    x = matrices / matrices.norm(dim=(1, 2), keepdim=True).clamp_min(1e-12)
    tall = x.shape[1] > x.shape[2]
    x = x.mT if tall else x
    for _ in range(ROUNDS):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    made: Tensor = x.mT if tall else x
    return made


class Mean:
    """A running mean of a network's weights and statistics, which is tested where a recipe has an `ema`."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self._decay = decay
        self.values = {name: value.detach().clone() for name, value in module.state_dict().items()}

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Adds one step's weights to the mean."""
        mine, new = [], []
        for name, value in module.state_dict().items():
            if value.is_floating_point():
                mine.append(self.values[name])
                new.append(value)
            else:
                self.values[name].copy_(value)
        torch._foreach_lerp_(mine, new, 1 - self._decay)
