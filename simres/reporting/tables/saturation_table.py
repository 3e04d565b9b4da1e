"""The table of a saturation search: one row per rate, and the highest rate that meets the targets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from simres.reporting.page import Page
from simres.reporting.text.amounts import TIME, percent, scale
from simres.reporting.text.columns import Column
from simres.reporting.text.styled import Text
from simres.text import three_digits
from simres.units import format_arrivals, format_duration

if TYPE_CHECKING:
    from simres.exploration.saturation import OfferedLoad, Saturation


def saturation(found: Saturation, page: Page) -> Iterator[Text]:
    """Yields the rate found, its confidence, the knee, and the table of rates."""
    alone = not found.asked[0].tenant
    yield from page.prose(_headline(found), "headline")
    sure = (
        f"{100 * found.confidence:.0f} % confidence: +- {format_arrivals(found.margin_per_ks)} "
        f"(Student's t over {found.replications} replications)"
        if found.replications > 1
        else "One replication: no confidence interval"
    )
    if not found.complete:
        sure = "Interrupted: a higher rate may be possible; no confidence interval"
    requests = " and ".join(f"{one.requests}{_of(one.tenant)}" for one in found.asked)
    warmup = " and ".join(str(one.warmup) for one in found.asked)
    yield from page.prose(
        f"{sure}; each searched for its own limit in steps of {format_arrivals(found.step_per_ks)}, with "
        f"{requests} requests; the first {warmup} do not count."
    )
    yield from page.prose(
        f"The knee is at {format_arrivals(found.knee_per_ks)}: of the rates below, the one with the "
        "largest throughput over mean latency."
    )
    caption = "means of all replications"
    yield from page.titled(
        "Rates", caption if alone else f"{caption}; latencies of the one nearest to its target"
    )
    rows = found.rates
    metrics = {target.metric for target in found.targets}
    metric = metrics.pop().replace("_", ".") if len(metrics) == 1 else "latency"
    unit = scale(round(max(max(row.p99_ps, row.target_ps) for row in rows)), TIME)
    columns = [
        Column("rate", [format_arrivals(row.per_ks) for row in rows]),
        Column("load", [percent(row.per_ks, found.capacity_per_ks) for row in rows], "%"),
        Column("busy", [f"{100 * row.busy:.1f}" for row in rows], "%", rank=1),
        Column("queue", [three_digits(row.queue) for row in rows]),
    ]
    if not alone:
        columns.append(Column("tenant", [row.target.tenant for row in rows], right=False))
    columns += [
        Column("p50", unit.texts(round(row.p50_ps) for row in rows), unit.unit),
        Column("p99", unit.texts(round(row.p99_ps) for row in rows), unit.unit),
    ]
    if metric not in ("p50", "p99"):
        columns.append(Column(metric, unit.texts(round(row.target_ps) for row in rows), unit.unit))
    columns.append(Column("+-", unit.texts(round(row.margin_ps) for row in rows), unit.unit))
    kept = [Text("kept", "good") if row.kept else Text("missed", "bad") for row in rows]
    columns.append(Column("target", kept, right=False))
    yield from page.table(columns)


def _headline(found: Saturation) -> str:
    """Returns the rate up to which the targets are met, and the tenant that misses its target first."""
    whose: dict[str, list[str]] = {}
    for target in found.targets:
        limit = f"{target.metric.replace('_', '.')} <= {format_duration(target.limit_ps)}"
        whose.setdefault(limit, []).append(target.tenant)
    kept = ", ".join(f"{limit}{_of(' and '.join(names))}" for limit, names in whose.items())
    share = (
        f"{percent(found.per_ks, found.capacity_per_ks)} % of the {format_arrivals(found.capacity_per_ks)}"
    )
    text = f"{found.name}: {kept} up to {format_arrivals(found.per_ks)}"
    rising = [one for one in found.asked if one.rises]
    if not rising[0].tenant:
        return f"{text}, {share} that the chip can serve."
    if len(rising) > 1:
        text += f" ({', '.join(f'{one.tenant} {format_arrivals(one.per_ks)}' for one in rising)})"
    else:
        text += f" of {rising[0].tenant}"
    staying = [f"{one.tenant} {_rate(one)}" for one in found.asked if not one.rises]
    beside = f" beside {', '.join(staying)}" if staying else ""
    text = f"{text}{beside}, {share} that the busiest engine has time for."
    if not found.complete:
        return text
    first = (
        f"{found.decides} is the first to miss its target"
        if found.decides
        else "No latency misses its target"
    )
    return f"{text} {first}."


def _rate(asked: OfferedLoad) -> str:
    return format_arrivals(asked.per_ks) if asked.per_ks else "by its trace"


def _of(tenant: str) -> str:
    return f" of {tenant}" if tenant else ""
