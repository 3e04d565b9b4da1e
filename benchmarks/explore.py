"""How much of a known front a search finds with a tenth of the evaluations.

    python benchmarks/explore.py [--grid grid.jsonl] [--seeds 3] [--workers N]

The space has 10,000 points: ResNet-20 under `serial` on the paper's chip, by bandwidth (25 values),
on-chip memory (20) and rate of the host (20). First all of them are simulated, as `simres sweep` does it;
the table stays in `--grid` and is taken up again. Its front in latency, on-chip memory and bandwidth is the
known one. Then `simres explore`'s search runs for each seed with 1,000 points, each simulated anew, and
1,000 points drawn at random are held beside it.

Both are measured by hypervolume (`simres.exploration.pareto`), with objectives in logarithms, so that equal
ratios count equally, and the worst value of the whole grid as reference. The exit status is 1 where a
search finds less than 95 %.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from math import log
from pathlib import Path

from simres import api
from simres.exploration import local, table
from simres.exploration.objectives import objectives_of
from simres.exploration.outcome import Row
from simres.exploration.pareto import front, hypervolume
from simres.exploration.search import search
from simres.exploration.space import space_of
from simres.exploration.study import Study, study_of
from simres.exploration.sweep import sweep
from simres.plugins import Registry
from simres.reporting.console import stderr
from simres.reporting.sweep_progress import SweepProgress

VARY = {
    "hardware.ddr.bandwidth": "0.25..16 GB/s log 25",
    "hardware.sram.capacity": "48 KiB..1 MiB log 20",
    "hardware.host.rate": "1..100 GOP/s log 20",
}
GOALS = "latency,sram,bandwidth"
SHARE = 10
ENOUGH = 0.95


def study() -> Study:
    """The space of 10,000 points."""
    registry = Registry(external=False)
    find = partial(api.find_workload, registry=registry)
    settings = {"scheduler": "serial"}
    template = api.find_template("resnet20")
    return study_of(template, space_of(VARY), registry, find, settings=settings, plugins=False)


def measured(rows: Sequence[Row]) -> list[tuple[float, ...]]:
    """The objectives of those rows that have them, in logarithms."""
    found = [[objective.of(row) for objective in objectives_of(GOALS)] for row in rows]
    return [tuple(log(value) for value in values if value) for values in found if all(values)]


def main() -> int:
    """Prints the shares; 1 where one is too small."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("--grid", type=Path, default=Path(tempfile.gettempdir()) / "simres-grid.jsonl")
    arguments.add_argument("--seeds", type=int, default=3)
    arguments.add_argument("--workers", type=int, default=local.cores())
    given = arguments.parse_args()
    space = study()
    evaluation = partial(local.processes, workers=given.workers)
    with SweepProgress(stderr()) as shown:
        sweep(space, given.grid, evaluation, shown)
    whole = list(table.rows_in(given.grid))
    grid = measured(whole)
    worst = tuple(max(values) for values in zip(*grid, strict=True))
    best = [grid[number] for number in front(grid)]
    volume = hypervolume(best, worst)
    count = space.space.size // SHARE
    print(f"grid: {len(whole)} points, {len(grid)} of them designs that work, {len(best)} on the front")
    enough = True
    for seed in range(given.seeds):
        drawn = random.Random(seed).sample(whole, count)
        by_chance = hypervolume(measured(drawn), worst) / volume
        started = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder, SweepProgress(stderr()) as shown:
            url = f"sqlite:///{Path(folder) / 'search.db'}"
            goals = objectives_of(GOALS)
            found = search(space, goals, (), count, evaluation, shown, storage=url, seed=seed)
        share = hypervolume(measured(found.rows), worst) / volume
        enough &= share >= ENOUGH
        print(
            f"seed {seed}: {len(found.rows)} points, {100 * share:.2f} % of the front's hypervolume "
            f"({100 * by_chance:.2f} % by chance), {time.perf_counter() - started:.0f} s"
        )
    return 0 if enough else 1


if __name__ == "__main__":
    sys.exit(main())
