"""The scheduler `overlapped`: stages of operators, tiles, prefetch, and all engines side by side.

A search over stage boundaries proposes plans (`simres.scheduling.stage_search`); each is walked through and
played forward with the costs of the chip, and the best becomes the Program.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from simres.errors import AnswerIsNo
from simres.hardware.chip import Chip
from simres.program.tasks import Program, Work
from simres.scheduling.plans import Plan
from simres.scheduling.tiled import Written, in_time
from simres.scheduling.tiling_cache import has_branches, least_walk, search, walk_of
from simres.units import format_duration
from simres.workload.graph import Workload


class Trial(NamedTuple):
    """A plan to try: side branches `early` or as listed; the share of the memory that it is made for, and the
    share that its walk may hold between steps (the rest is for loads that come early); and how much of each
    stage's beginning and end is taken to be in the open."""

    early: bool
    planned: float
    held: float
    fill: float

    def __str__(self) -> str:
        order = "side branches early" if self.early else "as listed"
        return f"{order}, planned for {self.planned:.0%} of the memory, holding {self.held:.0%}"


TRIALS = (
    Trial(early=False, planned=1.0, held=0.85, fill=1.0),
    Trial(early=False, planned=0.85, held=0.85, fill=0.0),
    Trial(early=False, planned=0.7, held=1.0, fill=1.0),
    Trial(early=True, planned=0.7, held=0.85, fill=1.0),
    Trial(early=True, planned=0.85, held=1.0, fill=0.25),
)
"""What is tried, in this order."""

LARGEST, WORK = 120_000, 40_000
"""The most steps of the first plan tried, and of all plans together for as long as more are tried."""

NEAR = 1.005
"""Within this of a bound that holds for every schedule, nothing more is tried."""


class Parameters(BaseModel):
    """What a scenario may set for this scheduler."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    weights: Literal["streamed", "kept"] = "streamed"
    """`kept`: all weights are on chip before and after, for one image after the other."""


def schedule(workload: Workload, chip: Chip, parameters: Parameters) -> Program:
    """The best of the plans tried, by what their tasks cost.

    Raises `AnswerIsNo`, with the memory that would do, when an operator does not fit however it is cut.
    """
    found, tried = best(workload, chip, kept=parameters.weights == "kept")
    program = found.program("overlapped")
    return replace(program, decisions={**program.decisions, "plans tried": "; ".join(tried)})


def best(workload: Workload, chip: Chip, *, kept: bool = False) -> tuple[Written, list[str]]:
    """The best schedule found, and what was tried, in words.

    With `kept`, all weights are on chip before and after. Raises like `schedule`.
    """
    memory, spec = chip.scratchpad()
    bound = _bound(workload, chip, kept=kept)
    room = spec.capacity - (sum(map(spec.occupied, _weights(workload))) if kept else 0)
    found: Written | None = None
    tried: list[str] = []
    work = 0
    for trial, plan in _plans(workload, chip, room, kept=kept) if room > 0 else ():
        most = LARGEST if found is None else WORK - work
        walk = walk_of(workload, memory, spec, plan, pinned=kept, design=int(room * trial.held), most=most)
        if walk is None:
            tried.append(f"{trial}: does not fit, or takes more than {most} steps")
            continue
        work += len(walk.steps)
        played = in_time(workload, chip, walk, None if found is None else found.estimate_ps)
        took = "slower" if played is None else format_duration(played.estimate_ps)
        tried.append(f"{trial}: {took}, {len(walk.steps)} steps")
        found = played or found
        if found is not None and (found.estimate_ps <= NEAR * bound or work >= WORK):
            break
    if found is None or (found.estimate_ps > NEAR * bound and work < WORK):
        limit = None if found is None else found.estimate_ps
        try:
            played = in_time(workload, chip, least_walk(workload, memory, spec, pinned=kept), limit)
        except AnswerIsNo:
            if found is None:
                raise
            played = None
        took = "slower" if played is None else format_duration(played.estimate_ps)
        tried.append(f"one group after the other: {took}")
        found = played or found
    assert found is not None
    return found, tried


def _plans(workload: Workload, chip: Chip, room: int, *, kept: bool) -> Iterator[tuple[Trial, Plan]]:
    """The plan of each trial, leaving out what was there before."""
    seen: set[tuple[float, Plan]] = set()
    branches = has_branches(workload)
    for trial in TRIALS:
        if trial.early and not branches:
            continue
        searched = search(workload, chip, room, early=trial.early, pinned=kept)
        labels = searched.run(int(room * trial.planned), fill=trial.fill)
        if not labels:
            continue
        plan = searched.plan(min(labels, key=lambda label: label.barrier))
        if (trial.held, plan) not in seen:
            seen.add((trial.held, plan))
            yield trial, plan


def _weights(workload: Workload) -> list[int]:
    return [
        workload.tensors[name].nbytes
        for name in workload.needed_bytes
        if workload.tensors[name].role == "weight"
    ]


def _bound(workload: Workload, chip: Chip, *, kept: bool) -> int:
    """Picoseconds that any schedule takes: compulsory bytes, and all operations, at peak."""
    nbytes = workload.compulsory_bytes - (workload.needed_weight_bytes if kept else 0)
    return max(chip.least_ps(Work(nbytes, workload.macs, workload.vector_ops)).values(), default=0)
