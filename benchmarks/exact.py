"""What search and schedules are worth beside a solver's optimum, on random networks.

    python benchmarks/exact.py [--graphs 500] [--from 0] [--work 1]

Needs the package `plugins/simres-exact`. For each seed: the least bytes and the least time of the busiest
engine that the search over stages finds, beside the optimum of the same mapspace; the makespan of what
`overlapped` schedules, beside the best order of the very same tasks, and beside the scheduler `exact`; and
the makespan of that, beside the proven lower bound. Above the figures stand the seeds where search and solver
differ. `--work` is what the solver may do for each, in its own units;
what it does not prove by then counts as unproven.
"""

from __future__ import annotations

import argparse
from collections import Counter
from statistics import median

from simres_exact.judging import Case, case, ordered, searched
from simres_exact.scheduler import MOST_TASKS, Parameters, schedule

from simres.analysis.lower_bound import lower_bound
from simres.errors import AnswerIsNo
from simres.scheduling import overlapped
from simres.scheduling.labels import Aim
from simres.testing import prove


def stages(one: Case, aim: Aim, work: float, counts: Counter[str], ratios: dict[int, float]) -> None:
    """Counts how the search over stages compares with the solver."""
    found = searched(one, aim, work)
    if found is None or found.optimum is None:
        counts["no network, or the solver gave up" if found is None else "does not fit"] += 1
        return
    assert found.least is not None
    assert found.usual is not None
    proven = "" if found.optimum.proven else ", not proven"
    if found.agrees:
        counts[f"equal{proven}"] += 1
    else:
        counts[f"{'more' if found.least > found.optimum.value else 'less'}{proven}"] += 1
    if not found.agrees and found.optimum.proven:
        print(f"{one}: {aim.value} {found.least}, the solver {found.optimum.value}", flush=True)
    ratios[one.seed] = found.usual / max(1, found.least)


def spread(ratios: dict[int, float]) -> str:
    """The median, the 90th percentile and the worst of ratios by seed, with the worst seeds."""
    if not ratios:
        return "none"
    by_size = sorted(ratios, key=lambda seed: -ratios[seed])
    values = sorted(ratios.values())
    worst = ", ".join(f"{ratios[seed]:.3f} (seed {seed})" for seed in by_size[:8])
    over = sum(value > 1.1 for value in values)
    return (
        f"{len(values)} networks, median {median(values):.4f}, 90 % at most "
        f"{values[(9 * len(values) - 1) // 10]:.3f}, {over} above 1.1; worst {worst}"
    )


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--graphs", type=int, default=500)
    parser.add_argument("--from", type=int, default=0, dest="first")
    parser.add_argument("--work", type=float, default=1.0)
    asked = parser.parse_args()
    counts: dict[Aim, Counter[str]] = {aim: Counter() for aim in (Aim.BYTES, Aim.BUSIEST)}
    usual: dict[Aim, dict[int, float]] = {aim: {} for aim in counts}
    orders: dict[int, float] = {}
    unproven: dict[int, float] = {}
    schedules: dict[int, float] = {}
    above: dict[int, float] = {}
    refused = large = 0
    for seed in range(asked.first, asked.first + asked.graphs):
        one = case(seed)
        for aim in counts:
            stages(one, aim, asked.work, counts[aim], usual[aim])
        try:
            program = overlapped.schedule(one.workload, one.chip, overlapped.Parameters())
            exact = schedule(one.workload, one.chip, Parameters(work=4 * asked.work))
        except AnswerIsNo as refusal:
            refused, large = (
                refused + ("orders" not in refusal.message),
                large + ("orders" in refusal.message),
            )
            continue
        if not program.tasks:
            continue
        given = prove(program, one.chip, one.workload).makespan_ps
        made = prove(exact, one.chip, one.workload).makespan_ps
        schedules[seed] = given / made
        above[seed] = made / max(1, lower_bound(one.workload, one.chip).makespan_ps)
        if len(program.tasks) > MOST_TASKS:
            large += 1
            continue
        _, found = ordered(one, program, asked.work)
        (orders if found.optimal else unproven)[seed] = given / max(1, found.makespan_ps)
    for aim, counted in counts.items():
        told = ", ".join(f"{count} {what}" for what, count in sorted(counted.items()))
        print(f"search, {aim.value}: {told}")
        print(f"  with a few ways kept: {spread(usual[aim])}")
    print(f"makespan over the best order of the same tasks, proven: {spread(orders)}")
    print(f"  over the best order found, not proven: {spread(unproven)}")
    print(f"makespan over that of `exact`: {spread(schedules)}")
    print(f"that of `exact` over the lower bound: {spread(above)}")
    if broken := [seed for seed, ratio in above.items() if ratio < 1]:
        print(f"  BELOW the lower bound: seeds {broken}")
    print(f"{refused} networks do not fit; {large} have more than {MOST_TASKS} tasks")


if __name__ == "__main__":
    main()
