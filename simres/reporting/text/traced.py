"""What an imported trace says about its dependencies, and what it does not."""

from __future__ import annotations

from collections.abc import Iterator

from simres.analysis.critical_path import Why, summed
from simres.analysis.explanation import Explanation
from simres.program.record import Cause
from simres.program.tasks import TaskKind
from simres.reporting.text.amounts import percent
from simres.reporting.text.component_names import listed, the
from simres.result import Result
from simres.traces.events import LaneKind
from simres.traces.labels import PYTHON, UNTRACED
from simres.units import format_duration

_LEAST = 0.05
"""What takes less of the path than this is not advised on."""
_MOST = 4


def summary(result: Result) -> Iterator[str]:
    """Yields what was imported: the time, the amounts, the dependencies, and what is not known."""
    tasks, engines = len(result.program.tasks), len(result.record.engines)
    on = f"{tasks} tasks on {engines} engine{'s' if engines > 1 else ''}"
    yield f"{result.name}: {format_duration(result.makespan_ps)}, {on}, {len(result.layers)} layers."
    yield from remarks(result)


def remarks(result: Result) -> Iterator[str]:
    """Yields the sentences on the dependencies of a trace; none for a simulated run."""
    trace = result.trace
    if trace is None:
        return
    counts = [f"{kind} {count}" for kind, count in trace.counts.items()]
    if counts:
        yield f"Dependencies, by what they are rebuilt from: {listed(counts)}."
    for what, count in trace.unknown.items():
        yield f"Not known: {count} {what}."


def advice(result: Result, found: Explanation) -> list[str]:
    """Returns a few suggestions on what to look at, by what takes most of the critical path."""
    makespan, layers = result.makespan_ps, result.program.layers
    kinds = summed(
        (layers[part.layer].kind, part.took_ps) for part in found.path if part.cause is Why.WORKING
    )
    worth = [
        (ps, _of_kind(kind, ps, percent(ps, makespan)))
        for kind, ps in kinds.items()
        if ps >= _LEAST * makespan
    ]
    worth += _waits(result, found)
    return [said for _, said in sorted(worth, key=lambda each: -each[0])[:_MOST]]


def _of_kind(kind: str, ps: int, share: str) -> str:
    took = f"{format_duration(ps)} of the path, {share} %"
    if kind == UNTRACED:
        return (
            f"Time on a thread without an event: {took}. `with_stack=True` in torch.profiler names the "
            "functions; it may also be a wait that the trace does not name."
        )
    if kind == PYTHON:
        return f"Functions of Python outside any operator: {took}. `torch.compile` takes calls away."
    return f"`{kind}`: {took}; half of it: `--scale '{kind}=0.5'`."


def _waits(result: Result, found: Explanation) -> Iterator[tuple[int, str]]:
    """Yields what is late for no known reason, and a device that waits for the thread that launches."""
    makespan, tasks = result.makespan_ps, result.program.tasks
    unknown = found.causes.get(Cause.UNKNOWN, 0)
    if unknown >= _LEAST * makespan:
        sentence = (
            f"Tasks that start later than all they are known to wait for: {format_duration(unknown)} of the "
            "path. It is the latency of launches, or a wait that the trace does not name."
        )
        yield unknown, sentence
    device = [name for name, engine in result.chip.items() if engine.role == LaneKind.STREAM]
    on_threads = sum(
        part.took_ps
        for part in found.path
        if part.cause is Why.WORKING and part.task >= 0 and tasks[part.task].kind is TaskKind.CODE
    )
    if not device or 2 * on_threads < makespan:
        return
    busiest = max(device, key=lambda name: result.record.engines[name].working_ps)
    busy = percent(result.record.engines[busiest].working_ps, makespan)
    late = f"{the(result, busiest)} is busy {busy} %"
    sentence = (
        f"Fewer, larger launches (CUDA graphs, `torch.compile`, a larger batch): {late}, and the path is "
        f"on threads for {format_duration(on_threads)}."
    )
    yield on_threads, sentence
