"""What of a Program is timed: inputs and outputs may move before the time starts, and after it ends."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from simres.analysis.bounds import LowerBound, Term
from simres.hardware.chip import Chip
from simres.program.tasks import Program, Task, TaskKind, Work
from simres.scenario.protocol import Protocol
from simres.units import format_bytes
from simres.workload.graph import Ledger, Workload
from simres.workload.operators import Role


def timed(program: Program, workload: Workload | Ledger, protocol: Protocol) -> Program:
    """The Program without the bytes that move outside the time: an input's first way onto the chip, and an
    output's way off it.

    A tensor of n bytes of which m are moved in all (m > n where parts come again) keeps m - n, in proportion.
    """
    if isinstance(workload, Ledger) or not (kinds := _outside(protocol)):
        return program
    sizes = _sizes(workload, protocol)
    totals: Counter[str] = Counter()
    names = [_name(task, kinds, sizes) for task in program.tasks]
    for task, name in zip(program.tasks, names, strict=True):
        totals[name] += task.work.nbytes
    known: dict[tuple[int, str], Work] = {}

    def of(task: Task, name: str) -> Task:
        if not name or not totals[name]:
            return task
        if (key := (id(task.work), name)) not in known:
            again = max(0, totals[name] - sizes[name])
            known[key] = replace(task.work, nbytes=task.work.nbytes * again // totals[name])
        return replace(task, work=known[key])

    return replace(
        program, tasks=tuple(of(task, name) for task, name in zip(program.tasks, names, strict=True))
    )


def timed_bound(lower: LowerBound, chip: Chip, nbytes: int) -> LowerBound:
    """Of a lower bound the terms in which no transfer has a part, and that of the bytes that are timed."""
    ps = max(chip.least_ps(Work(nbytes=nbytes)).values(), default=0)
    reason = f"{format_bytes(nbytes)} move within the time."
    terms = (
        *(term for term in lower.terms if term.name.startswith("work on ")),
        Term("timed bytes", ps, reason),
    )
    return LowerBound(tuple(term for term in terms if term.ps))


def untimed_bytes(workload: Workload | Ledger, protocol: Protocol) -> int:
    """The bytes of inputs and outputs that move outside the time, of one inference."""
    return 0 if isinstance(workload, Ledger) else sum(_sizes(workload, protocol).values())


def _outside(protocol: Protocol) -> set[TaskKind]:
    stated = {TaskKind.LOAD: protocol.inputs, TaskKind.STORE: protocol.outputs}
    return {kind for kind, where in stated.items() if where == "outside"}


def _sizes(workload: Workload, protocol: Protocol) -> dict[str, int]:
    """The bytes of each tensor that moves outside the time."""
    found: dict[str, int] = {}
    if protocol.inputs == "outside":
        found |= {name: one.nbytes for name, one in workload.tensors.items() if one.role is Role.INPUT}
    if protocol.outputs == "outside":
        made = {workload.storage(name) for name in workload.outputs}
        found |= {name: workload.tensors[name].nbytes for name in made}
    return found


def _name(task: Task, kinds: set[TaskKind], sizes: dict[str, int]) -> str:
    """The tensor that a task moves for the last or first time, empty if it moves none of these."""
    if task.kind not in kinds:
        return ""
    moved = {region.tensor for region in (*task.reads, *task.writes) if region.buffer is None}
    (name,) = moved if len(moved) == 1 else ("",)
    return name if name in sizes else ""
