"""What turns gradients into steps, with state that can be written down by the names of the parameters."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from simres.errors import SimresError
from simres.training.recipe import Recipe


class Stepper:
    """Stochastic gradient descent; `state` names its momentum by parameter."""

    def __init__(self, module: nn.Module, recipe: Recipe) -> None:
        self._recipe = recipe
        self._parameters = {name: p for name, p in module.named_parameters() if p.requires_grad}
        decayed = [p for p in self._parameters.values() if recipe.decay_all or p.ndim > 1]
        others = [p for p in self._parameters.values() if not (recipe.decay_all or p.ndim > 1)]
        groups = [
            {"params": decayed, "weight_decay": recipe.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ]
        self._sgd = torch.optim.SGD(
            [group for group in groups if group["params"]],
            lr=recipe.lr,
            momentum=recipe.momentum,
            nesterov=recipe.nesterov,
            fused=True,
        )

    def step(self, factor: float) -> None:
        """One step along the gradients, which it then forgets; `factor` is that of the schedule."""
        for group in self._sgd.param_groups:
            group["lr"] = self._recipe.lr * factor
        self._sgd.step()
        self._sgd.zero_grad(set_to_none=True)

    def state(self) -> dict[str, Tensor]:
        """Momentum by the names of the parameters; empty before the first step, or without momentum."""
        kept = {name: self._sgd.state.get(p, {}) for name, p in self._parameters.items()}
        found = {name: state.get("momentum_buffer") for name, state in kept.items()}
        return {name: tensor for name, tensor in found.items() if tensor is not None}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Takes momentum over from `state`. Raises `SimresError` where it is of another network."""
        for name, tensor in state.items():
            parameter = self._parameters.get(name)
            if parameter is None or parameter.shape != tensor.shape:
                raise SimresError(f"there is momentum for `{name}`, which the network does not have")
            self._sgd.state[parameter]["momentum_buffer"] = torch.empty_like(parameter).copy_(tensor)


class Mean:
    """A running mean of a network's weights and statistics: what is tested where a recipe has an `ema`."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self._decay = decay
        self.values = {name: value.detach().clone() for name, value in module.state_dict().items()}

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Takes one step's weights in."""
        mine, new = [], []
        for name, value in module.state_dict().items():
            if value.is_floating_point():
                mine.append(self.values[name])
                new.append(value)
            else:
                self.values[name].copy_(value)
        torch._foreach_lerp_(mine, new, 1 - self._decay)
