"""Invariants of every run, checked while it is simulated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from simres.errors import InvariantViolation
from simres.hardware.chip import Chip
from simres.hardware.specs import EngineSpec
from simres.program.record import Cause, Record, StreamTotals
from simres.simulation.flattened import FlatProgram, Launch

if TYPE_CHECKING:
    from simres.simulation.stream import Requests


class BrokenInvariant(InvariantViolation):
    """A run that contradicts itself; `record` is its Record."""

    def __init__(self, message: str, record: Record) -> None:
        super().__init__(
            f"simres contradicts itself: {message}",
            "this is a defect of simres or of a plugin's engine; please report it with the record",
        )
        self.record = record


def longest_chain_ps(plan: FlatProgram) -> int:
    """The longest chain of dependent tasks, each at full speed, in picoseconds.

    Waits that only the schedule imposes are left out, so no schedule of these tasks is faster.
    """
    ends: list[int] = []
    for task, duration in zip(plan.program.tasks, plan.duration_ps, strict=True):
        needs = task.needs
        if not needs:
            ends.append(duration)
        elif len(needs) == 1:
            ends.append(ends[needs[0]] + duration)
        else:
            ends.append(max([ends[number] for number in needs]) + duration)
    return max(ends, default=0)


def hold(
    record: Record,
    launches: Sequence[Launch],
    specs: Mapping[str, EngineSpec],
    shared: Mapping[str, Sequence[str]] | None = None,
    requests: Requests | None = None,
) -> int:
    """Returns the picoseconds of the longest chain; raises `BrokenInvariant` unless all of these hold.

    Every task ended and every buffer was freed, except those meant to stay. Busy, stalled and idle times are
    integers, none is negative, and they add up to the makespan on every engine. Each engine's work and the
    longest chain of dependencies take no longer than the run. The bytes moved are those of the Programs. No
    memory exceeded its capacity. For `shared` components, the work of all their engines together takes no
    longer than the run, background masters included, and their bus waits are those of their holders. All
    `requests` arrived and were served, none faster than its longest chain, and Little's law holds.
    """

    def broken(message: str) -> BrokenInvariant:
        return BrokenInvariant(message, record)

    plans, times = _times(launches, record, requests)
    if record.unfinished:
        raise broken(f"{record.unfinished} tasks never ended")
    last = [*launches, *(requests.plans.values() if requests else ())][-1:]
    staying = dict(last[0].plan.resident_out) if last else {}
    for place, (name, memory) in enumerate(record.memories.items()):
        if memory.peak > memory.capacity:
            raise broken(f"`{name}` held {memory.peak} B of {memory.capacity} B")
        if memory.left != staying.get(place, 0):
            raise broken(f"`{name}` holds {memory.left} B at the end, not {staying.get(place, 0)} B")
    for number, (name, engine) in enumerate(record.engines.items()):
        least: Fraction | int = 0
        nbytes = 0
        for key, plan in plans.items():
            works = [plan.work[task] for task in plan.order[number]]
            durations = [plan.duration_ps[task] for task in plan.order[number]]
            least += times[key] * specs[name].in_a_row_ps(works, durations)
            nbytes += times[key] * sum([work.nbytes for work in works])
        amounts = (engine.working_ps, engine.idle_ps, *engine.waiting_ps.values())
        if not all(isinstance(ps, int) and ps >= 0 for ps in amounts):
            raise broken(f"`{name}` has times that are no whole picoseconds from 0 on: {amounts}")
        if engine.accounted_ps != record.makespan_ps:
            raise broken(f"`{name}` accounts for {engine.accounted_ps} of {record.makespan_ps} ps")
        if least > record.makespan_ps:
            raise broken(f"`{name}` has {ceil(least)} ps of work in {record.makespan_ps} ps")
        if engine.moved_bytes != nbytes:
            raise broken(f"`{name}` moved {engine.moved_bytes} B, the Programs say {nbytes} B")
    for component, lanes in (shared or {}).items():
        _shared_holds(record, plans, times, specs, component, lanes)
    longest = 0
    chains = {key: longest_chain_ps(plan) for key, plan in plans.items()}
    ends = [launched.end_ps for launched in record.launches]
    ends = ends[: len(launches)] or [record.makespan_ps] * len(launches)
    for launch, end in zip(launches, ends, strict=True):
        chain = chains[id(launch.plan)]
        longest = max(longest, chain)
        if not launch.at_ps + chain <= end <= record.makespan_ps:
            raise broken(f"a chain of {chain} ps from {launch.at_ps} ps ended at {end} ps")
    for stream in record.streams:
        _stream_holds(record, stream)
        for one, launch in zip(stream.served, requests.plans.values() if requests else (), strict=True):
            if one.launches:
                longest = max(longest, chain := chains[id(launch.plan)])
                if one.fastest_ps < chain:
                    raise broken(f"a chain of {chain} ps was served in {one.fastest_ps} ps")
    return longest


def _stream_holds(record: Record, stream: StreamTotals) -> None:
    """All requests were served, and their times agree with the queue lengths over time (Little's law)."""
    served = sum(one.requests for one in stream.served)
    if not stream.arrived == served == stream.counted + stream.warmup:
        raise BrokenInvariant(f"{stream.arrived} requests came and {served} were served", record)
    for what, times, crowd in (
        ("present", stream.stayed_ps, stream.present_ps),
        ("waiting", stream.waited_ps, stream.waiting_ps),
    ):
        if times != crowd:
            raise BrokenInvariant(
                f"requests were {what} for {times} ps one by one and {crowd} ps together", record
            )


def _times(
    launches: Sequence[Launch], record: Record, requests: Requests | None
) -> tuple[dict[int, FlatProgram], Counter[int]]:
    """The FlatPrograms that ran, by identity, and how often each did."""
    plans = {id(launch.plan): launch.plan for launch in launches}
    times = Counter(id(launch.plan) for launch in launches)
    for stream in record.streams if requests else ():
        for one, launch in zip(stream.served, requests.plans.values() if requests else (), strict=True):
            plans[id(launch.plan)] = launch.plan
            times[id(launch.plan)] += one.launches
    return plans, times


def hold_together(
    records: Sequence[Record],
    launches: Sequence[Sequence[Launch]],
    chip: Chip,
    requests: Sequence[Requests | None] = (),
) -> None:
    """Raises `BrokenInvariant` unless the work of the tenants fits on the one `chip` that they share.

    On each engine, the tasks of all tenants take no longer than the run, as priced and as reported; so do
    those of all engines of a shared component, with its background masters. The tenants' parts of a memory do
    not exceed its capacity.
    """
    makespan = records[0].makespan_ps
    plans: dict[int, FlatProgram] = {}
    times: Counter[int] = Counter()
    for record, own, asked in zip(records, launches, requests or [None] * len(records), strict=True):
        found, often = _times(own, record, asked)
        plans |= found
        times += often
    for number, (name, spec) in enumerate(chip.engines.items()):
        least: Fraction | int = 0
        for key, plan in plans.items():
            works = [plan.work[task] for task in plan.order[number]]
            least += times[key] * spec.in_a_row_ps(works, [plan.duration_ps[t] for t in plan.order[number]])
        reported = sum(record.engines[name].working_ps for record in records)
        if max(ceil(least), reported) > makespan:
            raise BrokenInvariant(
                f"`{name}` has {ceil(least)} ps of work for all tenants, {reported} ps reported, in "
                f"{makespan} ps",
                records[0],
            )
    for component, lanes in chip.shared.items():
        masters = sum(one.working_ps for one in records[0].masters.values() if one.bus == component)
        reported = sum(record.engines[name].working_ps for record in records for name in lanes)
        if reported + masters > makespan:
            raise BrokenInvariant(
                f"the channels of `{component}` worked {reported + masters} ps in {makespan} ps", records[0]
            )
    for name, memory in chip.memories.items():
        parts = sum(record.memories[name].capacity for record in records)
        if parts > memory.capacity:
            raise BrokenInvariant(
                f"tenants have {parts} B of `{name}`, which has {memory.capacity} B", records[0]
            )


def _shared_holds(
    record: Record,
    plans: Mapping[int, FlatProgram],
    times: Mapping[int, int],
    specs: Mapping[str, EngineSpec],
    component: str,
    lanes: Sequence[str],
) -> None:
    numbers = [number for number, name in enumerate(record.engines) if name in lanes]
    least: Fraction | int = 0
    for key, plan in plans.items():
        works = (plan.work[task] for number in numbers for task in plan.order[number])
        least += times[key] * specs[lanes[0]].together_ps(works)
    masters = sum(master.working_ps for master in record.masters.values() if master.bus == component)
    working = sum(record.engines[name].working_ps for name in lanes)
    for what, ps in (("work", ceil(least) + masters), ("reported work", working + masters)):
        if ps > record.makespan_ps + (what == "work"):  # two roundings
            raise BrokenInvariant(
                f"the channels of `{component}` have {ps} ps of {what} in {record.makespan_ps} ps", record
            )
    for name in lanes:
        engine = record.engines[name]
        held, waited = sum(engine.bus_held_by.values()), engine.waiting_ps.get(Cause.BUS, 0)
        if held != waited:
            raise BrokenInvariant(f"`{name}` waited {waited} ps for the bus, others had it {held} ps", record)


def spans_hold(record: Record, plan: FlatProgram) -> None:
    """Raises `BrokenInvariant` unless the spans agree with the Program, task by task.

    No task starts before everything it waits for has ended, and each engine does one task at a time, in
    order. Too expensive for every run: the tests and the conformance kit call it.
    """
    ends: dict[tuple[int, int], int] = {}
    free = [0] * len(plan.order)
    tasks = plan.program.tasks
    for span in record.spans:
        who = f"task {span.task} of launch {span.launch}"
        lane = plan.lane[span.task]
        if not (free[lane] <= span.since <= span.ready <= span.granted <= span.begun <= span.end):
            raise BrokenInvariant(f"{who} runs against time: {span}", record)
        task = tasks[span.task]
        ready = span.since
        for earlier in task.needs + task.after:
            if (span.launch, earlier) not in ends:
                raise BrokenInvariant(f"{who} ends before task {earlier}, for which it waits", record)
            ready = max(ready, ends[span.launch, earlier])
        if span.ready != ready:
            raise BrokenInvariant(f"{who} counts as ready at {span.ready}, not at {ready}", record)
        ends[span.launch, span.task] = span.end
        free[lane] = span.end
