"""Tables of requests over time: latency, queueing time, queue length, missed deadlines."""

from __future__ import annotations

from collections.abc import Iterator

from simres.program.record import StreamTotals
from simres.reporting.page import Page
from simres.reporting.text.amounts import TIME, percent, scale
from simres.reporting.text.columns import Column, bar
from simres.reporting.text.styled import Text
from simres.result import Result
from simres.text import three_digits
from simres.units import PS_PER_S, format_arrivals, format_duration

_NAMES = {"p50": "p50", "p90": "p90", "p95": "p95", "p99": "p99", "p99_9": "p99.9", "max": "max"}
_WIDEST = 40


def names(result: Result) -> list[str]:
    """Returns the tenant of each stream; names are empty if there are no tenants."""
    tenants = list(result.tenants)
    return [tenants[stream.tenant] if tenants else "" for stream in result.record.streams]


def section(result: Result, page: Page) -> Iterator[Text]:
    """Yields percentiles of latency and queueing time, throughput, queues, deadlines, and a histogram."""
    streams = result.record.streams
    whose = names(result)
    warmups = sorted({stream.warmup for stream in streams})
    warmup = str(warmups[0]) if len(warmups) == 1 else f"{warmups[0]} to {warmups[-1]}"
    yield from page.titled("Requests", f"without the first {warmup}; latency is from arrival to last end")
    rows = [
        (name, what, times, total, stream)
        for name, stream in zip(whose, streams, strict=True)
        for what, times, total in (
            ("latency", stream.latency_ps, stream.counted_latency_ps),
            ("queueing", stream.wait_ps, stream.counted_wait_ps),
        )
    ]
    unit = scale(max((max(times.values()) for _, _, times, _, _ in rows), default=0), TIME)
    columns = [Column("", [what for _, what, _, _, _ in rows], right=False)]
    if any(whose):
        columns.insert(0, Column("tenant", [name for name, *_ in rows], right=False))
    means = [total // stream.counted for _, _, _, total, stream in rows]
    columns.append(Column("mean", unit.texts(means), unit.unit))
    for rank, (key, head) in enumerate(_NAMES.items()):
        cells = unit.texts(times[key] for _, _, times, _, _ in rows)
        columns.append(Column(head, cells, unit.unit, rank=2 if key == "p95" else rank == 1))
    yield from page.table(columns)
    for name, stream in zip(whose, streams, strict=True):
        for sentence in _said(stream):
            yield from page.prose(f"{name}: {sentence}" if name else sentence)
    for name, stream in zip(whose, streams, strict=True):
        yield from _histogram(name, stream, page)


def _said(stream: StreamTotals) -> Iterator[str]:
    took = stream.until_ps - stream.from_ps
    if took:
        served = stream.counted * 1000 * PS_PER_S // took
        queue, present = stream.counted_waiting_ps / took, stream.counted_present_ps / took
        yield (
            f"Served {format_arrivals(served)}. Queue length: mean {three_digits(queue)}, max "
            f"{stream.most_waiting}. In the system: mean {three_digits(present)}, max {stream.most_present}."
        )
    launches = sum(one.launches for one in stream.served)
    if len(stream.served) > 1:
        sizes = ", ".join(f"{one.launches} of {one.batch}" for one in stream.served if one.launches)
        yield f"In {launches} batches, {stream.arrived / launches:.2f} requests each on average: {sizes}."
    if stream.deadline_ps:
        late = f"{stream.missed} of {stream.counted} ({percent(stream.missed, stream.counted)} %)"
        yield f"Later than {format_duration(stream.deadline_ps)}: {late if stream.missed else 'none'}."
    if stream.one_in:
        yield f"Percentiles are too large by less than one part in {stream.one_in}; sums are exact."
    if growing(stream):
        yield (
            f"The queue was still growing: {stream.present_at_last} requests were in the system when the "
            "last arrived. With more requests, latencies would be longer."
        )


def growing(stream: StreamTotals) -> bool:
    """Returns whether a large part of the requests was in the system when the last one arrived."""
    return stream.present_at_last > max(50, stream.arrived // 10)


def _histogram(name: str, stream: StreamTotals, page: Page) -> Iterator[Text]:
    """Yields the latency histogram, one row per bin."""
    if len(stream.upto_ps) < 2:
        return
    yield Text()
    most = max(count for _, count in stream.upto_ps)
    unit = scale(stream.upto_ps[-1][0], TIME)
    size = min(_WIDEST, max(10, page.width - 30))
    columns = [
        Column(f"{name} up to".strip(), [unit.text(ps) for ps, _ in stream.upto_ps], unit.unit),
        Column("requests", [str(count) for _, count in stream.upto_ps]),
        Column("share", [percent(count, stream.counted) for _, count in stream.upto_ps], "%"),
        Column(
            "", [bar([(count, page.glyphs.full, "")], most, size) for _, count in stream.upto_ps], right=False
        ),
    ]
    yield from page.table(columns)
