"""The picture of all sets of measurements: simulated over measured, a panel each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from measured import Found, errors  # type: ignore[import-not-found]

from simres.reporting.pictures.chart import (
    GROUPS,
    Block,
    Entry,
    Panel,
    below,
    beside,
    legend,
    mark,
    scale_of,
    written,
)
from simres.reporting.pictures.files import save

ACROSS = 3
_SIDE = 340
_FEW = 7
"""At most so many groups have a legend."""


def draw(sets: Sequence[Found], path: Path) -> None:
    """Draws the sets to the file `path`. Raises `SimresError` as `save`."""
    panels = [_panel(found) for found in sets]
    high = max(panel.high for panel in panels)
    even = [Block(panel.markup, _SIDE, high) for panel in panels]
    rows = [beside(*even[start : start + ACROSS]) for start in range(0, len(even), ACROSS)]
    save(below(*rows), path)


def _panel(found: Found) -> Block:
    about, rows = found.about, found.rows
    figures = [value for row in rows for value in (row.measured, row.simulated)]
    low, high = ends = min(figures) / 1.5, max(figures) * 1.5
    across, up = (scale_of(title, figures, ends, log=True) for title in ("measured", "simulated"))
    panel = Panel(across, up, wide=_SIDE, high=_SIDE - 20)
    band = "L".join(
        f"{panel.x(x)} {panel.y(y)}"
        for x, y in ((low, low / 1.2), (high, high / 1.2), (high, high * 1.2), (low, low * 1.2))
    )
    names = list(dict.fromkeys(row.group for row in rows))
    dots = [
        mark(panel.x(row.measured), panel.y(row.simulated), group, f"dot g{group % GROUPS}", row.group)
        for row in rows
        for group in [names.index(row.group)]
    ]
    title = about.title.replace("`", "")
    said = f"{len(rows)} rows, {about.unit}, mean error {100 * errors(rows).mean:.1f} %"
    entries: list[Entry] = [
        (mark(0, 0, number, f"dot g{number % GROUPS}"), name.split(" (")[0])
        for number, name in enumerate(names)
    ]
    drawn = panel.block(
        f'<path class="band" d="M{band}z"/>', panel.line([(low, low), (high, high)], "front"), *dots
    )
    keys = legend(entries, _SIDE) if 1 < len(names) <= _FEW else Block("", 0, 0)
    return below(written([title], "title"), written([said]), drawn, keys)
