"""Which hosts run which operators, read from the scenario of a result, and whether its tasks keep to that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from simres.program.names import EngineName
from simres.program.tasks import TaskKind
from simres.result.result import Result
from simres.workload.graph import Workload

Runs = Mapping[str, tuple[str, ...] | None]
"""By host: the operators that it names, None where it names none."""


def stated_runs(result: Result) -> Runs:
    """By component that may do vector operations; empty where none names operators."""
    hardware: Any = result.origin.scenario.get("hardware", {})
    found: dict[str, tuple[str, ...] | None] = {}
    for engine, one in result.chip.items():
        name = EngineName.parse(engine).component
        part = hardware.get(name) if isinstance(hardware, Mapping) else None
        if one.role in ("host", "processor"):
            stated = part.get("runs") if isinstance(part, Mapping) else None
            found[name] = tuple(map(str, stated)) if isinstance(stated, list | tuple) else None
    return found if any(found.values()) else {}


def hosts_of(kind: str, runs: Runs) -> frozenset[str]:
    """The hosts that run a kind of operator: those that name it or `any`; where no host names it, also those
    that name nothing."""
    named = {name for name, stated in runs.items() if stated is not None and kind in stated}
    every = {name for name, stated in runs.items() if stated is not None and "any" in stated}
    silent = {name for name, stated in runs.items() if stated is None}
    return frozenset(every | (named or silent))


def host_problems(result: Result, workload: Workload, runs: Runs) -> Iterator[str]:
    """Tasks on hosts that do not run their operator. A layer may be an operator with those fused into it."""
    kinds: dict[str, set[str]] = {}
    for op in workload.ops:
        parts = [part for part in op.parts() if part.vector_ops]
        kinds |= {part.name: {part.kind} for part in parts}
        kinds.setdefault(op.name, {part.kind for part in parts})
    able = {
        name: frozenset(host for kind in those for host in hosts_of(kind, runs))
        for name, those in kinds.items()
    }
    for number, task in enumerate(result.program.tasks):
        if task.kind is TaskKind.HOST:
            name, engine = result.program.layers[task.layer].name, EngineName.parse(task.engine).component
            if engine not in able.get(name, ()):
                yield f"task {number} of `{name}` is on `{engine}`, which does not run it"
