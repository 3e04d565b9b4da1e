"""How far the choice of `simres prune` can be trusted: its objective against test images, and whole
simulation against sums of a table.

    simres prune resnet20 --chip paper --data DATA --front --points 1 --finetune 0 -o DIR
    python benchmarks/pruning.py resnet20 DIR --data DATA

The first command measures and simulates every subset of blocks, the second reads what it kept.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from random import Random
from statistics import mean

import torch

from simres.exploration.block_choice import Candidate, rank_correlation
from simres.files import read_json
from simres.networks.without_blocks import removable
from simres.training.alternatives import Alternatives
from simres.training.datasets import open_dataset
from simres.training.trained_network import trained


def main() -> None:
    """Prints the rank correlation and the errors of summed tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", required=True)
    parser.add_argument("--subsets", type=int, default=40)
    parser.add_argument("--images", type=int, default=2000)
    options = parser.parse_args()
    torch.set_num_threads(1)
    kept = read_json(options.folder / "choice.json", "list of candidates")["candidates"]
    candidates = [Candidate(**{**item, "removed": tuple(item["removed"])}) for item in kept]
    sums(candidates)
    drawn = Random(0).sample(candidates, min(options.subsets, len(candidates)))
    correlation(options, drawn)


def correlation(options: argparse.Namespace, drawn: list[Candidate]) -> None:
    """The accuracy that decides against that on test images, both with batch norms adapted."""
    found = trained(options.checkpoint)
    dataset = open_dataset(options.data)
    order = torch.randperm(len(dataset.test_labels), generator=torch.Generator().manual_seed(0))
    rows = order[: options.images].numpy()
    testing = found.testing(dataset)
    batches = found.batches(testing.images[rows], testing.labels[rows], testing.recipe)
    network = Alternatives(found.module, removable(found.module), adapted=True)
    tested = network.accuracies([one.removed for one in drawn], batches)
    chosen = [one.accuracy for one in drawn]
    print(f"{len(drawn)} random subsets, {options.images} test images:")
    print(f"  rank correlation of the objective with test accuracy {rank_correlation(chosen, tested):.3f}")
    for name, guess in (
        ("time", [one.time_ps for one in drawn]),
        ("blocks left", [-len(one.removed) for one in drawn]),
    ):
        print(f"  of {name} alone {rank_correlation(guess, tested):.3f}")


def sums(candidates: list[Candidate]) -> None:
    """Times, energies and accuracies that a table of single blocks would predict for each subset."""
    alone = {one.removed[0]: one for one in candidates if len(one.removed) == 1}
    whole = next(one for one in candidates if not one.removed)
    several = [one for one in candidates if len(one.removed) > 1]
    print(f"{len(several)} networks without two blocks or more, predicted by a table of single blocks:")
    for name in ("time_ps", "energy_fj"):
        own = getattr(whole, name)
        errors = []
        for one in several:
            summed = own - sum(own - getattr(alone[block], name) for block in one.removed)
            errors.append(abs(summed / getattr(one, name) - 1))
        print(f"  {name[:-3]}: mean error {mean(errors):.1%}, worst {max(errors):.1%}")
    lost = [
        abs(
            max(0.0, whole.accuracy - sum(whole.accuracy - alone[block].accuracy for block in one.removed))
            - one.accuracy
        )
        for one in several
    ]
    print(f"  accuracy: mean error {100 * mean(lost):.1f} points, worst {100 * max(lost):.1f}")


if __name__ == "__main__":
    main()
