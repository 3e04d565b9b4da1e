"""The report of a run in a terminal: the answer first and last, and between them what a screen holds.

`details` shows everything: all layers, lower bounds, tensors, energy costs and scheduler decisions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from simres.reporting.page import Page
from simres.reporting.tables import area_table, energy_table, result_tables
from simres.reporting.text import brief, headline
from simres.reporting.text.amounts import printable
from simres.reporting.text.console import Output
from simres.reporting.text.styled import Text
from simres.result import Result

_FEW_LAYERS = 12
"""Up to this many layers are all shown by default; of more, only the `_MOST_WORK` largest are."""
_MOST_WORK = 5
_TENSORS = 3
"""The number of evicted tensors shown by default."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the report: its lines, and its rank in being shown where not all parts fit."""

    name: str
    rank: int
    lines: list[Text]


def show(
    result: Result, output: Output, *, details: bool = False, alone: bool = False, timeline: bool = False
) -> None:
    """Prints the report of `result`: in full with `details`, its answer `alone`."""
    page = output.page(whole=details)
    output.print_lines(answer(result, page) if alone else report(result, page, timeline=timeline))


def answer(result: Result, page: Page) -> Iterator[Text]:
    """Yields the answer in a few lines, and every warning."""
    ran, *rest = brief.lines(result)
    yield from page.prose(ran, "headline")
    for line in rest:
        yield from page.prose(line)
    for warning in headline.warnings(result):
        yield from page.prose(f"warning: {warning}", "warning")


def report(result: Result, page: Page, *, timeline: bool = False) -> Iterator[Text]:
    """Yields the lines of the report: the answer, the parts that fit on the page, and the answer again."""
    said = [*answer(result, page)]
    parts = [part for part in _parts(result, page) if part.lines]
    shown = {part.name for part in parts} if page.whole else _fitting(parts, page.height - 2 * len(said) - 3)
    yield from said
    for part in parts:
        if part.name in shown:
            yield from part.lines
    if timeline:
        from simres.reporting.drawing.timeline_drawing import timeline as drawn

        yield Text()
        yield drawn(result, page)
    if not page.whole:
        folded = ", ".join(part.name for part in parts if part.name not in shown)
        yield Text()
        yield from page.prose(f"More with --details{f': {folded}' if folded else ''}.", "muted")
    yield Text()
    yield from said


def _fitting(parts: list[_Part], room: int) -> set[str]:
    """Returns the names of the parts that fit into this many lines, by rank; the first is always shown."""
    shown: set[str] = set()
    for part in sorted(parts, key=lambda part: part.rank):
        if not part.rank or not shown or len(part.lines) <= room:
            shown.add(part.name)
            room -= len(part.lines)
    return shown


def _parts(result: Result, page: Page) -> Iterator[_Part]:
    """Yields the parts in their order. Of rank 0 is what has to be said."""
    streams = bool(result.record.streams)
    if streams:
        from simres.reporting.tables import load_table

        yield _Part("requests", 1, [*load_table.section(result, page)])
    if result.tenants:
        from simres.reporting.tables import tenant_table

        own = [*page.titled("Tenants", tenant_table.caption(result)), *tenant_table.tenants(result, page)]
        yield _Part("tenants", 1, own)
        caption = f"busy time of each engine by tenant{result_tables.means(result)}"
        yield _Part(
            "shared engines", 4, [*page.titled("Shared", caption), *tenant_table.engines(result, page)]
        )
    yield _Part("engines", 2, [*_engines(result, page)])
    yield _Part("memory", 5, [*_memory(result, page)])
    yield _Part("layers", 3, [*_layers(result, page)])
    if not streams:  # with requests, the makespan depends on the arrivals
        yield _Part("bounds", 6, [*_bounds(result, page)])
    yield _Part("evictions", 8, [*_evictions(result, page)])
    yield _Part("energy", 7, [*_energy(result, page)])
    yield _Part("area", 9, [*_area(result, page)])
    missed = any(not item.met for item in result.expectations)
    yield _Part("expectations", 0 if missed else 9, [*_expectations(result, page)])
    yield _Part("notes", 10, [*_notes(result, page)])


def _engines(result: Result, page: Page) -> Iterator[Text]:
    yield from page.titled("Engines", result_tables.engines_caption(result))
    yield from result_tables.engines(result, page)
    if not result.record.streams:
        for sentence in (headline.stalls(result), *headline.steady(result)):
            yield from page.prose(sentence)


def _memory(result: Result, page: Page) -> Iterator[Text]:
    if any(memory.peak for memory in result.record.memories.values()):
        from simres.reporting.tables import memory_table

        yield Text()
        yield from memory_table.memories(result, page)
        for line in memory_table.fullest(result, whole=page.whole):
            yield from page.prose(line)


def _bounds(result: Result, page: Page) -> Iterator[Text]:
    yield from page.titled("Bounds", "what no schedule can beat on this chip, and estimates")
    yield from result_tables.bounds(result, page)
    yield from page.prose(headline.distance(result))
    for remark in headline.estimate(result) if page.whole else ():
        yield from page.prose(remark)


def _energy(result: Result, page: Page) -> Iterator[Text]:
    if not result.energy.total_fj:
        return
    yield from page.titled("Energy", energy_table.caption(result))
    if page.whole:
        yield from energy_table.components(result, page)
        yield from page.prose(energy_table.product(result))
    else:
        yield from page.prose(f"{energy_table.shares(result)} {energy_table.product(result)}")


def _area(result: Result, page: Page) -> Iterator[Text]:
    if not page.whole or result.area is None or not result.area.um2:
        return
    yield from page.titled("Area", area_table.caption(result.area))
    yield from page.table(area_table.columns(result.area), clip=True)
    if result.area.defaults:
        yield from page.prose(area_table.LOWER)


def _expectations(result: Result, page: Page) -> Iterator[Text]:
    found = result.expectations
    if not found:
        return
    missed = tuple(item for item in found if not item.met)
    verdict = f"{len(missed)} of {len(found)} missed" if missed else f"all {len(found)} met"
    yield from page.titled("Expectations", verdict)
    if shown := found if page.whole else missed:
        yield from result_tables.expectations(shown, page)


def _notes(result: Result, page: Page) -> Iterator[Text]:
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
    if note := result_tables.compressed(result):
        yield from page.prose(note)


def _evictions(result: Result, page: Page) -> Iterator[Text]:
    found = result.evictions
    if not found:
        return
    shown = found if page.whole else found[:_TENSORS]
    from simres.reporting.tables import memory_table

    costly = f"the {_TENSORS} most expensive of {len(found)} tensors" if len(shown) < len(found) else ""
    yield from page.titled("Evictions", costly or "bytes that crossed the bus again")
    yield from page.prose(memory_table.evictions_caption(result))
    yield from memory_table.evictions(result, shown, page)
