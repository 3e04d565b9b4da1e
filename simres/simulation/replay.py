"""The event loop: Programs replayed on engines, in integer picoseconds.

Each engine has a lane: a queue of tasks in program order. A task starts when it is at the head of its
lane, everything it waits for has ended, and its buffers are granted; grants go in program order. One
SimPy event a task, whatever its size.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from simpy import Environment, Event, Timeout

from simres.hardware.engine import Engine, Stall
from simres.hardware.sram import Space
from simres.record import Cause, EngineTotals, Launched, MemoryTotals, Record, RecordLevel
from simres.simulation.invariants import BrokenInvariant
from simres.simulation.plan import EMPTY, Launch, Plan


class _Instance:
    """A launched Program as it runs: what is still waited for, by task and by buffer."""

    __slots__ = ("first_turn", "number", "plan", "users", "waits")

    def __init__(self, number: int, plan: Plan, first_turn: int) -> None:
        self.number = number
        self.plan = plan
        self.first_turn = first_turn
        self.waits = plan.waits.copy()
        self.users = plan.users.copy()


_NOTHING = _Instance(-1, EMPTY, 0)
"""What a lane with an empty queue is at."""


class _Run:
    """What all lanes of a run share."""

    __slots__ = (
        "bus_holders",
        "by_layer",
        "ends",
        "environment",
        "freed",
        "held_back",
        "lanes",
        "latest",
        "rows",
        "space",
    )

    def __init__(
        self, environment: Environment, space: Space, level: RecordLevel, starts: Iterable[int]
    ) -> None:
        self.environment = environment
        self.space = space
        self.lanes: list[_Lane] = []
        self.latest = EMPTY
        self.freed = -1
        """When space was last given back."""
        self.held_back: deque[tuple[int, Plan]] = deque()
        """Launches that wait for the one before to fill the memory for them."""
        self.rows: list[tuple[int, ...]] | None = [] if level is RecordLevel.FULL else None
        self.bus_holders: list[tuple[int, str, int]] = []
        self.by_layer = level is RecordLevel.AGGREGATE
        self.ends = list(starts)
        """When a lane last came to the end of its tasks of each launch."""

    def arrive(self, number: int, plan: Plan, _event: Event) -> None:
        """Launches a Program, or holds it back until what it finds in memory is there."""
        self.held_back.append((number, plan))
        self.proceed()

    def proceed(self) -> None:
        """Launches what need not be held back any longer."""
        while self.held_back:
            if self.latest.fills and any(lane.instance is not _NOTHING for lane in self.lanes):
                return
            self.launch(*self.held_back.popleft())

    def launch(self, number: int, plan: Plan) -> None:
        """Queues an instance of a Program on every lane."""
        self.latest = plan
        instance = _Instance(number, plan, self.space.admit(plan.turns))
        now = int(self.environment.now)
        lanes = [lane for lane in self.lanes if plan.order[lane.number]]
        for lane in lanes:
            lane.queue.append(instance)
        for lane in lanes:
            if lane.instance is _NOTHING:
                lane.wake(now)


class _Lane:
    """An engine's queue. The engine works on `task`, or waits for it, or the queue is empty.

    `awaits` is the task that the lane waits for others to make ready, -1 when it does not.
    """

    __slots__ = (
        "awaits",
        "begin",
        "bus_held_by",
        "finished",
        "free_since",
        "granted",
        "holder",
        "idle_ps",
        "instance",
        "layer_ps",
        "moved_bytes",
        "number",
        "order",
        "position",
        "queue",
        "ready",
        "ripened",
        "run",
        "space_holder",
        "task",
        "waiting_ps",
        "working_ps",
    )

    def __init__(self, run: _Run, number: int, engine: Engine) -> None:
        self.run = run
        self.number = number
        self.begin = engine.begin
        self.queue: deque[_Instance] = deque()
        self.instance = _NOTHING
        self.order: list[int] = []
        self.position = -1
        self.task = self.awaits = -1
        self.free_since = self.ready = self.granted = 0
        self.ripened = -1
        """When a task further back in the queue, or a new one, last became ready."""
        self.holder = self.space_holder = -1
        self.finished = self.working_ps = self.idle_ps = self.moved_bytes = 0
        self.waiting_ps = dict.fromkeys(Cause, 0)
        self.bus_held_by: dict[str, int] = {}
        self.layer_ps: dict[int, int] = {}

    @property
    def tasks(self) -> int:
        """Tasks that ended."""
        return self.finished + max(0, self.position)

    def totals(self, makespan_ps: int) -> EngineTotals:
        """What it did up to the end of the run; with an empty queue it has been idle since it ran dry."""
        idle = self.idle_ps + (makespan_ps - self.free_since if self.instance is _NOTHING else 0)
        return EngineTotals(
            self.tasks, self.working_ps, dict(self.waiting_ps), idle, self.moved_bytes, dict(self.bus_held_by)
        )

    def wake(self, now: int) -> None:
        """The queue is no longer empty."""
        self.idle_ps += now - self.free_since
        self.free_since = self.ripened = now  # what comes now follows nothing without a gap
        self.advance(now)

    def advance(self, now: int) -> None:
        """Turns to the next task, if there is one, and begins it if nothing is missing."""
        position = self.position + 1
        if position == len(self.order):
            self.finished += position
            if position:
                self.run.ends[self.instance.number] = now
            if not self.queue:
                self.instance, self.order, self.position, self.task = _NOTHING, [], -1, -1
                self.run.proceed()
                return
            self.instance = self.queue.popleft()
            self.order = self.instance.plan.order[self.number]
            position = 0
        self.position = position
        task = self.task = self.order[position]
        instance = self.instance
        if instance.waits[task]:
            self.awaits = task
            return
        self.ready = now
        self.holder = self.space_holder = -1
        self.go(instance, task, now)

    def made_ready(self, task: int, holder: int, now: int) -> None:
        """The head, for which the lane waited, is ready now that `holder` has ended."""
        self.awaits = -1
        self.ready = now
        self.holder = holder
        self.space_holder = -1
        waited = now - self.free_since
        if waited:
            needed = holder in self.instance.plan.program.tasks[task].needs
            self.waiting_ps[Cause.DATA if needed else Cause.ORDER] += waited
        self.go(self.instance, task, now)

    def go(self, instance: _Instance, task: int, now: int) -> None:
        """The head is ready: it gets its buffers and the engine begins, or it waits for space."""
        plan = instance.plan
        demand = plan.demand[task]
        if demand:
            space = self.run.space
            if not space.request(instance.first_turn + plan.turn[task], demand, self):
                return
        self.granted = now
        work = plan.work[task]
        self.moved_bytes += work.nbytes
        # Ready at this very instant is not ready before it: see `Engine.begin`.
        queued = self.holder < 0 and self.ripened != now != self.run.freed
        self.begin(work, plan.duration_ps[task], queued).callbacks.append(self.finish)
        if demand and space.waiting:
            space.serve(now, task)

    def granted_space(self, now: int, holder: int) -> None:
        """The head has the buffers it waited for."""
        self.space_holder = holder
        self.waiting_ps[Cause.SPACE] += now - self.ready
        self.granted = now
        plan = self.instance.plan
        work = plan.work[self.task]
        self.moved_bytes += work.nbytes
        self.begin(work, plan.duration_ps[self.task], False).callbacks.append(self.finish)

    def blame(self, held: Sequence[tuple[str, int]]) -> None:
        """Takes down who had the bus while the head waited for it."""
        rows = self.run.rows
        for name, ps in held:
            self.bus_held_by[name] = self.bus_held_by.get(name, 0) + ps
            if rows is not None:
                self.run.bus_holders.append((len(rows), name, ps))

    def finish(self, event: Event) -> None:
        """The engine is done with the head: takes it down, wakes who waited, turns to the next."""
        run = self.run
        now: int = run.environment._now  # type: ignore[assignment]
        task = self.task
        instance = self.instance
        plan = instance.plan
        granted = self.granted
        working = now - granted
        latency = bus = engine = 0
        stall: Stall | None = event._value
        if stall is not None:
            latency, bus, held, engine = stall
            working -= latency + bus + engine
            self.waiting_ps[Cause.ENGINE] += engine
            self.waiting_ps[Cause.LATENCY] += latency
            self.waiting_ps[Cause.BUS] += bus
            if held:
                self.blame(held)
        self.working_ps += working
        if run.rows is not None:
            who = (self.holder, self.space_holder)
            times = (self.free_since, self.ready, granted, now)
            run.rows.append((instance.number, task, *times, latency, bus, *who, engine))
        elif run.by_layer:
            layer = plan.program.tasks[task].layer
            self.layer_ps[layer] = self.layer_ps.get(layer, 0) + working
        self.free_since = now
        freed = False
        for buffer in plan.releases[task]:
            users = instance.users
            users[buffer] -= 1
            if not users[buffer]:
                memory, nbytes = plan.holds[buffer]
                run.space.free[memory] += nbytes
                freed = True
        if freed:
            run.freed = now
            if run.space.waiting:
                run.space.serve(now, task)
        waits = instance.waits
        for successor in plan.successors[task]:
            left = waits[successor] - 1
            waits[successor] = left
            if not left:
                lane = run.lanes[plan.lane[successor]]
                if lane.awaits == successor and lane.instance is instance:
                    lane.made_ready(successor, task, now)
                else:
                    lane.ripened = now
        self.advance(now)


class Tenancy(NamedTuple):
    """What runs for one tenant: its launches, its view of the engines, its bytes of each memory."""

    launches: Sequence[Launch]
    engines: Mapping[str, Engine]
    memories: Mapping[str, int]


def replay(
    launches: Sequence[Launch],
    engines: Mapping[str, Engine],
    memories: Mapping[str, int],
    environment: Environment,
    level: RecordLevel = RecordLevel.FULL,
) -> Record:
    """Runs every launch to its end and returns what happened.

    `engines` are named as in the Plans, in their order, and live in `environment`; `memories` are
    capacities in bytes. A run that cannot go on ends early, with `Record.unfinished` tasks. Raises
    `BrokenInvariant`, with the Record up to there, when an engine fails.
    """
    (record,) = replay_together([Tenancy(launches, engines, memories)], environment, level)
    return record


def replay_together(
    tenancies: Sequence[Tenancy], environment: Environment, level: RecordLevel = RecordLevel.FULL
) -> list[Record]:
    """Runs the launches of several tenants to their end and returns what happened to each; see `replay`.

    Tenants have lanes and space of their own, so what one waits for is never held by another's order. They
    meet in their engines. All Records end with the last of them.
    """
    runs = [_begun(tenancy, environment, level) for tenancy in tenancies]
    failure: Exception | None = None
    try:
        environment.run()
    except Exception as error:  # whatever a plugin's engine does; what came before is still taken down
        failure = error
    makespan = int(environment.now)
    if failure is None:  # an engine may have left behind an alarm that nobody waits for
        ends = [launch.at_ps for tenancy in tenancies for launch in tenancy.launches]
        ends += [lane.free_since for run in runs for lane in run.lanes]
        makespan = int(max(ends, default=0))
    records = [
        _taken_down(run, tenancy, level, makespan) for run, tenancy in zip(runs, tenancies, strict=True)
    ]
    if failure is not None:
        said = f"{type(failure).__name__}: {failure}"
        raise BrokenInvariant(f"an engine failed after {makespan} ps, {said}", records[0]) from failure
    return records


def _begun(tenancy: Tenancy, environment: Environment, level: RecordLevel) -> _Run:
    """A tenant's lanes and space, with its launches to come."""
    space = Space(list(tenancy.memories.values()))
    run = _Run(environment, space, level, [launch.at_ps for launch in tenancy.launches])
    run.lanes = [_Lane(run, number, engine) for number, engine in enumerate(tenancy.engines.values())]
    if tenancy.launches:  # a later launch finds in memory what the one before left there
        space.take(tenancy.launches[0].plan.resident_in)
    for number, launch in enumerate(tenancy.launches):
        arrival = Timeout(environment, launch.at_ps)
        arrival.callbacks.append(partial(run.arrive, number, launch.plan))
    return run


def _taken_down(run: _Run, tenancy: Tenancy, level: RecordLevel, makespan: int) -> Record:
    """The Record of a tenant."""
    launches, engines, memories = tenancy
    space = run.space
    by_layer = {
        name: tuple(sorted(lane.layer_ps.items()))
        for name, lane in zip(engines, run.lanes, strict=True)
        if lane.layer_ps
    }
    return Record(
        level=level,
        makespan_ps=makespan,
        engines={name: lane.totals(makespan) for name, lane in zip(engines, run.lanes, strict=True)},
        memories={
            name: MemoryTotals(capacity, capacity - least, capacity - free)
            for (name, capacity), least, free in zip(memories.items(), space.least, space.free, strict=True)
        },
        unfinished=sum(len(launch.plan.lane) for launch in launches) - sum(lane.tasks for lane in run.lanes),
        layer_working_ps=by_layer,
        rows=tuple(run.rows or ()),
        bus_holders=tuple(run.bus_holders),
        launches=tuple(
            Launched(launch.at_ps, end, launch.first, launch.first + len(launch.plan.lane))
            for launch, end in zip(launches, run.ends, strict=True)
        ),
    )
