"""A Program flattened to lists by task number, for fast replay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from simres.errors import InvariantViolation
from simres.hardware.chip import Chip
from simres.hardware.specs import BusSpec, EngineSpec, MemorySpec
from simres.hardware.sram import Demand
from simres.program.orders import OrderedTasks, Pattern, order_of
from simres.program.tasks import Program, TaskKind, Work


@dataclass(frozen=True, slots=True)
class FlatProgram:
    """The data of a Program that replay needs, computed once per Program.

    By task: `lane` (index of its engine), `layer`, `work`, `duration_ps`, `successors` (tasks that wait
    for it), `waits` (number of tasks it waits for), `demand` (bytes it reserves, by memory), `turn` (its
    place among the tasks that reserve), `releases` (buffers it uses). By buffer: `holds` (its memory and the
    bytes it takes there) and `users` (number of tasks that must end before it is free). `order` lists each
    lane's tasks, `turns` counts the tasks that reserve. `fills` says that the Program loads what it leaves
    behind, so that the next Program has to wait for it.
    """

    program: Program
    lane: list[int]
    work: list[Work]
    duration_ps: list[int]
    successors: list[Sequence[int]]
    waits: list[int]
    demand: list[Demand]
    turn: list[int]
    releases: list[Sequence[int]]
    holds: list[tuple[int, int]]
    users: list[int]
    order: list[list[int]]
    turns: int
    fills: bool
    layer: list[int]

    @property
    def resident_in(self) -> Demand:
        """The bytes held before the first task, by memory."""
        return _sum(self.holds[buffer] for buffer in self.program.resident_in)

    @property
    def resident_out(self) -> Demand:
        """The bytes held after the last task, by memory."""
        return _sum(self.holds[buffer] for buffer in self.program.resident_out)


@dataclass(frozen=True, slots=True)
class Launch:
    """An instance of a Program that joins the queues at `at_ps`; its first task has the number `first`."""

    plan: FlatProgram
    at_ps: int = 0
    first: int = 0


def _sum(amounts: Iterable[tuple[int, int]]) -> Demand:
    totals: dict[int, int] = {}
    for memory, nbytes in amounts:
        totals[memory] = totals.get(memory, 0) + nbytes
    return tuple(totals.items())


def _inverse(groups: Iterable[Sequence[int]], count: int) -> list[Sequence[int]]:
    """For each number below `count`, the indices of the groups that contain it."""
    found: list[Sequence[int]] = [()] * count
    for place, members in enumerate(groups):
        for member in members:
            places = found[member]
            if places:
                places.append(place)  # type: ignore[attr-defined]
            else:
                found[member] = [place]
    return found


def _price(spec: EngineSpec, work: Work) -> int:
    ps = spec.duration_ps(work)
    if not isinstance(ps, int) or ps < 0:
        raise InvariantViolation(
            f"the cost function of kind `{spec.kind}` gives {ps!r}, no whole picoseconds from 0 on"
        )
    return ps


def _prices(specs: Sequence[EngineSpec], order: list[list[int]], work: list[Work]) -> list[int]:
    """The duration of every task; a spec is asked once per Work object, which tasks may share."""
    keys = list(map(id, work))
    prices = [0] * len(work)
    for spec, tasks in zip(specs, order, strict=True):
        price = {key: _price(spec, asked) for key, asked in {keys[n]: work[n] for n in tasks}.items()}
        for task in tasks:
            prices[task] = price[keys[task]]
    return prices


def _told(program: Program, engines: Mapping[str, EngineSpec]) -> list[Work]:
    """The work of every task; for transfers with the direction and the addresses that engines need."""
    tasks = program.tasks
    work = [task.work for task in tasks]
    if any(isinstance(spec, BusSpec) and spec.turnaround for spec in engines.values()):
        stores = {id(task.work): task.work for task in tasks if task.kind is TaskKind.STORE}
        marked = {key: replace(found, write=True) for key, found in stores.items()}
        work = [marked[id(task.work)] if task.kind is TaskKind.STORE else task.work for task in tasks]
    addressed = [name for name, spec in engines.items() if spec.addressed]
    if addressed:
        from simres.simulation.placement import lay_out

        for number, extents in lay_out(program, addressed).items():
            store = tasks[number].kind is TaskKind.STORE
            work[number] = replace(work[number], write=store, extents=extents)
    return work


def _holds(program: Program, engines: Mapping[str, EngineSpec]) -> list[tuple[int, int]]:
    """Memory and bytes of every buffer; equal buffers share one pair."""
    memories = {name: spec for name, spec in engines.items() if isinstance(spec, MemorySpec)}
    place = {name: number for number, name in enumerate(memories)}
    keys = [(buffer.memory, buffer.nbytes) for buffer in program.buffers]
    held = {key: (place[key[0]], memories[key[0]].occupied(key[1])) for key in dict.fromkeys(keys)}
    return [held[key] for key in keys]


def flatten(program: Program, engines: Mapping[str, EngineSpec], *, renumbered: bool = False) -> FlatProgram:
    """The FlatProgram of `program` on a chip with these engines, memories among them.

    If `renumbered`, tasks and buffers of a Program that is one order of a Pattern keep the numbers of the
    Pattern, whose FlatProgram is then reused.
    """
    one_of_many = order_of(program)
    if renumbered and one_of_many is not None and not any(spec.addressed for spec in engines.values()):
        return _in_order(one_of_many, engines)
    tasks = program.tasks
    index = {name: number for number, name in enumerate(engines)}
    lane = [index[task.engine] for task in tasks]
    specs = list(engines.values())
    work = _told(program, engines)
    order: list[list[int]] = [[] for _ in engines]
    for number, at in enumerate(lane):
        order[at].append(number)

    before = [tuple(dict.fromkeys(task.needs + task.after)) if task.after else task.needs for task in tasks]
    holds = _holds(program, engines)
    alone = [(hold,) for hold in holds]
    demand: list[Demand] = [
        (alone[task.reserves[0]] if len(task.reserves) == 1 else _sum(holds[b] for b in task.reserves))
        if task.reserves
        else ()
        for task in tasks
    ]
    turn = list(accumulate(map(bool, demand), initial=0))
    users = [buffer.freed_by for buffer in program.buffers]
    return FlatProgram(
        program=program,
        lane=lane,
        work=work,
        duration_ps=_prices(specs, order, work),
        successors=_inverse(before, len(tasks)),
        waits=list(map(len, before)),
        demand=demand,
        turn=turn,
        releases=_inverse(users, len(tasks)),
        holds=holds,
        users=list(map(len, users)),
        order=order,
        turns=turn[-1],
        fills=not set(program.resident_out) <= set(program.resident_in),
        layer=[task.layer for task in tasks],
    )


class _Common:
    """The data shared by all orders of a Pattern, on all chips with the same engines."""

    def __init__(self, pattern: Pattern, engines: Mapping[str, EngineSpec]) -> None:
        plan = self.plan = flatten(pattern.program, engines)
        self.reserves = bytearray(map(bool, plan.demand))
        first: dict[int, int] = {}
        asked: dict[tuple[int, int], int] = {}
        for task, (lane, work) in enumerate(zip(plan.lane, plan.work, strict=True)):
            first.setdefault(asked.setdefault((lane, id(work)), len(asked)), task)
        self.prices = [asked[lane, id(work)] for lane, work in zip(plan.lane, plan.work, strict=True)]
        """By task: the index of its price."""
        self.priced = [(plan.lane[task], plan.work[task]) for task in first.values()]
        """Lane and work of each price."""


def _common_of(pattern: Pattern, engines: Mapping[str, EngineSpec]) -> _Common:
    """Depends on engine names, memories, and whether a bus has a turnaround."""
    memories = [spec for spec in engines.values() if isinstance(spec, MemorySpec)]
    turning = any(isinstance(spec, BusSpec) and spec.turnaround for spec in engines.values())
    key = (tuple(engines), tuple(memories), turning)
    return pattern.fact("flattened", key, lambda: _Common(pattern, engines))


def _in_order(tasks: OrderedTasks, engines: Mapping[str, EngineSpec]) -> FlatProgram:
    """The FlatProgram of tasks that keep the numbers of their Pattern."""
    common = _common_of(tasks.pattern, engines)
    plan = common.plan
    specs = list(engines.values())
    prices = [_price(specs[lane], work) for lane, work in common.priced]
    order: list[list[int]] = [[] for _ in specs]
    turn = [0] * len(tasks.order)
    turns = 0
    lanes, reserves = plan.lane, common.reserves
    for task in tasks.order:
        order[lanes[task]].append(task)
        turn[task] = turns
        turns += reserves[task]
    return replace(
        plan, duration_ps=[prices[number] for number in common.prices], order=order, turn=turn, turns=turns
    )


def least_ps(program: Program, chip: Chip) -> int:
    """The longest chain of tasks that wait for each other, at full speed, in picoseconds: a lower bound for a
    run of the Program on `chip`, whatever the order of its tasks."""
    plan = flatten(program, chip.engines, renumbered=True)
    tasks = plan.program.tasks
    ends: list[int] = []
    for task, duration in zip(tasks, plan.duration_ps, strict=True):
        since = 0
        for other in (*task.needs, *task.after):
            if ends[other] > since:
                since = ends[other]
        ends.append(since + duration)
    return max(ends, default=0) - len(ends)  # engines may round less often than once per task


EMPTY = flatten(Program("", "", ()), {})
"""The FlatProgram of no tasks."""
