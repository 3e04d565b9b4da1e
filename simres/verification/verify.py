"""Checks a stored result: its Program, its run, and its certificate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from simres.program.record import RecordLevel
from simres.program.tasks import Program, TaskKind
from simres.result.result import Result
from simres.units import format_bytes, format_duration, parse_any
from simres.verification.certificate import certificate_problems, untimed
from simres.verification.data import data_problems
from simres.verification.findings import Finding, finding
from simres.verification.hosts import host_problems, stated_runs
from simres.verification.run import once, time_problems
from simres.workload.graph import Workload
from simres.workload.operators import Role


def verify(result: Result) -> list[Finding]:
    """Every check of a result that needs nothing else, with the failures.

    Data and operators of a ledger are left out, as it has no graph; so are times without a full Record. For
    requests over time and several tenants, the terms of the lower bound are not recomputed.
    """
    program, record = result.program, result.record
    found = [
        finding("order", f"{len(program.tasks)} tasks, no cycle", _order(program)),
        finding("memory", f"{len(program.buffers)} buffers within capacity", _memory(result)),
        finding("traffic", f"{format_bytes(_moved(result))} moved", _traffic(result)),
    ]
    workload = result.scheduled
    full = record.level is RecordLevel.FULL and not record.streams
    if isinstance(workload, Workload):
        starts, ends = once(record.rows) if full else ({}, {})
        reads = sum(len(task.reads) for task in program.tasks)
        found.append(finding("data", f"{reads} reads", data_problems(program, workload, ends, starts)))
        found.append(finding("work", f"{len(workload.ops)} operators", _work(program, workload)))
        if runs := stated_runs(result):
            tasks = sum(task.kind is TaskKind.HOST for task in program.tasks)
            problems = host_problems(result, workload, runs)
            found.append(finding("hosts", f"{tasks} tasks on hosts that run them", problems))
    if full:
        found.append(finding("times", f"{len(record.rows)} tasks in time", time_problems(result)))
    nbytes = _compulsory(result, workload) if isinstance(workload, Workload) else 0
    terms = len(result.bounds.lower.terms)
    said = f"{terms} terms, makespan at least {format_duration(result.bounds.makespan)}"
    found.append(finding("lower bound", said, certificate_problems(result, nbytes)))
    return found


def _order(program: Program) -> Iterator[str]:
    """Tasks wait for earlier ones alone, so nothing waits for itself."""
    for number, task in enumerate(program.tasks):
        for earlier in (*task.needs, *task.after):
            if not 0 <= earlier < number:
                yield f"task {number} waits for task {earlier}, which does not come before it"
        if not 0 <= task.layer < len(program.layers):
            yield f"task {number} is of layer {task.layer}, which there is not"


def _memory(result: Result) -> Iterator[str]:
    """In the order of the tasks, what is reserved and not yet freed fits; each buffer is reserved once."""
    program = result.program
    hardware = result.origin.scenario.get("hardware", {})
    held = dict.fromkeys(result.record.memories, 0)

    def size(number: int) -> int:
        buffer = program.buffers[number]
        part = hardware.get(buffer.memory, {}) if isinstance(hardware, Mapping) else {}
        alignment = parse_any(str(part["alignment"]))[0] if "alignment" in part else 1
        return -(-buffer.nbytes // alignment) * alignment

    frees: dict[int, list[int]] = {}
    for number, buffer in enumerate(program.buffers):
        if buffer.freed_by:
            frees.setdefault(max(buffer.freed_by), []).append(number)
    taken: Counter[int] = Counter(program.resident_in)
    for number in program.resident_in:
        held[program.buffers[number].memory] += size(number)
    for number, task in enumerate(program.tasks):
        for reserved in task.reserves:
            taken[reserved] += 1
            memory = program.buffers[reserved].memory
            held[memory] += size(reserved)
            if held[memory] > (capacity := result.record.memories[memory].capacity):
                yield f"at task {number}, `{memory}` holds {held[memory]} B of {capacity} B"
        for freed in frees.get(number, ()):
            held[program.buffers[freed].memory] -= size(freed)
    for number in range(len(program.buffers)):
        if taken[number] != 1:
            yield f"buffer {number} is reserved {taken[number]} times"


def _moved(result: Result) -> int:
    return sum(
        engine.moved_bytes
        for name, engine in result.record.engines.items()
        if result.chip[name].role == "bus"
    )


def _traffic(result: Result) -> Iterator[str]:
    """The buses moved what the tasks say, for at least the compulsory bytes of tensors."""
    program, workload = result.program, result.scheduled
    times = result.record.repeats(len(program.tasks))
    moved = held = 0
    for task, often in zip(program.tasks, times, strict=True):
        if task.kind in (TaskKind.LOAD, TaskKind.STORE):
            moved += often * task.work.nbytes
            held += often * task.work.held_bytes
    if moved != _moved(result):
        yield f"the tasks move {moved} B, and the engines say {_moved(result)} B"
    if isinstance(workload, Workload) and (least := _compulsory(result, workload)) > held:
        yield f"{held} B of tensors are moved, and {least} B are compulsory"


def _compulsory(result: Result, workload: Workload) -> int:
    """Weights once, inputs and outputs each time, without tensors that are on chip from the start."""
    if result.tenants or result.record.streams or untimed(result):
        return 0
    nbytes = 0
    for name, needed in workload.needed_bytes.items():
        nbytes += needed * (result.repeats if workload.tensors[name].role is Role.INPUT else 1)
    nbytes += workload.bytes_out * result.repeats
    there: Counter[str] = Counter()
    for number in result.program.resident_in:
        buffer = result.program.buffers[number]
        there[buffer.tensor] += buffer.nbytes
    spared = sum(min(kept, workload.needed_bytes.get(name, kept)) for name, kept in there.items())
    return max(0, nbytes - spared)


def _work(program: Program, workload: Workload) -> Iterator[str]:
    """The tasks of each operator do at least all of its work; fused operators are separate layers."""
    macs: Counter[str] = Counter()
    vector_ops: Counter[str] = Counter()
    for task in program.tasks:
        name = program.layers[task.layer].name
        macs[name] += task.work.macs
        vector_ops[name] += task.work.vector_ops
    for op in workload.ops:
        names = {op.name, *(part.name for part in op.fused)}
        for what, done, wanted in (
            ("multiply-accumulates", sum(macs[name] for name in names), op.macs),
            ("vector operations", sum(vector_ops[name] for name in names), op.vector_ops),
        ):
            if done < wanted:
                yield f"`{op.name}` has {wanted} {what}, and its tasks do {done}"
