"""What an imported trace says of its dependencies, and what it does not."""

from __future__ import annotations

from collections.abc import Iterator

from simres.reporting.text.component_names import listed
from simres.result import Result
from simres.units import format_duration


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
