"""One engine shared by several tenants, one task at a time.

Each tenant's lane uses it as if it were its own. Of the waiting tasks, those of the tenant with the highest
priority go first; of equals, the one that has waited longest; of these, the first tenant's. There is no
preemption. All tasks that arrive at the same instant count, including those that arrive because the engine
has just become free.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
        self._at_it: tuple[int, int, Event] | None = None
        """The seat of the current task, the time that the task waited, and the event of its end."""
        self._settling = False
        self._latest = -1
        self._free_since = -1

    def ask(self, seat: Seat, work: Work, duration_ps: int, queued: bool) -> Event:
        """Queues a task; returns the event of its end."""
        environment = self.engine.env
        done = Event(environment)
        now = int(environment.now)
        heappush(self._waiting, (seat.rank, now, seat.number, work, duration_ps, queued, done))
        if self._at_it is None and not self._settling:
            if environment.peek() > now:  # nothing else happens in this instant, so nobody else can ask
                self._start(now)
            else:
                self._settle_last()
        return done

    def _settle_last(self) -> None:
        self._settling = True
        after_arrivals(self.engine.env, self._settle)

    def _settle(self, _event: Event) -> None:
        self._settling = False
        if self._at_it is None and self._waiting:
            self._start(int(self.engine.env.now))

    def _start(self, now: int) -> None:
        """Starts the next task."""
        _, asked, number, work, duration_ps, queued, done = heappop(self._waiting)
        self._at_it = (number, now - asked, done)
        # It follows the previous task without a gap if it was ready before that ended.
        waited = asked < now or (queued and self._latest == number)
        follows = self._free_since == now and waited
        self.engine.begin(work, duration_ps, follows).callbacks.append(self._ended)

    def _ended(self, event: Event) -> None:
        """Ends the current task."""
        assert self._at_it is not None
        number, waited, done = self._at_it
        self._at_it = None
        self._latest, self._free_since = number, int(self.engine.env.now)
        stall: Stall | None = event._value
        if waited:
            stall = (stall or Stall())._replace(engine_ps=waited)
        if self._waiting and not self._settling:
            self._settle_last()
        done._ok, done._value = True, stall
        for call in done.callbacks:  # now, rather than by one more event of the same instant
            call(done)


def shared(engines: Mapping[str, Engine], priorities: Sequence[int]) -> list[Mapping[str, Engine]]:
    """A view of these engines for each tenant, by priority."""
    places = {name: SharedEngine(engine, priorities).seats for name, engine in engines.items()}
    return [{name: seats[number] for name, seats in places.items()} for number in range(len(priorities))]
