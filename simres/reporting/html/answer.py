"""The top of the page: what ran, the figure that counts, what to change, and the tenants side by side."""

from __future__ import annotations

from collections.abc import Iterator

from simres.analysis.explanation import Explanation
from simres.program.record import StreamTotals
from simres.reporting.html.markup import escaped, folded, paragraphs, said, stack, table
from simres.reporting.tables import tenant_table
from simres.reporting.text import brief
from simres.reporting.text.advice import changes
from simres.reporting.text.amounts import percent
from simres.result import Result
from simres.result.data import Tenancy
from simres.text import three_digits
from simres.units import format_arrivals, format_duration

_CHANGES = 3
"""The changes that are drawn as bars."""


def answer(result: Result, found: Explanation | None) -> str:
    """Returns the figure that counts, the bars of what to change, and the tenants."""
    text = "".join(
        (
            f'<p class="eyebrow">{escaped(_subject(result))}</p>',
            f"<h1>{escaped(result.name)}</h1>",
            *(() if result.tenants else (f'<p class="answer">{_figure(result)}</p>',)),
            paragraphs(_sentences(result, found), "said"),
        )
    )
    bars = _changes(result, found)
    top = f'<div class="top"><div>{text}</div>{bars}</div>' if bars else text
    return top + _streams(result)


def _subject(result: Result) -> str:
    """Returns network, data type, batch, chip and schedule."""
    ran = () if result.tenants else brief.network(result.scheduled)
    chip = f"on {result.origin.chip}" if result.origin.chip else ""
    return ", ".join(part for part in (*ran, chip, f"schedule {result.program.scheduler}") if part)


def _figure(result: Result) -> str:
    """Returns the latency in large type; for requests over time that of 99 of 100, with the median."""
    if result.record.streams:
        (stream,) = result.record.streams
        return _percentiles(stream)
    makespan, inferences = result.makespan_ps, result.images
    what = "per inference"
    if inferences > 1:
        what = f"for {inferences} inferences, {format_duration(makespan // inferences)} each"
    return f"<strong>{format_duration(makespan)}</strong> {escaped(what)}"


def _percentiles(stream: StreamTotals) -> str:
    p50, p99 = (format_duration(stream.latency_ps[key]) for key in ("p50", "p99"))
    return f"<strong>{p99}</strong> p99, {p50} p50"


def _sentences(result: Result, found: Explanation | None) -> Iterator[str]:
    """Yields the bottleneck, what to try where no bars show it, and what is unused."""
    yield brief.limited(result, found)
    if found is None and (first := brief.first(result, found)):
        yield first
    if idle := brief.unused(result):
        yield idle


def _changes(result: Result, found: Explanation | None) -> str:
    """Returns a bar for each of the changes that save most; empty where there is no critical path."""
    makespan = result.makespan_ps
    worth = [change for change in changes(result, found) if change.saves_ps][:_CHANGES] if found else []
    rows = []
    for change in worth:
        share = brief.worth(change, makespan)
        bar = stack(f"{change.what}: {share}", [("saved", change.saves_ps, change.sentence)], makespan)
        rows.append(f"<li><span>{said(change.what)}</span>{bar}<b>{share}</b></li>")
    if not rows:
        return ""
    lead = said("Of the time, estimated from the critical path; `simres whatif` simulates it.")
    return (
        '<div class="change"><h3>What to change</h3>'
        f'<ul class="bars">{"".join(rows)}</ul><p class="quiet">{lead}</p></div>'
    )


def _streams(result: Result) -> str:
    """Returns the tenants side by side, or the figures of a stream of requests."""
    streams = {stream.tenant: stream for stream in result.record.streams}
    if not result.tenants:
        return "".join(_stream(stream, result.capacity_per_ks) for stream in streams.values())
    cards = "".join(
        _card(name, tenant, streams.get(number))
        for number, (name, tenant) in enumerate(result.tenants.items())
    )
    figures = table("Tenants", tenant_table.tenant_columns(result))
    shared = table("Shared", tenant_table.engine_columns(result))
    return (
        f'<h3>Tenants</h3><div class="tenants">{cards}</div>{folded("The same in figures", figures)}'
        f"{folded('Busy time of each engine by tenant', shared)}"
    )


def _card(name: str, tenant: Tenancy, stream: StreamTotals | None) -> str:
    """Returns one tenant: its network, its latency, and how it fares beside the others."""
    own = ", ".join(brief.network(tenant.scheduled))
    big = f"<strong>{format_duration(tenant.latency_ps)}</strong>" if stream is None else _percentiles(stream)
    facts = [("alone", format_duration(tenant.alone_ps)), ("slowdown", f"{tenant.slowdown:.2f}x")]
    if tenant.start_ps:
        facts.append(("starts at", format_duration(tenant.start_ps)))
    facts.append(("priority", str(tenant.priority)))
    return (
        f'<article class="tenant"><h4>{escaped(name)}</h4><p class="eyebrow">{escaped(own)}</p>'
        f'<p class="answer">{big}</p>{_facts(facts)}{"" if stream is None else _stream(stream, 0)}</article>'
    )


def _stream(stream: StreamTotals, capacity_per_ks: int) -> str:
    """Returns rate, deadline misses, queue, percentiles and histogram of requests."""
    rate = brief.arrivals_per_ks(stream)
    facts = [("requests", str(stream.counted)), ("arrive at", format_arrivals(rate))]
    if capacity_per_ks:
        facts.append(("of what the chip can serve", f"{percent(rate, capacity_per_ks)} %"))
    if stream.deadline_ps:
        late = f"{stream.missed} ({percent(stream.missed, stream.counted).replace('-', '0')} %)"
        facts.append((f"later than {format_duration(stream.deadline_ps)}", late))
    took = stream.until_ps - stream.from_ps
    if took:
        facts.append(("mean queue", three_digits(stream.counted_waiting_ps / took)))
    facts.append(("longest queue", str(stream.most_waiting)))
    facts += [
        (key.replace("_", "."), format_duration(ps)) for key, ps in stream.latency_ps.items() if key in _SHOWN
    ]
    return _facts(facts) + _histogram(stream)


_SHOWN = ("p90", "p99_9", "max")
"""Latencies that are shown in addition to p50 and p99."""


def _facts(facts: list[tuple[str, str]]) -> str:
    items = "".join(f"<div><dt>{escaped(name)}</dt><dd>{escaped(text)}</dd></div>" for name, text in facts)
    return f'<dl class="figures">{items}</dl>'


def _histogram(stream: StreamTotals) -> str:
    """Returns the latencies as bars, one for each bin; those beyond the deadline stand out."""
    if len(stream.upto_ps) < 2:
        return ""
    most = max(count for _, count in stream.upto_ps)
    rows = []
    for ps, count in stream.upto_ps:
        late = bool(stream.deadline_ps) and ps > stream.deadline_ps
        upto = f"to {format_duration(ps)}"
        share = percent(count, stream.counted)
        bar = stack(f"{upto}: {count}", [("late" if late else "simulated", count, str(count))], most)
        rows.append(f"<li><span>{upto}</span>{bar}<b>{share} %</b></li>")
    return f'<ul class="bars histogram" aria-label="Latencies">{"".join(rows)}</ul>'
