"""Runs as Chrome trace JSON for ui.perfetto.dev and chrome://tracing.

A result is a process. Its critical path is the first thread, and each engine is one more thread. A task is
a slice; each stall before it is a slice named after the cause. `ts` and `dur` are microseconds with three
decimals: start and end are rounded to whole nanoseconds and then subtracted, so slices touch and never
overlap. A task that others depend on starts a flow (`bind_id`, `flow_out`). Each dependency of a task is a
zero-length slice at the task's start that ends one flow (`flow_in`), since a slice can end only one flow.
Counters are in `simres.reporting.files.trace_counters`, and in `simres.traces.own` is what `simres import
trace` makes the same run of again.

Format: "Trace Event Format" (Google, 2016), as Perfetto's JSON importer reads it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from simres.analysis.critical_path import Stretch, critical_path
from simres.analysis.event_graph import bus_holders
from simres.errors import SimresError
from simres.program.record import IN_FULL, Cause, RecordLevel, Span
from simres.program.tasks import Task, TaskKind
from simres.reporting import lexicon
from simres.reporting.files.trace_counters import counters
from simres.result import Result
from simres.traces import own
from simres.units import format_duration

_PS_PER_NS = 1000
Event = dict[str, Any]


def perfetto(result: Result) -> str:
    """Returns the trace of `result` as JSON text.

    Raises `SimresError` if the result has no spans (its record is not full).
    """
    return _trace([_Part(result, result.name)], _about(result))


def side_by_side(results: Mapping[str, Result]) -> str:
    """Returns one trace of several results, one process each, named by their keys; all start at time 0.

    Raises `SimresError` if any of them has no spans (its record is not full).
    """
    parts: list[_Part] = []
    thread, flow = 1, 1
    for number, (letter, result) in enumerate(results.items(), start=1):
        parts.append(_Part(result, f"{letter}: {result.name}", number, thread, flow))
        thread += len(result.record.engines) + 1
        flow += max(1, len(result.record.launches)) * len(result.program.tasks)
    return _trace(parts, {letter: _about(result) for letter, result in results.items()})


@dataclass(frozen=True, slots=True)
class _Part:
    """A result in a trace: the title of its process, and its first thread number (the critical path's)
    and flow number. Thread numbers are unique in the whole trace."""

    result: Result
    title: str
    process: int = 1
    thread: int = 1
    flow: int = 1


def _about(result: Result) -> Event:
    return {
        "scenario": result.name,
        "scheduler": result.program.scheduler,
        "workload_digest": result.origin.workload_digest,
        "makespan_ps": result.makespan_ps,
        "versions": dict(result.origin.versions),
        own.EXACT: own.head(result),
    }


def _trace(parts: list[_Part], about: Event) -> str:
    for part in parts:
        if part.result.record.level is not RecordLevel.FULL:
            raise SimresError(
                f"this result has no trace: it was recorded at level `{part.result.record.level.value}`",
                IN_FULL,
            )
    events = [
        (event.get("ts", -1), json.dumps(event, separators=(",", ":")))
        for part in parts
        for event in _events(part)
    ]
    events.sort(key=lambda event: event[0])  # stable: a cause stays before its effect
    lines = ",\n".join(text for _, text in events)
    return f'{{"displayTimeUnit":"ns","otherData":{json.dumps(about)},"traceEvents":[\n{lines}\n]}}\n'


def _events(part: _Part) -> Iterator[Event]:
    """Yields metadata, slices in the order in which tasks ended, the critical path, and the counters."""
    result, process = part.result, part.process
    record, program = result.record, result.program
    threads = {name: number for number, name in enumerate(record.engines, start=part.thread + 1)}
    yield _named("process_name", process, 0, name=part.title)
    yield _named("process_sort_index", process, 0, sort_index=process)
    labels = f"{program.scheduler}, {format_duration(result.makespan_ps)}"
    yield _named("process_labels", process, 0, labels=labels)
    yield _named("thread_name", process, part.thread, name="critical path")
    yield _named("thread_sort_index", process, part.thread, sort_index=part.thread)
    for name, thread in threads.items():
        kind = result.chip[name].kind
        yield _named("thread_name", process, thread, name=name if name == kind else f"{name} ({kind})")
        yield _named("thread_sort_index", process, thread, sort_index=thread)
    feeds = {needed for task in program.tasks for needed in task.needs}
    holders = bus_holders(record)
    seen: set[int] = set()
    for number, span in enumerate(record.spans):
        task = program.tasks[span.task]
        exact = own.slice_args(task, span, first=span.task not in seen)
        seen.add(span.task)
        thread = threads[task.engine]
        yield from _slices(part, span, thread, span.task in feeds, holders.get(number, {}), exact)
    for stretch in critical_path(program, record):
        yield _on_the_path(part, stretch)
    for moment, name, unit, value in counters(result):
        yield {"ph": "C", "name": name, "pid": process, "ts": _us(_ns(moment)), "args": {unit: value}}


def _on_the_path(part: _Part, stretch: Stretch) -> Event:
    """Returns a stretch of the critical path: the task's title, and the cause if it stalled."""
    program = part.result.program
    about: Event = {"cause": stretch.cause.value, "length_ps": stretch.took_ps}
    title = lexicon.word(stretch.cause)
    if stretch.task >= 0:
        about |= {"layer": program.layers[stretch.layer].name, "engine": stretch.engine}
        title = _title(part.result, program.tasks[stretch.task])
    if stretch.holder:
        about["holder"] = stretch.holder
    if isinstance(stretch.cause, Cause):
        title = f"{title}: {lexicon.word(stretch.cause)}"
    return _slice(part, title, "critical path", part.thread, stretch.start_ps, stretch.end_ps, about)


def _slices(
    part: _Part, span: Span, thread: int, feeds: bool, bus_held: Mapping[str, int], exact: Event
) -> Iterator[Event]:
    """Yields the stalls before a task in order, then the task, then its dependencies inside it."""
    result, program = part.result, part.result.program
    task = program.tasks[span.task]
    layer = program.layers[task.layer].name
    for cause, since, until, holder in span.waits(task.needs):
        about: Event = {"layer": layer, "cause": cause.value, "exact_ps": until - since}
        if holder >= 0:
            about["holder"] = _title(result, program.tasks[holder])
            about["holder_engine"] = program.tasks[holder].engine
        if cause is Cause.BUS and bus_held:
            about["held_by_ps"] = {name or lexicon.BUS_ITSELF: ps for name, ps in bus_held.items()}
        yield _slice(part, lexicon.stall(cause), "stall", thread, since, until, about) | {"cname": "grey"}
    about = {"layer": layer, "task": span.task, "launch": span.launch, "exact_ps": span.working_ps}
    if block := program.layers[task.layer].block:
        about["block"] = block
    work = {"bytes": task.work.nbytes, "macs": task.work.macs, "vector_ops": task.work.vector_ops}
    about |= {what: amount for what, amount in work.items() if amount}
    about[own.EXACT] = exact
    if tensors := [region.tensor for region in task.writes]:
        about["writes"] = tensors
    slice_ = _slice(part, _title(result, task), task.kind.value, thread, span.begun, span.end, about)
    if feeds:
        slice_ |= {"bind_id": _flow(part, span.launch, span.task), "flow_out": True}
    yield slice_
    for needed in task.needs:
        title = f"needs {_title(result, program.tasks[needed])}"
        flow = {"bind_id": _flow(part, span.launch, needed), "flow_in": True}
        yield _slice(part, title, "need", thread, span.begun, span.begun, {"task": needed}) | flow


def _title(result: Result, task: Task) -> str:
    """Returns the title of a slice: the layer, or for a transfer its direction and tensor."""
    layer = result.program.layers[task.layer].name
    if task.kind is TaskKind.LOAD or task.kind is TaskKind.STORE:
        tensors = [region.tensor for region in task.reads]
        return f"{task.kind.value} {tensors[0] if tensors else layer}"
    return layer


def _flow(part: _Part, launch: int, task: int) -> str:
    """Returns the identifier of the flow that a task starts; hexadecimal, as trace readers expect."""
    return hex(part.flow + launch * len(part.result.program.tasks) + task)


def _slice(
    part: _Part, name: str, category: str, thread: int, since_ps: int, until_ps: int, about: Event
) -> Event:
    start, end = _ns(since_ps), _ns(until_ps)
    return {
        "ph": "X",
        "name": name,
        "cat": category,
        "pid": part.process,
        "tid": thread,
        "ts": _us(start),
        "dur": _us(end - start),
        "args": about,
    }


def _named(what: str, process: int, thread: int, **args: object) -> Event:
    return {"ph": "M", "name": what, "pid": process, "tid": thread, "args": args}


def _ns(ps: int) -> int:
    return (ps + _PS_PER_NS // 2) // _PS_PER_NS


def _us(ns: int) -> float:
    """Returns microseconds with at most three decimals in their text (exact below 285 years)."""
    return ns / 1000
