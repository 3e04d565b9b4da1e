"""Which residual blocks to leave out: every subset simulated whole, and an exact choice between them.

Neither the time nor the accuracy of a network is a sum over its blocks: what stays on chip changes with each
block, and a network bears the loss of one block better than that of two. So each subset has both figures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from simres import jobs
from simres.errors import AnswerIsNo
from simres.exploration import pareto
from simres.passes.without_blocks import without_blocks
from simres.units import format_duration
from simres.workload.graph import Workload

MOST_BLOCKS = 10
"""Blocks whose subsets are all tried: 1,024 networks."""

Removed = tuple[str, ...]
"""The blocks that a network lacks, in the order of the network."""
Cost = Callable[[Workload], tuple[int, int]]
"""Returns the simulated picoseconds and femtojoules per inference."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A network without some blocks. `accuracy` is that on the images of choice before it is trained on:
    0 to 1."""

    removed: Removed
    accuracy: float
    time_ps: int
    energy_fj: int


def subsets(blocks: Sequence[str]) -> tuple[Removed, ...]:
    """Returns all subsets of `blocks`, the empty one first."""
    return tuple(
        tuple(block for place, block in enumerate(blocks) if number >> place & 1)
        for number in range(1 << len(blocks))
    )


def simulated(workload: Workload, removals: Sequence[Removed], cost: Cost) -> list[tuple[int, int]]:
    """Returns the time in ps and the energy in fJ of `workload` without each of `removals`.

    Networks that differ in names only, such as those without one of two equal blocks, are simulated once.
    """
    keys: list[str] = []
    networks: dict[str, Workload] = {}
    with jobs.job("networks cut out", len(removals)) as job:
        for removed in removals:
            made = without_blocks(workload, removed) if removed else workload.unmeasured
            keys.append(unnamed_digest(made))
            networks.setdefault(keys[-1], made)
            job.steps += 1
    known = {}
    with jobs.job("networks simulated", len(networks)) as job:
        for key, made in networks.items():
            known[key] = cost(made)
            job.steps += 1
    return [known[key] for key in keys]


def unnamed_digest(workload: Workload) -> str:
    """Returns a digest that two workloads share if they differ in the names of operators and tensors only."""
    order = chain.from_iterable((*op.inputs, *op.outputs) for op in workload.ops)
    names = {name: str(number) for number, name in enumerate(dict.fromkeys(order))}
    missing = [name for name in workload.tensors if name not in names]
    names |= {name: f"unread {number}" for number, name in enumerate(missing)}

    def renamed(given: Iterable[str]) -> tuple[str, ...]:
        return tuple(names[name] for name in given)

    tensors = {
        name: replace(workload.tensors[old], name=name, view_of=_named(names, workload.tensors[old].view_of))
        for old, name in names.items()
    }
    ops = tuple(
        replace(op, name=str(number), block="", inputs=renamed(op.inputs), outputs=renamed(op.outputs))
        for number, op in enumerate(workload.ops)
    )
    return replace(workload, tensors=tensors, ops=ops, outputs=renamed(workload.outputs)).digest


def _named(names: dict[str, str], name: str | None) -> str | None:
    return None if name is None else names[name]


def best_within(candidates: Iterable[Candidate], target_ps: int) -> Candidate:
    """Returns the most accurate candidate that takes at most `target_ps`; of equals the faster.

    Raises `AnswerIsNo` where none is as fast.
    """
    given = list(candidates)
    fast = [candidate for candidate in given if candidate.time_ps <= target_ps]
    if not fast:
        least = min(given, key=lambda candidate: candidate.time_ps)
        raise AnswerIsNo(
            f"no choice of blocks takes at most {format_duration(target_ps)}: without "
            f"{len(least.removed)} blocks the network still takes {format_duration(least.time_ps)}",
            "a longer `--target`, or a chip with more of what limits it: `simres explain`",
        )
    return min(fast, key=_order)


def front(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """Returns the candidates that none beats in time and accuracy both, the fastest first."""
    given = list(candidates)
    numbers = pareto.front([(candidate.time_ps, -candidate.accuracy) for candidate in given])
    return tuple(given[number] for number in numbers)


def _order(candidate: Candidate) -> tuple[float, int, int, Removed]:
    return -candidate.accuracy, candidate.time_ps, candidate.energy_fj, candidate.removed


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> float:
    """Returns Spearman's rank correlation of two lists of equal length, ties at their mean rank: -1 to 1."""
    ranks = [_ranks(values) for values in (first, second)]
    middle = (len(first) - 1) / 2
    left, right = ([rank - middle for rank in each] for each in ranks)
    spread = (sum(x * x for x in left) * sum(y * y for y in right)) ** 0.5
    return sum(x * y for x, y in zip(left, right, strict=True)) / spread if spread else 0.0


def _ranks(values: Sequence[float]) -> list[float]:
    order = sorted(values)
    places: dict[float, list[int]] = {}
    for place, value in enumerate(order):
        places.setdefault(value, []).append(place)
    return [sum(places[value]) / len(places[value]) for value in values]


def fastest(candidates: Sequence[Candidate], does: Callable[[Candidate], bool]) -> Candidate:
    """Returns the fastest of `candidates`, the fastest first, that `does`; the last one is taken to.

    Asks a number of times that grows with the logarithm of their count, as if all behind one that does did
    too.
    """
    low, high = 0, len(candidates) - 1
    while low < high:
        middle = (low + high) // 2
        if does(candidates[middle]):
            high = middle
        else:
            low = middle + 1
    return candidates[high]


def spread_over_time(candidates: Sequence[Candidate], count: int) -> tuple[Candidate, ...]:
    """Returns at most `count` of these candidates, the fastest first, at about equal steps of time; the
    slowest is among them."""
    if len(candidates) <= count:
        return tuple(candidates)
    low, high = candidates[0].time_ps, candidates[-1].time_ps
    steps = [high - (high - low) * place // count for place in range(count)]
    chosen = {min(candidates, key=lambda one: (abs(one.time_ps - step), one.time_ps)) for step in steps}
    return tuple(sorted(chosen, key=lambda one: one.time_ps))
