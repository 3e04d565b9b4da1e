"""Small traces of our own making, as torch.profiler and XProf write them. Times are in microseconds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from simres.result import Result
from simres.traces.importing import import_trace

US = 1_000_000
"""Picoseconds of a microsecond."""
THREAD, OTHER, STREAM = 11, 12, 7


def on_thread(
    name: str, ts: float, dur: float, cat: str = "cpu_op", tid: Any = THREAD, **args: Any
) -> dict[str, Any]:
    """A slice of a thread."""
    return {"ph": "X", "cat": cat, "name": name, "pid": 1, "tid": tid, "ts": ts, "dur": dur, "args": args}


def call(name: str, ts: float, dur: float, correlation: int, tid: int = THREAD) -> dict[str, Any]:
    """A call of the runtime."""
    return on_thread(name, ts, dur, "cuda_runtime", tid, correlation=correlation)


def on_device(
    name: str, ts: float, dur: float, correlation: int, cat: str = "kernel", stream: int = STREAM, **args: Any
) -> dict[str, Any]:
    """Work of a device."""
    about = {"correlation": correlation, "stream": stream, "device": 0, **args}
    return {"ph": "X", "cat": cat, "name": name, "pid": 0, "tid": stream, "ts": ts, "dur": dur, "args": about}


def arrow(
    category: str, number: int, source: tuple[int, float], target: tuple[int, float]
) -> list[dict[str, Any]]:
    """A flow from a thread and time to another."""
    about = {"cat": category, "name": category, "id": number, "pid": 1}
    return [
        {"ph": "s", **about, "tid": source[0], "ts": source[1]},
        {"ph": "f", "bp": "e", **about, "tid": target[0], "ts": target[1]},
    ]


def written(path: Path, events: list[dict[str, Any]], **beside: Any) -> Path:
    """The file of a trace."""
    path.write_text(json.dumps({"schemaVersion": 1, **beside, "traceEvents": events}))
    return path


def imported(path: Path, *events: dict[str, Any]) -> Result:
    """The Result of a trace of these events."""
    return import_trace(written(path / "trace.json", list(events)))


def times(result: Result) -> list[tuple[str, str, float, float]]:
    """The tasks in order of their start: engine, layer, and start and end in microseconds."""
    found = []
    for span in result.record.rows:
        task = result.program.tasks[span.task]
        layer = result.program.layers[task.layer].name
        found.append((task.engine, layer, span.begun / US, span.end / US))
    return sorted(found, key=lambda each: (each[2], each[0]))
