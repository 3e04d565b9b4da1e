"""The Record of a run: totals, spans and launches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pydantic_core import CoreSchema


class Cause(StrEnum):
    """Why an engine with a task at the head of its queue is stalled."""

    DATA = "data"
    """A result that the task reads is not ready yet."""
    ORDER = "order"
    """The schedule makes the task wait for another whose result it does not read."""
    BUS = "bus"
    """Another channel or a background master holds the bus, or it turns around or refreshes."""
    SPACE = "space"
    """The task's buffers do not fit beside what the on-chip memory holds."""
    LATENCY = "latency"
    """A request is under way and no data has returned yet."""
    ENGINE = "engine"
    """Another tenant's task occupies the engine."""
    UNKNOWN = "unknown"
    """In an imported trace: everything that the task is known to wait for has ended. It may be the latency of
    its launch, or a wait for something that the trace does not name."""


SIMULATED: tuple[Cause, ...] = tuple(cause for cause in Cause if cause is not Cause.UNKNOWN)
"""The causes of a simulated run, in which everything is known."""


class RecordLevel(StrEnum):
    """How much of a run is recorded. Totals by engine, and so all invariants, are kept at every level."""

    FULL = "full"
    """Every span, with its stalls and their holders; memory grows with the number of tasks."""
    AGGREGATE = "aggregate"
    """Sums by engine and layer; memory does not grow."""
    NONE = "none"
    """Totals by engine only."""


IN_FULL = "`simres.simulate(SCENARIO, record='full')` in Python has every task, of a load over time too"
"""The hint if a Record has less than a command needs."""


STALLS = (Cause.ENGINE, Cause.LATENCY, Cause.BUS, Cause.UNKNOWN)
"""The causes that stall a task after its buffers are granted, in the order in which they occur."""


class Wait(NamedTuple):
    """An interval in which an engine stalled on a task.

    `holder` is the task whose end ended it, -1 if that is no single one.
    """

    cause: Cause
    start_ps: int
    end_ps: int
    holder: int = -1


class Span(NamedTuple):
    """One task in time, all in picoseconds from the start of the run.

    The engine turned to the task at `since` (it was free and the task next in line). At `ready`
    everything the task waits for had ended, at `granted` it had its buffers and started, at `end` it was
    done. Between granted and end, `engine_ps`, `latency_ps`, `bus_ps` and `unknown_ps` were stalls. `holder`
    is the task whose end made it ready, `space_holder` the one whose end freed the space; -1 if it did not
    wait. `launch` is the instance of a Program, counted from 0.

    The columns are known only here and in `simres.simulation.lanes`, which records them. A column of time in
    which the task stalls has a cause in `STALLS` and its place in `stalls_ps`. In documents a span is a list
    of its columns.
    """

    launch: int
    task: int
    since: int
    ready: int
    granted: int
    end: int
    latency_ps: int
    bus_ps: int
    holder: int
    space_holder: int
    engine_ps: int = 0
    unknown_ps: int = 0

    @property
    def stalls_ps(self) -> tuple[int, ...]:
        """The task's stalls after its grant in picoseconds, by cause in the order of `STALLS`."""
        return (self.engine_ps, self.latency_ps, self.bus_ps, self.unknown_ps)

    @property
    def without_stalls(self) -> Span:
        """The same without the stalls after its grant."""
        return self._replace(**{f"{cause}_ps": 0 for cause in STALLS})

    @property
    def turn(self) -> int:
        """The time at which it got its engine, which another tenant's task may have occupied."""
        return self.granted + self.engine_ps

    @property
    def begun(self) -> int:
        """The time at which the engine started to work on it."""
        return self.granted + sum(self.stalls_ps)

    @property
    def working_ps(self) -> int:
        """Picoseconds for which the engine was busy with it."""
        return self.end - self.begun

    def waits(self, needs: Collection[int]) -> Iterator[Wait]:
        """Yields its stalls in order of time, each from the end of the previous one; empty ones are left out.

        `needs` are the tasks whose results it reads; a stall on any other task has the cause `ORDER`.
        """
        if self.ready > self.since:
            cause = Cause.DATA if self.holder in needs else Cause.ORDER
            yield Wait(cause, self.since, self.ready, self.holder)
        if self.granted > self.ready:
            yield Wait(Cause.SPACE, self.ready, self.granted, self.space_holder)
        yield from self.stalls()

    def stalls(self) -> Iterator[Wait]:
        """Yields its stalls after its grant."""
        at = self.granted
        for cause, ps in zip(STALLS, self.stalls_ps, strict=True):
            if ps:
                yield Wait(cause, at, at + ps)
                at += ps

    def shifted(self, *, launch: int = 0, task: int = 0) -> Span:
        """The same span in a Record with `launch` launches and `task` tasks before its own."""
        return self._replace(
            launch=self.launch + launch,
            task=self.task + task,
            holder=self.holder + task if self.holder >= 0 else -1,
            space_holder=self.space_holder + task if self.space_holder >= 0 else -1,
        )

    @classmethod
    def of(cls, columns: tuple[int, ...]) -> Span:
        """The span with these columns; the last ones may be missing if they have a default, as in a Record of
        an older simres. Raises `ValueError` if there are fewer or more."""
        missing = len(cls._fields) - len(columns)
        if not missing:
            return tuple.__new__(cls, columns)
        if not 0 < missing <= len(cls._field_defaults):
            raise ValueError(f"has {len(columns)} figures, not {len(cls._fields)}")
        return cls(*columns)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: object) -> CoreSchema:
        """The pydantic schema of a span in a document: a list of integers."""
        from pydantic_core import core_schema

        columns = core_schema.tuple_schema([core_schema.int_schema()], variadic_item_index=0)
        return core_schema.no_info_after_validator_function(cls.of, columns)


class Launched(NamedTuple):
    """One instance of a Program in a run: its tasks from number `first` up to, not including, `past`.

    It was due at `at_ps`, and its last task ended at `end_ps`. `tenant` is its tenant's index.
    """

    at_ps: int
    end_ps: int
    first: int
    past: int
    tenant: int = 0


@dataclass(frozen=True, slots=True)
class EngineTotals:
    """The time of an engine: `working_ps + sum(waiting_ps) + idle_ps` is the makespan."""

    tasks: int
    working_ps: int
    waiting_ps: Mapping[Cause, int]
    idle_ps: int
    moved_bytes: int
    bus_held_by: Mapping[str, int] = field(default_factory=dict)
    """Its stalls on a shared bus by holder: an engine, a background master, or `""` for the bus itself
    (turnaround, refresh). They add up to the stalls of cause `bus`; empty if the bus is not shared."""

    @property
    def accounted_ps(self) -> int:
        """The sum of busy, stalled and idle time."""
        return self.working_ps + sum(self.waiting_ps.values()) + self.idle_ps


@dataclass(frozen=True, slots=True)
class MasterTotals:
    """The traffic of a background master on `bus` during the run, and the time for which it held the bus."""

    bus: str
    requests: int
    moved_bytes: int
    working_ps: int


@dataclass(frozen=True, slots=True)
class MemoryTotals:
    """The capacity and the peak of an on-chip memory, in bytes, and what it held at the end of the run."""

    capacity: int
    peak: int
    left: int


class Served(NamedTuple):
    """The launches of one Program for requests of a stream: its tasks are number `first` up to, not
    including, `past`, and it serves up to `batch` requests at once. No launch took less than `fastest_ps`."""

    first: int
    past: int
    batch: int
    launches: int
    requests: int
    fastest_ps: int


@dataclass(frozen=True, slots=True)
class StreamTotals:
    """The totals of a stream of requests, all of which were served.

    A request is *present* from its arrival to the end of its launch's last task, and *waits* until the first
    task of that starts. All requests count in `arrived`, in `stayed_ps` and `waited_ps` (sums of their times)
    and in `present_ps` and `waiting_ps` (integrals over time of the number present or waiting); Little's law
    says that both pairs are equal.

    All other figures leave out the first `warmup` requests. They cover the `counted` ones, or the time from
    the first of their arrivals, `from_ps`, to the last end, `until_ps`. Latencies are given by percentile;
    those in `latency_ps` are exact, or too large by less than one part in `one_in` if that is not 0.
    `upto_ps` has the number of latencies up to each limit but above the previous one.
    """

    arrived: int
    warmup: int
    counted: int
    first_ps: int
    last_ps: int
    from_ps: int
    until_ps: int
    stayed_ps: int
    waited_ps: int
    present_ps: int
    waiting_ps: int
    counted_latency_ps: int
    counted_wait_ps: int
    counted_present_ps: int
    counted_waiting_ps: int
    most_present: int
    most_waiting: int
    present_at_last: int
    latency_ps: Mapping[str, int]
    wait_ps: Mapping[str, int]
    one_in: int
    upto_ps: tuple[tuple[int, int], ...]
    served: tuple[Served, ...]
    deadline_ps: int = 0
    missed: int = 0
    tenant: int = 0


@dataclass(frozen=True)
class Record:
    """The Record of a run: totals at every level; by layer (`layer_working_ps`) or task (`spans`) on request.

    `layer_working_ps` has, by engine, pairs of layer and picoseconds. Spans are in order of their end.
    `bus_holders` has, for rows that waited for a shared bus, the row's number, the holder of the bus, and its
    picoseconds. Tasks are numbered through all Programs that ran, in order of their first launch
    (`simres.program.tenants`). Two runs of the same input give equal Records.
    """

    level: RecordLevel
    makespan_ps: int
    engines: Mapping[str, EngineTotals]
    memories: Mapping[str, MemoryTotals]
    unfinished: int = 0
    layer_working_ps: Mapping[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    rows: tuple[Span, ...] = ()
    bus_holders: tuple[tuple[int, str, int], ...] = ()
    masters: Mapping[str, MasterTotals] = field(default_factory=dict)
    launches: tuple[Launched, ...] = ()
    """Every launch; for a stream of requests only if the level is full."""
    streams: tuple[StreamTotals, ...] = ()

    @property
    def spans(self) -> tuple[Span, ...]:
        """Every task in time, the same as `rows`; empty unless the level is full."""
        return self.rows

    @property
    def parts(self) -> Mapping[tuple[int, int], int]:
        """The number of runs of each Program, by its first task and the one past its last."""
        found = Counter((one.first, one.past) for one in self.launches)
        if self.level is not RecordLevel.FULL:
            for stream in self.streams:
                for one in stream.served:
                    found[one.first, one.past] += one.launches
        return found

    def repeats(self, tasks: int) -> list[int]:
        """The number of runs of each of so many tasks; 1 if the launches are unknown."""
        if not self.launches and not self.streams:
            return [1] * tasks
        found = [0] * tasks
        for (first, past), times in self.parts.items():
            for task in range(first, past):
                found[task] += times
        return found
