"""At which rate a latency leaves its target: a sentence, and a row a rate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from simres.reporting.amounts import TIME, percent, scale, three_digits
from simres.reporting.columns import Column, lines
from simres.reporting.glyphs import Glyphs
from simres.reporting.prose import titled, wrapped
from simres.reporting.styled import Text
from simres.units import format_arrivals, format_duration

if TYPE_CHECKING:
    from simres.exploration.saturation import Saturation


def saturation(found: Saturation, width: int, glyphs: Glyphs) -> Iterator[Text]:
    """What was found, how sure it is, where the knee is, and the table of rates."""
    metric = found.metric.replace("_", ".")
    limit = format_duration(found.limit_ps)
    share = percent(found.per_ks, found.capacity_per_ks)
    yield from wrapped(
        f"{found.name}: {metric} <= {limit} up to {format_arrivals(found.per_ks)}, {share} % of the "
        f"{format_arrivals(found.capacity_per_ks)} that the chip serves at the most.",
        width,
        "headline",
    )
    sure = (
        f"{100 * found.confidence:.0f} % confidence: +- {format_arrivals(found.margin_per_ks)} "
        f"(Student's t over {found.replications} replications)"
        if found.replications > 1
        else "One replication, so nothing is known of how sure that is"
    )
    yield from wrapped(
        f"{sure}; each looked for its own border in steps of {format_arrivals(found.step_per_ks)}, with "
        f"{found.requests} requests, of which {found.warmup} at the start do not count.",
        width,
    )
    yield from wrapped(
        f"The knee is at {format_arrivals(found.knee_per_ks)}: of the rates below, the one with most "
        "throughput for its mean latency.",
        width,
    )
    yield from titled("Rates", "means of all replications")
    rows = found.rates
    unit = scale(round(max(max(row.p99_ps, row.target_ps) for row in rows)), TIME)
    columns = [
        Column("rate", [format_arrivals(row.per_ks) for row in rows]),
        Column("load", [percent(row.per_ks, found.capacity_per_ks) for row in rows], "%"),
        Column("busy", [f"{100 * row.busy:.1f}" for row in rows], "%", rank=1),
        Column("queue", [three_digits(row.queue) for row in rows]),
        Column("p50", unit.texts(round(row.p50_ps) for row in rows), unit.unit),
        Column("p99", unit.texts(round(row.p99_ps) for row in rows), unit.unit),
    ]
    if metric not in ("p50", "p99"):
        columns.append(Column(metric, unit.texts(round(row.target_ps) for row in rows), unit.unit))
    columns.append(Column("+-", unit.texts(round(row.margin_ps) for row in rows), unit.unit))
    kept = [
        Text("kept", "good") if row.target_ps <= found.limit_ps else Text("missed", "bad") for row in rows
    ]
    columns.append(Column("target", kept, right=False))
    yield from lines(columns, width, rule=glyphs.line)
