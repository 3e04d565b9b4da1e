"""The picture of all sets of measurements: simulated over measured, a panel each (the extra `[plot]`)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from measured import Found, errors  # type: ignore[import-not-found]

from simres.reporting.plots.front_plot import COLOURS, MARKERS
from simres.reporting.plots.training_plots import blank, save

ACROSS = 3
_INK, _GRID = "#182026", "#dfe3e7"
_FEW = 7
"""At most so many groups have a legend."""
_NARROW = 100
"""An axis over less than this has marks between powers of ten."""


def draw(sets: Sequence[Found], path: Path) -> None:
    """Draws the sets to the file `path`. Raises `SimresError` without matplotlib."""
    down = -(-len(sets) // ACROSS)
    figure = blank(path, (2.8 * ACROSS, 2.7 * down))
    every = figure.subplots(down, ACROSS, squeeze=False)
    panels = [axes for row in every for axes in row]
    for axes, found in zip(panels, sets, strict=False):
        _panel(axes, found)
    for axes in panels[len(sets) :]:
        axes.set_axis_off()
    figure.supxlabel("measured", fontsize=9, color=_INK)
    figure.supylabel("simulated", fontsize=9, color=_INK)
    save(figure, path)


def _panel(axes: Any, found: Found) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator

    about, rows = found.about, found.rows
    figures = [value for row in rows for value in (row.measured, row.simulated)]
    ends = min(figures) / 1.5, max(figures) * 1.5
    axes.plot(ends, ends, color=_INK, linewidth=0.8, zorder=1)
    axes.fill_between(
        ends, [end / 1.2 for end in ends], [end * 1.2 for end in ends], color=_GRID, linewidth=0, zorder=0
    )
    names = list(dict.fromkeys(row.group for row in rows))
    for number, name in enumerate(names):
        group = [row for row in rows if row.group == name]
        axes.scatter(
            [row.measured for row in group],
            [row.simulated for row in group],
            s=9 if len(rows) > 50 else 22,
            alpha=0.6 if len(rows) > 50 else 1,
            color=COLOURS[number % len(COLOURS)],
            marker=MARKERS[number % len(MARKERS)],
            linewidths=0,
            label=name.split(" (")[0],
            zorder=2,
        )
    axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends)
    axes.set_aspect("equal")
    if ends[1] < _NARROW * ends[0]:
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.grid(color=_GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=7, which="both")
    axes.minorticks_off()
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    title = about.title.replace("`", "").replace("MLPerf Tiny, ", "MLPerf Tiny\n")
    said = f"{len(rows)} rows, {about.unit}, mean error {100 * errors(rows).mean:.1f} %"
    axes.set_title(f"{title}\n{said}", fontsize=7, color=_INK)
    if 1 < len(names) <= _FEW:
        axes.legend(frameon=False, fontsize=6, handletextpad=0.2, loc="upper left")
