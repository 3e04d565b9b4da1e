"""What simres's own traces hold in addition to the picture, and the run restored from it.

Times of a trace are microseconds with three decimals. So each slice of a task has its span to the picosecond,
and the first of each task what it waits for; what is not a slice is in `otherData`. Tensors and operators are
not carried: a run that is read again has the same times, engines, causes and critical path, and no energy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from simres.analysis.bounds import Bounds
from simres.errors import SimresError
from simres.program.record import Record, Span
from simres.program.tasks import Program, Task, TaskKind, Work
from simres.result import Result
from simres.result.data import EngineDescription, Origin, Traced
from simres.result.document import adapter
from simres.result.rules import problems_of_result
from simres.traces.dependencies import Dependency
from simres.workload.graph import Ledger, Row

EXACT = "exact"
"""The key of all this, in `otherData` and in the `args` of slices."""
_VERSION = 1


def head(result: Result) -> dict[str, Any]:
    """What belongs to no slice: layers, buffers, engines, and the totals of the Record."""
    return {
        "version": _VERSION,
        "name": result.name,
        "program": adapter(Program).dump_python(
            replace(result.program, tasks=(), buffers=tuple(result.program.buffers)),
            mode="json",
            exclude_defaults=True,
        ),
        "record": adapter(Record).dump_python(
            replace(result.record, rows=(), streams=()), mode="json", exclude_defaults=True
        ),
        "engines": {name: [engine.kind, engine.role] for name, engine in result.chip.items()},
        "versions": dict(result.origin.versions),
    }


def slice_args(task: Task, span: Span, *, first: bool) -> dict[str, Any]:
    """What a task's slice carries; `first` if no slice of the same task came before."""
    found: dict[str, Any] = {"span": list(span)}
    if first:
        found |= {"engine": task.engine, "kind": task.kind.value, "layer": task.layer}
        for name in ("needs", "after", "reserves"):
            if numbers := getattr(task, name):
                found[name] = list(numbers)
    return found


def of_simres(path: str, other: object) -> Mapping[str, Any] | None:
    """What `head` wrote, if the file is a trace of simres. Raises `SimresError` if another version did."""
    if not isinstance(other, Mapping):
        return None
    own = other.get(EXACT)
    if isinstance(own, Mapping):
        if own.get("version") != _VERSION:
            raise SimresError(
                f"`{path}` was written by another version of simres", "pip install --upgrade simres"
            )
        return own
    several = [str(name) for name, each in other.items() if isinstance(each, Mapping) and EXACT in each]
    if several:
        raise SimresError(
            f"`{path}` has the runs {', '.join(several)}, and an import takes one",
            "write each one separately: `simres simulate SCENARIO --perfetto FILE`",
        )
    if {"scheduler", "makespan_ps"} <= other.keys():
        raise SimresError(
            f"`{path}` was written by an older version of simres, without exact times",
            "write it again: `simres simulate SCENARIO --perfetto FILE`",
        )
    return None


def result_of(path: str, source: str, own: Mapping[str, Any], events: Iterable[Mapping[str, Any]]) -> Result:
    """The run of a trace of simres. Raises `SimresError` if it contradicts itself."""
    from pydantic import ValidationError

    try:
        result = _result(source, own, events)
        problem = next(problems_of_result(result), None)
    except (ValidationError, KeyError, TypeError, ValueError, AttributeError) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SimresError(f"`{path}` is a damaged trace of simres: {said}") from error
    if problem is not None:
        raise SimresError(f"`{path}` is a damaged trace of simres: {problem}")
    return result


def _result(source: str, own: Mapping[str, Any], events: Iterable[Mapping[str, Any]]) -> Result:
    tasks: dict[int, Task] = {}
    spans = []
    for event in events:
        args = event.get("args")
        found = args.get(EXACT) if isinstance(args, Mapping) else None
        if not isinstance(found, Mapping):
            continue
        span: Span = adapter(Span).validate_python(found["span"])
        spans.append(span)
        if span.task not in tasks:
            tasks[span.task] = _task(found, event["args"])
    program: Program = adapter(Program).validate_python({**own["program"], "tasks": []})
    program = replace(program, tasks=tuple(tasks[number] for number in range(len(tasks))))
    record: Record = adapter(Record).validate_python(own["record"])
    record = replace(record, rows=tuple(sorted(spans, key=lambda span: span.end)))
    counts = Counter(
        {
            Dependency.DATA.value: sum(len(task.needs) for task in program.tasks),
            Dependency.SCHEDULE.value: sum(len(task.after) for task in program.tasks),
        }
    )
    name = str(own["name"])
    return Result(
        name=name,
        workload=Ledger(program.workload or name, (Row(name, 0, 0, 0, 0, 0),)),
        chip={
            engine: EngineDescription(str(kind), str(role)) for engine, (kind, role) in own["engines"].items()
        },
        program=program,
        record=record,
        bounds=Bounds({}, 0),
        origin=Origin({}, "", adapter(dict[str, str]).validate_python(own["versions"]), 0),
        trace=Traced(source, +counts),
    )


def _task(found: Mapping[str, Any], args: Mapping[str, Any]) -> Task:
    numbers = {
        name: adapter(tuple[int, ...]).validate_python(found.get(name, ()))
        for name in ("needs", "after", "reserves")
    }
    nbytes, macs, vector_ops = (int(args.get(name, 0)) for name in ("bytes", "macs", "vector_ops"))
    work = Work(nbytes=nbytes, macs=macs, vector_ops=vector_ops)
    return Task(str(found["engine"]), TaskKind(found["kind"]), work, int(found["layer"]), **numbers)
