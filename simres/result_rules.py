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
    engines, memories = record.engines, record.memories
    for number, task in enumerate(program.tasks):  # written for speed: there may be very many
        if task.engine not in engines:
            yield f"program.tasks.{number}.engine: no engine `{task.engine}`"
        if not 0 <= task.layer < layers:
            yield f"program.tasks.{number}.layer: there is no layer {task.layer}"
        for earlier in (task.needs, task.after):
            for other in earlier:
                if not 0 <= other < number:
                    yield f"program.tasks.{number}: waits for a task that does not come before it"
        for regions in (task.reads, task.writes):
            for region in regions:
                used = region.buffer
                if used is not None and not 0 <= used < buffers:
                    yield f"program.tasks.{number}: uses a buffer that does not exist"
        work = task.work
        if not (
            0 <= work.nbytes <= MOST_PS and 0 <= work.macs <= MOST_PS and 0 <= work.vector_ops <= MOST_PS
        ):
            yield f"program.tasks.{number}.work: no amounts of work"
        for used in task.reserves:
            if not 0 <= used < buffers:
                yield f"program.tasks.{number}: uses a buffer that does not exist"
            reserved.add(used)
    for number, buffer in enumerate(program.buffers):
        if buffer.memory not in memories:
            yield f"program.buffers.{number}.memory: no memory `{buffer.memory}`"
        if not 0 <= buffer.nbytes <= MOST_PS:
            yield f"program.buffers.{number}.nbytes: {_brief(buffer.nbytes)} is no size"
        for user in buffer.freed_by:
            if not 0 <= user < tasks:
                yield f"program.buffers.{number}.freed_by: names a task that does not exist"
        if number not in reserved:
            yield f"program.buffers.{number}: nothing reserves it"
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
    ended = dict.fromkeys(record.engines, 0)
    engine_of = [task.engine for task in program.tasks]
    makespan = record.makespan_ps
    for number, row in enumerate(record.rows):  # written for speed: there may be very many
        if len(row) != _COLUMNS:
            yield f"record.rows.{number}: has {len(row)} figures, not {_COLUMNS}"
            continue
        launch, task, since, ready, granted, end, latency, bus, holder, space_holder, engine_ps = row
        if not (0 <= task < tasks and launch >= 0 and -1 <= holder < tasks and -1 <= space_holder < tasks):
            yield f"record.rows.{number}: names a task or launch that does not exist"
            continue
        engine = engine_of[task]
        begun = granted + engine_ps + latency + bus
        in_order = free.get(engine, 0) <= since <= ready <= granted <= begun <= end <= makespan
        if not (in_order and latency >= 0 and bus >= 0 and engine_ps >= 0):
            yield f"record.rows.{number}: runs against time"
        done.add((launch, task))
        free[engine] = end
        ended[engine] = ended.get(engine, 0) + 1
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
