"""A Program flattened for replay: lists by task index, looked up instead of worked out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from simres.hardware.specs import EngineSpec, MemorySpec
from simres.program import Program, Work

Demand = tuple[tuple[str, int], ...]
"""Bytes by memory."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What replay asks of a Program, once per Program however often it is instantiated.

    By task: `lane` (index of its engine), `work`, `duration_ps`, `successors` (tasks that wait for it),
    `waits` (number of tasks it waits for), `demand` (bytes it reserves, by memory), `turn` (its place
    among the tasks that reserve), `releases` (buffers it is a user of). By buffer: `holds` (its memory
    and the bytes it takes there) and `users` (tasks that must end before it is free). `order` lists
    each lane's tasks, `turns` counts the tasks that reserve.
    """

    program: Program
    lane: list[int]
    work: list[Work]
    duration_ps: list[int]
    successors: list[list[int]]
    waits: list[int]
    demand: list[Demand]
    turn: list[int]
    releases: list[list[int]]
    holds: list[tuple[str, int]]
    users: list[int]
    order: list[list[int]]
    turns: int

    @property
    def resident_in(self) -> Demand:
        """What is held before the first task, by memory."""
        return _sum(self.holds[buffer] for buffer in self.program.resident_in)

    @property
    def fills(self) -> bool:
        """Whether it brings in what it leaves behind, so that the next Program has to wait for it."""
        return not set(self.program.resident_out) <= set(self.program.resident_in)

    @property
    def resident_out(self) -> Demand:
        """What is held after the last task, by memory."""
        return _sum(self.holds[buffer] for buffer in self.program.resident_out)


@dataclass(frozen=True, slots=True)
class Launch:
    """An instance of a Program that joins the queues at `at_ps`."""

    plan: Plan
    at_ps: int = 0


def _sum(amounts: Iterable[tuple[str, int]]) -> Demand:
    totals: dict[str, int] = {}
    for memory, nbytes in amounts:
        totals[memory] = totals.get(memory, 0) + nbytes
    return tuple(totals.items())


def _demand(buffers: tuple[int, ...], holds: list[tuple[str, int]]) -> Demand:
    return (holds[buffers[0]],) if len(buffers) == 1 else _sum(holds[buffer] for buffer in buffers)


def _prices(specs: Sequence[EngineSpec], lane: list[int], work: list[Work]) -> list[int]:
    """Duration of every task; a spec is asked once for each Work object, which tasks may share."""
    known: list[dict[int, int]] = [{} for _ in specs]
    prices = []
    for at, asked in zip(lane, work, strict=True):
        price = known[at].get(id(asked))
        if price is None:
            price = known[at][id(asked)] = specs[at].duration_ps(asked)
        prices.append(price)
    return prices


def flatten(program: Program, engines: Mapping[str, EngineSpec]) -> Plan:
    """The Plan of `program` on a chip with these engines, memories among them."""
    tasks = program.tasks
    count = len(tasks)
    index = {name: number for number, name in enumerate(engines)}
    specs = list(engines.values())
    order: list[list[int]] = [[] for _ in specs]
    nothing: list[int] = []  # shared by all tasks without successors or releases; never written to
    successors = [nothing] * count
    releases = [nothing] * count

    holds = []
    users = []
    for number, buffer in enumerate(program.buffers):
        memory = engines[buffer.memory]
        assert isinstance(memory, MemorySpec)
        holds.append((buffer.memory, memory.occupied(buffer.nbytes)))
        users.append(len(buffer.freed_by))
        for user in buffer.freed_by:
            if releases[user] is nothing:
                releases[user] = [number]
            else:
                releases[user].append(number)

    lane = [index[task.engine] for task in tasks]
    for number, at in enumerate(lane):
        order[at].append(number)
    work = [task.work for task in tasks]
    waits = [0] * count
    for number, task in enumerate(tasks):
        before = task.needs
        if task.after:
            before = tuple(dict.fromkeys(before + task.after))
        waits[number] = len(before)
        for earlier in before:
            if successors[earlier] is nothing:
                successors[earlier] = [number]
            else:
                successors[earlier].append(number)

    demand = [_demand(task.reserves, holds) if task.reserves else () for task in tasks]
    turn = list(accumulate((bool(asked) for asked in demand), initial=0))
    return Plan(
        program=program,
        lane=lane,
        work=work,
        duration_ps=_prices(specs, lane, work),
        successors=successors,
        waits=waits,
        demand=demand,
        turn=turn,
        releases=releases,
        holds=holds,
        users=users,
        order=order,
        turns=turn[-1],
    )


EMPTY = flatten(Program("", "", ()), {})
"""The Plan of no tasks."""
