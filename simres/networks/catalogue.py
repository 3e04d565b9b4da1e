"""The networks that `simres models` lists, with precomputed counts, so that torch is not needed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from simres.files import read_json

if TYPE_CHECKING:
    from simres.networks.variant import Variant

TABLE = Path(__file__).with_name("models.json")
"""Written by benchmarks/models.py."""


@dataclass(frozen=True, slots=True)
class Model:
    """A network for ten classes. `command` is its name on the command line.

    `depth` counts convolutions and linear layers except those of shortcuts, as the papers do; `macs` are the
    multiply-accumulates per inference, on one image of shape `input`.
    """

    command: str
    input: str
    parameters: int
    macs: int
    depth: int


def models() -> tuple[Model, ...]:
    """Returns the networks of the table."""
    return tuple(Model(**row) for row in read_json(TABLE, "table of networks"))


def counted(variant: Variant) -> Model:
    """Builds a network and counts it. Needs torch; raises `SimresError`."""
    import torch
    from torch import nn
    from torch.utils.flop_counter import FlopCounterMode

    from simres.networks.build import build_variant
    from simres.networks.without_blocks import SHORTCUT_NAMES

    network = build_variant(variant)
    module = network.module.to("meta")  # shapes suffice
    shape = [int(size) for size in (network.input or "3x32x32").split("x")]
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module(torch.zeros(1, *shape, device="meta"))
    layers = [
        name
        for name, layer in module.named_modules()
        if isinstance(layer, nn.Conv2d | nn.Linear) and not set(name.split(".")) & set(SHORTCUT_NAMES)
    ]
    options = {"block": variant.block, "span": variant.span, "shortcut": variant.shortcut}
    options["stem"] = variant.stem
    words = [variant.network, *(f"--{name} {value}" for name, value in options.items() if value is not None)]
    return Model(
        command=" ".join(words),
        input="x".join(str(size) for size in shape),
        parameters=sum(parameter.numel() for parameter in module.parameters()),
        macs=counter.get_total_flops() // 2,
        depth=len(layers),
    )
