"""The queues of engines, and the launches that fill them.

Each engine has a lane: a queue of tasks in program order. A task starts when it is at the head of its
lane, everything it waits for has ended, and its buffers are granted. Grants follow program order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from simpy import Environment, Event

from simres.hardware.engine import Engine, Stall
from simres.hardware.sram import Space
from simres.program.record import SIMULATED, Cause, EngineTotals, RecordLevel, Span
from simres.simulation.flattened import EMPTY, FlatProgram, Launch

if TYPE_CHECKING:
    from simres.simulation.stream import Desk, LaunchedRequests

NEVER = float("inf")
_span = tuple.__new__
"""Makes a Span of all its columns, in half the time of calling the class."""


class NoMoment(Exception):
    """A task never ends, or ends at no valid moment (`nan`); the argument is the engine's number."""


class _Instance:
    """A launched Program as it runs: the outstanding waits, by task and by buffer.

    While no lane has turned to it, it is `fresh` and holds little more than its place in the queues.
    """

    __slots__ = ("asked", "first_turn", "fresh", "lanes", "number", "plan", "users", "waits")

    def __init__(
        self, number: int, plan: FlatProgram, first_turn: int, asked: LaunchedRequests | None
    ) -> None:
        self.number = number
        self.plan = plan
        self.first_turn = first_turn
        self.asked = asked
        self.fresh = True
        self.lanes = 0
        """Lanes that have not reached the end of their tasks."""
        self.waits: list[int] = []
        self.users: list[int] = []


_NOTHING = _Instance(-1, EMPTY, 0, None)
"""The instance of a lane with an empty queue."""


class Run:
    """The state that all lanes of a run share."""

    __slots__ = (
        "bus_holders",
        "by_layer",
        "desk",
        "due",
        "ends",
        "environment",
        "freed",
        "held_back",
        "lanes",
        "latest",
        "launched",
        "logged",
        "rows",
        "space",
    )

    def __init__(
        self, environment: Environment, space: Space, level: RecordLevel, launches: Sequence[Launch]
    ) -> None:
        self.environment = environment
        self.space = space
        self.lanes: list[Lane] = []
        self.latest = EMPTY
        self.freed = -1
        """The time at which space was last freed."""
        self.held_back: deque[tuple[int, Launch, LaunchedRequests | None]] = deque()
        """Launches that wait for the previous one to fill the memory."""
        self.rows: list[Span] | None = [] if level is RecordLevel.FULL else None
        self.bus_holders: list[tuple[int, str, int]] = []
        self.by_layer = level is RecordLevel.AGGREGATE
        self.logged = list(launches)
        """Every launch; those for requests of a stream only if all spans are recorded."""
        self.ends = [launch.at_ps for launch in launches]
        """The time at which the last lane reached the end of its tasks, by launch."""
        self.launched = len(launches)
        self.due = sum(len(launch.plan.lane) for launch in launches)
        """The number of tasks of all launches."""
        self.desk: Desk | None = None

    def submit(self, launch: Launch, asked: LaunchedRequests) -> None:
        """Queues an instance of a Program for requests of the stream."""
        number = self.launched
        self.launched += 1
        self.due += len(launch.plan.lane)
        if self.rows is not None:
            self.logged.append(replace(launch, at_ps=asked.launched_ps))
            self.ends.append(asked.launched_ps)
        self.arrive(number, launch, asked)

    def arrive(self, number: int, launch: Launch, asked: LaunchedRequests | None = None) -> None:
        """Launches a Program, or holds it back until the memory contents that it expects are there."""
        self.held_back.append((number, launch, asked))
        self.proceed()

    def proceed(self) -> None:
        """Launches everything that need not be held back any longer."""
        while self.held_back:
            if self.latest.fills and any(lane.instance is not _NOTHING for lane in self.lanes):
                return
            self.launch(*self.held_back.popleft())

    def launch(self, number: int, launch: Launch, asked: LaunchedRequests | None) -> None:
        """Queues an instance of a Program on every lane."""
        plan = self.latest = launch.plan
        instance = _Instance(number, plan, self.space.admit(plan.turns), asked)
        now = int(self.environment.now)
        lanes = [lane for lane in self.lanes if plan.order[lane.number]]
        instance.lanes = len(lanes)
        for lane in lanes:
            lane.queue.append(instance)
        for lane in lanes:
            if lane.instance is _NOTHING:
                lane.wake(now)
        if not lanes and self.desk is not None and asked is not None:
            self.desk.begun(asked, now)
            self.desk.ended(asked, now)

    def ended(self, instance: _Instance, now: int) -> None:
        """Handles the end of an instance on all lanes."""
        if instance.number < len(self.ends):
            self.ends[instance.number] = now
        if self.desk is not None and instance.asked is not None:
            self.desk.ended(instance.asked, now)


class Lane:
    """An engine's queue. The engine is busy with `task`, stalls on it, or the queue is empty.

    `awaits` is the task that waits for dependencies, -1 if there is none.
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

    def __init__(self, run: Run, number: int, engine: Engine) -> None:
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
        """The time at which a later task in the queue, or a new one, last became ready."""
        self.holder = self.space_holder = -1
        self.finished = self.working_ps = self.idle_ps = self.moved_bytes = 0
        self.waiting_ps: dict[Cause, int] = dict.fromkeys(SIMULATED, 0)
        self.bus_held_by: dict[str, int] = {}
        self.layer_ps: dict[int, int] = {}

    @property
    def tasks(self) -> int:
        """The number of tasks that ended."""
        return self.finished + max(0, self.position)

    def totals(self, makespan_ps: int) -> EngineTotals:
        """The totals up to the end of the run; with an empty queue the lane is idle since it ran dry."""
        idle = self.idle_ps + (makespan_ps - self.free_since if self.instance is _NOTHING else 0)
        return EngineTotals(
            self.tasks, self.working_ps, dict(self.waiting_ps), idle, self.moved_bytes, dict(self.bus_held_by)
        )

    def wake(self, now: int) -> None:
        """Starts a lane whose queue is no longer empty."""
        self.idle_ps += now - self.free_since
        self.free_since = self.ripened = now  # the next task follows no other without a gap
        self.advance(now)

    def advance(self, now: int) -> None:
        """Turns to the next task, if there is one, and starts it if nothing is missing."""
        position = self.position + 1
        if position == len(self.order):
            self.finished += position
            if position:
                ended = self.instance
                ended.lanes -= 1
                if not ended.lanes:
                    self.run.ended(ended, now)
            if not self.queue:
                self.instance, self.order, self.position, self.task = _NOTHING, [], -1, -1
                self.run.proceed()
                return
            instance = self.instance = self.queue.popleft()
            plan = instance.plan
            if not instance.waits:
                instance.waits, instance.users = plan.waits.copy(), plan.users.copy()
            self.order = plan.order[self.number]
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
        """Continues with the head, which the end of `holder` made ready."""
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
        """Continues with the head, which is ready: the engine starts it, or it waits for space."""
        plan = instance.plan
        demand = plan.demand[task]
        if demand:
            space = self.run.space
            if not space.request(instance.first_turn + plan.turn[task], demand, self):
                return
        self.granted = now
        work = plan.work[task]
        self.moved_bytes += work.nbytes
        if instance.fresh:
            self.begun(instance, now)
        # Ready at this very instant does not count as ready before it: see `Engine.begin`.
        queued = self.holder < 0 and self.ripened != now != self.run.freed
        self.begin(work, plan.duration_ps[task], queued).callbacks.append(self.finish)
        if demand and space.waiting:
            space.serve(now, task)

    def granted_space(self, now: int, holder: int) -> None:
        """Starts the head, whose buffers are now granted."""
        self.space_holder = holder
        self.waiting_ps[Cause.SPACE] += now - self.ready
        self.granted = now
        if self.instance.fresh:
            self.begun(self.instance, now)
        plan = self.instance.plan
        work = plan.work[self.task]
        self.moved_bytes += work.nbytes
        self.begin(work, plan.duration_ps[self.task], False).callbacks.append(self.finish)

    def begun(self, instance: _Instance, now: int) -> None:
        """Handles the start of the first task of an instance."""
        instance.fresh = False
        if self.run.desk is not None and instance.asked is not None:
            self.run.desk.begun(instance.asked, now)

    def blame(self, held: Sequence[tuple[str, int]]) -> None:
        """Records the holders of the bus while the head waited for it."""
        rows = self.run.rows
        for name, ps in held:
            self.bus_held_by[name] = self.bus_held_by.get(name, 0) + ps
            if rows is not None:
                self.run.bus_holders.append((len(rows), name, ps))

    def finish(self, event: Event) -> None:
        """Ends the head: records it, wakes the tasks that wait for it, and turns to the next."""
        run = self.run
        now: int = run.environment._now  # type: ignore[assignment]
        if not now < NEVER:
            raise NoMoment(self.number)
        task = self.task
        instance = self.instance
        plan = instance.plan
        granted = self.granted
        working = now - granted
        latency = bus = engine = 0
        stall: Stall | None = event._value
        if stall is not None:
            engine, latency, bus = stall.engine_ps, stall.latency_ps, stall.bus_ps
            working -= engine + latency + bus
            self.waiting_ps[Cause.ENGINE] += engine
            self.waiting_ps[Cause.LATENCY] += latency
            self.waiting_ps[Cause.BUS] += bus
            if stall.held:
                self.blame(stall.held)
        self.working_ps += working
        if run.rows is not None:
            columns = (
                instance.number,
                task,
                self.free_since,
                self.ready,
                granted,
                now,
                latency,
                bus,
                self.holder,
                self.space_holder,
                engine,
                0,
            )
            run.rows.append(_span(Span, columns))
        elif run.by_layer:
            layer = plan.layer[task]
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
