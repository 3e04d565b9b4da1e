"""Sections of the page that can be read without scripts and printed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from simres.analysis.critical_path import Blame, summed
from simres.analysis.explanation import Explanation
from simres.program.record import Cause, RecordLevel
from simres.program.tasks import TaskKind
from simres.reporting import lexicon
from simres.reporting.drawing.roofline_drawing import roofline_of
from simres.reporting.html.answer import answer
from simres.reporting.html.markup import escaped, folded, legend, paragraphs, said, section, stack, table
from simres.reporting.pictures.roofline_picture import embedded
from simres.reporting.tables import candidate_table, energy_table, memory_table, result_tables
from simres.reporting.text import headline
from simres.reporting.text.amounts import BYTES, NOTHING, TIME, percent, scale
from simres.reporting.text.columns import Column
from simres.reporting.text.component_names import label
from simres.result import Result
from simres.text import three_digits
from simres.units import PS_PER_S, format_bytes, format_duration, format_energy, format_power
from simres.workload.operators import Role

MOST_UNFOLDED = 4
"""The parts of a decision that are shown at once."""


def summary(result: Result, found: Explanation | None) -> str:
    """Returns the answer, the totals, the engines' time and the lower bounds."""
    told = [] if result.record.streams else [headline.stalls(result), *headline.steady(result)]
    bounds = ""
    if not result.record.streams:  # with requests, the makespan depends on the arrivals
        bounds = "<h3>Bounds</h3>" + paragraphs([headline.distance(result)], "quiet") + _bounds(result)
    parts = [
        answer(result, found),
        *(f'<p class="warning" role="note">{said(text)}</p>' for text in headline.warnings(result)),
        _figures(result),
        *_expectations(result),
        "<h3>Engines</h3>",
        _engines(result),
        paragraphs(told, "quiet"),
        bounds,
    ]
    return f'<section id="summary" aria-label="Summary">{"".join(parts)}</section>\n'


def _figures(result: Result) -> str:
    makespan, spent = result.makespan_ps, result.energy
    found: list[tuple[str, str]] = []
    if makespan and not result.tenants and not result.record.streams:
        found.append(("inferences per second", three_digits(result.images * PS_PER_S / makespan)))
    for names, bound_ps in result.bounds.engines.items():
        if result.role(names) == "matrix" and makespan:
            share = percent(bound_ps, makespan).replace("-", "0")
            found.append(("MAC utilisation", f"{share} %"))
    if result.bounds.makespan and not result.record.streams:
        more = percent(makespan - result.bounds.makespan, result.bounds.makespan).replace("-", "0")
        found.append(("above the lower bound", f"{more} %"))
    found.append(("read over the bus", format_bytes(sum(layer.read_bytes for layer in result.layers))))
    found.append(("written", format_bytes(sum(layer.written_bytes for layer in result.layers))))
    for name, memory in result.record.memories.items():
        if memory.peak:
            share = f"{percent(memory.peak, memory.capacity)} %"
            found.append((f"{name} peak occupancy", share))
    if spent.total_fj:
        found.append(("energy", format_energy(spent.total_fj)))
        found.append(("average power", format_power(spent.average_power_uw)))
    items = "".join(f"<div><dt>{escaped(name)}</dt><dd>{escaped(text)}</dd></div>" for name, text in found)
    return f'<dl class="figures">{items}</dl>'


def _expectations(result: Result) -> Iterator[str]:
    found = result.expectations
    if found:
        missed = [item for item in found if not item.met]
        verdict = f"{len(missed)} of {len(found)} expectations missed" if missed else None
        text = verdict or f"Expectations met: {len(found)} of {len(found)}."
        yield f'<p class="{"warning" if missed else "good"}" role="note">{escaped(text)}</p>'
        yield folded("Expectations", table("Expectations", result_tables.expectation_columns(found)))


def _engines(result: Result) -> str:
    makespan = result.makespan_ps
    rows = []
    causes: dict[Cause, None] = {}
    roles: dict[str, None] = {}
    for row in result.engine_rows.values():
        name, engine, role = row.label, row.totals, result.chip[row.engines[0]].role
        if not engine.tasks and role == "memory":
            continue
        parts = [(f"r-{role}", engine.working_ps, f"busy {format_duration(engine.working_ps)}")]
        for cause, ps in engine.waiting_ps.items():
            if ps:
                causes[cause] = None
                parts.append((f"c-{cause.value}", ps, f"{lexicon.stall(cause)}, {format_duration(ps)}"))
        parts.append(("idle", engine.idle_ps, f"idle {format_duration(engine.idle_ps)}"))
        if engine.working_ps:
            roles[role] = None
        busy = percent(engine.working_ps, makespan).replace("-", "0")
        label = f"{name} is busy {busy} % of the time"
        rows.append(
            f"<li><span>{escaped(name)}</span>{stack(label, parts, makespan)}<b>{escaped(busy)} %</b></li>"
        )
    entries = [(f"r-{role}", f"{lexicon.role(role).noun} busy") for role in roles]
    entries += [
        (f"c-{cause}", f"{lexicon.stall(cause)}: {lexicon.CAUSES[cause].detail}")
        for cause in Cause
        if cause in causes
    ]
    return f'<ul class="bars">{"".join(rows)}</ul>{legend([*entries, ("idle", "idle")])}' + folded(
        "The same in figures", table("Engines", result_tables.engine_columns(result))
    )


def _bounds(result: Result) -> str:
    columns = result_tables.bound_columns(result, whole=True)
    rows = [("simulated", result.makespan_ps, "simulated", "this run")]
    for name, ps in sorted(result.bounds.named.items(), key=lambda item: -item[1]):
        rows.append((label(result, name), ps, "bound", f"at least, {headline.bound_meaning(result, name)}"))
    chain = headline.bound_meaning(result, "dependency")
    rows.append(("dependency", result.bounds.dependency, "estimate", chain))
    for item in result.references:
        if not item.proven:
            rows.append((item.name, item.ps, "estimate", "an estimate"))
    most = max(ps for _, ps, _, _ in rows)
    bars = "".join(
        f"<li><span>{escaped(name)}</span>"
        f"{stack(f'{name}: {format_duration(ps)}', [(kind, ps, why)], most)}"
        f"<b>{format_duration(ps)}</b></li>"
        for name, ps, kind, why in rows
        if ps
    )
    return f'<ul class="bars">{bars}</ul>' + folded("What they consist of", table("Bounds", columns))


def timeline(result: Result) -> str:
    """Returns the element that the script draws in, or the reason why there is nothing to draw."""
    if result.record.level is not RecordLevel.FULL or not result.record.rows or not result.makespan_ps:
        why = (
            "The run takes no time: there is nothing to draw."
            if result.record.level is RecordLevel.FULL
            else f"Recorded at level {result.record.level.value}, without times of single tasks: "
            "there is no timeline, no critical path, and no occupancy by tensor. "
            "Run it again with a full record to see them."
        )
        return section("timeline", "Timeline", paragraphs([why], "quiet"))
    kinds = {task.kind for task in result.program.tasks}
    entries = [(f"k-{kind.value}", kind.value) for kind in TaskKind if kind in kinds]
    stalls = {
        cause for engine in result.record.engines.values() for cause, ps in engine.waiting_ps.items() if ps
    }
    entries += [(f"c-{cause}", lexicon.stall(cause)) for cause in Cause if cause in stalls]
    if result.stays:
        entries += [(f"t-{role.value}", f"on chip: {role.value}") for role in Role]
    return section("timeline", "Timeline", _TIMELINE, legend(entries), _KEYS)


_TIMELINE = """
<noscript><p class="warning">The timeline is drawn by a script, and scripts are off.</p></noscript>
<div class="tools">
<div class="group" role="group" aria-label="Zoom">
<button type="button" id="zoom-out" aria-label="Zoom out">&minus;</button>
<button type="button" id="zoom-in" aria-label="Zoom in">+</button>
<button type="button" id="zoom-all">All</button></div>
<div class="group" role="group" aria-label="Critical path">
<button type="button" id="path-back" aria-label="Previous stretch of the critical path">&#9664;</button>
<span>critical path</span>
<button type="button" id="path-on" aria-label="Next stretch of the critical path">&#9654;</button></div>
<label class="search"><span class="unseen">Search a layer</span>
<input type="search" id="search" placeholder="Search a layer" list="layer-names" autocomplete="off"
 spellcheck="false"></label><datalist id="layer-names"></datalist>
<output id="found" for="search"></output><output id="window"></output>
</div>
<div class="view">
<div class="drawing">
<canvas id="overview" height="44" aria-hidden="true"></canvas>
<canvas id="lanes" tabindex="0" role="application" aria-label="Timeline"
 aria-describedby="keys"></canvas>
<div id="tip" role="presentation" hidden></div>
</div>
<aside id="details" tabindex="0" aria-label="Selected" aria-live="polite"><p class="quiet">Select a task to
see what it stalled on and what it held, or a place in memory to see its tensor.</p></aside>
</div>
"""
_KEYS = """
<details id="keys"><summary>Keys, mouse and touch</summary><dl class="keys">
<div><dt><kbd>+</kbd> <kbd>-</kbd> <kbd>0</kbd></dt><dd>zoom in, out, to all</dd></div>
<div><dt><kbd>&larr;</kbd> <kbd>&rarr;</kbd></dt><dd>move back and forward in time</dd></div>
<div><dt><kbd>&uarr;</kbd> <kbd>&darr;</kbd></dt><dd>the lane above, below</dd></div>
<div><dt><kbd>,</kbd> <kbd>.</kbd></dt><dd>the task before, the next</dd></div>
<div><dt><kbd>[</kbd> <kbd>]</kbd></dt><dd>along the critical path</dd></div>
<div><dt><kbd>Enter</kbd></dt><dd>zoom to the selection</dd></div>
<div><dt><kbd>/</kbd></dt><dd>search; <kbd>Enter</kbd> there zooms to what was found</dd></div>
<div><dt><kbd>Esc</kbd></dt><dd>nothing selected</dd></div>
<div><dt>mouse</dt><dd>drag to move; the wheel zooms with <kbd>Ctrl</kbd>, or once the drawing has been
clicked; a double click zooms there; drag with <kbd>Shift</kbd> to zoom to a stretch</dd></div>
<div><dt>touch</dt><dd>drag to move, pinch to zoom, tap to select</dd></div>
</dl></details>
"""


def critical_path(result: Result, blamed: Mapping[Blame, int]) -> str:
    """Returns the parts of the makespan on the critical path, largest first."""
    if not blamed:
        return ""
    makespan = result.makespan_ps
    unit = scale(makespan, TIME)
    layers = [layer.name for layer in result.program.layers]

    by = summed(((result.row_of(item.engine), item.cause.value), ps) for item, ps in blamed.items())
    bars = "".join(
        f"<li><span>{escaped(said)}</span>"
        f"{stack(said, [(_path_kind(result, engine, cause), ps, '')], makespan)}"
        f"<b>{percent(ps, makespan)} %</b></li>"
        for (engine, cause), ps in by.items()
        for said in [f"{engine} {lexicon.spent(cause)}".strip()]
    )
    names = [layers[item.layer] if item.layer >= 0 else "" for item in blamed]
    columns = [
        Column("layer", [name or NOTHING for name in names], right=False, total="total"),
        Column("engine", [item.engine or NOTHING for item in blamed], right=False),
        Column("cause", [lexicon.spent(item.cause) for item in blamed], right=False),
        Column("held by", [item.holder or NOTHING for item in blamed], right=False),
        Column("time", unit.texts(blamed.values()), unit.unit, unit.text(makespan)),
        Column("share", [percent(ps, makespan) for ps in blamed.values()], "%", "100.0"),
    ]
    lead = (
        "The chain of tasks and stalls behind the end of the run, followed back to its start. Only a shorter "
        f"path makes a shorter run; its parts add up to {format_duration(makespan)}."
    )
    whole = table("Critical path", columns, sortable=True, buttons=names)
    return section("path", "Critical path", f'<ul class="bars">{bars}</ul>', whole, lead=lead)


def _path_kind(result: Result, engine: str, cause: str) -> str:
    if cause == "working":
        return f"r-{result.role(engine)}"
    return "idle" if cause == "idle" else f"c-{cause}"


def memory(result: Result) -> str:
    """Returns the peak occupancy of on-chip memory, its tensors, and the evictions."""
    parts = paragraphs(memory_table.fullest(result, whole=False))
    if result.stays:
        parts += paragraphs(["Occupancy by tensor over time is drawn under the timeline's lanes."], "quiet")
        parts += _holders(result)
    if result.evictions:
        parts += "<h3>Evictions</h3>" + paragraphs([memory_table.evictions_caption(result)])
        columns = memory_table.eviction_columns(result, result.evictions)
        parts += table("Evictions", columns, sortable=True)
    return section("memory", "On-chip memory", parts) if parts else ""


def _holders(result: Result) -> str:
    """Returns one row per tensor: its time on chip and its share of the memory's bytes x time."""
    spent: dict[tuple[str, str], list[int]] = {}
    for stay in result.stays:
        found = spent.setdefault((stay.memory, stay.tensor), [0, 0, 0])
        found[0] = max(found[0], stay.nbytes)
        found[1] += stay.end_ps - stay.start_ps
        found[2] += stay.nbytes * (stay.end_ps - stay.start_ps)
    rows = sorted(spent.items(), key=lambda item: -item[1][2])[:_TENSORS]
    whole = {name: memory.capacity * result.makespan_ps for name, memory in result.record.memories.items()}
    unit = scale(result.makespan_ps, TIME)
    nbytes = scale(max(row[0] for _, row in rows), BYTES)
    columns = [
        Column("tensor", [tensor for (_, tensor), _ in rows], right=False),
        Column("memory", [name for (name, _), _ in rows], right=False),
        Column("largest piece", [nbytes.text(row[0]) for _, row in rows], nbytes.unit),
        Column("all pieces together", unit.texts(row[1] for _, row in rows), unit.unit),
        Column("bytes x time", [percent(row[2], whole[name]) for (name, _), row in rows], "% of memory"),
    ]
    more = f"The {_TENSORS} of {len(spent)} tensors that took most" if len(spent) > _TENSORS else "By tensor"
    return folded(more, table("Memory by tensor", columns, sortable=True))


_TENSORS = 40


def layers(result: Result) -> str:
    """Returns every layer, sortable and linked to the timeline."""
    rows = result.layers
    tool = (
        '<div class="tools"><label class="search"><span class="unseen">Filter layers</span>'
        '<input type="search" id="filter" placeholder="Filter layers" autocomplete="off" spellcheck="false">'
        f'</label><output id="filtered" for="filter">{len(rows)} layers</output></div>'
    )
    columns = result_tables.layer_columns(result)
    names = [row.name for row in rows] if result.record.rows else []
    shown = table("Layers", columns, sortable=True, buttons=names)
    return section("layers", "Layers", tool, shown, lead=result_tables.compressed(result))


def roofline(result: Result) -> str:
    """Returns the drawing, or nothing if there is nothing to draw."""
    drawn = embedded(roofline_of(result))
    lead = "Operations per second that each layer reached, over its operations per byte on the bus."
    return section("roofline", "Roofline", drawn, lead=lead) if drawn else ""


def energy(result: Result) -> str:
    """Returns the energy by component, dynamic and static."""
    spent = result.energy
    if not spent.total_fj:
        return ""
    components = [(row, *energy_table.spent_fj(result, row)) for row in result.engine_rows.values()]
    whole = spent.total_fj
    rows = []
    for row, work, on in sorted(components, key=lambda each: -each[1] - each[2]):
        if work or on:
            parts = [
                (f"r-{result.role(row.name)}", work, f"dynamic {format_energy(work)}"),
                ("idle", on, f"static {format_energy(on)}"),
            ]
            bar = stack(f"{row.label}: {format_energy(work + on)}", parts, whole)
            share = percent(work + on, spent.total_fj)
            rows.append(f"<li><span>{escaped(row.label)}</span>{bar}<b>{share} %</b></li>")
    lead = escaped(f"{energy_table.caption(result)}. {energy_table.product(result)}")
    columns = energy_table.component_columns(result)
    return section(
        "energy",
        "Energy",
        f'<ul class="bars">{"".join(rows)}</ul>',
        table("Energy by component", columns),
        lead=lead,
    )


def _decision(what: str, how: str) -> str:
    """A decision of the schedule; a long list of them folds."""
    parts = how.split("; ")
    if len(parts) <= MOST_UNFOLDED:
        return escaped(f"{what}: {how}")
    return folded(f"{what}: {len(parts)}", _listed(map(escaped, parts)))


def _listed(items: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>"


def origin(result: Result) -> str:
    """Returns what reproduces the result, and the remarks needed to read it."""
    from yaml import safe_dump

    came = result.origin
    facts: dict[str, Any] = {"workload": came.workload_digest}
    facts |= came.versions
    facts |= {"seed": came.seed, "record": f"{result.record.level.value}, {len(result.record.rows)} spans"}
    items = "".join(f"<div><dt>{escaped(k)}</dt><dd>{escaped(v)}</dd></div>" for k, v in facts.items())
    decided = [_decision(what, how) for what, how in result.program.decisions.items()]
    decided += map(escaped, candidate_table.choice(result.candidates))
    for name, tenant in result.tenants.items():
        decided += [escaped(f"{name}, {text}") for text in candidate_table.choice(tenant.candidates)]
    scenario = safe_dump(dict(came.scenario), sort_keys=False, allow_unicode=True, width=90)
    lines = "\n".join(escaped(line) for line in scenario.splitlines())
    return section(
        "origin",
        "Origin",
        paragraphs(headline.remarks(result)),
        f'<dl class="facts">{items}</dl>',
        "<h3>What the schedule decided</h3>" if decided else "",
        _listed(decided) if decided else "",
        "<h3>Scenario</h3>",
        f'<pre tabindex="0" aria-label="Scenario as YAML"><code>{lines}</code></pre>',
    )
