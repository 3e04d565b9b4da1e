"""The scheduler `exact`: several plans, each with its tasks in the best order that there is.

The plans are the one that `overlapped` chose, those with the least of each aim in the mapspace, and one group
of operators after the other. Each gives tasks, and a solver puts them in order (`simres_exact.best_order`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from simres.errors import AnswerIsNo
from simres.hardware.chip import Chip
from simres.program.tasks import Program
from simres.scheduling import overlapped
from simres.scheduling.labels import Aim
from simres.scheduling.stage_search import TooMany
from simres.scheduling.tiled import in_time
from simres.scheduling.tiling_cache import least_walk, search, walk_of
from simres.scheduling.walk import Walk
from simres.sharing.workbench import Workbench
from simres.units import format_duration
from simres.workload.graph import Workload
from simres_exact.best_order import best_order
from simres_exact.task_graph import TaskGraph

MOST_TASKS = 150
"""Of more tasks, the solver as a rule does not prove an order to be the best."""

SHARES = (1.0, 0.7)
"""Shares of the memory that plans are made for."""


class Parameters(BaseModel):
    """What a scenario may set for this scheduler."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    work: Annotated[float, Field(gt=0)] = 4.0
    """What the solver may do in all, in units that it counts itself: a second or two each, but the same on
    every machine."""


def schedule(
    workload: Workload, chip: Chip, parameters: Parameters, bench: Workbench | None = None
) -> Program:
    """The fastest order of the tasks of several plans.

    Raises `AnswerIsNo` where every plan has more than `MOST_TASKS` tasks, and like `overlapped`.
    """
    plans = sorted(_plans(workload, chip, bench or Workbench()), key=lambda plan: plan[1])
    least = min(len(program.tasks) for program, _ in plans)
    if least > MOST_TASKS:
        raise AnswerIsNo(
            f"`{workload.name}` takes at least {least} tasks in the memory of this chip; scheduler `exact` "
            f"orders at most {MOST_TASKS}",
            "take `scheduler: overlapped`, a smaller network or a larger memory",
        )
    best, best_ps = plans[0]
    left, bound_ps, solved, large = parameters.work, best_ps, 0, 0
    for program, _ in plans:
        if len(program.tasks) > MOST_TASKS:
            large += 1
            continue
        limit_ps = None if program is plans[0][0] else best_ps
        found = best_order(program, chip, max(left, parameters.work / 16), limit_ps)
        left -= found.work
        solved += found.optimal
        bound_ps = min(bound_ps, found.bound_ps)
        if found.program is not None:
            best, best_ps = found.program, found.makespan_ps
    told = f"{len(plans)}: {solved} solved" + (
        f", {large} with more than {MOST_TASKS} tasks" if large else ""
    )
    order = "no order of these plans' tasks ends earlier, proven"
    if solved < len(plans) - large:
        order = f"the best found; none of these plans' tasks ends before {format_duration(bound_ps)}"
    return replace(best, scheduler="exact", decisions={**best.decisions, "order": order, "plans": told})


def _plans(workload: Workload, chip: Chip, bench: Workbench) -> Iterator[tuple[Program, int]]:
    """Programs to put in order, each with its makespan before that."""
    programs = [overlapped.schedule(workload, chip, overlapped.Parameters(), bench)]
    seen: list[Walk] = []
    for walk in _walks(workload, chip, bench):
        if not any(walk is other for other in seen):
            seen.append(walk)
            if (played := in_time(workload, chip, walk)) is not None:
                programs.append(played.program("exact"))
    for program in programs:
        yield program, TaskGraph(program, chip).makespan_ps


def _walks(workload: Workload, chip: Chip, bench: Workbench) -> Iterator[Walk]:
    memory, spec = chip.scratchpad()
    searched = search(bench, workload, chip, pinned=frozenset())
    for share in SHARES:
        room = int(spec.capacity * share)
        for aim in Aim:
            try:
                label = searched.least(room, aim)
            except TooMany:
                continue
            for limited in (True, False) if label is not None else ():
                assert label is not None
                held = spec.model_copy(update={"capacity": room}) if limited else spec
                plan = searched.plan(label)
                walk = walk_of(bench, workload, memory, held, plan, limited=limited, most=MOST_TASKS)
                if walk is not None:
                    yield walk
    try:
        yield least_walk(bench, workload, memory, spec)
    except AnswerIsNo:
        return
