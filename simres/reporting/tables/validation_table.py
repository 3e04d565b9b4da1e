"""Tables of simulated and measured times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from simres.analysis.validation import LAYER_LIMIT, TOTAL_LIMIT, Agreement, Compared, error
from simres.reporting.emit import VERSIONS
from simres.reporting.page import Page
from simres.reporting.text.amounts import TIME, Scale, percent, scale
from simres.reporting.text.columns import Column
from simres.reporting.text.styled import Text
from simres.units import format_duration

WORST = 5
"""The number of layers named for the largest differences."""
UNKNOWN_SHARE = 1000.0
"""Errors beyond 100,000 % are shown as 100,000 %."""


def report(found: Agreement, page: Page) -> Iterator[Text]:
    """Yields the lines: the answer, layers with MACs (with `details` all layers), kinds, the worst."""
    measured, simulated = format_duration(found.measured_ps), format_duration(found.simulated_ps)
    yield from page.prose(
        f"{found.network}: {measured} measured, {simulated} simulated ({signed(found.error)}).", "headline"
    )
    yield from page.prose(f"measured on {found.machine}; simulated on {found.chip}", "muted")
    yield Text()
    shown = [layer for layer in found.layers if page.whole or layer.macs]
    unit = scale(max(found.measured_ps, found.simulated_ps), TIME)
    yield from page.table(_layers(shown, found, unit, details=page.whole))
    yield Text()
    yield from page.table(_kinds(found, unit))
    yield Text()
    yield from page.prose(_verdict(found), "" if found.holds else "warning")
    worst = ", ".join(
        f"{layer.name} ({signed(layer.error)}, {format_duration(layer.difference_ps)})"
        for layer in found.worst(WORST)
    )
    yield from page.prose(f"Farthest off: {worst}.")


def signed(share: float) -> str:
    """Formats an error in per cent, with its sign: `+3.1 %`."""
    return f"{max(-UNKNOWN_SHARE, min(UNKNOWN_SHARE, share)):+.1%}".replace("%", " %")


def _layers(shown: Sequence[Compared], found: Agreement, unit: Scale, *, details: bool) -> list[Column]:
    columns = [
        Column("layer", [layer.name for layer in shown], right=False, elastic=True, style="title"),
        Column("kind", [layer.kind for layer in shown], right=False, rank=1),
        Column("measured", unit.texts(layer.measured_ps for layer in shown), unit.unit),
        Column("", [percent(layer.measured_ps, found.measured_ps) for layer in shown], "%", rank=2),
        Column("spread", [f"{layer.spread:.0%}".replace("%", "") for layer in shown], "%", rank=3),
        Column("simulated", unit.texts(layer.simulated_ps for layer in shown), unit.unit),
        Column("error", [_error(layer) for layer in shown], "%"),
    ]
    if details:
        columns.append(Column("ran", [layer.ran for layer in shown], right=False, rank=4))
    return columns


def _error(layer: Compared) -> Text:
    style = "bad" if layer.kind == "conv" and not layer.near else ""
    return Text(signed(layer.error).removesuffix(" %"), style)


def _kinds(found: Agreement, unit: Scale) -> list[Column]:
    """Returns sums by kind, and the time between operators: Python, and modules calling modules."""
    rows = [(kind, str(count), m, s) for kind, (count, m, s) in found.by_kind.items()]
    rows.sort(key=lambda row: -row[2])
    between = (
        found.measured_ps - sum(row[2] for row in rows),
        found.simulated_ps - sum(row[3] for row in rows),
    )
    rows.append(("between operators", "", *between))
    return [
        Column("kind", [row[0] for row in rows], right=False, total="whole network", style="title"),
        Column("layers", [row[1] for row in rows]),
        Column("measured", unit.texts(row[2] for row in rows), unit.unit, unit.text(found.measured_ps)),
        Column("simulated", unit.texts(row[3] for row in rows), unit.unit, unit.text(found.simulated_ps)),
        Column(
            "error",
            [signed(error(row[3], row[2])).removesuffix(" %") if row[1] else "" for row in rows],
            "%",
            signed(found.error).removesuffix(" %"),
        ),
    ]


def _verdict(found: Agreement) -> str:
    count, whole = len(found.within), len(found.convolutions)
    total = "within" if found.near else "NOT within"
    said = f"The total is {total} {TOTAL_LIMIT:.0%}"
    if whole:
        said += f"; {count} of {whole} convolutions are within {LAYER_LIMIT:.0%}"
        outside = [layer for layer in found.convolutions if not layer.near]
        if outside:
            said += ", not " + ", ".join(f"{layer.name} ({signed(layer.error)})" for layer in outside)
    return f"{said}.".replace("%", " %").replace("  %", " %")


def document(found: Agreement) -> dict[str, Any]:
    """Returns the JSON form as plain data: keys of times end in `_ps`; errors are shares of measured time."""
    return {
        "schema_version": VERSIONS["validation"],
        "network": found.network,
        "machine": found.machine,
        "chip": found.chip,
        "measured_ps": found.measured_ps,
        "measured_spread": round(found.measured_spread, 4),
        "simulated_ps": found.simulated_ps,
        "error": _finite(found.error),
        "convolutions": len(found.convolutions),
        "convolutions_within": len(found.within),
        "holds": found.holds,
        "layers": [
            {
                "name": layer.name,
                "kind": layer.kind,
                "macs": layer.macs,
                "measured_ps": layer.measured_ps,
                "spread": round(layer.spread, 4),
                "simulated_ps": layer.simulated_ps,
                "error": _finite(layer.error),
                "ran": layer.ran,
            }
            for layer in found.layers
        ],
    }


def _finite(share: float) -> float | None:
    return round(share, 4) if share != float("inf") else None
