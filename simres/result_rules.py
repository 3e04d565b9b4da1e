"""What must hold in a result read from a file beyond the types of its fields, so that it can be shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from simres.record import Record, RecordLevel, Span

if TYPE_CHECKING:
    from simres.program import Program
    from simres.result import Result

MOST_PS = 10**30
"""Picoseconds beyond that are a slip: longer than the universe is old."""
MOST_FJ = 10**30
"""Femtojoules, or microwatts, beyond that are a slip too."""
_COLUMNS = len(Span._fields)


def problems_of_result(result: Result) -> Iterator[str]:
    """What the parts of a result say of each other that is not so; in order, each with its path."""
    engines = result.record.engines
    for name in engines:
        if name not in result.chip:
            yield f"engines: no `{name}`, which the record names"
    yield from _program(result.program, result.record)
    yield from _totals(result.record)
    yield from _launches(result.program, result.record)
    yield from _rows(result.program, result.record)
    for name, ps in {**result.bounds.engines, "dependency": result.bounds.dependency}.items():
        if not 0 <= ps <= MOST_PS:
            yield f"bounds_ps.{name}: {_brief(ps)} is no time"
    for item in result.expectations:
        if not all(abs(figure) <= MOST_PS for figure in (item.expected, item.found, item.within)):
            yield f"expectations: `{item.path}` has figures beyond all reason"
    for name, tenant in result.tenants.items():
        place = f"tenants.{name}"
        if not (0 <= tenant.start_ps <= tenant.end_ps <= MOST_PS and 0 <= tenant.alone_ps <= MOST_PS):
            yield f"{place}: no times"
        if not (1 <= tenant.repeats <= MOST_PS and abs(tenant.priority) <= MOST_PS):
            yield f"{place}: no counts"
        if not all(0 <= ps <= MOST_PS for ps in (*tenant.bounds.engines.values(), tenant.bounds.dependency)):
            yield f"{place}.bounds_ps: no times"
        if not any(engine.endswith(f".{name}") for engine in engines):
            yield f"{place}: has no engines"
    if not 1 <= result.repeats <= MOST_PS:
        yield "repeats: no count"
    everybody = [result.candidates, *(tenant.candidates for tenant in result.tenants.values())]
    for number, candidate in enumerate(one for candidates in everybody for one in candidates):
        if not (0 <= candidate.makespan_ps <= MOST_PS and 0 <= candidate.tasks <= MOST_PS):
            yield f"candidates.{number}: no count of tasks, or no time"
    for name, engine in result.chip.items():
        if engine.peak_per_s is not None and not 0 < engine.peak_per_s <= MOST_PS:
            yield f"engines.{name}.peak_per_s: {_brief(engine.peak_per_s)} is no rate"
        costs = engine.energy
        for cost in (costs.byte_fj, costs.operation_fj, costs.static_uw, *costs.mac_fj.values()):
            if not 0 <= cost <= MOST_FJ:
                yield f"engines.{name}.energy: {_brief(cost)} is no cost"


def _program(program: Program, record: Record) -> Iterator[str]:
    tasks, buffers, layers = len(program.tasks), len(program.buffers), len(program.layers)
    reserved: set[int] = set(program.resident_in)
    for number, task in enumerate(program.tasks):
        place = f"program.tasks.{number}"
        if task.engine not in record.engines:
            yield f"{place}.engine: no engine `{task.engine}`"
        if not 0 <= task.layer < layers:
            yield f"{place}.layer: there is no layer {task.layer}"
        earlier = task.needs + task.after
        if earlier and not 0 <= min(earlier) <= max(earlier) < number:
            yield f"{place}: waits for a task that does not come before it"
        used = [region.buffer for region in task.reads + task.writes if region.buffer is not None]
        used += task.reserves
        if used and not 0 <= min(used) <= max(used) < buffers:
            yield f"{place}: uses a buffer that does not exist"
        work = task.work
        amounts = (work.nbytes, work.macs, work.vector_ops)
        if not 0 <= min(amounts) <= max(amounts) <= MOST_PS:
            yield f"{place}.work: no amounts of work"
        reserved.update(task.reserves)
    for number, buffer in enumerate(program.buffers):
        place = f"program.buffers.{number}"
        if buffer.memory not in record.memories:
            yield f"{place}.memory: no memory `{buffer.memory}`"
        if not 0 <= buffer.nbytes <= MOST_PS:
            yield f"{place}.nbytes: {_brief(buffer.nbytes)} is no size"
        freed_by = buffer.freed_by
        if freed_by and not 0 <= min(freed_by) <= max(freed_by) < tasks:
            yield f"{place}.freed_by: names a task that does not exist"
        if number not in reserved:
            yield f"{place}: nothing reserves it"
    if not all(0 <= number < buffers for number in (*program.resident_in, *program.resident_out)):
        yield "program: keeps a buffer that does not exist"


def _totals(record: Record) -> Iterator[str]:
    if not 0 <= record.makespan_ps <= MOST_PS:
        yield f"record.makespan_ps: {_brief(record.makespan_ps)} is no time"
    for name, engine in record.engines.items():
        times = (engine.working_ps, engine.idle_ps, *engine.waiting_ps.values())
        if min(times) < 0 or sum(times) != record.makespan_ps:
            yield f"record.engines.{name}: its times do not add up to the makespan"
        if not (0 <= engine.tasks <= MOST_PS and 0 <= engine.moved_bytes <= MOST_PS):
            yield f"record.engines.{name}: no counts of tasks and bytes"
    for name, memory in record.memories.items():
        if not 0 <= memory.left <= memory.peak <= memory.capacity <= MOST_PS:
            yield f"record.memories.{name}: it holds more than it can"
    for name, layers in record.layer_working_ps.items():
        if name not in record.engines or min((min(pair) for pair in layers), default=0) < 0:
            yield f"record.layer_working_ps.{name}: no engine, or no times"


def _launches(program: Program, record: Record) -> Iterator[str]:
    tasks = len(program.tasks)
    for number, launched in enumerate(record.launches):
        if not 0 <= launched.first <= launched.past <= tasks:
            yield f"record.launches.{number}: names tasks that do not exist"
        if not 0 <= launched.at_ps <= launched.end_ps <= record.makespan_ps:
            yield f"record.launches.{number}: runs against time"


def _rows(program: Program, record: Record) -> Iterator[str]:
    tasks = len(program.tasks)
    done: set[tuple[int, int]] = set()
    free: dict[str, int] = {}
    ended: Counter[str] = Counter()
    for number, row in enumerate(record.rows):
        place = f"record.rows.{number}"
        if len(row) != _COLUMNS:
            yield f"{place}: has {len(row)} figures, not {_COLUMNS}"
            continue
        launch, task, since, ready, granted, end, latency, bus, holder, space_holder, engine_ps = row
        if not (0 <= task < tasks and launch >= 0 and -1 <= holder < tasks and -1 <= space_holder < tasks):
            yield f"{place}: names a task or launch that does not exist"
            continue
        engine = program.tasks[task].engine
        begun = granted + engine_ps + latency + bus
        in_order = free.get(engine, 0) <= since <= ready <= granted <= begun <= end <= record.makespan_ps
        if not in_order or min(latency, bus, engine_ps) < 0:
            yield f"{place}: runs against time"
        done.add((launch, task))
        free[engine] = end
        ended[engine] += 1
    yield from _holders(record)
    if record.launches:
        due = [
            launch
            for launch, launched in enumerate(record.launches)
            for _ in range(launched.first, launched.past)
        ]
        complete = sorted(launch for launch, _ in done) == due
    else:
        complete = len(done) == len({launch for launch, _ in done}) * tasks
    if len(done) != len(record.rows) or (record.rows and not complete):
        yield "record.rows: a task is missing, or there twice"
    if record.level is RecordLevel.FULL:
        for name, totals in record.engines.items():
            if totals.tasks != ended[name]:
                yield f"record.engines.{name}.tasks: is {_brief(totals.tasks)}, the rows have {ended[name]}"


def _holders(record: Record) -> Iterator[str]:
    held: Counter[int] = Counter()
    for number, (row, _, ps) in enumerate(record.bus_holders):
        if not 0 <= row < len(record.rows) or ps < 0:
            yield f"record.bus_holders.{number}: no row, or no time"
            return
        held[row] += ps
    column = Span._fields.index("bus_ps")
    for row, ps in held.items():
        if len(record.rows[row]) == _COLUMNS and record.rows[row][column] != ps:
            yield f"record.bus_holders: row {row} waited another time for the bus than others had it"


def _brief(value: int) -> str:
    return str(value) if abs(value) <= MOST_PS else "a number of more than 30 digits"
