"""Tables of compared results: differences, engines and critical paths."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len

from simres.program.record import RecordLevel
from simres.reporting import lexicon
from simres.reporting.drawing.lane_cells import DrawnInterval, DrawnLane, LaneIndex
from simres.reporting.drawing.lane_drawing import drawn, legend
from simres.reporting.drawing.ruler import axis, layer_row, spelled, tick_labels, ticks
from simres.reporting.emit import VERSIONS
from simres.reporting.page import Page
from simres.reporting.text.amounts import BYTES, COUNT, NOTHING, TIME, Scale, printable, scale
from simres.reporting.text.columns import Column, shorten
from simres.reporting.text.console import Output
from simres.reporting.text.styled import Text
from simres.units import AREA, ENERGY, format_duration

if TYPE_CHECKING:
    from simres.exploration.comparison import Comparison, ComparisonRow
    from simres.result import Result

FEW = 10
"""The number of table rows shown by default."""
_NAMED = 3
_LADDERS = {"ps": TIME, "fJ": ENERGY.ladder, "B": BYTES, "um2": AREA.ladder, "count": COUNT}


def show(comparison: Comparison, output: Output, *, whole: bool = False) -> None:
    """Prints the comparison; `whole` prints every row of its tables."""
    output.print_lines(report(comparison, output.page(whole=whole)))


def report(comparison: Comparison, page: Page) -> Iterator[Text]:
    """Yields the lines of the comparison."""
    for letter, result in comparison.results.items():
        said = f"{letter}  {result.name}: {format_duration(result.makespan_ps)}"
        yield from page.prose(f"{said}, schedule `{result.program.scheduler}`", indent="   ")
    yield Text()
    for sentence in headline(comparison):
        yield from page.prose(sentence, "headline")
    for sentence in reasons(comparison):
        yield from page.prose(sentence)

    letters = list(comparison.results)
    if comparison.settings:
        shown_settings = comparison.settings if page.whole else comparison.settings[:FEW]
        of = len(comparison.settings)
        caption = "what the scenarios differ in"
        few = "" if len(shown_settings) == of else f": {FEW} of {of}, all with --all"
        yield from page.titled("Settings", f"{caption}{few}")
        columns = [Column("", [printable(item.path) for item in shown_settings], right=False, elastic=True)]
        for number, letter in enumerate(letters):
            texts = [printable(item.values[number] or NOTHING) for item in shown_settings]
            columns.append(Column(letter, texts, right=False, elastic=True))
        yield from page.table(columns, clip=True)
    yield from page.titled("Totals", f"of {', '.join(letters)}")
    yield from _totals(comparison, page)
    rows = [row for result in comparison.results.values() for row in result.engine_rows.values()]
    means = "; of equal units, the mean" if any(row.label != row.name for row in rows) else ""
    yield from page.titled("Engines", f"busy + stalled + idle = makespan for every engine{means}")
    yield from _table(comparison.engines, letters, page, "engine")
    if comparison.path:
        yield from page.titled("Critical path", "by engine and cause; adds up to the makespan")
        yield from _table(comparison.path, letters, page, "engine", total=True)
        shown = comparison.layers if page.whole else comparison.layers[:FEW]
        few = f"; the {FEW} of {len(comparison.layers)} that differ most, all with --all"
        more = few if len(shown) < len(comparison.layers) else ""
        yield from page.titled("Layers", f"time on the critical path{more}")
        rest = comparison.layers[len(shown) :]
        yield from _table(shown, letters, page, "layer", total=True, rest=rest)
    if all(_drawable(result) for result in comparison.results.values()):
        yield from page.titled("Timelines", "on one axis; a mark between two lanes: only one of them is busy")
        yield from timelines(comparison, page)


def headline(comparison: Comparison) -> Iterator[str]:
    """Yields the makespan of each result relative to the first."""
    (first, base), *others = comparison.results.items()
    for letter, other in others:
        if other.makespan_ps == base.makespan_ps:
            yield f"{letter} takes exactly as long as {first}."
            continue
        slow, fast = sorted((base.makespan_ps, other.makespan_ps), reverse=True)
        how = "slower" if other.makespan_ps > base.makespan_ps else "faster"
        times = f", {slow / fast:.2f}x" if fast else ""
        yield f"{letter} is {format_duration(slow - fast)} {how} than {first}{times}."


def reasons(comparison: Comparison) -> Iterator[str]:
    """Yields the engines and causes behind the difference of the makespans, for two results."""
    if len(comparison.results) != 2 or not comparison.path:
        return
    parts = []
    for row in comparison.path[:_NAMED]:
        if row.effect:
            before, after = (value or 0 for value in row.values)
            parts.append(f"{_named(row)} {_signed(after - before)}")
    if parts:
        yield f"On the critical path: {'; '.join(parts)}."


def _named(row: ComparisonRow) -> str:
    if not row.name:
        return lexicon.word("idle")
    return f"{row.name} {_spent(row)}"


def _spent(row: ComparisonRow) -> str:
    """Names the state of an engine or a part of the critical path."""
    return "idle" if row.part == "idle" else lexicon.spent(row.part)


def _signed(ps: int) -> str:
    return f"{'+' if ps > 0 else '-'}{format_duration(abs(ps))}"


def _totals(comparison: Comparison, page: Page) -> list[Text]:
    """Returns the totals, each row in its own unit."""
    letters = list(comparison.results)
    rows = comparison.totals
    scales = [_scale([row]) for row in rows]
    columns = [Column("", [row.name for row in rows], right=False, elastic=True)]
    for number, letter in enumerate(letters):
        cells = [_cell(each, row.values[number]) for each, row in zip(scales, rows, strict=True)]
        columns.append(Column(letter, cells))
    columns.append(Column("", [each.unit for each in scales], right=False, style="muted"))
    for number, letter in enumerate(letters[1:], 1):
        ratios = [_ratio(row.values[number], row.values[0]) for row in rows]
        columns.append(Column(f"{letter} / {letters[0]}", ratios, rank=1))
    return page.table(columns)


def _table(
    rows: Sequence[ComparisonRow],
    letters: Sequence[str],
    page: Page,
    head: str,
    *,
    total: bool = False,
    rest: Sequence[ComparisonRow] = (),
) -> list[Text]:
    """Returns rows in one unit: a column per result, and a column per difference from the first."""
    unit = _scale([*rows, *rest])
    everything = [*rows, *rest]

    def together(number: int) -> int:
        return sum(row.values[number] or 0 for row in everything)

    names = [printable(row.name) or f"({lexicon.word('idle')})" for row in rows]
    if rest:
        names.append(f"{len(rest)} others")
    columns = [Column(head, names, total="total" if total else "", right=False, elastic=True)]
    if any(row.part for row in rows):
        parts = [_spent(row) if row.name else "" for row in rows]
        columns.append(Column("", parts, right=False, elastic=True))

    def others(number: int) -> list[int]:
        return [sum(row.values[number] or 0 for row in rest)] if rest else []

    for number, letter in enumerate(letters):
        cells = [_cell(unit, row.values[number]) for row in rows] + unit.texts(others(number))
        all_of_it = unit.text(together(number)) if total else ""
        columns.append(Column(letter, cells, unit.unit, total=all_of_it, rank=int(number > 1)))
    for number, letter in enumerate(letters[1:], 1):
        changes = [(row.values[number] or 0) - (row.values[0] or 0) for row in rows]
        changes += [after - before for before, after in zip(others(0), others(number), strict=True)]
        change = together(number) - together(0)
        cells = [_plus(unit, ps) for ps in changes]
        all_of_it = _plus(unit, change) if total else ""
        columns.append(Column(f"{letter} - {letters[0]}", cells, unit.unit, total=all_of_it, rank=2))
    return page.table(columns)


def _scale(rows: Sequence[ComparisonRow]) -> Scale:
    largest = max((value or 0 for row in rows for value in row.values), default=0)
    return scale(largest, _LADDERS[rows[0].measure.value] if rows else TIME)


def _cell(unit: Scale, value: int | None) -> str:
    return "" if value is None else unit.text(value)


def _plus(unit: Scale, change: int) -> str:
    text = unit.text(change)
    return f"+{text}" if change > 0 else text


def _ratio(value: int | None, base: int | None) -> str:
    return f"{value / base:.3f}" if value is not None and base else NOTHING


def _drawable(result: Result) -> bool:
    return result.record.level is RecordLevel.FULL and result.makespan_ps > 0


def timelines(comparison: Comparison, page: Page) -> Iterator[Text]:
    """Draws the lanes of all results for each engine, from 0 to the end of the longest run.

    A mark between two lanes shows that one of the two engines is busy and the other is not.
    """
    results = comparison.results
    engines = list(
        dict.fromkeys(
            name
            for result in results.values()
            for name, engine in result.record.engines.items()
            if engine.working_ps
        )
    )
    room = min(14, max((cell_len(name) for name in engines), default=0))
    label = max(room + 3, len("layer A "))
    longest = max(result.makespan_ps for result in results.values())
    window = DrawnInterval(0, longest, min(page.width - label, longest))
    marks = ticks(window)

    def line(head: str, body: Text, style: str = "muted") -> Text:
        return Text(head.ljust(label), style).append(body).rstrip()

    yield line("", Text(f"0 s to {spelled(longest)}", "muted"))
    yield line("", tick_labels(marks, window.cells))
    yield line("", axis(window, marks, page.glyphs))
    for letter, result in results.items():
        yield line(f"layer {letter}", layer_row(result.layers, window, page.glyphs))
    indices = {letter: LaneIndex(result.program, result.record) for letter, result in results.items()}
    states = set()
    for name in engines:
        before: DrawnLane | None = None
        for letter, index in indices.items():
            if name not in index.engines:
                continue
            lane = index.lane(name, window)
            if before is not None:
                yield line("", _apart(before, lane))
            states |= set(lane.cells)
            head = shorten(printable(name), room)
            style = f"role.{results[letter].chip[name].role}"
            yield line(f"{head} {letter}", drawn(lane.cells, page.glyphs), style)
            before = lane
    yield from legend(states, page)


def _apart(upper: DrawnLane, lower: DrawnLane) -> Text:
    """Draws `'` where only the upper of two lanes is busy, `,` where only the lower is."""
    from simres.program.tasks import TaskKind

    marks = []
    for one, other in zip(upper.cells, lower.cells, strict=True):
        works = isinstance(one, TaskKind), isinstance(other, TaskKind)
        marks.append({(True, False): "'", (False, True): ","}.get(works, " "))
    return Text("".join(marks), "muted")


def document(found: Comparison) -> dict[str, Any]:
    """Returns the JSON form as plain data."""
    return {
        "schema_version": VERSIONS["comparison"],
        "results": {
            letter: {
                "name": result.name,
                "network": result.workload.name,
                "scheduler": result.program.scheduler,
                "makespan_ps": result.makespan_ps,
                "workload_digest": result.origin.workload_digest,
            }
            for letter, result in found.results.items()
        },
        "settings": {path: dict(zip(found.results, values, strict=True)) for path, values in found.settings},
        **{
            what: [
                {
                    "name": row.name,
                    **({"part": row.part} if row.part else {}),
                    "measure": row.measure.value,
                    "values": dict(zip(found.results, row.values, strict=True)),
                }
                for row in rows
            ]
            for what, rows in (
                ("totals", found.totals),
                ("engines", found.engines),
                ("critical_path", found.path),
                ("layers", found.layers),
            )
        },
    }
