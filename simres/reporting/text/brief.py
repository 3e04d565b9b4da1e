"""The answer in three lines: what ran and how fast, what limits it, and what to try first."""

from __future__ import annotations

from collections.abc import Iterator

from simres.analysis.explanation import Explanation, explain
from simres.networks.network_names import short
from simres.program.names import EngineName
from simres.program.record import RecordLevel, StreamTotals
from simres.reporting.text.advice import Change, changes, figure
from simres.reporting.text.amounts import percent
from simres.reporting.text.component_names import listed, the
from simres.reporting.text.headline import protocol
from simres.reporting.text.reasons import resource
from simres.result import Result
from simres.text import three_digits
from simres.units import PS_PER_S, format_arrivals, format_duration
from simres.workload.graph import Ledger, Workload

_FIRST = 2
"""The changes that the third line names."""


def lines(result: Result) -> list[str]:
    """Returns the three lines, fewer where there is nothing to say; one more names what is not used."""
    found = explained(result)
    said = [ran(result), limited(result, found), first(result, found), unused(result)]
    return [line for line in said if line]


def explained(result: Result) -> Explanation | None:
    """Returns the explanation of a run; None where no task took any time or not everything is recorded."""
    if result.record.level is not RecordLevel.FULL or not result.makespan_ps:
        return None
    return explain(result.program, result.record)


def unused(result: Result) -> str:
    """Returns the parts of the chip without a task or a buffer; '' if there are none."""
    parts = []
    for component, count in result.unused.items():
        units = result.units(component)
        parts.append(f"{count} of {the(result, component)}" if units > count else the(result, component))
    return f"Unused: {listed(parts)}." if parts else ""


def ran(result: Result) -> str:
    """Returns the first line: network, data type, batch, chip and schedule; latency, rate and utilisation."""
    on = f"on {result.origin.chip}" if result.origin.chip else ""
    by = f"schedule {result.program.scheduler}"
    streams = result.record.streams
    if result.tenants:
        loads = {stream.tenant: stream for stream in streams}
        parts = [
            f"{name} ({', '.join(network(tenant.scheduled))}) "
            + (
                _served(loads[number])
                if number in loads
                else f"{format_duration(tenant.latency_ps)} ({tenant.slowdown:.2f}x alone)"
            )
            for number, (name, tenant) in enumerate(result.tenants.items())
        ]
        head = ", ".join(part for part in (result.name, on, by) if part)
        return f"{head}. {'; '.join(parts)}."
    head = ", ".join(part for part in (*network(result.scheduled), on, by) if part)
    made = f" {on.removesuffix(' (changed)')}" if on else ""  # the name of `NETWORK --chip CHIP`
    if result.name != network(result.workload)[0] and not (made and result.name.endswith(made)):
        head = f"{result.name}: {head}"
    found = _served(streams[0]) if streams else ", ".join(_figures(result))
    said = f"{head}: {found}"
    return f"{said} ({', '.join(timed)})." if (timed := protocol(result)) else f"{said}."


def network(workload: Workload | Ledger) -> list[str]:
    """Returns a network's name, the data type of most of its work, and its batch, as far as it has them."""
    if isinstance(workload, Ledger):
        return [workload.name]
    batch = f"batch {workload.images}" if workload.batched else ""
    return [part for part in (short(workload.name), workload.data_type, batch) if part]


def _figures(result: Result) -> Iterator[str]:
    """Yields latency, rate, and utilisation of the matrix units."""
    inferences, makespan = result.images, result.makespan_ps
    took = format_duration(makespan)
    yield took if inferences == 1 else f"{took} for {inferences} inferences"
    if not makespan:
        return
    yield f"{three_digits(inferences * PS_PER_S / makespan)}/s"
    for names, bound_ps in result.bounds.engines.items():
        if result.role(names) == "matrix":
            yield f"MAC utilisation {percent(bound_ps, makespan).replace('-', '0')} %"


def _served(stream: StreamTotals) -> str:
    """Returns requests, their rate, latencies and missed deadlines."""
    rate = arrivals_per_ks(stream)
    p50, p99 = (format_duration(stream.latency_ps[key]) for key in ("p50", "p99"))
    said = f"{stream.counted} requests at {format_arrivals(rate)}, p50 {p50}, p99 {p99}"
    if not stream.deadline_ps:
        return said
    late = f"{stream.missed} of them" if stream.missed else "none"
    return f"{said}, {late} later than {format_duration(stream.deadline_ps)}"


def arrivals_per_ks(stream: StreamTotals) -> int:
    """Returns the rate at which requests arrive, per thousand seconds."""
    took = stream.last_ps - stream.first_ps
    return (stream.arrived - 1) * 1000 * PS_PER_S // took if took else 0


def limited(result: Result, found: Explanation | None) -> str:
    """Returns the second line: the bottleneck, and the distance to the lower bound or to saturation."""
    makespan, bounds = result.makespan_ps, result.bounds
    if not makespan:
        return "No task takes any time."
    if found is None or found.bottleneck is None:
        busiest, ps = _busiest(result)
        said = f"Bottleneck: {the(result, busiest)}, busy {percent(ps, makespan)} %"
    else:
        what, ps = resource(result, found.bottleneck), found.resources[found.bottleneck]
        share = f"{percent(ps, makespan)} % of the critical path"
        single = 2 * ps >= makespan
        said = f"Bottleneck: {what}, {share}" if single else f"No single bottleneck: {what} has {share}"
    if result.record.streams:
        if not result.capacity_per_ks:
            return f"{said}."
        (stream,) = result.record.streams
        share = percent(arrivals_per_ks(stream), result.capacity_per_ks)
        return f"{said}; {share} % of the {format_arrivals(result.capacity_per_ks)} that the chip can serve."
    if not bounds.makespan:
        return f"{said}; no lower bound is known."
    if bounds.makespan >= makespan:
        return f"{said}; this is the lower bound."
    more = percent(makespan - bounds.makespan, bounds.makespan)
    return f"{said}; {more} % above the lower bound."


def first(result: Result, found: Explanation | None) -> str:
    """Returns the third line: what to change first, and what that saves by the critical path; '' for nothing.

    These are estimates (`Change`). Without a critical path the line names the busiest engine.
    """
    makespan = result.makespan_ps
    if not makespan:
        return ""
    if found is None:
        return f"Try first: 2x {figure(result, _busiest(result)[0])}; `simres whatif` says what it is worth."
    worthy = [change for change in changes(result, found) if change.saves_ps][:_FIRST]
    said = [f"{change.what} ({worth(change, makespan)})" for change in worthy]
    return f"Try first: {', '.join(said)}; estimates." if said else ""


def worth(change: Change, makespan: int) -> str:
    """Returns what a change saves, without tenths, as it is an estimate: `at most -37 %`."""
    share = (200 * change.saves_ps + makespan) // (2 * makespan)
    return f"{'at most' if change.at_most else 'about'} -{share} %"


def _busiest(result: Result) -> tuple[str, int]:
    """Returns the component that is busiest, with all its channels and tenants, and its busy time."""
    working: dict[str, int] = {}
    for name, row in result.engine_rows.items():
        component = EngineName.parse(name).component
        working[component] = working.get(component, 0) + row.totals.working_ps
    return max(working.items(), key=lambda item: item[1])
