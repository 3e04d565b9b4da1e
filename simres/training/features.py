"""Responses of a trained network's layers: their size, and their feature maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from simres.errors import SimresError
from simres.networks.without_blocks import SHORTCUT_NAMES
from simres.training.augment import Batches
from simres.training.block_removal import watched


@dataclass(frozen=True, slots=True)
class Response:
    """The standard deviation of a layer's output, after its norm and before its ReLU."""

    layer: str
    deviation: float


@torch.no_grad()
def layer_responses(module: nn.Module, batches: Batches, images: int = 512) -> tuple[Response, ...]:
    """Returns each convolution's response, in order of execution, on images spread over a data set.

    As in figure 7 of arXiv:1512.03385, the response of a layer with batch norm is the norm's output.
    Shortcuts are omitted. Raises `SimresError` where there is no convolution.
    """
    found: dict[str, float] = {}
    followers = _norms(module)

    def hook(name: str, layer: nn.Module) -> torch.utils.hooks.RemovableHandle:
        def take(_: nn.Module, __: object, output: Tensor) -> None:
            found[name] = float(output.std())

        return layer.register_forward_hook(take)

    handles = [hook(name, followers.get(name, layer)) for name, layer in _convolutions(module)]
    watched(module, batches, images, handles)
    if not found:
        raise SimresError("the network has no convolution, so there are no responses to measure")
    return tuple(Response(layer, deviation) for layer, deviation in found.items())


def _convolutions(module: nn.Module) -> list[tuple[str, nn.Module]]:
    return [
        (name, layer)
        for name, layer in module.named_modules()
        if isinstance(layer, nn.Conv2d) and not set(name.split(".")) & set(SHORTCUT_NAMES)
    ]


def _norms(module: nn.Module) -> dict[str, nn.Module]:
    """Returns the batch norm directly behind each convolution, for modules registered in that order."""
    found: dict[str, nn.Module] = {}
    last = ""
    for name, layer in module.named_modules():
        if isinstance(layer, nn.Conv2d):
            last = name
        elif isinstance(layer, nn.BatchNorm2d) and last:
            before = module.get_submodule(last)
            if getattr(before, "out_channels", None) == layer.num_features:
                found[last] = layer
            last = ""
    return found


@dataclass(frozen=True, slots=True)
class Maps:
    """The feature maps (channels, rows, columns) of a module's output for one image."""

    layer: str
    values: NDArray[np.float32]


@torch.no_grad()
def feature_maps(
    module: nn.Module, batches: Batches, image: int, layers: Sequence[str] = (), most: int = 6
) -> tuple[Maps, ...]:
    """Returns the maps behind `layers`, by default at most `most` blocks or convolutions from first to last.

    `image` is a row of the test images. Raises `SimresError` for an unknown image or layer.
    """
    if not 0 <= image < len(batches):
        raise SimresError(f"no image {image}; images are numbered from 0 to {len(batches) - 1}")
    known = dict(module.named_modules())
    for layer in layers:
        if layer not in known:
            raise SimresError(
                f"the network has no layer `{layer}`", f"such as {', '.join(_deep(module)[:4])}"
            )
    chosen = list(layers) or _deep(module)
    if not layers and len(chosen) > most:
        chosen = [chosen[number * (len(chosen) - 1) // (most - 1)] for number in range(most)]
    found: dict[str, NDArray[np.float32]] = {}

    def hook(name: str) -> torch.utils.hooks.RemovableHandle:
        def take(_: nn.Module, __: object, output: Tensor) -> None:
            found[name] = output[0].float().cpu().numpy()

        handle: torch.utils.hooks.RemovableHandle = known[name].register_forward_hook(take)
        return handle

    handles = [hook(name) for name in chosen]
    try:
        module.eval()
        module(batches.rows([image]))
    finally:
        for handle in handles:
            handle.remove()
    maps = tuple(Maps(name, value) for name, value in found.items() if value.ndim == 3)
    if not maps:
        raise SimresError("none of these layers has feature maps as output")
    return maps


def _deep(module: nn.Module) -> list[str]:
    """Returns the stem and the residual blocks, or the convolutions where there are no blocks."""
    children = dict(module.named_children())
    stem = [name for name in ("relu", "conv") if name in children][:1]
    layers = getattr(module, "layers", None)
    if isinstance(layers, nn.Sequential):
        return [*stem, *(f"layers.{name}" for name, _ in layers.named_children())]
    return [name for name, _ in _convolutions(module)]
