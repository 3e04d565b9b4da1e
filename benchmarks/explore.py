"""How much of a known front a search finds with a tenth of the evaluations.

    python benchmarks/explore.py [--grid grid.jsonl] [--seeds 5] [--workers N] [--sampler tpe]

The space has 10,000 points: ResNet-20 under `serial` with five DDR parts, five matrix units and five hosts
(what is faster takes longer to start and leaks more), eight sizes of on-chip memory and ten ways to rewrite
the network. First all of them are simulated, as `simres sweep` does it; the table stays in `--grid` and is
taken up again. Its front in latency, energy and on-chip memory is the known one. Then `simres explore`'s
search runs for each seed with 1,000 points, whose rows it gets from the table, and 1,000 points drawn at
random are held beside it.

Both are measured by hypervolume (`simres.exploration.pareto`), with objectives in logarithms, so that equal
ratios count equally. The reference is the front's nadir, its worst value of each objective, 10 % further out:
nobody would look at a design beyond it, and from the worst corner of the whole grid almost everything looks
close to the front. The exit status is 1 where a search finds less than 95 %.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from math import log
from pathlib import Path
from statistics import mean

from simres import api
from simres.exploration import table, worker_processes
from simres.exploration.objectives import objectives_of
from simres.exploration.pareto import front, hypervolume
from simres.exploration.point_figures import FigureRow
from simres.exploration.search import SAMPLERS, search
from simres.exploration.space import space_of
from simres.exploration.study import Study, study_of
from simres.exploration.sweep import sweep
from simres.plugins.registry import Registry
from simres.reporting.progress import SweepProgress
from simres.reporting.text.console import stderr

DDR = [
    ("0.5 GB/s", "150 ns", "60 pJ", "8 mW"),
    ("1 GB/s", "100 ns", "60 pJ", "15 mW"),
    ("2 GB/s", "100 ns", "80 pJ", "35 mW"),
    ("4 GB/s", "80 ns", "120 pJ", "80 mW"),
    ("8 GB/s", "60 ns", "160 pJ", "200 mW"),
]
MATRIX = [
    ("50 GOP/s", "100 ns", "2 mW"),
    ("200 GOP/s", "200 ns", "6 mW"),
    ("500 GOP/s", "500 ns", "15 mW"),
    ("1 TOP/s", "500 ns", "30 mW"),
    ("4 TOP/s", "1 us", "120 mW"),
]
HOST = [
    ("1 GOP/s", "0 ns", "20 pJ", "2 mW"),
    ("4 GOP/s", "50 ns", "30 pJ", "6 mW"),
    ("10 GOP/s", "100 ns", "50 pJ", "20 mW"),
    ("30 GOP/s", "200 ns", "70 pJ", "60 mW"),
    ("100 GOP/s", "400 ns", "70 pJ", "200 mW"),
]
FOLD, BIAS, FUSE = "fold_batch_norm", "fold_bias", "fuse_epilogues"
PASSES = [
    [],
    [FOLD],
    [FOLD, BIAS],
    [FOLD, FUSE],
    [FOLD, BIAS, FUSE],
    [FOLD, "quantise_fp16"],
    [FOLD, BIAS, "quantise_fp16", FUSE],
    [FOLD, "quantise_int8"],
    [FOLD, BIAS, "quantise_int8"],
    [FOLD, BIAS, "quantise_int8", FUSE],
]
VARY = {
    "hardware.ddr": [
        {"kind": "ddr", "bandwidth": rate, "latency": wait, "energy_per_byte": each, "static_power": leak}
        for rate, wait, each, leak in DDR
    ],
    "hardware.matrix": [
        {"kind": "matrix", "rate": rate, "launch": wait, "static_power": leak} for rate, wait, leak in MATRIX
    ],
    "hardware.host": [
        {"kind": "host", "rate": rate, "launch": wait, "energy_per_operation": each, "static_power": leak}
        for rate, wait, each, leak in HOST
    ],
    "hardware.sram.capacity": "64 KiB..768 KiB log 8",
    "passes": PASSES,
}
GOALS = "latency,energy,sram"
SHARES = (1, 2, 5, 10)
"""Per cent of the space after which a search is looked at; the last is what it gets."""
ENOUGH = 0.95
BEYOND = 1.1

Points = Sequence[Sequence[float]]


def study() -> Study:
    """The space of 10,000 points."""
    registry = Registry(external=False)
    find = partial(api.find_workload, registry=registry)
    settings = {"scheduler": "serial"}
    template = api.find_template("resnet20")
    return study_of(template, space_of(VARY), registry, find, settings=settings, plugins=False)


def measured(rows: Iterable[FigureRow]) -> list[tuple[float, ...]]:
    """The objectives of those rows that have them, in logarithms."""
    found = [[objective.of(row) for objective in objectives_of(GOALS)] for row in rows]
    return [tuple(log(value) for value in values if value) for values in found if all(values)]


class Known:
    """A front, and how much of it others have found."""

    def __init__(self, rows: Sequence[FigureRow]) -> None:
        grid = measured(rows)
        self.front = [grid[number] for number in front(grid)]
        self._nadir = tuple(max(values) + log(BEYOND) for values in zip(*self.front, strict=True))
        self._volume = hypervolume(self.front, self._nadir)

    def shares(self, rows: Sequence[FigureRow], counts: Sequence[int]) -> list[float]:
        """The share of the front's hypervolume that the first so many rows have."""
        return [hypervolume(measured(rows[:count]), self._nadir) / self._volume for count in counts]


def searched(
    space: Study, whole: Sequence[FigureRow], count: int, seed: int, sampler: str
) -> Sequence[FigureRow]:
    """The rows of a search, in the order in which it asked for them."""
    by_key = {row["key"]: row for row in whole}

    def looked_up(study: Study, points: Iterable[int], _count: int) -> Iterator[list[FigureRow]]:
        for point in points:
            yield [by_key[study.key(point)]]

    with tempfile.TemporaryDirectory() as folder, SweepProgress(stderr()) as shown:
        path = Path(folder) / "search.jsonl"
        # The search is the same in every storage, and a journal is the cheapest to write.
        found = search(
            space,
            path,
            objectives_of(GOALS),
            (),
            count,
            looked_up,
            shown,
            storage=str(path.with_suffix(".log")),
            seed=seed,
            sampler=sampler,
        )
    return found.rows


def main() -> int:
    """Prints the shares; 1 where one is too small."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("--grid", type=Path, default=Path(tempfile.gettempdir()) / "simres-grid.jsonl")
    arguments.add_argument("--seeds", type=int, default=5)
    arguments.add_argument("--workers", type=int, default=worker_processes.cores())
    arguments.add_argument("--sampler", choices=SAMPLERS, default=SAMPLERS[0])
    given = arguments.parse_args()
    space = study()
    with SweepProgress(stderr()) as shown:
        sweep(space, given.grid, partial(worker_processes.processes, workers=given.workers), shown)
    whole = sorted(table.rows_in(given.grid), key=lambda row: str(row["key"]))
    known = Known(whole)
    counts = [len(whole) * share // 100 for share in SHARES]
    print(f"grid: {len(whole)} points, {len(known.front)} of them on the front in {GOALS}")
    print(f"share of the front's hypervolume, mean of {given.seeds} seeds [least..most], in %")
    print("            " + "".join(f"{count:>22} points" for count in counts))
    guided, by_chance, took = [], [], []
    for seed in range(given.seeds):
        by_chance.append(known.shares(random.Random(seed).sample(whole, counts[-1]), counts))
        started = time.process_time()
        rows = searched(space, whole, counts[-1], seed, given.sampler)
        took.append(time.process_time() - started)
        guided.append(known.shares(rows, counts))
    for name, shares in (("guided", guided), ("by chance", by_chance)):
        cells = [[100 * share for share in column] for column in zip(*shares, strict=True)]
        texts = [f"{mean(cell):.1f} [{min(cell):.1f}..{max(cell):.1f}]" for cell in cells]
        print(f"{name:12}" + "".join(f"{text:>29}" for text in texts))
    print(f"asking and telling takes {1000 * mean(took) / counts[-1]:.1f} ms of the processor a point")
    return 0 if all(shares[-1] >= ENOUGH for shares in guided) else 1


if __name__ == "__main__":
    sys.exit(main())
