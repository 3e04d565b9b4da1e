"""Skip those layers, you do not need them: what each residual block of a trained network is worth.

A block is worth what accuracy falls by without it. It is chosen on training images, so that the accuracy on
the test images is that of a network which was not picked for it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from simres.errors import SimresError
from simres.networks.removal import SHORTCUT_NAMES, removable, remove
from simres.training.augment import Batches
from simres.training.evaluation import evaluate

Cost = Callable[[nn.Module], tuple[int, int]]
"""Simulated picoseconds and femtojoules of a network."""
Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Point:
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
class Block:
    """A block by itself: the size of its response, and the network without it.

    `response` is the standard deviation of what it adds to its shortcut, `input` that of what it gets.
    """

    name: str
    response: float
    input: float
    without: Point


@dataclass(frozen=True, slots=True)
class Study:
    """`path` starts with the whole network and removes one more block at each point."""

    blocks: tuple[Block, ...]
    path: tuple[Point, ...]

    def front(self) -> tuple[Point, ...]:
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
    classes: int,
    cost: Cost,
    *,
    most: int | None = None,
    told: Told = lambda _: None,
) -> Study:
    """Takes blocks out of `module` one at a time, each time the one that costs least for what it saves.

    `choosing` are the images that decide; `testing` those that accuracies are of. At most `most` blocks go,
    by default all. `module` stays as it is. Raises `SimresError` where it has no residual blocks.
    """
    names = removable(module)
    if not names:
        raise SimresError("the network has no residual blocks to skip")
    sizes = responses(module, testing, names)

    def point(removed: Sequence[str], chosen_on: float) -> Point:
        left = without(module, removed)
        found = evaluate(left, testing, classes).accuracy
        return Point(tuple(removed), found, chosen_on, *cost(left))

    told("the whole network")
    whole = point((), evaluate(module, choosing, classes).accuracy)
    blocks = []
    for name in names:
        told(f"without {name}")
        alone = evaluate(without(module, [name]), choosing, classes).accuracy
        response, given = sizes[name]
        blocks.append(Block(name, response, given, point([name], alone)))
    saved = {block.name: whole.time_ps - block.without.time_ps for block in blocks}
    path = [whole]
    left = list(names)
    while left and len(path) <= (len(names) if most is None else most):
        before = path[-1]
        told(f"{len(path)} removed")
        scores = {
            name: block.without.chosen_on
            if len(path) == 1
            else evaluate(without(module, [*before.removed, name]), choosing, classes).accuracy
            for name, block in ((block.name, block) for block in blocks if block.name in left)
        }
        best = min(left, key=lambda name: _price(before.chosen_on - scores[name], saved[name]))
        left.remove(best)
        path.append(point((*before.removed, best), scores[best]))
    return Study(tuple(blocks), tuple(path))


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
