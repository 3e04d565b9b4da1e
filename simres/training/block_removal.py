"""Measures the effect of removing each residual block of a trained network.

A block is worth what accuracy falls by without it. It is chosen on training images, so that the accuracy on
the test images is that of a network which was not picked for it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from simres.errors import SimresError
from simres.networks.without_blocks import SHORTCUT_NAMES, removable, remove
from simres.training.alternatives import Alternatives
from simres.training.augment import Batches

Cost = Callable[[nn.Module], tuple[int, int]]
"""Simulated picoseconds and femtojoules of a network."""
Removed = tuple[str, ...]
"""Blocks, in the order in which they went."""


class RemovalObserver(Protocol):
    """Who wants to know how a study gets on.

    Work is counted in `runs`, blocks times images, and in networks that have to be simulated.
    """

    def expect(self, runs: int, simulations: int) -> None:
        """So much is left to do, as far as can be said."""

    def ran(self, runs: int) -> None:
        """So much has been run since this was last called."""

    def simulated(self) -> None:
        """A network has been traced and simulated."""

    def block(self, name: str, response: tuple[float, float], accuracy: float, time_ps: int) -> None:
        """What a block by itself is worth; `accuracy` is that without it on the images that decide."""

    def removed(self, blocks: Removed, accuracy: float, time_ps: int) -> None:
        """These have gone so far, the last of them just now."""


class SilentRemoval:
    """An observer that does not care."""

    def expect(self, runs: int, simulations: int) -> None:
        """Nothing."""

    def ran(self, runs: int) -> None:
        """Nothing."""

    def simulated(self) -> None:
        """Nothing."""

    def block(self, name: str, response: tuple[float, float], accuracy: float, time_ps: int) -> None:
        """Nothing."""

    def removed(self, blocks: Removed, accuracy: float, time_ps: int) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class RemovalPoint:
    """A network with some blocks removed. `chosen_on` is its accuracy on the training images that blocks
    were chosen by; `finetuned` its test accuracy after more training, None where there was none.
    """

    removed: tuple[str, ...]
    accuracy: float
    chosen_on: float
    time_ps: int
    energy_fj: int
    finetuned: float | None = None


@dataclass(frozen=True, slots=True)
class BlockEffect:
    """A block by itself: the size of its response, and the network without it.

    `response` is the standard deviation of what it adds to its shortcut, `input` that of what it gets.
    """

    name: str
    response: float
    input: float
    without: RemovalPoint


@dataclass(frozen=True, slots=True)
class RemovalStudy:
    """`path` starts with the whole network and removes one more block at each point."""

    blocks: tuple[BlockEffect, ...]
    path: tuple[RemovalPoint, ...]

    def front(self) -> tuple[RemovalPoint, ...]:
        """The points that no other one beats in accuracy and time at once, the slowest first."""
        return tuple(
            point
            for point in self.path
            if not any(
                other.time_ps <= point.time_ps
                and other.accuracy >= point.accuracy
                and (other.time_ps, other.accuracy) != (point.time_ps, point.accuracy)
                for other in self.path
            )
        )


def study(
    module: nn.Module,
    testing: Batches,
    choosing: Batches,
    cost: Cost,
    *,
    most: int | None = None,
    observer: RemovalObserver | None = None,
) -> RemovalStudy:
    """Takes blocks out of `module` one at a time, each time the one that costs least for what it saves.

    `choosing` are the images that decide; `testing` those that accuracies are of, looked at when all is
    decided. At most `most` blocks go, by default all. `module` stays as it is. Raises `SimresError` where it
    has no residual blocks.
    """
    names = removable(module)
    if not names:
        raise SimresError("the network has no residual blocks to skip")
    observer = observer or SilentRemoval()
    network = Alternatives(module, names)
    rounds = min(len(names), most or len(names))
    _announce(observer, network, names, rounds, len(choosing), len(testing))
    sizes = responses(module, testing, names)
    costs: dict[frozenset[str], tuple[int, int]] = {}

    def costs_of(removed: Removed) -> tuple[int, int]:
        if (key := frozenset(removed)) not in costs:
            costs[key] = cost(without(module, removed))
            observer.simulated()
        return costs[key]

    singles: list[Removed] = [(name,) for name in names]
    scores = dict(
        zip([(), *singles], network.accuracies([(), *singles], choosing, observer.ran), strict=True)
    )
    saved = {}
    for name in names:
        saved[name] = costs_of(())[0] - costs_of((name,))[0]
        observer.block(name, sizes[name], scores[name,], costs_of((name,))[0])
    path: list[Removed] = [()]
    while len(path) <= rounds:
        before = path[-1]
        candidates: list[Removed] = [(*before, name) for name in names if name not in before]
        if before:
            scores |= zip(candidates, network.accuracies(candidates, choosing, observer.ran), strict=True)
        best = min(candidates, key=lambda made: _price(scores[before] - scores[made], saved[made[-1]]))
        path.append(best)
        observer.removed(best, scores[best], costs_of(best)[0])
    tested = [*path, *(single for single in singles if single != path[1])]
    observer.expect(network.runs(tested) * len(testing), 0)
    accuracies = dict(zip(tested, network.accuracies(tested, testing, observer.ran), strict=True))

    def point(removed: Removed) -> RemovalPoint:
        return RemovalPoint(removed, accuracies[removed], scores[removed], *costs_of(removed))

    blocks = tuple(BlockEffect(name, *sizes[name], point((name,))) for name in names)
    return RemovalStudy(blocks, tuple(map(point, path)))


def _announce(
    observer: RemovalObserver, network: Alternatives, names: Removed, rounds: int, choosing: int, testing: int
) -> None:
    """Tells what there is to do, as if blocks went from the front: which ones will go is not known yet."""
    singles: list[Removed] = [(), *((name,) for name in names)]
    path = [names[:gone] for gone in range(rounds + 1)]
    runs = choosing * network.runs(singles) + testing * network.runs([*singles, *path])
    runs += choosing * sum(
        network.runs([(*before, name) for name in names[len(before) :]]) for before in path[1:-1]
    )
    observer.expect(runs, len(singles) + rounds - 1)


def _price(lost: float, saved_ps: int) -> tuple[float, float]:
    """What sorts candidates: accuracy lost for the time saved; where none is lost, the time."""
    if lost <= 0:
        return 0.0, -saved_ps
    return (lost / saved_ps if saved_ps > 0 else float("inf")), lost


def without(module: nn.Module, blocks: Sequence[str]) -> nn.Module:
    """A copy of `module` in which these blocks are only their shortcuts."""
    made = copy.deepcopy(module)
    for block in blocks:
        remove(made, block)
    return made


@torch.no_grad()
def responses(
    module: nn.Module, batches: Batches, blocks: Sequence[str], images: int = 512
) -> dict[str, tuple[float, float]]:
    """For each block the standard deviation of what it adds to its shortcut, and of what it is given."""
    found: dict[str, tuple[float, float]] = {}
    given: dict[str, float] = {}
    handles = []
    for name in blocks:
        block = module.get_submodule(name)

        def on_block(_: nn.Module, inputs: tuple[Tensor, ...], name: str = name) -> None:
            given[name] = float(inputs[0].std())

        def on_branch(_: nn.Module, __: object, output: Tensor, name: str = name) -> None:
            found[name] = (float(output.std()), given[name])

        handles.append(block.register_forward_pre_hook(on_block))
        handles.append(branch_end(block).register_forward_hook(on_branch))
    watched(module, batches, images, handles)
    return found


def branch_end(block: nn.Module) -> nn.Module:
    """The last layer of a block's own branch: what it puts out is added to the shortcut."""
    kinds = nn.Conv2d if getattr(block, "preactivated", False) else (nn.Conv2d, nn.BatchNorm2d)
    layers = [
        module
        for name, module in block.named_modules()
        if isinstance(module, kinds) and name.split(".")[0] not in SHORTCUT_NAMES
    ]
    return layers[-1] if layers else block


def watched(
    module: nn.Module, batches: Batches, images: int, hooks: Sequence[torch.utils.hooks.RemovableHandle]
) -> None:
    """Runs a network on images from all over a data set, and then takes its hooks off."""
    try:
        module.eval()
        module(batches.rows(spread(len(batches), images)))
    finally:
        for hook in hooks:
            hook.remove()


def spread(count: int, wanted: int) -> list[int]:
    """`wanted` rows of `count`, from all over: test images often lie class by class."""
    wanted = min(wanted, count)
    return [number * count // wanted for number in range(wanted)]
