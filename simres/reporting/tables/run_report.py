"""The report of a run in a terminal: answer, engines, layers and references.

`details` adds everything else: all layers, lower bounds, tensors, energy costs and scheduler decisions.
"""

from __future__ import annotations

from collections.abc import Iterator

from simres.reporting.tables import energy_table, result_tables
from simres.reporting.text import headline
from simres.reporting.text.amounts import printable
from simres.reporting.text.console import Output, can_draw
from simres.reporting.text.glyphs import ASCII, BLOCKS, Glyphs
from simres.reporting.text.prose import titled, wrapped
from simres.reporting.text.styled import Text
from simres.result import Result

_FEW_LAYERS = 12
"""Up to this many layers are all shown by default; of more, only the `_MOST_WORK` largest are."""
_MOST_WORK = 5
_TENSORS = 3
"""The number of evicted tensors shown by default."""


def show(result: Result, output: Output, *, details: bool = False) -> None:
    """Prints the report of `result`, in full with `details`."""
    lines = report(result, output.width, draw=can_draw(output), clip=output.clips, details=details)
    output.print_lines(lines)


def report(
    result: Result, width: int, *, draw: bool = True, clip: bool = False, details: bool = False
) -> Iterator[Text]:
    """Yields the lines of the report. `draw` allows block characters; `clip` shortens names to the width."""
    glyphs = BLOCKS if draw else ASCII
    if result.record.streams:
        from simres.reporting.tables import load_table

        yield from wrapped(load_table.headline(result), width, "headline")
        if asked := load_table.limit(result):
            yield from wrapped(asked, width)
        yield from load_table.section(result, width, glyphs)
    else:
        yield from wrapped(headline.headline(result), width, "headline")
        yield from wrapped(headline.limit(result), width)
        for remark in headline.steady(result):
            yield from wrapped(remark, width)
        yield from wrapped(headline.distance(result), width)

    if result.tenants:
        from simres.reporting.tables import tenant_table

        yield from titled("Tenants", tenant_table.caption(result))
        yield from tenant_table.tenants(result, width, glyphs)
        yield from titled("Shared", f"how long each engine worked for whom{result_tables.means(result)}")
        yield from tenant_table.engines(result, width, glyphs)

    yield from titled("Engines", result_tables.engines_caption(result))
    yield from result_tables.engines(result, width, glyphs)
    if any(memory.peak for memory in result.record.memories.values()):
        from simres.reporting.tables import memory_table

        yield Text()
        yield from memory_table.memories(result, width, glyphs)
        for line in memory_table.fullest(result, whole=details):
            yield from wrapped(line, width)

    yield from _layers(result, width, glyphs, clip, details)

    if not result.record.streams:  # with requests, the makespan depends on the arrivals
        yield from titled("Bounds", "what no schedule can beat on this chip, and estimates")
        yield from result_tables.bounds(result, width, glyphs, whole=details)
        for remark in headline.estimate(result) if details else ():
            yield from wrapped(remark, width)

    yield from _evictions(result, width, glyphs, clip, details)

    if result.energy.total_fj:
        yield from titled("Energy", energy_table.caption(result))
        if details:
            yield from energy_table.components(result, width, glyphs)
            yield from wrapped(energy_table.product(result), width)
        else:
            yield from wrapped(f"{energy_table.shares(result)} {energy_table.product(result)}", width)

    if result.expectations:
        found = result.expectations
        missed = tuple(item for item in found if not item.met)
        verdict = f"{len(missed)} of {len(found)} missed" if missed else f"all {len(found)} met"
        yield from titled("Expectations", verdict)
        if shown := found if details else missed:
            yield from result_tables.expectations(shown, width, glyphs)

    yield from titled("Notes", f"schedule `{printable(result.program.scheduler)}`")
    for what, how in result.program.decisions.items() if details else ():
        yield from wrapped(f"{what}: {how}", width)
    if result.candidates or result.tenants:
        from simres.reporting.tables import candidate_table

        for remark in candidate_table.choice(result.candidates):
            yield from wrapped(remark, width)
        for name, tenant in result.tenants.items():
            for remark in candidate_table.choice(tenant.candidates):
                yield from wrapped(f"{name}, {remark}", width)
    for remark in headline.remarks(result):
        yield from wrapped(remark, width)
    for warning in headline.warnings(result):
        yield from wrapped(f"warning: {warning}", width, "warning")


def _layers(result: Result, width: int, glyphs: Glyphs, clip: bool, details: bool) -> Iterator[Text]:
    rows = result.layers
    taken = sum(layer.end_ps - layer.start_ps for layer in rows)
    overlap = "; they overlap" if taken > result.makespan_ps else ""
    shown = list(range(len(rows)))
    caption = f"time is from a layer's first start to its last end{overlap}"
    if not details and len(rows) > _FEW_LAYERS:
        shown = result_tables.most_work(result)[:_MOST_WORK]
        caption = f"the {_MOST_WORK} of {len(rows)} with most work; all with --details"
    yield from titled("Layers", caption)
    yield from result_tables.layers(result, width, glyphs, shown, clip=clip)


def _evictions(result: Result, width: int, glyphs: Glyphs, clip: bool, details: bool) -> Iterator[Text]:
    found = result.evictions
    if not found:
        return
    shown = found if details else found[:_TENSORS]
    from simres.reporting.tables import memory_table

    dearest = f"the {_TENSORS} dearest of {len(found)} tensors" if len(shown) < len(found) else ""
    yield from titled("Evictions", dearest or "what crossed the bus though it had been on chip")
    yield from wrapped(memory_table.evictions_caption(result), width)
    yield from memory_table.evictions(result, shown, width, glyphs, clip=clip)
