"""Runs many variants of a network that differ only in their residual blocks on the same images.

Two variants compute the same up to the first block in which they differ. The outputs of modules are therefore
kept for the current images, and the next network reuses them as far as its choices equal those of the
previous one. In the order of a tree of choices, n networks that each lack one of n blocks cost half as much.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from simres.networks.without_blocks import remains
from simres.training.augment import Batches
from simres.training.evaluation import BATCH

ROOM = 2**30
"""Bytes of outputs kept at once; further outputs are computed again."""


@dataclass(slots=True)
class _Step:
    """A module that ran, whole or as its shortcut; `output` is None where it was not kept."""

    module: str
    removed: bool
    output: Tensor | None
    version: int


class Alternatives:
    """A trained network from which any of `blocks` can be removed; `module` itself is not changed.

    With `adapted`, batch norms take mean and deviation from the images at hand, as a network's own no longer
    fit once blocks are gone (EagleEye: Li et al. 2020, arXiv:2007.02491).
    """

    def __init__(self, module: nn.Module, blocks: Sequence[str], *, adapted: bool = False) -> None:
        self._module = copy.deepcopy(module).eval()
        if adapted:
            for part in self._module.modules():
                if isinstance(part, _BatchNorm):
                    part.running_mean = part.running_var = None
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
        """Yields the outputs of the network without each of `removals` on images `x`, and its place there.

        The order minimises computation. The outputs equal, to the last bit, those of the network without
        these blocks run by itself.
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
        """Returns the accuracy, 0 to 1, of the network without each of `removals`.

        `did` is called after every batch with the number of block runs (blocks times images).
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
        """Returns the number of block runs per image for the networks without these blocks."""
        starts = {
            choices[: end + 1] for choices in map(self._choices, removals) for end in range(len(choices))
        }
        return sum(not choices[-1] for choices in starts)

    def _choices(self, removed: Collection[str]) -> tuple[bool, ...]:
        return tuple(block in removed for block in self._blocks)

    def _run(
        self, name: str, whole: Callable[..., Any], left: Callable[..., Any], *inputs: Any, **named: Any
    ) -> Any:
        """Returns the output of a module: the kept one if all modules before it are unchanged since."""
        removed = name in self._removed
        known = self._steps[self._at] if self._at < len(self._steps) else None
        if known and (known.module, known.removed) != (name, removed):
            known = None
        if known and known.output is not None and known.version != known.output._version:
            self._overwritten.add(name)  # by an in-place ReLU behind it, for example
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
