"""Selects the fastest floating-point type of a device."""

from __future__ import annotations

import torch

from simres.training.recipe import Precision, Recipe


def settled(recipe: Recipe, device: torch.device) -> Recipe:
    """Returns the recipe with `precision: auto` decided for `device`.

    bf16 where the device multiplies it in hardware: GPUs that report it, CPUs with AVX512-BF16 or AMX. There
    ResNet-20 trains 1.7 times as fast as in fp32 (docs/training.md); elsewhere bf16 is emulated, and slow.
    """
    if recipe.precision is not Precision.AUTO:
        return recipe
    native = _gpu(device) if device.type == "cuda" else _cpu()
    return recipe.model_copy(update={"precision": Precision.BF16 if native else Precision.FP32})


def _gpu(device: torch.device) -> bool:
    return torch.cuda.get_device_capability(device) >= (8, 0)


def _cpu() -> bool:
    """Whether the CPU multiplies bf16 in hardware, by torch's private functions; False without them."""
    asked = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, bool)() for name in asked)
