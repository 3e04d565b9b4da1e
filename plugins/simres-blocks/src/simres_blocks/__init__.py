"""Residual blocks that came after the first: to train, to trace and to simulate."""

from __future__ import annotations

from collections.abc import Iterator

from simres.plugins.hooks import Block, hookimpl

SUMMARIES = {
    "se": ("Squeeze", "basic, its channels weighed by what is in the whole map (squeeze-and-excitation)"),
    "resnext": ("Aggregated", "bottleneck with a 3 x 3 convolution in 8 groups (ResNeXt)"),
    "wide": ("Wide", "preact with four times the channels (wide residual networks)"),
    "stochastic_depth": ("Stochastic", "basic, left out at random while training, deeper ones more often"),
    "attention": (
        "Attention",
        "a 3 x 3 convolution, then attention between all pixels in place of the second",
    ),
}
"""Class and line for people, by name."""


@hookimpl
def simres_blocks() -> Iterator[Block]:
    """Five blocks, imported (and torch with them) when one is asked for."""
    for name, (made, summary) in SUMMARIES.items():
        yield Block(name=name, target=f"simres_blocks.residual:{made}", summary=summary)
