"""Networks that share a chip: what each got, what it would have had alone, and who used which engine."""

from __future__ import annotations

from simres.reporting.amounts import NOTHING, TIME, percent, scale, times
from simres.reporting.columns import Column, lines
from simres.reporting.glyphs import Glyphs
from simres.reporting.styled import Text
from simres.result import Result
from simres.units import format_bytes


def tenants(result: Result, width: int, glyphs: Glyphs) -> list[Text]:
    """A row a tenant: when it came, how long it took, how much longer than alone and than its bound."""
    return lines(tenant_columns(result), width, rule=glyphs.line)


def tenant_columns(result: Result) -> list[Column]:
    """The columns of `tenants`."""
    named = result.tenants
    rows = list(named.values())
    unit = scale(result.makespan_ps, TIME)
    held = [
        max(
            (memory.peak for name, memory in result.record.memories.items() if name.endswith(f".{tenant}")),
            default=0,
        )
        for tenant in named
    ]
    quotas = [
        max(
            (m.capacity for name, m in result.record.memories.items() if name.endswith(f".{tenant}")),
            default=0,
        )
        for tenant in named
    ]
    columns = [
        Column("tenant", list(named), right=False),
        Column("network", [row.workload.name for row in rows], right=False, rank=4, elastic=True),
        Column("scheduler", [row.scheduler for row in rows], right=False, rank=6),
        Column("images", [str(row.images) for row in rows], rank=5),
        Column("start", unit.texts(row.start_ps for row in rows), unit.unit, rank=3),
        Column("latency", unit.texts(row.latency_ps for row in rows), unit.unit),
        Column("alone", unit.texts(row.alone_ps for row in rows), unit.unit),
        Column("slowdown", [f"{row.slowdown:.3f} x" for row in rows]),
        Column("bound", unit.texts(row.bounds.makespan for row in rows), unit.unit, rank=2),
        Column("", [f"{times(row.latency_ps, row.bounds.makespan)} x" for row in rows], rank=2),
        Column("memory", [format_bytes(nbytes) for nbytes in quotas], rank=1),
        Column("held", [percent(part, whole) for part, whole in zip(held, quotas, strict=True)], "%", rank=1),
    ]
    if any(row.priority for row in rows):
        columns.insert(4, Column("priority", [str(row.priority) for row in rows], rank=3))
    return columns


def engines(result: Result, width: int, glyphs: Glyphs) -> list[Text]:
    """A row an engine: its work for each tenant and for all of them, as a share of the run."""
    return lines(engine_columns(result), width, rule=glyphs.line)


def engine_columns(result: Result) -> list[Column]:
    """The columns of `engines`."""
    makespan = result.makespan_ps
    unit = scale(makespan, TIME)
    record = result.record.engines
    shared = dict.fromkeys(
        name.rpartition(".")[0] for name, engine in record.items() if engine.working_ps or engine.moved_bytes
    )
    columns = [Column("engine", list(shared), right=False)]
    for tenant in result.tenants:
        work = [record[f"{name}.{tenant}"].working_ps for name in shared]
        columns.append(Column(tenant, unit.texts(work), unit.unit))
        columns.append(Column("", [percent(ps, makespan) for ps in work], "%", rank=1))
    every = [sum(record[f"{name}.{tenant}"].working_ps for tenant in result.tenants) for name in shared]
    columns.append(Column("all", unit.texts(every), unit.unit, style="total"))
    columns.append(Column("", [percent(ps, makespan) for ps in every], "%"))
    rest = [makespan - ps for ps in every]
    columns.append(Column("for nobody", unit.texts(rest) if any(rest) else [NOTHING] * len(rest), unit.unit))
    return columns
