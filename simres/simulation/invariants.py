"""What must be true of every run, whatever the network, the chip and the schedule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simres.errors import InvariantViolation
from simres.hardware.specs import EngineSpec
from simres.record import Record
from simres.simulation.plan import Plan


class BrokenInvariant(InvariantViolation):
    """A run that contradicts itself; `record` is what it took down."""

    def __init__(self, message: str, record: Record) -> None:
        super().__init__(
            f"simres contradicts itself: {message}",
            "this is a defect of simres or of a plugin's engine; please report it with the record",
        )
        self.record = record


def longest_chain_ps(plan: Plan) -> int:
    """Picoseconds of the longest chain of tasks that need each other's results, each at full speed.

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


def work_ps(plan: Plan, specs: Mapping[str, EngineSpec]) -> Mapping[str, int]:
    """Picoseconds that each engine works at the least to do its tasks, one after the other."""
    return {
        name: spec.least_ps([plan.work[task] for task in order], [plan.duration_ps[task] for task in order])
        for (name, spec), order in zip(specs.items(), plan.order, strict=True)
    }


def hold(record: Record, plan: Plan, specs: Mapping[str, EngineSpec], arrivals_ps: Sequence[int]) -> int:
    """Raises `BrokenInvariant` unless all of these hold, and returns the longest chain's picoseconds:

    every task ended and every buffer was given back, but for those meant to stay; working, waiting and
    idle time add up to the makespan on every engine; each engine's work, and the longest chain of needs,
    take no longer than the run; the bytes moved are the Program's; no memory held more than it can.
    """
    launches = len(arrivals_ps)
    program = plan.program

    def broken(message: str) -> BrokenInvariant:
        return BrokenInvariant(message, record)

    if record.unfinished:
        raise broken(f"{record.unfinished} tasks never ended")
    staying: dict[str, int] = {}
    for number in program.resident_out:
        name, nbytes = plan.holds[number]
        staying[name] = staying.get(name, 0) + nbytes
    for name, memory in record.memories.items():
        if memory.peak > memory.capacity:
            raise broken(f"`{name}` held {memory.peak} B of {memory.capacity} B")
        if memory.left != staying.get(name, 0):
            raise broken(f"`{name}` holds {memory.left} B at the end, not {staying.get(name, 0)} B")
    least = work_ps(plan, specs)
    for number, (name, engine) in enumerate(record.engines.items()):
        if engine.accounted_ps != record.makespan_ps:
            raise broken(f"`{name}` accounts for {engine.accounted_ps} of {record.makespan_ps} ps")
        if least[name] * launches > record.makespan_ps:
            raise broken(f"`{name}` has {least[name] * launches} ps of work in {record.makespan_ps} ps")
        nbytes = launches * sum(plan.work[task].nbytes for task in plan.order[number])
        if engine.moved_bytes != nbytes:
            raise broken(f"`{name}` moved {engine.moved_bytes} B, the Program says {nbytes} B")
    chain = longest_chain_ps(plan)
    if launches and arrivals_ps[-1] + chain > record.makespan_ps:
        raise broken(f"a chain of {chain} ps ended within {record.makespan_ps} ps")
    return chain


def spans_hold(record: Record, plan: Plan) -> None:
    """Raises `BrokenInvariant` unless the spans agree with the Program, task by task.

    Nothing starts before what it waits for has ended, and engines do one thing at a time, in order. Too
    dear for every run: the tests and the conformance kit call it.
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
        for earlier in task.needs + task.after:
            if ends.get((span.launch, earlier), span.granted + 1) > span.granted:
                raise BrokenInvariant(f"{who} starts before task {earlier} ends", record)
        ends[span.launch, span.task] = span.end
        free[lane] = span.end
