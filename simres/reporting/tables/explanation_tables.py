"""Tables of an explanation: sentences, then the parts of the makespan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from simres.analysis.critical_path import Blame, Spent, Why, summed
from simres.analysis.explanation import Explanation, explain
from simres.program.names import EngineName
from simres.program.record import Cause
from simres.reporting import lexicon
from simres.reporting.emit import VERSIONS
from simres.reporting.page import Page
from simres.reporting.text.advice import advice
from simres.reporting.text.amounts import NOTHING, TIME, percent, scale
from simres.reporting.text.columns import Column, bar
from simres.reporting.text.console import Output
from simres.reporting.text.reasons import answer, reasons
from simres.reporting.text.styled import Text
from simres.result import Result
from simres.units import format_duration

_FEW = 12
"""The number of rows shown by default."""
_WIDEST_BAR = 30
_OTHERWISE: Mapping[Spent, str] = {Cause.BUS: lexicon.BUS_ITSELF}
"""The holder shown if none is recorded."""


def show(result: Result, output: Output, *, whole: bool = False) -> None:
    """Prints the explanation of `result`, with every row if `whole`.

    Raises `SimresError` if the result has no spans (its record is not full).
    """
    found = explain(result.program, result.record)
    output.print_lines(explanation(result, found, output.page(whole=whole)))


def explanation(result: Result, found: Explanation, page: Page) -> Iterator[Text]:
    """Yields the lines."""
    yield from page.prose(answer(result, found), "headline")
    yield from page.prose(" ".join(reasons(result, found)))
    if sentences := advice(result, found):
        yield from page.titled("What to change", "largest saving first; `simres whatif` tries it")
        for sentence in sentences:
            yield from page.prose(f"- {sentence}", indent="  ")
    if found.bottleneck is None:
        return
    makespan = format_duration(result.makespan_ps)
    yield from page.titled("Causes", f"the critical path, end to end: {makespan}")
    yield from _causes(result, found, page)
    if modules := _modules(result, found, page):
        yield from page.titled("Modules", "the critical path by the module that an operator belongs to")
        yield from modules
    shown = len(found.blamed) if page.whole or len(found.blamed) <= _FEW + 1 else _FEW
    few = "" if shown == len(found.blamed) else f"the {shown} longest of {len(found.blamed)}; all with --all"
    yield from page.titled("Layers", few or "every part of it")
    yield from _layers(result, found, page, shown)


def _causes(result: Result, found: Explanation, page: Page) -> list[Text]:
    """Returns one row per component and cause, busy or stalled; its holders share one cell."""
    held = summed(
        ((_component(item), item.cause, item.holder or _OTHERWISE.get(item.cause, "")), ps)
        for item, ps in found.blamed.items()
    )
    rows = summed(((component, cause), ps) for (component, cause, _), ps in held.items())
    holders = {row: [holder for *key, holder in held if tuple(key) == row] for row in rows}
    makespan = result.makespan_ps
    unit = scale(makespan, TIME)
    styles = [_style(result, engine, cause) for engine, cause in rows]
    columns = [
        Column("engine", [engine or NOTHING for engine, _ in rows], right=False, total="total"),
        Column(
            "",
            [Text(lexicon.spent(why), style) for (_, why), style in zip(rows, styles, strict=True)],
            right=False,
        ),
    ]
    if any(any(by) for by in holders.values()):
        named = [_longest(holders[key]) for key in rows]
        columns.append(Column("held by", named, right=False, elastic=True))
    columns += [
        Column("time", unit.texts(rows.values()), unit.unit, unit.text(makespan)),
        Column("share", [percent(ps, makespan) for ps in rows.values()], "%", "100.0", rank=2),
    ]
    glyphs = page.glyphs
    if size := page.bar_room(columns, _WIDEST_BAR):
        glyph: dict[Spent, str] = {Why.WORKING: glyphs.full, Why.IDLE: glyphs.idle}
        bars: list[str | Text] = [
            bar([(ps, glyph.get(why, glyphs.stalled), style)], makespan, size)
            for ((_, why), ps), style in zip(rows.items(), styles, strict=True)
        ]
        columns.append(Column("", bars, rank=3, right=False))
    return page.table(columns)


def _modules(result: Result, found: Explanation, page: Page) -> list[Text]:
    """Returns a row for each module of an imported trace, as deep as a few rows reach, or none."""
    layers = result.program.layers
    if result.trace is None or not any(layer.block for layer in layers):
        return []
    paths = [
        (layers[item.layer].block.split("/") if item.layer >= 0 else [""], ps)
        for item, ps in found.blamed.items()
    ]
    deepest = max(len(path) for path, _ in paths)
    by_depth = [summed(("/".join(path[:depth]), ps) for path, ps in paths) for depth in range(1, deepest + 1)]
    few = [rows for rows in by_depth if len(rows) <= _FEW] or by_depth[:1]
    rows = by_depth[-1] if page.whole else few[-1]
    unit, makespan = scale(result.makespan_ps, TIME), result.makespan_ps
    return page.table(
        [
            Column("module", [name or NOTHING for name in rows], right=False, elastic=True, total="total"),
            Column("time", unit.texts(rows.values()), unit.unit, unit.text(makespan)),
            Column("share", [percent(ps, makespan) for ps in rows.values()], "%", "100.0", rank=2),
        ]
    )


def _component(item: Blame) -> str:
    return EngineName.parse(item.engine).component if item.engine else ""  # nothing was due


def _longest(holders: Sequence[str]) -> str:
    """Returns the holder of the longest stall, and the number of other holders."""
    first, *others = holders
    return f"{first} and {len(others)} more" if others else first or NOTHING


def _layers(result: Result, found: Explanation, page: Page, shown: int) -> list[Text]:
    """Returns the first `shown` rows by layer, engine, cause and holder, and one row for the rest."""
    makespan = result.makespan_ps
    unit = scale(makespan, TIME)
    rows = list(found.blamed.items())[:shown]
    times = [ps for _, ps in rows]
    names: list[str | Text] = [_name(result, item) for item, _ in rows]
    engines: list[str | Text] = [item.engine or NOTHING for item, _ in rows]
    causes: list[str | Text] = [
        Text(lexicon.spent(item.cause), _style(result, item.engine, item.cause)) for item, _ in rows
    ]
    holders: list[str | Text] = [item.holder or _OTHERWISE.get(item.cause, NOTHING) for item, _ in rows]
    named = any(holder != NOTHING for holder in holders)
    if rest := makespan - sum(times):
        times.append(rest)
        names.append(f"{len(found.blamed) - shown} others")
        for cells in (engines, causes, holders):
            cells.append("")
    columns = [
        Column("layer", names, right=False, elastic=True, total="total"),
        Column("engine", engines, right=False),
        Column("", causes, right=False),
    ]
    if named:
        columns.append(Column("held by", holders, right=False, elastic=True))
    columns += [
        Column("time", unit.texts(times), unit.unit, unit.text(makespan)),
        Column("share", [percent(ps, makespan) for ps in times], "%", "100.0", rank=2),
    ]
    return page.table(columns)


def _name(result: Result, item: Blame) -> str:
    return result.program.layers[item.layer].name if item.layer >= 0 else NOTHING


def _style(result: Result, engine: str, cause: Spent) -> str:
    if cause is Why.WORKING:
        return f"role.{result.role(engine)}"
    return f"cause.{cause}" if isinstance(cause, Cause) else "idle"


def document(result: Result) -> dict[str, Any]:
    """Returns the JSON form: keys of times end in `_ps`; each list adds up to the makespan.

    Raises `SimresError` if the result has no spans (its record is not full).
    """
    found = explain(result.program, result.record)
    bound = found.bottleneck

    def layer(number: int) -> str | None:
        return result.program.layers[number].name if number >= 0 else None

    return {
        "schema_version": VERSIONS["explanation"],
        "name": result.name,
        "makespan_ps": result.makespan_ps,
        "bottleneck": bound and {"component": bound.component or None, "limit": bound.limit.value},
        "answer": answer(result, found),
        "reasons": list(reasons(result, found)),
        "advice": advice(result, found),
        "resources": [
            {"component": what.component or None, "limit": what.limit.value, "time_ps": ps}
            for what, ps in found.resources.items()
        ],
        "blame": [
            {
                "engine": item.engine or None,
                "layer": layer(item.layer),
                "cause": item.cause.value,
                "holder": item.holder or None,
                "time_ps": ps,
            }
            for item, ps in found.blamed.items()
        ],
        "path": [
            {
                "start_ps": part.start_ps,
                "end_ps": part.end_ps,
                "task": part.task if part.task >= 0 else None,
                "engine": part.engine or None,
                "layer": layer(part.layer),
                "cause": part.cause.value,
                "holder": part.holder or None,
            }
            for part in found.path
        ],
    }
