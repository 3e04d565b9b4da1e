"""One engine shared by several tenants, one task at a time.

Each tenant's lane asks as if the engine were its own. Of those who ask, the tenant of the highest priority
is next, of equals the one that has asked for longest, of these the first. A task that has begun is never
taken back. All who ask at the same instant count, those too who ask because the engine has just come free.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import heappop, heappush

from simpy import Event

from simres.hardware.engine import Engine, Stall, after_arrivals
from simres.program.tasks import Work


class Seat(Engine):
    """A tenant's place at a shared engine, an engine like any other for its lane."""

    def __init__(self, shared: SharedEngine, number: int, priority: int) -> None:
        super().__init__(shared.engine.env, shared.engine.spec)
        self.shared = shared
        self.number = number
        self.rank = -priority

    def begin(self, work: Work, duration_ps: int, queued: bool) -> Event:
        """See `Engine.begin`; the stall has how long others were at the engine first."""
        return self.shared.ask(self, work, duration_ps, queued)


class SharedEngine:
    """An engine, who is at it, and who waits for it; `seats` has a place for each priority given."""

    def __init__(self, engine: Engine, priorities: Sequence[int]) -> None:
        self.engine = engine
        self.seats = [Seat(self, number, priority) for number, priority in enumerate(priorities)]
        # A seat asks once at a time, so no two entries agree in rank, moment and number.
        self._waiting: list[tuple[int, int, int, Work, int, bool, Event]] = []
        self._at_it: tuple[int, int, Event] | None = None
        """The seat whose task is under way, how long that waited, and the event of its end."""
        self._settling = False
        self._latest = -1
        self._free_since = -1

    def ask(self, seat: Seat, work: Work, duration_ps: int, queued: bool) -> Event:
        """Queues a task; the event of its end."""
        done = Event(self.engine.env)
        now = int(self.engine.env.now)
        heappush(self._waiting, (seat.rank, now, seat.number, work, duration_ps, queued, done))
        if self._at_it is None:
            self._settle_last()
        return done

    def _settle_last(self) -> None:
        if not self._settling:
            self._settling = True
            after_arrivals(self.engine.env, self._settle)

    def _settle(self, _event: Event) -> None:
        """Begins the next task."""
        self._settling = False
        if self._at_it is not None or not self._waiting:
            return
        _, asked, number, work, duration_ps, queued, done = heappop(self._waiting)
        now = int(self.engine.env.now)
        self._at_it = (number, now - asked, done)
        # It follows the task before without a gap if it was ready before that ended.
        waited = asked < now or (queued and self._latest == number)
        follows = self._free_since == now and waited
        self.engine.begin(work, duration_ps, follows).callbacks.append(self._ended)

    def _ended(self, event: Event) -> None:
        """The task under way is done."""
        assert self._at_it is not None
        number, waited, done = self._at_it
        self._at_it = None
        self._latest, self._free_since = number, int(self.engine.env.now)
        stall: Stall | None = event._value
        if waited:
            stall = (stall or Stall())._replace(engine_ps=waited)
        done.succeed(stall)
        if self._waiting:
            self._settle_last()


def shared(engines: Mapping[str, Engine], priorities: Sequence[int]) -> list[Mapping[str, Engine]]:
    """For each tenant, by priority, its view of these engines."""
    places = {name: SharedEngine(engine, priorities).seats for name, engine in engines.items()}
    return [{name: seats[number] for name, seats in places.items()} for number in range(len(priorities))]
