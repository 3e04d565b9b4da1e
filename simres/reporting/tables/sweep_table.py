"""Tables of a sweep: best designs, Pareto front, and a map of two knobs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simres.reporting.page import Page
from simres.reporting.text.amounts import NOTHING, printable, scale
from simres.reporting.text.columns import Column
from simres.reporting.text.console import Output
from simres.reporting.text.styled import Text
from simres.text import three_digits
from simres.units import AREA, BANDWIDTH, COST, DURATION, ENERGY, POWER, SIZE, format_duration

if TYPE_CHECKING:
    from simres.exploration.objectives import Objective
    from simres.exploration.point_figures import FigureRow
    from simres.exploration.space import Knob

SHOWN = 20
"""The number of designs of the front that are shown; a sweep of no more shows all."""
_SHADES = " .:-=+*#%@"
"""Shades from the fastest to the slowest, in equal ratios."""
QUANTITIES = {
    "_ps": DURATION,
    "_fj": ENERGY,
    "_bytes": SIZE,
    "_per_s": BANDWIDTH,
    "_uw": POWER,
    "_um2": AREA,
    "_uusd": COST,
}
"""The quantity of a column, by the end of its name."""
_NAMES = {
    "accuracy": "accuracy",
    "image_ps": "latency",
    "image_fj": "energy",
    "power_uw": "power",
    "area_um2": "area",
    "cost_uusd": "cost",
    "moved_bytes": "traffic",
    "capacity_bytes": "on-chip memory",
    "peak_bytes": "used of it",
    "bandwidth_bytes_per_s": "bandwidth",
    "program": "program by",
    "bound": "bottleneck",
}
"""The figures of a design that are shown, with their display names."""


NEEDED = ("image_ps", "program", "bound", "error", "schedule_from")
"""The columns needed besides those of knobs and objectives."""


def show(
    rows: Sequence[FigureRow],
    knobs: Sequence[Knob],
    objectives: Sequence[Objective],
    front: Sequence[int],
    output: Output,
    *,
    whole: bool = False,
    few: int = 0,
) -> None:
    """Prints the results of a sweep; `front` has the row numbers on the front; `whole` shows all of them.

    Up to `few` designs are all shown, on the front or not.
    """
    output.print_lines(report(rows, knobs, objectives, front, output.page(whole=whole), few))


def report(
    rows: Sequence[FigureRow],
    knobs: Sequence[Knob],
    objectives: Sequence[Objective],
    front: Sequence[int],
    page: Page,
    few: int = 0,
) -> Iterator[Text]:
    """Yields the lines of the report; see `show`."""
    good = [row for row in rows if row["error"] is None]
    times: list[int] = [row["image_ps"] for row in good]  # type: ignore[misc]
    if times:
        least, most = min(times), max(times)
        ratio = f", {most / least:.1f}x apart" if least else ""
        yield from page.prose(
            f"An inference takes {format_duration(least)} to {format_duration(most)} on these "
            f"{len(good)} designs{ratio}.",
            "headline",
        )
        if handed := sum(row.get("schedule_from") is not None for row in good):
            yield from page.prose(
                f"{handed} of them run the schedule of a design with less, which is faster than their own."
            )
        names = ", ".join(objective.name for objective in objectives)
        if len(good) <= few:
            yield from page.titled("Designs", f"{len(good)}; * on the Pareto front in {names}: {len(front)}")
            best = [rows[number] for number in front]
            others = [row for number, row in enumerate(rows) if row["error"] is None and number not in front]
            others.sort(key=lambda row: [objective.of(row) or 0.0 for objective in objectives])
            marks = ["*"] * len(best) + [""] * len(others)
            yield from _table([*best, *others], knobs, objectives, page, marks)
        else:
            shown = front if page.whole else front[:SHOWN]
            more = f"; the first {SHOWN}, all with --all" if len(shown) < len(front) else ""
            yield from page.titled("Pareto front", f"{len(front)} of {len(good)} in {names}{more}")
            if shown:
                yield from _table([rows[number] for number in shown], knobs, objectives, page)
        yield from heat_map(good, knobs, page)
    failures = Counter(str(row["error"]) for row in rows if row["error"] is not None)
    if failures:
        yield from page.titled("Failed", f"{sum(failures.values())} of {len(rows)} points")
        for reason, count in failures.most_common(5):
            yield from page.prose(f"{count} x {reason}", "warning", indent="    ")


def _table(
    rows: Sequence[FigureRow],
    knobs: Sequence[Knob],
    objectives: Sequence[Objective],
    page: Page,
    marks: Sequence[str] = (),
) -> list[Text]:
    """Returns designs as a table, with a mark before each, if there are any."""
    columns = [Column("", list(marks), right=False)] if marks else []
    for knob in knobs:
        spelled = _spelled(knob)
        cells = [printable(spelled.get(row[knob.key], str(row[knob.key]))) for row in rows]
        head = knob.key.removeprefix("hardware.")
        columns.append(Column(head, cells, right=bool(knob.unit), elastic=True))
    for objective in objectives:
        if objective.formula is not None:
            values = [objective.figure(row) for row in rows]
            cells = [NOTHING if value is None else three_digits(value) for value in values]
            columns.append(Column(objective.name, cells))
        else:
            columns.append(_figures(objective.name, objective.column, rows))
    columns.append(Column("program by", [str(row["program"]) for row in rows], right=False, rank=2))
    columns.append(Column("bottleneck", [str(row["bound"]) for row in rows], right=False, rank=1))
    return page.table(columns)


def _figures(name: str, column: str, rows: Sequence[FigureRow]) -> Column:
    """Returns a column of figures in one unit."""
    values: list[Any] = [row[column] for row in rows]
    quantity = next((quantity for ending, quantity in QUANTITIES.items() if column.endswith(ending)), None)
    if quantity is None:
        cells = [NOTHING if value is None else f"{100 * value:.2f}" for value in values]
        return Column(name, cells, "%")
    unit = scale(max((value or 0 for value in values), default=0), quantity.ladder)
    return Column(name, [unit.text(value or 0) for value in values], unit.unit)


def told(row: FigureRow) -> list[tuple[str, str]]:
    """Returns the figures of a design by name, formatted for reading."""
    found = []
    for column, name in _NAMES.items():
        value = row[column]
        if isinstance(value, str):
            found.append((name, printable(value)))
        elif value is not None:
            quantity = next((it for ending, it in QUANTITIES.items() if column.endswith(ending)), None)
            found.append((name, quantity.format(int(value)) if quantity else f"{100 * value:.2f} %"))
    return found


def told_columns(rows: Sequence[FigureRow]) -> list[Column]:
    """Returns the figures of designs as columns, each in one unit; figures without values are left out."""
    found = []
    for column, name in _NAMES.items():
        values = [row[column] for row in rows]
        if all(isinstance(value, str) for value in values):
            found.append(Column(name, [printable(str(value)) for value in values], right=False))
        elif any(value is not None for value in values):
            found.append(_figures(name, column, rows))
    return found


def _spelled(knob: Knob) -> Mapping[Any, str]:
    """Returns the texts of a knob's values, keyed by the values in the rows."""
    return dict(zip(knob.numbers or knob.values, knob.values, strict=True))


def heat_map(rows: Sequence[FigureRow], knobs: Sequence[Knob], page: Page) -> Iterator[Text]:
    """Draws the shortest time per inference over the two knobs with most values; darker is longer.

    Yields nothing if fewer than two knobs vary, or if the map does not fit.
    """
    varied = sorted((knob for knob in knobs if len(knob.values) > 1), key=lambda knob: len(knob.values))
    if len(varied) < 2:
        return
    down, across = varied[-2], varied[-1]
    best: dict[tuple[Any, Any], int] = {}
    for row in rows:
        place, time = (row[down.key], row[across.key]), row["image_ps"]
        if isinstance(time, int):
            best[place] = min(time, best.get(place, time))
    label = max(len(value) for value in down.values) + 1
    cell = min(6, (page.width - label) // len(across.values))
    if cell < 1 or not best:
        return
    least, most = min(best.values()), max(best.values())
    yield from page.titled("Time per inference", f"down {down.key}, across {across.key}")
    columns = list(_spelled(across))
    for value, text in _spelled(down).items():
        line = Text(text.rjust(label - 1) + " ", "muted")
        for other in columns:
            time = best.get((value, other), 0)
            line.append((_shade(time, least, most) if time else "?") * cell)
        yield line
    first, last = across.values[0], across.values[-1]
    room = cell * len(columns)
    ends = first + " " * max(1, room - len(first) - len(last)) + last
    yield Text(" " * label + ends, "muted")
    yield from page.prose(
        f"`{_SHADES[0]}` {format_duration(least)} to `{_SHADES[-1]}` {format_duration(most)}, in equal ratios"
        + ("; the best over the other knobs" if len(varied) > 2 else "")
    )


def _shade(time: int, least: int, most: int) -> str:
    from math import log

    if most == least or not least:
        return _SHADES[0]
    share = log(time / least) / log(most / least)
    return _SHADES[min(len(_SHADES) - 1, int(share * len(_SHADES)))]
