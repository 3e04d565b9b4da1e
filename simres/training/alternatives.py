"""Runs many variants of a network that differ only in their residual blocks on the same images.

Up to the first block in which two of them differ they compute the same. So what modules put out is kept for
the images at hand, and used again by the next network as far as its choices are those of the one before;
taken in the order of a tree of choices, n networks that each lack one of n blocks cost half as much.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from simres.networks.without_blocks import remains
from simres.training.augment import Batches
from simres.training.evaluation import BATCH

ROOM = 2**30
"""Bytes of outputs that are kept at once; what does not fit is computed again."""


@dataclass(slots=True)
class _Step:
    """A module that ran, whole or as its shortcut; `output` is None where it was not kept."""

    module: str
    removed: bool
    output: Tensor | None
    version: int


class Alternatives:
    """A trained network from which any of `blocks` can be left out; `module` itself stays as it is."""

    def __init__(self, module: nn.Module, blocks: Sequence[str]) -> None:
        self._module = copy.deepcopy(module).eval()
        self._blocks = tuple(blocks)
        self._removed: Collection[str] = ()
        self._steps: list[_Step] = []
        self._at = 0
        self._overwritten: set[str] = set()
        for name, part in list(self._module.named_modules()):
            if name in self._blocks:
                left: Callable[..., Any] = remains(part)
            elif any(part.children()) or any(name.startswith(f"{block}.") for block in blocks):
                continue
            else:
                left = part.forward
            part.forward = partial(self._run, name, part.forward, left)

    @torch.no_grad()
    def outputs(self, x: Tensor, removals: Sequence[Collection[str]]) -> Iterator[tuple[int, Tensor]]:
        """What the network without each of `removals` says of images `x`, with its place in `removals`.

        The order is that in which least has to be computed. The outputs are, to the last bit, those of the
        network without these blocks by itself.
        """
        self._steps.clear()
        for place in sorted(range(len(removals)), key=lambda place: self._choices(removals[place])):
            self._removed, self._at = removals[place], 0
            yield place, self._module(x)
        self._steps.clear()

    def accuracies(
        self,
        removals: Sequence[Collection[str]],
        batches: Batches,
        did: Callable[[int], None] = lambda _: None,
    ) -> list[float]:
        """The share of images, 0 to 1, whose class the network without each of `removals` finds.

        `did` is told after every batch how many blocks times images have been run.
        """
        right = torch.zeros(len(removals), dtype=torch.int64, device=batches.images.device)
        blocks = self.runs(removals)
        for start in range(0, len(batches), BATCH):
            x, labels = batches.plain(start, min(start + BATCH, len(batches)))
            for place, logits in self.outputs(x, removals):
                right[place] += (logits.float().argmax(1) == labels).sum()
            did(blocks * len(labels))
        return [count / max(len(batches), 1) for count in right.tolist()]

    def runs(self, removals: Iterable[Collection[str]]) -> int:
        """How many blocks have to be run for an image to go through the networks without these."""
        starts = {
            choices[: end + 1] for choices in map(self._choices, removals) for end in range(len(choices))
        }
        return sum(not choices[-1] for choices in starts)

    def _choices(self, removed: Collection[str]) -> tuple[bool, ...]:
        return tuple(block in removed for block in self._blocks)

    def _run(
        self, name: str, whole: Callable[..., Any], left: Callable[..., Any], *inputs: Any, **named: Any
    ) -> Any:
        """The output of a module, from before if all that ran in front of it is as it was then."""
        removed = name in self._removed
        known = self._steps[self._at] if self._at < len(self._steps) else None
        if known and (known.module, known.removed) != (name, removed):
            known = None
        if known and known.output is not None and known.version != known.output._version:
            self._overwritten.add(name)  # such as by a ReLU in place behind it
            known = None
        if known is None:
            del self._steps[self._at :]
        self._at += 1
        if known and known.output is not None:
            return known.output
        output = (left if removed else whole)(*inputs, **named)
        if known is None:
            kept = self._keeps(name, output)
            self._steps.append(_Step(name, removed, output if kept else None, output._version if kept else 0))
        return output

    def _keeps(self, name: str, output: Any) -> bool:
        if not isinstance(output, Tensor) or name in self._overwritten:
            return False
        held = sum(step.output.nbytes for step in self._steps if step.output is not None)
        return held + output.nbytes <= ROOM
