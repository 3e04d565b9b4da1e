"""The scheduler `overlapped`: stages of operators, tiles, prefetch, and all engines in parallel.

A search over stage boundaries proposes plans (`simres.scheduling.stage_search`); each is walked through and
played forward with the costs of the chip, and the best becomes the Program.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from itertools import accumulate
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from simres.errors import AnswerIsNo
from simres.hardware.chip import Chip
from simres.program.tasks import Program, Work
from simres.scheduling.plans import Plan, in_halves
from simres.scheduling.queues import bus_ps
from simres.scheduling.stage_search import StageSearch
from simres.scheduling.tiled import Written, in_time
from simres.scheduling.tiling_cache import (
    half_of,
    least_walk,
    outlook_of,
    search,
    taken_apart,
    walk_of,
)
from simres.scheduling.urgency import ByUrgency
from simres.scheduling.walk import Walk
from simres.sharing.workbench import Workbench
from simres.units import format_bytes, format_duration
from simres.workload.graph import Workload
from simres.workload.operators import Role

PLANS, DEEPEST = 5, 9
"""The most plans that are tried, and the most memory sizes that they are made for, the largest first."""

RUNGS = 4
"""Plans are made for memories of 2^(k / RUNGS) bytes, so that those of a smaller memory are tried on a
larger one, too; around the largest of them, for those half a step away as well."""

LARGEST, WORK = 120_000, 60_000
"""The most steps of a plan, and of all together for as long as more are tried."""

URGENT = 1_000
"""The most steps in total that are played again by urgency, those of the best plan first."""

FAR = 1.1
"""For a large network, plans that the search expects to exceed the best one by this factor are not played."""

NEAR = 1.001
"""Within this factor of a bound that holds for every schedule, nothing more is tried."""


class Try(NamedTuple):
    """A plan made for a memory of `rung` bytes, `exact` if it is optimal in the mapspace there. Its walk
    keeps to the plan's limits where it is `limited`, and else keeps on chip what it can. The search expects
    it to end at `ends_ps`."""

    rung: int
    plan: Plan
    ends_ps: int
    exact: bool
    limited: bool


class Parameters(BaseModel):
    """What a scenario may set for this scheduler."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    weights: Literal["streamed", "kept"] = "streamed"
    """`kept`: weights are on chip before and after, for one inference after the other, as many as pay."""


def schedule(
    workload: Workload, chip: Chip, parameters: Parameters, bench: Workbench | None = None
) -> Program:
    """The best of the plans tried, by the costs of their tasks.

    Raises `AnswerIsNo`, with a sufficient memory, if an operator does not fit under any cut.
    """
    found, tried = (_best_kept if parameters.weights == "kept" else best)(
        workload, chip, bench or Workbench()
    )
    program = found.program("overlapped")
    return replace(program, decisions={**program.decisions, "plans tried": "; ".join(tried)})


def _best_kept(workload: Workload, chip: Chip, bench: Workbench) -> tuple[Written, list[str]]:
    """The best schedule with all weights on chip before and after, or with the smaller ones alone.

    These are up to so many quarters of all bytes, from the better end on for as long as that gains. Raises
    like `schedule`.
    """
    nbytes = _weights(workload)
    names = sorted(nbytes, key=lambda name: (nbytes[name], name))
    until = list(accumulate(nbytes[name] for name in names))
    everything = frozenset(names)
    found, tried = best(workload, chip, bench, kept=everything)
    enough = NEAR * _bound(workload, chip, kept=everything)
    quarters = [0, 3, 2]
    while quarters and until and found.estimate_ps > enough:
        share = quarters.pop(0)
        count = bisect_right(until, until[-1] * share // 4)
        other, told = best(workload, chip, bench, kept=frozenset(names[:count]))
        if other.estimate_ps < found.estimate_ps:
            found, tried = other, told
            quarters = [1, 2] if not share else quarters
        elif share:
            break
    return found, tried


def best(
    workload: Workload, chip: Chip, bench: Workbench | None = None, *, kept: frozenset[str] = frozenset()
) -> tuple[Written, list[str]]:
    """The best schedule found, and what was tried, in words.

    Weights that are `kept` are on chip before and after. Raises like `schedule`.
    """
    bench = bench or Workbench()
    memory, spec = chip.scratchpad()
    enough = NEAR * _bound(workload, chip, kept=kept)
    nbytes = _weights(workload)
    weights = sum([spec.occupied(nbytes[name]) for name in kept])
    found: Written | None = None
    tried: list[str] = []
    walks: list[Walk] = []
    work = 0
    rungs = _rungs(min(spec.capacity - weights, _all_bytes(workload)), spec.capacity - weights)
    unlimited: Plan | None = None
    """The plan whose limits made no difference."""
    for rung, plan, ends_ps, exact, limited in _tries(search(bench, workload, chip, pinned=kept), rungs):
        if plan is unlimited:
            continue
        if found is not None and len(found.walk.steps) > URGENT and ends_ps > FAR * found.estimate_ps:
            break
        held = spec.model_copy(update={"capacity": weights + (rung if limited else rungs[0])})
        outlook = outlook_of(bench, workload, memory, held, plan, pinned=kept, most=LARGEST)
        slower = (
            outlook is not None
            and outlook.steps > URGENT
            and found is not None
            and bus_ps(outlook.least_moved, chip) >= found.estimate_ps
        )
        walk = None
        if not slower:
            walk = walk_of(bench, workload, memory, held, plan, pinned=kept, limited=limited, most=LARGEST)
        kept_as = "room for tiles side by side" if limited else "keeps what it can"
        told = f"planned for {format_bytes(rung)}{' (optimal in the mapspace)' if exact else ''}, {kept_as}"
        if outlook is None or (walk is None and not slower):
            tried.append(f"{told}: does not fit, or takes more than {LARGEST} steps")
            continue
        work += outlook.steps
        played = None
        if walk is not None:
            course = walk.residency
            if not (course.limited if rung == rungs[0] else course.evicts):
                unlimited = plan
            if outlook.steps <= URGENT:
                walks.append(walk)
            played = in_time(workload, chip, walk, None if found is None else found.estimate_ps)
        tried.append(f"{told}: {_took(played)}, {outlook.steps} steps")
        found = played or found
        if found is not None and (found.estimate_ps <= enough or work >= WORK):
            break
    if found is None or (found.estimate_ps > enough and work < WORK):
        limit = None if found is None else found.estimate_ps
        try:
            walk = least_walk(bench, workload, memory, spec, pinned=kept, joined=True)
            if len(walk.steps) <= URGENT:
                walks.append(walk)
            played = in_time(workload, chip, walk, limit)
        except AnswerIsNo:
            if found is None:
                raise
            played = None
        tried.append(f"one group after the other: {_took(played)}")
        found = played or found
    assert found is not None
    if found.estimate_ps > enough:
        for walk in _walks_in_halves(workload, chip, bench, kept=kept):
            if len(walk.steps) <= URGENT:
                walks.append(walk)
            played = in_time(workload, chip, walk, found.estimate_ps)
            tried.append(f"one half of the batch after the other: {_took(played)}")
            found = played or found
    before, best_walk, steps = found.estimate_ps, found.walk, 0
    for walk in sorted(walks, key=lambda walk: walk is not best_walk) if before > enough else ():
        steps += len(walk.steps)
        if steps > URGENT:
            break
        found = in_time(workload, chip, walk, found.estimate_ps, ByUrgency) or found
    if found.estimate_ps < before:
        tried.append(f"what is urgent first: {format_duration(found.estimate_ps)}")
    return found, tried


def _took(played: Written | None) -> str:
    return "slower" if played is None else format_duration(played.estimate_ps)


def _rungs(enough: int, capacity: int) -> list[int]:
    """The memories that plans are made for, the largest first: up to the first that has `enough` bytes."""
    found = []
    step = 0
    while (rung := int(2 ** (step / RUNGS))) <= capacity:
        found.append(rung)
        if rung >= enough:
            break
        step += 1
    else:
        found += [int(2 ** ((step - half) / RUNGS)) for half in (0.5, 1.5) if step >= half]
    return sorted({rung for rung in found if rung <= capacity}, reverse=True)


def _tries(searched: StageSearch, rungs: list[int]) -> Iterator[Try]:
    """Each different plan, its walk within its limits and without: for the largest memory one with all steps
    that pay, and for each one with fewer."""
    seen: set[tuple[object, ...]] = set()
    different = 0
    for place, rung in enumerate(rungs[:DEEPEST]):
        best, exact = searched.best(rung, LARGEST)
        finest = None if place or exact else searched.finest(rung, LARGEST)
        for label in (finest, best):
            if label is None:
                continue
            plan = searched.plan(label)
            if (plan.stages, plan.cuts) in seen:
                continue
            seen.add((plan.stages, plan.cuts))
            different += label is best
            yield Try(rung, plan, label.end, exact, limited=True)
            yield Try(rung, plan, label.end, exact, limited=False)
        if different == PLANS:
            return


def _walks_in_halves(
    workload: Workload, chip: Chip, bench: Workbench, *, kept: frozenset[str]
) -> Iterator[Walk]:
    """The best plan of half the batch for one half after the other."""
    half = half_of(bench, workload)
    if half is None:
        return
    tiling = best(half, chip, bench, kept=kept)[0].walk.tiling
    plan = in_halves(tiling.plan, taken_apart(bench, workload))
    if plan is None:
        return
    for limited in (True, False) if plan.limits else (False,):
        walk = walk_of(
            bench, workload, tiling.memory, tiling.spec, plan, pinned=kept, limited=limited, most=LARGEST
        )
        if walk is not None:
            yield walk


def _all_bytes(workload: Workload) -> int:
    return sum(tensor.nbytes for tensor in workload.tensors.values() if tensor.view_of is None)


def _weights(workload: Workload) -> dict[str, int]:
    """The bytes of each used weight."""
    tensors = workload.tensors
    return {name: tensors[name].nbytes for name in workload.needed_bytes if tensors[name].role is Role.WEIGHT}


def _bound(workload: Workload, chip: Chip, *, kept: frozenset[str]) -> int:
    """A lower bound in picoseconds: compulsory bytes and all operations at peak rate."""
    nbytes = workload.compulsory_bytes - sum([workload.needed_bytes[name] for name in kept])
    return max(chip.least_ps(Work(nbytes, workload.macs, workload.vector_ops)).values(), default=0)
