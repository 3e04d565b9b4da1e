"""A run as Chrome trace JSON, which ui.perfetto.dev and chrome://tracing open.

Every engine is a thread of one process. A task is a slice; what the engine waited for before it is a
slice of its own, named after the cause. `ts` and `dur` are microseconds with three decimals: start and
end are each rounded to whole nanoseconds and then subtracted, so that slices touch and never overlap.
A task that makes something others need starts a flow (`bind_id`, `flow_out`); each need of a task is
a slice of no length at its start that ends one (`flow_in`), since a slice can end only one flow.
On-chip memory is a counter in bytes.

Format: "Trace Event Format" (Google, 2016), as Perfetto's JSON importer reads it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from simres.analysis.history import bus_holders
from simres.analysis.occupancy import occupancy
from simres.errors import SimresError
from simres.program import Task, TaskKind
from simres.record import Cause, RecordLevel, Span
from simres.result import Result

_PROCESS = 1
_PS_PER_NS = 1000
Event = dict[str, Any]


def perfetto(result: Result) -> str:
    """The trace of `result` as JSON text.

    Raises `SimresError` when the result has no spans (its record is not full).
    """
    if result.record.level is not RecordLevel.FULL:
        raise SimresError(
            f"this result has no trace: it was recorded at level `{result.record.level.value}`",
            "run it again with a full record",
        )
    events = [(event.get("ts", -1), json.dumps(event, separators=(",", ":"))) for event in _events(result)]
    events.sort(key=lambda event: event[0])  # stable: what causes comes before what it causes
    lines = ",\n".join(text for _, text in events)
    about = {
        "scenario": result.name,
        "scheduler": result.program.scheduler,
        "workload_digest": result.origin.workload_digest,
        "makespan_ps": result.makespan_ps,
        "versions": dict(result.origin.versions),
    }
    return f'{{"displayTimeUnit":"ns","otherData":{json.dumps(about)},"traceEvents":[\n{lines}\n]}}\n'


def _events(result: Result) -> Iterator[Event]:
    """Metadata, then slices in the order in which tasks ended, then the counters."""
    record, program = result.record, result.program
    threads = {name: number for number, name in enumerate(record.engines, start=1)}
    yield _named("process_name", 0, name=result.name)
    for name, thread in threads.items():
        kind = result.chip[name].kind
        yield _named("thread_name", thread, name=name if name == kind else f"{name} ({kind})")
        yield _named("thread_sort_index", thread, sort_index=thread)
    feeds = {needed for task in program.tasks for needed in task.needs}
    holders = bus_holders(record)
    for number, span in enumerate(record.spans):
        thread = threads[program.tasks[span.task].engine]
        yield from _slices(result, span, thread, span.task in feeds, holders.get(number, {}))
    for memory in record.memories:
        for moment, held in occupancy(result.stays, memory):
            yield {
                "ph": "C",
                "name": f"{memory} (bytes)",
                "pid": _PROCESS,
                "ts": _us(_ns(moment)),
                "args": {"bytes": held},
            }


def _slices(
    result: Result, span: Span, thread: int, feeds: bool, bus_held: Mapping[str, int]
) -> Iterator[Event]:
    """The waits before a task, in the order in which they came; the task; what it needs, inside it."""
    program = result.program
    task = program.tasks[span.task]
    layer = program.layers[task.layer].name
    by_need = Cause.DATA if span.holder in task.needs else Cause.ORDER
    turn = span.granted + span.engine_ps
    arrived = turn + span.latency_ps
    for since, until, cause, holder in (
        (span.since, span.ready, by_need, span.holder),
        (span.ready, span.granted, Cause.SPACE, span.space_holder),
        (span.granted, turn, Cause.ENGINE, -1),
        (turn, arrived, Cause.LATENCY, -1),
        (arrived, span.begun, Cause.BUS, -1),
    ):
        if until > since:
            about: Event = {"layer": layer, "cause": cause.value, "exact_ps": until - since}
            if holder >= 0:
                about["holder"] = _title(result, program.tasks[holder])
                about["holder_engine"] = program.tasks[holder].engine
            if cause is Cause.BUS and bus_held:
                about["held_by_ps"] = {name or "turnaround, refresh": ps for name, ps in bus_held.items()}
            yield _slice(f"waits: {cause.value}", "wait", thread, since, until, about) | {"cname": "grey"}
    about = {"layer": layer, "task": span.task, "launch": span.launch, "exact_ps": span.working_ps}
    if block := program.layers[task.layer].block:
        about["block"] = block
    work = {"bytes": task.work.nbytes, "macs": task.work.macs, "vector_ops": task.work.vector_ops}
    about |= {what: amount for what, amount in work.items() if amount}
    if tensors := [region.tensor for region in task.writes]:
        about["writes"] = tensors
    slice_ = _slice(_title(result, task), task.kind.value, thread, span.begun, span.end, about)
    if feeds:
        slice_ |= {"bind_id": _flow(result, span.launch, span.task), "flow_out": True}
    yield slice_
    for needed in task.needs:
        title = f"needs {_title(result, program.tasks[needed])}"
        flow = {"bind_id": _flow(result, span.launch, needed), "flow_in": True}
        yield _slice(title, "need", thread, span.begun, span.begun, {"task": needed}) | flow


def _title(result: Result, task: Task) -> str:
    """What a slice is called: the layer, and for a transfer what is moved which way."""
    layer = result.program.layers[task.layer].name
    if task.kind is TaskKind.LOAD or task.kind is TaskKind.STORE:
        tensors = [region.tensor for region in task.reads]
        return f"{task.kind.value} {tensors[0] if tensors else layer}"
    return layer


def _flow(result: Result, launch: int, task: int) -> str:
    """A flow is named after the task that starts it; hexadecimal, as trace readers expect."""
    return hex(launch * len(result.program.tasks) + task + 1)


def _slice(name: str, category: str, thread: int, since_ps: int, until_ps: int, about: Event) -> Event:
    start, end = _ns(since_ps), _ns(until_ps)
    return {
        "ph": "X",
        "name": name,
        "cat": category,
        "pid": _PROCESS,
        "tid": thread,
        "ts": _us(start),
        "dur": _us(end - start),
        "args": about,
    }


def _named(what: str, thread: int, **args: object) -> Event:
    return {"ph": "M", "name": what, "pid": _PROCESS, "tid": thread, "args": args}


def _ns(ps: int) -> int:
    return (ps + _PS_PER_NS // 2) // _PS_PER_NS


def _us(ns: int) -> float:
    """Microseconds whose decimal text has three digits at most after the point (exact below 285 years)."""
    return ns / 1000
