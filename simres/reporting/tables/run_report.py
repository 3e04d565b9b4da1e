"""The report of a run in a terminal: answer, engines, layers and references.

`details` adds everything else: all layers, lower bounds, tensors, energy costs and scheduler decisions.
"""

from __future__ import annotations

from collections.abc import Iterator

from simres.reporting.page import Page
from simres.reporting.tables import area_table, energy_table, result_tables
from simres.reporting.text import headline
from simres.reporting.text.amounts import printable
from simres.reporting.text.console import Output
from simres.reporting.text.styled import Text
from simres.result import Result

_FEW_LAYERS = 12
"""Up to this many layers are all shown by default; of more, only the `_MOST_WORK` largest are."""
_MOST_WORK = 5
_TENSORS = 3
"""The number of evicted tensors shown by default."""


def show(result: Result, output: Output, *, details: bool = False) -> None:
    """Prints the report of `result`, in full with `details`."""
    output.print_lines(report(result, output.page(whole=details)))


def report(result: Result, page: Page) -> Iterator[Text]:
    """Yields the lines of the report."""
    if result.record.streams:
        from simres.reporting.tables import load_table

        yield from page.prose(load_table.headline(result), "headline")
        if asked := load_table.limit(result):
            yield from page.prose(asked)
        yield from load_table.section(result, page)
    else:
        yield from page.prose(headline.headline(result), "headline")
        yield from page.prose(headline.limit(result))
        for remark in headline.steady(result):
            yield from page.prose(remark)
        yield from page.prose(headline.distance(result))

    if result.tenants:
        from simres.reporting.tables import tenant_table

        yield from page.titled("Tenants", tenant_table.caption(result))
        yield from tenant_table.tenants(result, page)
        yield from page.titled("Shared", f"busy time of each engine by tenant{result_tables.means(result)}")
        yield from tenant_table.engines(result, page)

    yield from page.titled("Engines", result_tables.engines_caption(result))
    yield from result_tables.engines(result, page)
    if any(memory.peak for memory in result.record.memories.values()):
        from simres.reporting.tables import memory_table

        yield Text()
        yield from memory_table.memories(result, page)
        for line in memory_table.fullest(result, whole=page.whole):
            yield from page.prose(line)

    yield from _layers(result, page)

    if not result.record.streams:  # with requests, the makespan depends on the arrivals
        yield from page.titled("Bounds", "what no schedule can beat on this chip, and estimates")
        yield from result_tables.bounds(result, page)
        for remark in headline.estimate(result) if page.whole else ():
            yield from page.prose(remark)

    yield from _evictions(result, page)

    if result.energy.total_fj:
        yield from page.titled("Energy", energy_table.caption(result))
        if page.whole:
            yield from energy_table.components(result, page)
            yield from page.prose(energy_table.product(result))
        else:
            yield from page.prose(f"{energy_table.shares(result)} {energy_table.product(result)}")

    if page.whole and result.area is not None and result.area.um2:
        yield from page.titled("Area", area_table.caption(result.area))
        yield from page.table(area_table.columns(result.area), clip=True)
        if result.area.defaults:
            yield from page.prose(area_table.LOWER)

    if result.expectations:
        found = result.expectations
        missed = tuple(item for item in found if not item.met)
        verdict = f"{len(missed)} of {len(found)} missed" if missed else f"all {len(found)} met"
        yield from page.titled("Expectations", verdict)
        if shown := found if page.whole else missed:
            yield from result_tables.expectations(shown, page)

    yield from page.titled("Notes", f"schedule `{printable(result.program.scheduler)}`")
    for what, how in result.program.decisions.items() if page.whole else ():
        yield from page.prose(f"{what}: {how}")
    if result.candidates or result.tenants:
        from simres.reporting.tables import candidate_table

        for remark in candidate_table.choice(result.candidates):
            yield from page.prose(remark)
        for name, tenant in result.tenants.items():
            for remark in candidate_table.choice(tenant.candidates):
                yield from page.prose(f"{name}, {remark}")
    for remark in headline.remarks(result):
        yield from page.prose(remark)
    for warning in headline.warnings(result):
        yield from page.prose(f"warning: {warning}", "warning")


def _layers(result: Result, page: Page) -> Iterator[Text]:
    rows = result.layers
    taken = sum(layer.end_ps - layer.start_ps for layer in rows)
    overlap = "; they overlap" if taken > result.makespan_ps else ""
    shown = list(range(len(rows)))
    caption = f"time is from a layer's first start to its last end{overlap}"
    if not page.whole and len(rows) > _FEW_LAYERS:
        shown = result_tables.most_work(result)[:_MOST_WORK]
        caption = f"the {_MOST_WORK} of {len(rows)} with most work; all with --details"
    yield from page.titled("Layers", caption)
    yield from result_tables.layers(result, page, shown)


def _evictions(result: Result, page: Page) -> Iterator[Text]:
    found = result.evictions
    if not found:
        return
    shown = found if page.whole else found[:_TENSORS]
    from simres.reporting.tables import memory_table

    dearest = f"the {_TENSORS} dearest of {len(found)} tensors" if len(shown) < len(found) else ""
    yield from page.titled("Evictions", dearest or "what crossed the bus though it had been on chip")
    yield from page.prose(memory_table.evictions_caption(result))
    yield from memory_table.evictions(result, shown, page)
