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
    """Why an engine with a task at the head of its queue does not work."""

    DATA = "data"
    """A result that the task reads is not there yet."""
    ORDER = "order"
    """The schedule makes the task wait for one whose result it does not read."""
    BUS = "bus"
    """Another channel or a background master has the bus, or it turns around or refreshes."""
    SPACE = "space"
    """Its buffers do not fit beside what the on-chip memory holds."""
    LATENCY = "latency"
    """A request is on its way and nothing has come back yet."""
    ENGINE = "engine"
    """Another tenant's task is at it."""


class RecordLevel(StrEnum):
    """How much a run takes down. Totals by engine, and so all invariants, are kept at every level."""

    FULL = "full"
    """Every span, with its waits and who caused them; memory grows with tasks."""
    AGGREGATE = "aggregate"
    """Sums by engine and layer; memory does not grow."""
    NONE = "none"
    """Totals by engine only."""


IN_FULL = "`simres.simulate(SCENARIO, record='full')` in Python has every task, of a load over time too"
"""What to do where a record says less than is asked of it."""


STALLS = (Cause.ENGINE, Cause.LATENCY, Cause.BUS)
"""Why a task that has its buffers is not worked on yet, in the order in which this comes."""


class Wait(NamedTuple):
    """A stretch of time in which an engine waited to work on a task.

    `holder` is the task whose end ended it, -1 where that is no single one.
    """

    cause: Cause
    start_ps: int
    end_ps: int
    holder: int = -1


class Span(NamedTuple):
    """One task in time, all in picoseconds from the start of the run.

    The engine turned to the task at `since` (it was free and the task next in line). At `ready`
    everything the task waits for had ended, at `granted` it had its buffers and began, at `end` it was
    done. Of granted to end, `engine_ps`, `latency_ps` and `bus_ps` were not worked. `holder` is the task
    whose end made it ready, `space_holder` the one whose end made space; -1 where it did not wait. `launch`
    is the instance of a Program, counted from 0.

    Its columns are known here and in `simres.simulation.lanes`, which takes them down; a column of time in
    which the task is not worked on has a cause in `STALLS` and its place in `stalls_ps`. In documents a span
    is a list of its columns.
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

    @property
    def stalls_ps(self) -> tuple[int, ...]:
        """Picoseconds that it stalled after its grant, by cause in the order of `STALLS`."""
        return (self.engine_ps, self.latency_ps, self.bus_ps)

    @property
    def turn(self) -> int:
        """When it had its engine, which another tenant's task may have been at."""
        return self.granted + self.engine_ps

    @property
    def begun(self) -> int:
        """When the engine started to work on it."""
        return self.granted + sum(self.stalls_ps)

    @property
    def working_ps(self) -> int:
        """Picoseconds that the engine worked on it."""
        return self.end - self.begun

    def waits(self, needs: Collection[int]) -> Iterator[Wait]:
        """Its waits in order of time, each from the end of the one before; those of no length are left out.

        `needs` are the tasks whose results it reads, a wait for any other one's end is the schedule's.
        """
        if self.ready > self.since:
            cause = Cause.DATA if self.holder in needs else Cause.ORDER
            yield Wait(cause, self.since, self.ready, self.holder)
        if self.granted > self.ready:
            yield Wait(Cause.SPACE, self.ready, self.granted, self.space_holder)
        yield from self.stalls()

    def stalls(self) -> Iterator[Wait]:
        """Those of its waits that come after its grant."""
        at = self.granted
        for cause, ps in zip(STALLS, self.stalls_ps, strict=True):
            if ps:
                yield Wait(cause, at, at + ps)
                at += ps

    def shifted(self, *, launch: int = 0, task: int = 0) -> Span:
        """The same in a Record that has so many launches and tasks before its own."""
        return self._replace(
            launch=self.launch + launch,
            task=self.task + task,
            holder=self.holder + task if self.holder >= 0 else -1,
            space_holder=self.space_holder + task if self.space_holder >= 0 else -1,
        )

    @classmethod
    def of(cls, columns: tuple[int, ...]) -> Span:
        """The span with these columns; the last ones may be missing where they have a default, as in a Record
        of an older simres. Raises `ValueError` where there are fewer or more."""
        missing = len(cls._fields) - len(columns)
        if not missing:
            return tuple.__new__(cls, columns)
        if not 0 < missing <= len(cls._field_defaults):
            raise ValueError(f"has {len(columns)} figures, not {len(cls._fields)}")
        return cls(*columns)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: object) -> CoreSchema:
        """How pydantic reads one from a document: as a list of whole numbers."""
        from pydantic_core import core_schema

        columns = core_schema.tuple_schema([core_schema.int_schema()], variadic_item_index=0)
        return core_schema.no_info_after_validator_function(cls.of, columns)


class Launched(NamedTuple):
    """One instance of a Program in a run: its tasks from number `first` up to, not including, `past`.

    It was due at `at_ps`, and its last task ended at `end_ps`. `tenant` is whose it is, counted from 0.
    """

    at_ps: int
    end_ps: int
    first: int
    past: int
    tenant: int = 0


@dataclass(frozen=True, slots=True)
class EngineTotals:
    """Where an engine's time went: `working_ps + sum(waiting_ps) + idle_ps` is the makespan."""

    tasks: int
    working_ps: int
    waiting_ps: Mapping[Cause, int]
    idle_ps: int
    moved_bytes: int
    bus_held_by: Mapping[str, int] = field(default_factory=dict)
    """Its waits for a shared bus by who had it: an engine, a background master, or `""` for the bus itself
    (turnaround, refresh). They add up to the wait for cause `bus`; empty where the bus is not shared."""

    @property
    def accounted_ps(self) -> int:
        """All of it, added up."""
        return self.working_ps + sum(self.waiting_ps.values()) + self.idle_ps


@dataclass(frozen=True, slots=True)
class MasterTotals:
    """What a background master moved over `bus` during the run, and how long it had it."""

    bus: str
    requests: int
    moved_bytes: int
    working_ps: int


@dataclass(frozen=True, slots=True)
class MemoryTotals:
    """How full an on-chip memory got, in bytes, and what it held when the run ended."""

    capacity: int
    peak: int
    left: int


class Served(NamedTuple):
    """How often a Program served requests of a stream: its tasks are number `first` up to, not including,
    `past`, and it takes up to `batch` requests at once. No launch took less than `fastest_ps`."""

    first: int
    past: int
    batch: int
    launches: int
    requests: int
    fastest_ps: int


@dataclass(frozen=True, slots=True)
class StreamTotals:
    """What became of the requests of a stream, all of which were served.

    A request is *present* from its arrival to the end of its launch's last task, and *waits* until the first
    task of that begins. All of them count in `arrived`, in `stayed_ps` and `waited_ps` (their times added up)
    and in `present_ps` and `waiting_ps`: how many were present or waited, added up over time, moment by
    moment, so that Little's law is that they equal the former two.

    Everything else leaves the first `warmup` out. It is of the `counted` ones, or of the time from the first
    of their arrivals, `from_ps`, to the last end, `until_ps`: their latencies by percentile, of which those
    in `latency_ps` are exact, or too large by less than one part in `one_in`, where that is not 0; `upto_ps`
    has how many had a latency up to so much but more than the one before.
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
    """A run taken down: totals at every level; by layer (`layer_working_ps`) or task (`spans`) as asked.

    `layer_working_ps` has, by engine, pairs of layer and picoseconds. Spans are in order of their end.
    `bus_holders` has, for rows that waited for a shared bus, the row's number, who had the bus, and for how
    many picoseconds. Tasks are numbered through all Programs that ran, in order of their first launch
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
    """Every launch; of a stream of requests only where the level is full."""
    streams: tuple[StreamTotals, ...] = ()

    @property
    def spans(self) -> tuple[Span, ...]:
        """Every task in time, the same as `rows`; empty unless the level is full."""
        return self.rows

    @property
    def parts(self) -> Mapping[tuple[int, int], int]:
        """How often each Program ran, by its first task and the one past its last."""
        found = Counter((one.first, one.past) for one in self.launches)
        if self.level is not RecordLevel.FULL:
            for stream in self.streams:
                for one in stream.served:
                    found[one.first, one.past] += one.launches
        return found

    def repeats(self, tasks: int) -> list[int]:
        """How often each of so many tasks ran; once where the launches are not known."""
        if not self.launches and not self.streams:
            return [1] * tasks
        found = [0] * tasks
        for (first, past), times in self.parts.items():
            for task in range(first, past):
                found[task] += times
        return found
