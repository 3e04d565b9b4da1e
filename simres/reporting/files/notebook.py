"""A result as an HTML table for notebooks."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from simres.program.record import Cause
from simres.reporting import lexicon
from simres.reporting.html.markup import escaped
from simres.reporting.tables import layer_figures
from simres.reporting.tables.result_tables import working_by_layer
from simres.reporting.text import brief, headline
from simres.reporting.text.amounts import TIME, percent, scale
from simres.result import Result

_MOST_LAYERS = 40
"""Tables with more layers than this are folded."""

_STYLE = (
    ".simres table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:.4em 0}"
    ".simres th,.simres td{padding:.15em .7em;text-align:right;border-bottom:1px solid rgba(128,128,128,.25)}"
    ".simres th:first-child,.simres td:first-child{text-align:left}"
    ".simres .bar{display:flex;width:12em;height:.8em;background:rgba(128,128,128,.15)}"
    f".simres .busy{{background:{lexicon.COLOURS['load'].light}}}"
    f".simres .stalled{{background:{lexicon.COLOURS['host'].light}}}"
    ".simres .warning{color:#b06000}"
)


def show_in_notebooks() -> None:
    """Makes the running notebook, if there is one, show every Result as this table."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None:
        shell.display_formatter.formatters["text/html"].for_type(Result, html)


def html(result: Result) -> str:
    """Returns the headline, engines and layers of `result` as an HTML fragment with all text escaped."""
    answer, *rest = brief.lines(result)
    parts = [
        f"<style>{_STYLE}</style>",
        f"<p><strong>{escaped(answer)}</strong><br>{'<br>'.join(map(escaped, rest))}</p>",
        *(f'<p class="warning">{escaped(warning)}</p>' for warning in headline.warnings(result)),
        _engines(result),
        _layers(result),
    ]
    return f'<div class="simres">{"".join(parts)}</div>'


def _engines(result: Result) -> str:
    makespan = result.makespan_ps
    unit = scale(makespan, TIME)
    engines = {row.label: row.totals for row in result.engine_rows.values() if row.totals.tasks}
    causes = [cause for cause in Cause if any(e.waiting_ps.get(cause, 0) for e in engines.values())]
    rows = []
    for name, engine in engines.items():
        stalled = sum(engine.waiting_ps.values())
        bar = "".join(
            f'<span class="{what}" style="width:{100 * ps / makespan if makespan else 0:.2f}%"></span>'
            for what, ps in ((lexicon.BUSY, engine.working_ps), (lexicon.STALLED, stalled))
        )
        figures = [engine.working_ps, *(engine.waiting_ps.get(cause, 0) for cause in causes), engine.idle_ps]
        cells = [escaped(name), *unit.texts(figures), _share(engine.working_ps, makespan)]
        rows.append([*cells, f'<div class="bar">{bar}</div>'])
    stalls = [f"{lexicon.stall(cause)}, {unit.unit}" for cause in causes]
    return _table(["engine", f"busy, {unit.unit}", *stalls, f"idle, {unit.unit}", "busy", ""], rows)


def _share(part: int, whole: int) -> str:
    return f"{percent(part, whole)} %" if part else "-"


def _layers(result: Result) -> str:
    unit = scale(result.makespan_ps, TIME)
    figures = layer_figures.columns(result)
    engines = [name for name, engine in result.record.engines.items() if engine.working_ps]
    rows = [
        [
            escaped(layer.name),
            escaped(layer.kind),
            *unit.texts([layer.start_ps, layer.end_ps - layer.start_ps]),
            *(unit.text(working.get(name, 0)) for name in engines),
            *(str(column.cells[number]) for column in figures),
        ]
        for number, (layer, working) in enumerate(zip(result.layers, working_by_layer(result), strict=True))
    ]
    times = [f"{name}, {unit.unit}" for name in ("start", "time", *(escaped(name) for name in engines))]
    table = _table(
        ["layer", "kind", *times, *(f"{column.head}, {column.unit or '1'}" for column in figures)], rows
    )
    opened = " open" if len(rows) <= _MOST_LAYERS else ""
    return f"<details{opened}><summary>{len(rows)} layers</summary>{table}</details>"


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Returns a table of cells that are already HTML."""
    head = "".join(f"<th>{text}</th>" for text in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
