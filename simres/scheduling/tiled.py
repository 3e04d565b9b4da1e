"""A tiled workload: one task after the other, or all engines in parallel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from simres.hardware.chip import Chip
from simres.program.orders import OrderedBuffers, OrderedTasks, Pattern
from simres.program.roles import ComponentRole
from simres.program.tasks import Program
from simres.scheduling.list_schedule import InTime
from simres.scheduling.queues import bus_ps
from simres.scheduling.residency import Residency
from simres.scheduling.walk import UNITS, Event, Walk
from simres.scheduling.writer import written
from simres.units import format_bytes
from simres.workload.graph import Workload


@dataclass(frozen=True, slots=True)
class Written:
    """A schedule as the order of its tasks; `estimate_ps` is its makespan according to costs.

    `order` are events of the walk, `engines` has the engine of each of its steps.
    """

    walk: Walk
    chip: Chip
    workload: Workload
    overlap: bool
    order: Sequence[int]
    engines: Sequence[str]
    estimate_ps: int

    @property
    def residency(self) -> Residency:
        """The residency of the pieces."""
        return self.walk.residency

    def program(self, name: str) -> Program:
        """The finished Program, in the name of a scheduler.

        If each kind of work has one engine, all orders have the same tasks, so they are written once.
        """
        if not _one_engine_each(self.walk, self.chip):
            return replace(_in_order(self, self.order), scheduler=name)
        works = self.walk.moves.values()
        movers = self.chip.load_and_store(next(iter(works))) if works else ()
        key = (self.overlap, *movers, *dict.fromkeys(self.engines))
        pattern = self.walk.patterns.get(key)
        if pattern is None:
            free = frozenset((*movers, *self.engines)) if self.overlap else frozenset()
            pattern = Pattern(_in_order(self, range(len(self.order))), free)
            self.walk.patterns[key] = pattern
        tasks = OrderedTasks(pattern, self.order)
        return replace(pattern.program, scheduler=name, tasks=tasks, buffers=OrderedBuffers(tasks))


def _in_order(found: Written, order: Sequence[int]) -> Program:
    """The Program of events in this order, without the name of a scheduler."""
    draft = written(found.chip, found.walk, found.engines, order, in_a_row=not found.overlap)
    return draft.freeze("", found.workload.digest, _decisions(found.residency, overlap=found.overlap))


def _one_engine_each(walk: Walk, chip: Chip) -> bool:
    """Whether the engine of every task is determined, whatever it costs."""
    roles = {UNITS[op.unit][1] for op in walk.tiling.ops if op.unit in UNITS}
    buses = {chip.component_of(name) for name in chip.named(ComponentRole.BUS)}
    return len(buses) <= 1 and all(len(chip.named(role)) == 1 for role in roles)


RESERVES = (0, 4)
"""The part of the memory that early loads leave free, as divisors: none, and a quarter."""


def in_time(
    workload: Workload, chip: Chip, walk: Walk, limit_ps: int | None = None, player: type[InTime] = InTime
) -> Written | None:
    """Every task as early as `player` allows; None if it does not end before `limit_ps`."""
    if limit_ps is not None and bus_ps(walk.moved, chip) >= limit_ps:
        return None
    best: Written | None = None
    for part in RESERVES:
        play = player(walk, chip, part)
        played = play.run() if limit_ps is None else play.run(limit_ps)
        if played is not None:
            limit_ps = played.end_ps
            best = Written(walk, chip, workload, True, played.order, played.engines, played.end_ps)
    return best


def in_a_row(workload: Workload, chip: Chip, walk: Walk) -> Written:
    """Steps in order, each after its loads and before its stores; the estimate is the sum of their times."""
    engines = []
    for step in walk.steps:
        unit = walk.tiling.ops[step.op].unit
        engines.append(chip.fastest(UNITS[unit][1], step.work) if unit in UNITS else walk.tiling.memory)
    price = {}
    for nbytes, work in walk.moves.items():
        load, store = chip.load_and_store(work)
        price[nbytes] = {
            Event.LOAD: chip.engines[load].duration_ps(work),
            Event.STORE: chip.engines[store].duration_ps(work),
        }
    residency, nbytes_of = walk.residency, walk.tiling.pieces.nbytes
    total = sum(
        [chip.engines[name].duration_ps(step.work) for name, step in zip(engines, walk.steps, strict=True)]
    )
    total += sum([price[load.nbytes][Event.LOAD] for load in walk.loads])
    for stay in residency.stays:
        if stay.stored:
            total += price[nbytes_of[stay.piece]][Event.STORE]
    return Written(walk, chip, workload, False, range(len(walk.events)), engines, total)


def _decisions(residency: Residency, *, overlap: bool) -> dict[str, str]:
    tiling = residency.tiling
    several = sum(grid.count > 1 for grid in tiling.grids.values())
    overlapped = "loads as early as memory allows, engines side by side"
    found = {
        "order": overlapped if overlap else "one task after the other, nothing overlaps",
        "stages": f"{len(tiling.stages)} of {len(tiling.ops)} operators",
        "tiles": f"{len(residency.steps)}; {several} of {len(tiling.grids)} tensors are cut",
        "spilled": format_bytes(residency.spilled) if residency.spilled else "nothing",
    }
    if tiling.forced:
        found["strips"] = f"{len(tiling.forced)} activations are read back in parts, halos included"
    if tiling.pinned:
        nbytes = sum(tiling.pieces.nbytes[piece] for piece in tiling.pinned)
        others = tiling.workload.weight_bytes - nbytes
        which = f"all weights but {format_bytes(others)}" if others else "all weights"
        found["kept"] = f"{which}, {format_bytes(nbytes)}, before and after"
    return found
