"""Rules that a stored result must satisfy beyond the types of its fields."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Set
from typing import TYPE_CHECKING

from simres.errors import SimresError
from simres.program.names import EngineName
from simres.program.record import Record, RecordLevel
from simres.workload.graph import Workload

if TYPE_CHECKING:
    from simres.program.record import StreamTotals
    from simres.program.tasks import Program
    from simres.result.figures import Figures

MOST_PS = 10**30
"""A larger number of picoseconds is an error: longer than the age of the universe."""
MOST_FJ = 10**30
"""A larger number of femtojoules or microwatts is an error too."""
_PERCENTILES = ["p50", "p90", "p95", "p99", "p99_9", "max"]


def problems_of_result(result: Figures) -> Iterator[str]:
    """Contradictions between the parts of a result, in order, each with its path."""
    engines = result.record.engines
    for name in engines:
        if name not in result.chip:
            yield f"engines: no `{name}`, which the record names"
    for name in (*result.chip, *engines, *result.record.memories):
        try:
            EngineName.parse(name)
        except SimresError as error:
            yield f"engines: {error.message}"
            return  # nothing more can be checked
    workload = result.scheduled
    tensors = workload.tensors.keys() if isinstance(workload, Workload) else None
    yield from _program(result.program, result.record, tensors)
    yield from _totals(result.record, len(result.program.layers))
    yield from _launches(result.program, result.record)
    yield from _rows(result.program, result.record)
    yield from _streams(result)
    for name, ps in {**result.bounds.engines, "dependency": result.bounds.dependency}.items():
        if not 0 <= ps <= MOST_PS:
            yield f"bounds_ps.{name}: {_brief(ps)} is no time"
    for term in result.bounds.lower.terms:
        if not 0 <= term.ps <= MOST_PS:
            yield f"lower_bound.{term.name}: {_brief(term.ps)} is no time"
    for item in result.expectations:
        if not all(abs(figure) <= MOST_PS for figure in (item.expected, item.found, item.within)):
            yield f"expectations: `{item.path}` has figures beyond all reason"
    for name, tenant in result.tenants.items():
        place = f"tenants.{name}"
        if not (0 <= tenant.start_ps <= tenant.end_ps <= MOST_PS and 0 <= tenant.alone_ps <= MOST_PS):
            yield f"{place}: no times"
        if not (1 <= tenant.repeats <= MOST_PS and abs(tenant.priority) <= MOST_PS):
            yield f"{place}: no counts"
        own = tenant.bounds
        times = (*own.engines.values(), own.dependency, *(term.ps for term in own.lower.terms))
        if not all(0 <= ps <= MOST_PS for ps in times):
            yield f"{place}.bounds_ps: no times"
        if not any(EngineName.parse(engine).tenant == name for engine in engines):
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
    for one in result.area.components if result.area else ():
        if not (0 <= one.um2 <= MOST_FJ and 0 <= one.uusd <= MOST_FJ):
            yield f"area: `{one.component}` has no area and cost"


def _program(program: Program, record: Record, tensors: Set[str] | None) -> Iterator[str]:
    """`tensors` are those of the workload; a ledger's are unknown."""
    tasks, buffers, layers = len(program.tasks), len(program.buffers), len(program.layers)
    reserved: set[int] = set(program.resident_in)
    engines, memories = record.engines, record.memories
    for number, task in enumerate(program.tasks):  # optimised for speed: there may be very many
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
                if tensors is not None and region.tensor not in tensors:
                    yield f"program.tasks.{number}: uses a tensor that does not exist"
        work = task.work
        if not (
            0 <= work.nbytes <= work.held_bytes <= MOST_PS
            and 0 <= work.macs <= MOST_PS
            and 0 <= work.vector_ops <= MOST_PS
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


def _totals(record: Record, layers: int) -> Iterator[str]:
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
    for name, sums in record.layer_working_ps.items():
        if name not in record.engines or not all(0 <= layer < layers and ps >= 0 for layer, ps in sums):
            yield f"record.layer_working_ps.{name}: no engine, no such layers, or no times"


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
    for number, span in enumerate(record.spans):  # optimised for speed: there may be very many
        task = span.task
        if not (
            0 <= task < tasks
            and span.launch >= 0
            and -1 <= span.holder < tasks
            and -1 <= span.space_holder < tasks
        ):
            yield f"record.rows.{number}: names a task or launch that does not exist"
            continue
        engine = engine_of[task]
        times = (free.get(engine, 0), span.since, span.ready, span.granted, span.begun, span.end, makespan)
        if list(times) != sorted(times) or min(span.stalls_ps) < 0:
            yield f"record.rows.{number}: runs against time"
        done.add((span.launch, task))
        free[engine] = span.end
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
        yield "record.rows: a task is missing, or given twice"
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
    for row, ps in held.items():
        if record.rows[row].bus_ps != ps:
            yield f"record.bus_holders: row {row} waited another time for the bus than others had it"


def _streams(result: Figures) -> Iterator[str]:
    record, tenants = result.record, list(result.tenants.values())
    if not 0 <= result.capacity_per_ks <= MOST_PS:
        yield f"capacity_per_ks: {_brief(result.capacity_per_ks)} is no rate"
    seen = [stream.tenant for stream in record.streams]
    if len(set(seen)) < len(seen) or not set(seen) <= set(range(max(1, len(tenants)))):
        yield "record.streams: of tenants that do not exist, or several of one"
        return
    for number, stream in enumerate(record.streams):
        place = f"record.streams.{number}"
        yield from (f"{place}.{problem}" for problem in _stream(stream, record.makespan_ps))
        repeats = tenants[stream.tenant].repeats if tenants else result.repeats
        if stream.arrived != repeats:
            yield f"{place}.arrived: is {_brief(stream.arrived)}, and there were {_brief(repeats)} images"
    means = {one.tenant: one.counted_latency_ps // max(1, one.counted) for one in record.streams}
    for number, name in enumerate(result.tenants):
        if result.tenants[name].request_ps != means.get(number, 0):
            yield f"tenants.{name}.request_ps: is not the mean of its requests"
    yield from _served(result.program, record)


def _stream(stream: StreamTotals, makespan_ps: int) -> Iterator[str]:
    """Contradictions between its own figures; the first word names the wrong one."""
    if not 0 <= stream.warmup < stream.arrived <= MOST_PS:
        yield "warmup: leaves nothing to measure"
    if stream.counted != stream.arrived - stream.warmup:
        yield f"counted: is {_brief(stream.counted)}, not those that came after the warm-up"
    if not 0 <= stream.first_ps <= stream.from_ps <= stream.last_ps <= stream.until_ps <= makespan_ps:
        yield "until_ps: it runs against time"
    if not stream.present_ps == stream.stayed_ps >= stream.waited_ps == stream.waiting_ps:
        yield "stayed_ps: Little's law does not hold"
    if not 0 <= stream.counted_wait_ps <= stream.counted_latency_ps <= stream.stayed_ps <= MOST_PS:
        yield "counted_latency_ps: requests wait no longer than they stay"
    if not 0 <= stream.counted_waiting_ps <= stream.counted_present_ps <= stream.present_ps:
        yield "counted_present_ps: no more wait than are there"
    if not 0 <= stream.most_waiting <= stream.most_present <= stream.arrived:
        yield "most_present: no more wait than are there"
    if not 0 <= stream.present_at_last <= stream.most_present:
        yield "present_at_last: is more than ever were there"
    for name, times, total in (
        ("latency_ps", stream.latency_ps, stream.counted_latency_ps),
        ("wait_ps", stream.wait_ps, stream.counted_wait_ps),
    ):
        rising = list(times.values())
        if list(times) != _PERCENTILES or sorted(rising) != rising:
            yield f"{name}: no percentiles"
        elif (
            not 0 <= rising[0] <= rising[-1] <= min(total, makespan_ps) or total > stream.counted * rising[-1]
        ):
            yield f"{name}: is not of requests that took so long in all"
    limits = [ps for ps, _ in stream.upto_ps]
    counts = [count for _, count in stream.upto_ps]
    if sorted(set(limits)) != limits or min(counts, default=0) < 0 or sum(counts) != stream.counted:
        yield "upto_ps: does not have every request once"
    if not 0 <= stream.missed <= stream.counted * (stream.deadline_ps > 0):
        yield "missed: more than there are, or without a deadline"
    if not (0 <= stream.deadline_ps <= MOST_PS and 0 <= stream.one_in <= MOST_PS):
        yield "deadline_ps: no time, or no error"
    if sum(one.requests for one in stream.served) != stream.arrived:
        yield "served: a request is missing, or given twice"


def _served(program: Program, record: Record) -> Iterator[str]:
    """Checks every Program of a stream, and that engines did the tasks of all of them."""
    tasks, sound = len(program.tasks), True
    for number, stream in enumerate(record.streams):
        for index, one in enumerate(stream.served):
            fits = 0 <= one.launches <= one.requests <= one.launches * one.batch
            if not (
                0 <= one.first <= one.past <= tasks and fits and 0 <= one.fastest_ps <= record.makespan_ps
            ):
                yield f"record.streams.{number}.served.{index}: names tasks that do not exist, or no counts"
                sound = False
    if not sound or not record.streams:
        return
    done: Counter[str] = Counter()
    for task, times in zip(program.tasks, record.repeats(tasks), strict=True):
        done[task.engine] += times
    for name, totals in record.engines.items():
        if totals.tasks != done[name]:
            yield f"record.engines.{name}.tasks: is {_brief(totals.tasks)}, launches have {done[name]}"


def _brief(value: int) -> str:
    return str(value) if abs(value) <= MOST_PS else "a number of more than 30 digits"
