"""Tables of a result: engines, memories, layers, lower bounds, expectations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simres.analysis.energy import power_uw
from simres.program.names import EngineName
from simres.program.record import Cause, RecordLevel
from simres.reporting import lexicon
from simres.reporting.page import Page
from simres.reporting.tables import layer_figures
from simres.reporting.tables.energy_table import energy_delay
from simres.reporting.text.amounts import NOTHING, TIME, percent, scale, times
from simres.reporting.text.columns import Column, bar, width_of
from simres.reporting.text.component_names import label, listed
from simres.reporting.text.headline import bound_meaning
from simres.reporting.text.styled import Text
from simres.result import Result
from simres.result.data import EngineDescription, Expectation
from simres.result.engine_rows import EngineRow, labelled
from simres.units import AREA, ARRIVALS, COST, DURATION, ENERGY, POWER, SIZE, format_bytes, format_duration

_WIDEST_BAR = 40


def engines(result: Result, page: Page) -> list[Text]:
    """Returns the busy, stalled (by cause) and idle time of every engine; each row sums to the makespan.

    The equal units of a component have one row, with the mean of their times.
    """
    makespan = result.makespan_ps
    shown = _shown_engines(result)
    causes = _causes(shown)
    together = [sum(row.totals.waiting_ps.values()) for row in shown]
    # Stalls are named in full if that fits, else in short, else summed.
    for stalls in (
        [(f"stall: {head}", amounts, style) for head, amounts, style in causes],
        causes,
        [(lexicon.STALLED, together, lexicon.STALLED)],
    ):
        columns = _engine_columns(result, shown, stalls)
        if width_of([column for column in columns if not column.rank]) <= page.width:
            break
    glyphs = page.glyphs
    if size := page.bar_room([column for column in columns if column.rank < 3], _WIDEST_BAR):
        bars: list[str | Text] = [
            bar(
                [
                    (row.totals.working_ps, glyphs.full, f"role.{_described(result, row).role}"),
                    (stalled, glyphs.stalled, lexicon.STALLED),
                    (row.totals.idle_ps, glyphs.idle, "idle"),
                ],
                makespan,
                size,
            )
            for row, stalled in zip(shown, together, strict=True)
        ]
        legend = f"{glyphs.full} busy {glyphs.stalled} stalled {glyphs.idle} idle"
        columns.append(Column(legend if len(legend) <= size else "", bars, rank=2, right=False))
    return page.table(columns)


def engine_columns(result: Result) -> list[Column]:
    """Returns the columns of `engines` with every cause by name, without the bar."""
    shown = _shown_engines(result)
    stalls = [(f"stall: {head}", amounts, style) for head, amounts, style in _causes(shown)]
    return _engine_columns(result, shown, stalls)


def engines_caption(result: Result) -> str:
    """Returns what the rows of `engines` sum to, and which of them are means."""
    return f"busy + stalled + idle = {format_duration(result.makespan_ps)} in every row{means(result)}"


def means(result: Result) -> str:
    """Returns what `x2` in the name of a row says, for the end of a caption; empty without such rows."""
    counts = sorted({len(row.engines) for row in result.engine_rows.values()} - {1})
    if len(counts) == 1:
        return f"; x{counts[0]}: the mean of {counts[0]} equal units"
    return f"; {listed(f'x{count}' for count in counts)}: means of equal units" if counts else ""


def _shown_engines(result: Result) -> list[EngineRow]:
    return [
        row
        for row in result.engine_rows.values()
        if row.totals.tasks or _described(result, row).role != "memory"
    ]


def _described(result: Result, row: EngineRow) -> EngineDescription:
    return result.chip[row.engines[0]]


def _causes(shown: Sequence[EngineRow]) -> list[tuple[str, list[int], str]]:
    """Returns the causes that occur: name, picoseconds by engine, style."""
    by_cause = {cause: [row.totals.waiting_ps.get(cause, 0) for row in shown] for cause in Cause}
    return [
        (lexicon.word(cause), amounts, f"cause.{cause}")
        for cause, amounts in by_cause.items()
        if any(amounts)
    ]


def _engine_columns(
    result: Result, shown: Sequence[EngineRow], stalls: Sequence[tuple[str, list[int], str]]
) -> list[Column]:
    makespan = result.makespan_ps
    unit = scale(makespan, TIME)
    columns = [
        Column("engine", [row.label for row in shown], right=False),
        Column("kind", [_described(result, row).kind for row in shown], right=False, rank=5, style="muted"),
        Column("tasks", [str(row.totals.tasks) for row in shown], rank=4),
    ]
    for head, amounts, style, rank in (
        ("busy", [row.totals.working_ps for row in shown], "", 0),
        *((head, amounts, style, 3) for head, amounts, style in stalls),
        ("idle", [row.totals.idle_ps for row in shown], "muted", 1),
    ):
        columns.append(Column(head, unit.texts(amounts), unit.unit, style=style))
        columns.append(Column("", [percent(ps, makespan) for ps in amounts], "%", rank=rank, style=style))
    return columns


def working_by_layer(result: Result) -> Sequence[Mapping[str, int]]:
    """Returns the busy picoseconds of each layer by engine, from the spans, or else from the sums."""
    record = result.record
    if record.level is RecordLevel.FULL:
        return [layer.busy_ps for layer in result.layers]
    found: list[dict[str, int]] = [{} for _ in result.layers]
    for name, sums in record.layer_working_ps.items():
        for layer, ps in sums:
            found[layer][name] = ps
    return found


def most_work(result: Result) -> list[int]:
    """Returns the layer numbers by the busy time of the layer's busiest engine, longest first."""
    busiest = [max(working.values(), default=0) for working in working_by_layer(result)]
    return sorted(range(len(busiest)), key=lambda number: (-busiest[number], number))


def layers(result: Result, page: Page, shown: Sequence[int]) -> list[Text]:
    """Returns a row per layer `shown`: start, time by engine, work and bytes; and totals of all."""
    columns = layer_columns(result)
    for column in columns:
        column.cells = [column.cells[number] for number in shown]
    return page.table(columns)


def layer_columns(result: Result) -> list[Column]:
    """Returns the columns of `layers`, with a cell for every layer."""
    rows = result.layers
    makespan = result.makespan_ps
    unit = scale(makespan, TIME)
    columns = [
        Column("layer", [row.name for row in rows], total="total", right=False, elastic=True),
        Column("kind", [row.kind for row in rows], right=False, rank=6, style="muted"),
    ]
    if any(row.block for row in rows):
        columns.append(Column("block", [row.block for row in rows], right=False, rank=9, style="muted"))
    if result.record.level is RecordLevel.FULL:
        taken = [row.end_ps - row.start_ps for row in rows]
        columns += [
            Column("start", [unit.text(row.start_ps) for row in rows], unit.unit, rank=7),
            Column("time", unit.texts(taken), unit.unit, total=unit.text(makespan)),
            Column("share", [percent(ps, makespan) for ps in taken], "%", total="100.0", rank=4),
        ]
    working = working_by_layer(result)
    for name, lanes in _lanes(result).items():
        count = result.units(name)
        busy = sum(result.record.engines[lane].working_ps for lane in lanes) // count
        if busy:
            columns.append(
                Column(
                    labelled(name, count),
                    [unit.text(sum(layer.get(lane, 0) for lane in lanes) // count) for layer in working],
                    unit.unit,
                    total=unit.text(busy),
                    rank=1,
                    style=f"role.{result.chip[lanes[0]].role}",
                )
            )
    columns += layer_figures.columns(result)
    columns += _energy(result)
    macs = [row.macs for row in rows]
    moved = [row.read_bytes + row.written_bytes for row in rows]
    columns.append(
        Column(
            "intensity",
            [_intensity(work, nbytes) for work, nbytes in zip(macs, moved, strict=True)],
            "MAC/B",
            _intensity(sum(macs), sum(moved)),
            rank=8,
        )
    )
    return columns


def compressed(result: Result) -> str:
    """Which bytes the tables show, where those on the bus are fewer than those of the tensors; or nothing."""
    moved, held = sum(row.read_bytes + row.written_bytes for row in result.layers), sum(result.tensor_bytes)
    if moved == held:
        return ""
    return (
        f"Bytes are those on the bus, {format_bytes(moved)}: it compresses. The tensors have "
        f"{format_bytes(held)}."
    )


def _lanes(result: Result) -> Mapping[str, list[str]]:
    """Groups the engines by column: one per engine or component of equal units, shared by all tenants."""
    found: dict[str, list[str]] = {}
    for name, row in result.engine_rows.items():
        found.setdefault(str(EngineName.parse(name).shared), []).extend(row.engines)
    return found


def _energy(result: Result) -> list[Column]:
    """Returns the columns of each layer's energy, power while it ran, and energy-delay product."""
    spent, rows = result.energy.layers_fj, result.layers
    if not any(spent):
        return []
    times_ps = [row.end_ps - row.start_ps for row in rows]
    powers = [power_uw(fj, ps) for fj, ps in zip(spent, times_ps, strict=True)]
    unit, power = scale(sum(spent), ENERGY.ladder), scale(max(powers), POWER.ladder)
    products = [energy_delay(fj, ps) for fj, ps in zip(spent, times_ps, strict=True)]
    found = [Column("energy", unit.texts(spent), unit.unit, unit.text(sum(spent)), rank=7)]
    if any(times_ps):
        average = power_uw(sum(spent), result.makespan_ps)
        total = energy_delay(sum(spent), result.makespan_ps)
        found += [
            Column("power", power.texts(powers), power.unit, power.text(average), rank=9),
            Column("energy-delay", products, "J s", total, rank=9),
        ]
    return found


def _intensity(macs: int, nbytes: int) -> str:
    return f"{macs / nbytes:.1f}" if macs and nbytes else NOTHING


def bounds(result: Result, page: Page) -> list[Text]:
    """Returns the lower bounds and the estimates, with the makespan as a multiple of each.

    On a page that is not whole, the only lower bounds shown are LB0 and the tightest.
    """
    return page.table(bound_columns(result, whole=page.whole))


def bound_columns(result: Result, *, whole: bool) -> list[Column]:
    """Returns the columns of `bounds`."""
    makespan, least = result.makespan_ps, result.bounds
    references = {item.name: item for item in result.references}
    rows: list[tuple[str, int, str]] = []
    for name, ps in least.named.items():
        lb0 = "LB0" in references and references["LB0"].ps == ps and result.role(name) == "bus"
        if whole or lb0 or name == least.tightest:
            shown = label(result, name)
            rows.append((f"LB0, {shown}" if lb0 else shown, ps, bound_meaning(result, name)))
    proven = len(rows)
    if whole:
        rows.append(("dependency", least.dependency, bound_meaning(result, "dependency")))
    estimated = len(rows)
    for name, meaning in _ESTIMATES.items():
        if name in references:
            rows.append((name, references[name].ps, meaning))
    unit = scale(makespan, TIME)
    texts = unit.texts([ps for _, ps, _ in rows])
    sure = ["at least"] * proven + ["here"] * (estimated - proven) + ["about"] * (len(rows) - estimated)
    return [
        Column("lower bound", [name for name, _, _ in rows], right=False),
        Column("", sure, right=False, rank=2, style="muted"),
        Column("", texts, unit.unit),
        Column("simulated is", [_far(makespan, ps) for _, ps, _ in rows]),
        Column("because of", [why for _, _, why in rows], right=False, rank=1, style="muted"),
    ]


_ESTIMATES = {
    "LB1": "an estimate: layer by layer, with spills",
    "roofline": "an estimate: each layer at its roof, one by one",
}


def _far(makespan: int, bound: int) -> str:
    return f"{times(makespan, bound)}x" if bound else NOTHING


def expectations(found: Sequence[Expectation], page: Page) -> list[Text]:
    """Returns the values of the scenario's `expect:`, the simulated values and the differences, exact."""
    return page.table(expectation_columns(found))


def expectation_columns(found: Sequence[Expectation]) -> list[Column]:
    """Returns the columns of `expectations`."""
    return [
        Column("quantity", [item.path for item in found], right=False, elastic=True),
        Column("stated", [_exact(item, item.expected) for item in found]),
        Column("simulated", [_exact(item, item.found) for item in found]),
        Column("difference", [_difference(item) for item in found]),
        Column("allowed", [f"{100 * item.within:.4g} %" if item.within else "0" for item in found], rank=1),
        Column(
            "",
            [Text("met", "good") if item.met else Text("MISSED", "bad") for item in found],
            right=False,
        ),
    ]


def _exact(item: Expectation, value: int | float) -> str:
    """Formats a value in the unit of its path: integers with every digit, shares and means with six."""
    parts = item.path.split(".")
    if not isinstance(value, int):
        return f"{value:.6g}"
    if parts[-1] in _COUNTS:
        return str(value)
    if parts[-1].removesuffix("_per_ks") in _RATES and parts[0] not in _IN_BYTES:
        return _signed(ARRIVALS.spell(abs(value)), value)
    if "fj" in parts[-1].split("_") or parts[0] == "energy":
        quantity = POWER if "power" in parts[-1] else ENERGY
        return _signed(quantity.spell(abs(value)), value)
    if parts[0] == "area":
        quantity = COST if "usd" in parts[-1] or "cost" in parts[-1] else AREA
        return _signed(quantity.spell(abs(value)), value)
    if parts[0] in _IN_BYTES or parts[-1] in _IN_BYTES:
        return _signed(SIZE.spell(abs(value)), value)
    return _signed(DURATION.spell(abs(value)) if value else "0 s", value)


_COUNTS = {"images", "repeats", "tasks", "peak_per_s", "schema_version", "seed"} | {
    *("requests", "warmup", "counted", "missed", "launches", "most", "one_in")
}
_RATES = {"throughput", "capacity"}
_IN_BYTES = {"traffic", "traffic_bytes", "memories", "moved", "moved_bytes", "tensor_bytes"}
"""Keys of the JSON form whose values are bytes."""


def _signed(text: str, value: int) -> str:
    return f"-{text}" if value < 0 else text


def _difference(item: Expectation) -> str:
    difference = item.found - item.expected
    if not difference:
        return "0"
    share = 100 * difference / item.expected if item.expected else 0
    relative = f" ({share:+.2f} %)" if abs(share) >= 0.005 else ""
    return f"{'+' if difference > 0 else ''}{_exact(item, difference)}{relative}"
