"""Tables of tenants: latency of each, slowdown against running alone, and shares of the engines."""

from __future__ import annotations

from simres.program.names import EngineName
from simres.program.record import MemoryTotals
from simres.reporting.page import Page
from simres.reporting.text.amounts import NOTHING, TIME, percent, scale, times
from simres.reporting.text.columns import Column
from simres.reporting.text.component_names import label
from simres.reporting.text.styled import Text
from simres.result import Result
from simres.units import format_bytes

_BOUND = 3
"""The rank of the columns about a tenant's lower bound."""


def caption(result: Result) -> str:
    """Returns what the table's latencies measure."""
    loaded = [bool(tenant.request_ps) for tenant in result.tenants.values()]
    if all(loaded):
        return "latency is the mean of a tenant's requests"
    ended = "latency is from a tenant's start to its last task's end"
    return "latency is from start to last end; with requests, their mean" if any(loaded) else ended


def tenants(result: Result, page: Page) -> list[Text]:
    """Returns one row per tenant: start, latency, slowdown over running alone, ratio to its lower bound."""
    return page.table(tenant_columns(result))


def tenant_columns(result: Result) -> list[Column]:
    """Returns the columns of `tenants`."""
    named = result.tenants
    rows = list(named.values())
    unit = scale(result.makespan_ps, TIME)
    memories = [_of_tenant(result, tenant) for tenant in named]
    held = [max((memory.peak for memory in own), default=0) for own in memories]
    quotas = [max((memory.capacity for memory in own), default=0) for own in memories]
    columns = [
        Column("tenant", list(named), right=False, elastic=True),
        Column("network", [row.workload.name for row in rows], right=False, rank=5, elastic=True),
        Column("scheduler", [row.scheduler for row in rows], right=False, rank=7),
        Column("images", [str(row.images) for row in rows], rank=6),
        Column("start", unit.texts(row.start_ps for row in rows), unit.unit, rank=4),
        Column("latency", unit.texts(row.latency_ps for row in rows), unit.unit),
        Column("alone", unit.texts(row.alone_ps for row in rows), unit.unit),
        Column("slowdown", [f"{row.slowdown:.3f}x" for row in rows]),
        Column(
            "lower bound",
            [NOTHING if row.request_ps else unit.text(row.bounds.makespan) for row in rows],
            unit.unit,
            rank=_BOUND,
        ),
        Column(
            "",
            [NOTHING if row.request_ps else f"{times(row.latency_ps, row.bounds.makespan)}x" for row in rows],
            rank=_BOUND,
        ),
        Column("memory", [format_bytes(nbytes) for nbytes in quotas], rank=1),
        Column("held", [percent(part, whole) for part, whole in zip(held, quotas, strict=True)], "%", rank=1),
    ]
    if any(row.priority for row in rows):
        columns.insert(4, Column("priority", [str(row.priority) for row in rows], rank=2))
    if all(row.request_ps for row in rows):  # a lower bound covers all of a tenant's work, not one request
        columns = [column for column in columns if column.rank != _BOUND]
    return columns


def _of_tenant(result: Result, tenant: str) -> list[MemoryTotals]:
    """Returns a tenant's parts of the memories."""
    memories = result.record.memories.items()
    return [totals for name, totals in memories if EngineName.parse(name).tenant == tenant]


def engines(result: Result, page: Page) -> list[Text]:
    """Returns one row per engine: its busy time for each tenant and for all, also as a share of the run.

    The equal units of a component have one row, with the mean of their times.
    """
    return page.table(engine_columns(result))


def engine_columns(result: Result) -> list[Column]:
    """Returns the columns of `engines`."""
    makespan = result.makespan_ps
    unit = scale(makespan, TIME)
    rows = result.engine_rows
    shared = dict.fromkeys(
        EngineName.parse(name).shared
        for name, row in rows.items()
        if row.totals.working_ps or row.totals.moved_bytes
    )
    working = {
        name: [rows[str(name.of(tenant))].totals.working_ps for tenant in result.tenants] for name in shared
    }
    columns = [Column("engine", [label(result, str(name)) for name in shared], right=False)]
    for number, tenant in enumerate(result.tenants):
        work = [each[number] for each in working.values()]
        columns.append(Column(tenant, unit.texts(work), unit.unit))
        columns.append(Column("", [percent(ps, makespan) for ps in work], "%", rank=1))
    every = [sum(each) for each in working.values()]
    columns.append(Column("all", unit.texts(every), unit.unit, style="total"))
    columns.append(Column("", [percent(ps, makespan) for ps in every], "%"))
    rest = [makespan - ps for ps in every]
    columns.append(
        Column("idle", unit.texts(rest) if any(rest) else [NOTHING] * len(rest), unit.unit, rank=2)
    )
    return columns
