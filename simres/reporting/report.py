"""A result printed: the headline first, then where the time went, layer by layer, bounds, expectations."""

from __future__ import annotations

from collections.abc import Iterator

from simres.reporting import candidates, energy_table, headline, tables, tenant_table
from simres.reporting.amounts import printable
from simres.reporting.console import Output, can_draw
from simres.reporting.glyphs import ASCII, BLOCKS
from simres.reporting.prose import titled, wrapped
from simres.reporting.styled import Text
from simres.result import Result
from simres.units import format_duration


def show(result: Result, output: Output) -> None:
    """Prints everything there is to say about `result` that fits into tables."""
    output.print_lines(report(result, output.width, draw=can_draw(output), clip=output.clips))


def report(result: Result, width: int, *, draw: bool = True, clip: bool = False) -> Iterator[Text]:
    """The lines of the report. `draw` allows block characters, `clip` shortening names to the width."""
    glyphs = BLOCKS if draw else ASCII
    makespan = format_duration(result.makespan_ps)
    yield from wrapped(headline.headline(result), width, "headline")
    yield from wrapped(headline.limit(result), width)
    for remark in headline.steady(result):
        yield from wrapped(remark, width)
    yield from wrapped(headline.distance(result), width)

    if result.tenants:
        yield from titled("Tenants", "latency is from a tenant's start to its last task's end")
        yield from tenant_table.tenants(result, width, glyphs)
        yield from titled("Shared", "how long each engine worked for whom")
        yield from tenant_table.engines(result, width, glyphs)

    yield from titled("Engines", f"working + waiting + idle = {makespan} in every row")
    yield from tables.engines(result, width, glyphs)
    if any(memory.peak for memory in result.record.memories.values()):
        yield Text()
        yield from tables.memories(result, width, glyphs)

    taken = sum(layer.end_ps - layer.start_ps for layer in result.layers)
    overlap = "; they overlap" if taken > result.makespan_ps else ""
    yield from titled("Layers", f"time is from a layer's first start to its last end{overlap}")
    yield from tables.layers(result, width, glyphs, clip=clip)

    yield from titled("Bounds", "what no schedule can beat on this chip")
    yield from tables.bounds(result, width, glyphs)
    for remark in headline.estimate(result):
        yield from wrapped(remark, width)

    if result.energy.total_fj:
        yield from titled("Energy", energy_table.caption(result))
        yield from energy_table.components(result, width, glyphs)

    if result.expectations:
        missed = sum(not item.met for item in result.expectations)
        verdict = f"{missed} of {len(result.expectations)} missed" if missed else "all met"
        yield from titled("Expectations", verdict)
        yield from tables.expectations(result, width, glyphs)

    yield from titled("Notes", f"schedule `{printable(result.program.scheduler)}`")
    for what, how in result.program.decisions.items():
        yield from wrapped(f"{what}: {how}", width)
    for remark in candidates.choice(result.candidates):
        yield from wrapped(remark, width)
    for name, tenant in result.tenants.items():
        for remark in candidates.choice(tenant.candidates):
            yield from wrapped(f"{name}, {remark}", width)
    for remark in headline.remarks(result):
        yield from wrapped(remark, width)
    for warning in headline.warnings(result):
        yield from wrapped(f"warning: {warning}", width, "warning")
