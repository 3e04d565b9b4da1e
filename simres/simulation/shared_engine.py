"""One engine shared by several tenants, one task at a time.

Each tenant's lane uses it as if it were its own. Of the waiting tasks, those of the tenant with the highest
priority go first; of equals, the one that has waited longest; of these, the first tenant's. There is no
preemption. All tasks that arrive at the same instant count, including those that arrive because the engine
has just become free.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from heapq import heappop, heappush

from simpy import Event

from simres.hardware.engine import Engine, Stall, after_arrivals
from simres.program.tasks import Work


class Seat(Engine):
    """A tenant's view of a shared engine; for its lane, an engine like any other."""

    def __init__(self, shared: SharedEngine, number: int, priority: int) -> None:
        super().__init__(shared.engine.env, shared.engine.spec)
        self.shared = shared
        self.number = number
        self.rank = -priority

    def begin(self, work: Work, duration_ps: int, queued: bool) -> Event:
        """See `Engine.begin`; the stall includes the time in which other tenants had the engine."""
        return self.shared.ask(self, work, duration_ps, queued)


class SharedEngine:
    """An engine, its current task and its queue; `seats` has a view for each priority given."""

    def __init__(self, engine: Engine, priorities: Sequence[int]) -> None:
        self.engine = engine
        self.seats = [Seat(self, number, priority) for number, priority in enumerate(priorities)]
        # A seat has one request at a time, so no two entries agree in rank, moment and number.
        self._waiting: list[tuple[int, int, int, Work, int, bool, Event]] = []
        """Empty, unless the engine is taken or settling."""
        self._taken = self._settling = False
        self._latest = -1
        """The seat of the current task, or of the last."""
        self._free_since = -1

    def ask(self, seat: Seat, work: Work, duration_ps: int, queued: bool) -> Event:
        """Starts a task if nobody else can ask now, or queues it; returns the event of its end."""
        environment = self.engine.env
        now = int(environment.now)
        free = not self._taken and not self._settling
        if free and environment.peek() > now:
            return self._start(seat.number, work, duration_ps, queued and self._latest == seat.number)
        done = Event(environment)
        heappush(self._waiting, (seat.rank, now, seat.number, work, duration_ps, queued, done))
        if free:
            self._settle_last()
        return done

    def _settle_last(self) -> None:
        self._settling = True
        after_arrivals(self.engine.env, self._settle)

    def _settle(self, _event: Event) -> None:
        """Starts the next task."""
        self._settling = False
        if self._taken or not self._waiting:
            return
        _, asked, number, work, duration_ps, queued, done = heappop(self._waiting)
        waited = int(self.engine.env.now) - asked
        event = self._start(number, work, duration_ps, waited > 0 or (queued and self._latest == number))
        event.callbacks.append(partial(_pass_on, done, waited))

    def _start(self, number: int, work: Work, duration_ps: int, was_ready: bool) -> Event:
        """Starts a task; it follows the previous one without a gap if it was ready before that ended."""
        follows = was_ready and self._free_since == self.engine.env.now
        self._taken, self._latest = True, number
        event = self.engine.begin(work, duration_ps, follows)
        event.callbacks.append(self._ended)
        return event

    def _ended(self, _event: Event) -> None:
        """Frees the engine."""
        self._taken = False
        self._free_since = int(self.engine.env.now)
        if self._waiting and not self._settling:
            self._settle_last()


def _pass_on(done: Event, waited_ps: int, event: Event) -> None:
    """Ends a task that was queued, now rather than by one more event of the same instant."""
    stall: Stall | None = event._value
    if waited_ps:
        stall = (stall or Stall())._replace(engine_ps=waited_ps)
    done._ok, done._value = True, stall
    for call in done.callbacks:
        call(done)


def shared(engines: Mapping[str, Engine], priorities: Sequence[int]) -> list[Mapping[str, Engine]]:
    """A view of these engines for each tenant, by priority."""
    places = {name: SharedEngine(engine, priorities).seats for name, engine in engines.items()}
    return [{name: seats[number] for name, seats in places.items()} for number in range(len(priorities))]
