"""The table of a ladder: one row per rung, with its assumption and effect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simres.exploration.rungs import Ladder, Rung
from simres.reporting.emit import VERSIONS
from simres.reporting.page import Page
from simres.reporting.text.amounts import TIME, Scale, percent, scale
from simres.reporting.text.columns import Column
from simres.reporting.text.styled import Text
from simres.units import format_duration


def report(ladder: Ladder, page: Page) -> Iterator[Text]:
    """Yields the lines: the first and the last makespan, then every rung."""
    first, last = ladder.rungs[0], ladder.rungs[-1]
    text = (
        f"{ladder.name}: {format_duration(first.makespan_ps)} by {_the(first)}, "
        f"{format_duration(last.makespan_ps)} as {_the(last)}."
    )
    yield from page.prose(text, "headline")
    yield Text()
    unit = scale(max(rung.makespan_ps for rung in ladder.rungs), TIME)
    columns = [
        Column("", [rung.name for rung in ladder.rungs], right=False, elastic=True, style="title"),
        Column("takes", unit.texts(rung.makespan_ps for rung in ladder.rungs), unit.unit),
        Column("before", [_times(before, rung) for before, rung in ladder.steps()]),
        Column("", [_worth(before, rung, unit) for before, rung in ladder.steps()], unit.unit, rank=2),
        Column("bottleneck", [_bound(rung) for rung in ladder.rungs], right=False, rank=1),
    ]
    head, below, across, *rows = page.table(columns)
    yield from (head, below, across)
    for rung, row in zip(ladder.rungs, rows, strict=True):
        yield row
        yield from page.prose(f"  {rung.said}", "muted", indent="  ")


def _the(rung: Rung) -> str:
    return rung.name if rung.name.startswith("the ") or rung.name.endswith("events") else f"the {rung.name}"


def _times(before: Rung | None, rung: Rung) -> str:
    if before is None or not before.makespan_ps:
        return ""
    return f"{rung.makespan_ps / before.makespan_ps:.2f}x"


def _worth(before: Rung | None, rung: Rung, unit: Scale) -> str | Text:
    """Formats the difference from the previous rung, with its sign."""
    if before is None:
        return ""
    ps = rung.makespan_ps - before.makespan_ps
    if not ps:
        return Text("=", "muted")
    return Text(("+" if ps > 0 else "") + unit.text(ps), "good" if ps < 0 else "")


def _bound(rung: Rung) -> str:
    if not rung.makespan_ps or not rung.bottleneck:
        return ""
    return f"{rung.bottleneck} {percent(rung.parts_ps[rung.bottleneck], rung.makespan_ps)} %"


def document(ladder: Ladder) -> dict[str, Any]:
    """Returns the JSON form as plain data: keys of times end in `_ps`."""
    return {
        "schema_version": VERSIONS["ladder"],
        "name": ladder.name,
        "network": ladder.network,
        "rungs": [
            {
                "name": rung.name,
                "said": rung.said,
                "makespan_ps": rung.makespan_ps,
                "worth_ps": None if before is None else rung.makespan_ps - before.makespan_ps,
                "times_the_one_before": None
                if before is None or not before.makespan_ps
                else rung.makespan_ps / before.makespan_ps,
                "simulated": rung.simulated,
                "bottleneck": rung.bottleneck,
                "parts_ps": dict(rung.parts_ps),
            }
            for before, rung in ladder.steps()
        ],
    }
