"""Sentences about a run: stalls of the busiest engine, steady state, lower bound, remarks and warnings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from simres.analysis.blame import held_up_by, together_ps
from simres.program.names import EngineName
from simres.program.record import Cause, EngineTotals, RecordLevel
from simres.reporting import lexicon
from simres.reporting.text import traced
from simres.reporting.text.amounts import percent, times
from simres.reporting.text.component_names import holder_name, listed, the
from simres.result import Result
from simres.result.engine_rows import EngineRow
from simres.text import three_digits
from simres.units import PS_PER_S, format_bytes, format_count, format_duration
from simres.workload.graph import Ledger, Workload

_BUSY = 0.5
"""An engine that is busy for at least this share of the time is the bottleneck."""


def protocol(result: Result) -> list[str]:
    """Returns what the time includes besides the network, if the scenario says so."""
    stated = result.origin.scenario.get("protocol")
    if not isinstance(stated, Mapping):
        return []
    warm = stated.get("weights") == "warm"
    parts = ["weights warm"] if warm and result.program.resident_in else []
    if warm and not parts:
        parts = ["weights streamed, as they do not fit"]
    if (call := str(stated.get("call", "0 ps"))) != "0 ps":
        parts.append(f"{call} a call")
    parts += [f"{ends} outside" for ends in ("inputs", "outputs") if stated.get(ends) == "outside"]
    return parts


def limit(result: Result) -> str:
    """Returns the bottleneck, and the stalls and idle time of the busiest engine."""
    engines = result.record.engines
    makespan = result.makespan_ps
    if not makespan:
        return "No task takes any time."
    name = max(engines, key=lambda name: engines[name].working_ps)
    busiest = engines[name]
    if together := _several_channels(result, busiest.working_ps):
        return together
    row = result.engine_rows[result.row_of(name)]
    engine, several = the(result, row.name), len(row.engines) > 1
    if row.totals.working_ps == makespan:
        return f"Bottleneck: {engine}, busy all the time."
    busy = f"busy {percent(row.totals.working_ps, makespan)} %"
    if several:
        busy += f" on average (the busiest {percent(busiest.working_ps, makespan)} %)"
    rest = f"{'Each' if several else 'It'} {_rest(result, row)}"
    if busiest.working_ps >= _BUSY * makespan:
        return f"Bottleneck: {engine}, {busy}. {rest}."
    return f"No engine is busy half of the time; the busiest: {engine}, {busy}. {rest}."


def stalls(result: Result) -> str:
    """Returns the same without the word bottleneck, for where that is named already."""
    said = limit(result).removeprefix("Bottleneck: ")
    return said[:1].upper() + said[1:]


def steady(result: Result) -> list[str]:
    """Returns the steady time per inference after the first, if there are several inferences."""
    found = result.pipeline
    if found is None or not found.steady_image_ps:
        return []
    rate = three_digits(PS_PER_S / found.steady_image_ps)
    busy = percent(found.bottleneck_ps, found.steady_image_ps)
    row = result.row_of(found.bottleneck)
    which = "busy" if row == found.bottleneck else "the busiest of which is busy"
    noun = result.inference
    then = f"one {noun} every {format_duration(found.steady_image_ps)} ({rate} {noun}s/s)"
    first = f"after {format_duration(found.first_ps)} for the first"
    bottleneck = f"the bottleneck is {the(result, row)}, {which} {busy} % of that time"
    return [f"In steady state {then}, {first}; {bottleneck}."]


def _several_channels(result: Result, busiest_ps: int) -> str:
    """Returns the bottleneck if a component is busiest over all its channels or tenants; else ''."""
    working: dict[str, int] = {}
    for name, row in result.engine_rows.items():
        part = EngineName.parse(name)
        if part.channel is not None or part.tenant:
            working[part.component] = working.get(part.component, 0) + row.totals.working_ps
    component = max(working, key=lambda name: working[name], default="")
    if not component or working[component] <= busiest_ps or working[component] < _BUSY * result.makespan_ps:
        return ""
    share = percent(working[component], result.makespan_ps)
    mean = " on average" if result.units(component) > 1 else ""
    between = "tenants" if result.tenants else "channels"
    return f"Bottleneck: {the(result, component)}, busy {share} %{mean} over all {between}."


def _rest(result: Result, row: EngineRow) -> str:
    """Returns the stalls and the idle time of an engine or of equal units on average, longest first."""
    engine = row.totals
    causes = {cause: ps for cause in Cause if (ps := engine.waiting_ps.get(cause, 0))}
    parts = []
    for cause, ps in sorted(causes.items(), key=lambda item: -item[1]):
        behind = _bus_holders(result, engine) if cause is Cause.BUS else ""
        parts.append(f"{format_duration(ps)} {lexicon.CAUSES[cause].on}{behind}")
    said = f"stalls {listed(parts)}{_behind(result, row)}" if parts else ""
    if engine.idle_ps:
        said += f"{', and ' if said else ''}is idle for {format_duration(engine.idle_ps)}"
    full = result.record.level is RecordLevel.FULL
    alone = parts and full and len(_workers(result)) > 1 and not together_ps(result.record)
    return f"{said}; no two engines overlap" if alone else said


def _workers(result: Result) -> list[str]:
    return [name for name, engine in result.record.engines.items() if engine.working_ps]


def _behind(result: Result, row: EngineRow) -> str:
    """Returns the engines that an engine's dependency, order and buffer stalls are blamed on."""
    blame = _blame(result, row)
    if not blame:
        return ""
    named = {other: "one another" if other == row.name else holder_name(result, other) for other in blame}
    first = next(iter(blame))
    if len(blame) == 1:
        return f", behind {named[first]}"
    if 2 * blame[first] >= sum(blame.values()):
        return f", mostly behind {named[first]}"
    return f", behind {listed(named.values())}"


def _blame(result: Result, row: EngineRow) -> dict[str, int]:
    """Returns the picoseconds for which a row stalled, by the name of the row that it stalled on."""
    whole: Counter[str] = Counter()
    for engine in row.engines:
        for other, ps in held_up_by(result.program, result.record, engine).items():
            whole[result.row_of(other)] += ps
    blame = {other: ps // len(row.engines) for other, ps in whole.most_common()}
    for other, ps in row.totals.bus_held_by.items() if blame else ():
        blame[other] -= ps  # bus contention is listed separately
    return {other: ps for other, ps in blame.items() if ps}


def _bus_holders(result: Result, engine: EngineTotals) -> str:
    """Returns the holders of the bus while an engine stalls on it."""
    held = dict(sorted(engine.bus_held_by.items(), key=lambda item: -item[1]))
    named = {holder_name(result, name): ps for name, ps in held.items()}
    if len(named) < 2:
        return "".join(f" with {name}" for name in named)
    return f" with {listed(f'{name} ({format_duration(ps)})' for name, ps in named.items())}"


def distance(result: Result) -> str:
    """Returns how far the makespan is above what no schedule can beat, and why that is so."""
    bounds, makespan = result.bounds, result.makespan_ps
    if not bounds.makespan:
        return "No lower bound is known."
    reason = bound_meaning(result, bounds.tightest)
    if bounds.makespan >= makespan:
        return f"This is the lower bound: {reason}."
    more = percent(makespan - bounds.makespan, bounds.makespan)
    return f"{more} % above the lower bound of {format_duration(bounds.makespan)}: {reason}."


def estimate(result: Result) -> list[str]:
    """Returns the estimated bus traffic of layer-by-layer schedules, if known."""
    found = result.estimate
    if found is None:
        return []
    spilled = (
        f"{format_bytes(found.spilled_bytes)} of them for activations that exceed the memory between layers"
        if found.spilled_bytes
        else f"no activation has to leave the chip: {format_bytes(found.peak_live_bytes)} at most"
    )
    moved = f"layer-by-layer schedules move {format_bytes(found.bus_bytes)} over the bus"
    ratio = times(result.makespan_ps, found.bus_ps)
    took = f"That takes {format_duration(found.bus_ps)}; the makespan is {ratio}x that."
    return [f"An estimate, not a bound: {moved}, {spilled}. {took}"]


def bound_meaning(result: Result, name: str) -> str:
    """Returns the meaning of a lower bound of `Result.bounds`, or of the chain of its Program."""
    for term in result.bounds.lower.terms:
        if term.name == name:
            return (term.reason[:1].lower() + term.reason[1:]).rstrip(".")
    if name == "dependency":
        return "this schedule's longest dependent chain"
    role = result.role(name)
    if role == "bus" and isinstance(result.workload, Ledger):
        return "every stated byte moved once"
    if role == "bus" and (
        result.repeats > 1 or any(tenant.repeats > 1 for tenant in result.tenants.values())
    ):
        return "weights moved once, every image in and out"
    if any(name != names and name in names.split("+") for names in result.bounds.engines):
        return "every vector operation that only it runs, at peak rate"
    return lexicon.role(role).peak or lexicon.role("host").peak


def remarks(result: Result) -> list[str]:
    """Returns remarks needed to read the figures: coverage, copies that take no time, record level."""
    found = []
    workload = result.workload
    if isinstance(workload, Workload):
        found.append(f"Coverage: {workload.coverage}.")
        found += _rewritten(result, workload)
        for name, engine in result.record.engines.items():
            if result.chip[name].role == "memory" and engine.moved_bytes and not engine.working_ps:
                found.append(
                    f"Copies on chip take no time here: {engine.tasks} tasks, "
                    f"{format_bytes(engine.moved_bytes)} within {the(result, name)}, "
                    "which states no rate for them."
                )
    elif result.trace is not None:
        found += traced.remarks(result)
    else:
        found.append(f"A ledger of {len(workload.rows)} stated rows: no graph, so reuse is unknown.")
    for name, row in result.engine_rows.items():
        without = sum(not result.record.engines[engine].tasks for engine in row.engines)
        if 0 < without < len(row.engines):
            part = EngineName.parse(name)
            schedule = f"The schedule of {part.tenant}" if part.tenant else "The schedule"
            found.append(f"{schedule} gives no work to {without} of {the(result, part.component)}.")
    for name, master in result.record.masters.items():
        found.append(
            f"Also on {the(result, master.bus)}: {name}, {format_bytes(master.moved_bytes)} in "
            f"{master.requests} requests, {percent(master.working_ps, result.makespan_ps)} % of the time."
        )
    free = [
        the(result, name)
        for name, row in result.engine_rows.items()
        if row.totals.tasks and result.chip[row.engines[0]].energy.free
    ]
    if free:
        found.append(f"The energy leaves out {listed(free)}: no energy is stated for that work.")
    if result.record.level is not RecordLevel.FULL:
        found.append(
            f"Recorded at level `{result.record.level.value}`: "
            "no times by layer, no timeline, no holders of stalls."
        )
    return found


def _rewritten(result: Result, given: Workload) -> list[str]:
    """Returns the passes that ran, and their effect; then what runs in two passes over its input."""
    now = result.rewritten
    if now is None:
        return []
    from simres.passes.two_passes import divided

    scenario = result.origin.scenario
    twice = []
    if found := divided(now):
        again = "its input is read twice" if len(found) == 1 else "their inputs are read twice"
        twice = [f"Too large for the on-chip memory in one pass: {listed(found)}; {again}."]
        parts = scenario.get("tenants")
        tenants = parts.values() if isinstance(parts, Mapping) else ()
        if not any(isinstance(one, Mapping) and one.get("passes") for one in (scenario, *tenants)):
            return twice
    passes = scenario.get("passes")
    names = ", ".join(map(str, passes if isinstance(passes, list | tuple) else ())) or "of the tenants"
    changes = [
        f"{format_count(before)} {what} became {format_count(after)}"
        for what, before, after in (
            ("operators", len(given.ops), len(now.ops)),
            ("MACs", given.macs, now.macs),
            ("vector ops", given.vector_ops, now.vector_ops),
            ("compulsory bytes", given.compulsory_bytes, now.compulsory_bytes),
        )
        if before != after
    ]
    marked = sum(before != after for before, after in zip(given.ops, now.ops, strict=False))
    otherwise = f"No amounts changed, {marked} operators did" if marked else "Nothing changed"
    return [f"Passes: {names}. {listed(changes) or otherwise}.", *twice]


def warnings(result: Result) -> list[str]:
    """Returns the result's and the workload's warnings, each once."""
    return list(dict.fromkeys((*result.warnings, *result.workload.warnings)))
