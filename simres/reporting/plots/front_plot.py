"""Plots of Pareto fronts and heat maps (the extra `[plot]`)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from string import ascii_uppercase
from typing import TYPE_CHECKING, Any

from simres.reporting import lexicon
from simres.reporting.drawing.ticks import limits, share, ticks
from simres.reporting.plots.training_plots import blank, save
from simres.reporting.text.amounts import printable
from simres.text import three_digits

if TYPE_CHECKING:
    from simres.exploration.fronts import Axis, Front, Heat

COLOURS = tuple(lexicon.COLOURS[name].light for name in lexicon.GROUPS)
"""Colours of groups."""
MARKERS = "osD^vPXh"
_INK, _PALE, _GRID = lexicon.COLOURS["ink"].light, "#b8c1c9", lexicon.COLOURS["line"].light
_SMALL, _LARGE = 8.0, 9.5
"""Font sizes in points: of marks and legends, and of axis titles."""
_MOST_FIGURES = 150
"""A heat map of at most this many cells shows its figures in them."""
_MOST_LABELS = 14


def front(found: Front, path: Path) -> None:
    """Draws designs to the file `path` (PNG, SVG, PDF): the first goal vertical, one panel per other goal.

    Dominated designs are pale. In each panel a line joins the front of its two goals. Designs on the front
    of all goals are full, some with letters that the legend explains. Raises `SimresError` without
    matplotlib, or if the file cannot be written.
    """
    panels = len(found.axes) - 1
    keys = -(-(len(found.groups) + 2) // (4 * panels)) + len(found.named)
    figure = blank(path, (1.2 + 3.9 * panels, 3.2 + 0.17 * keys))
    every = figure.subplots(1, panels, squeeze=False, sharey=True)[0]
    for number, axes in enumerate(every):
        _panel(axes, found, number)
    every[0].set_ylabel(found.axes[0].title, fontsize=_LARGE)
    _keys(figure, found)
    save(figure, path)


def _panel(axes: Any, found: Front, number: int) -> None:
    up, across = found.axes[0], found.axes[number + 1]
    _scale(axes.xaxis, axes.set_xlim, across)
    _scale(axes.yaxis, axes.set_ylim, up)
    axes.set_xlabel(across.title, fontsize=_LARGE)
    axes.grid(color=_GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    joined = found.pairs[number]
    line = axes.plot(
        [across.values[at] for at in joined],
        [up.values[at] for at in joined],
        drawstyle="steps-post",
        color=_INK,
        linewidth=1.1,
        zorder=2,
        label="front of these two" if len(found.axes) > 2 else "Pareto front",
    )
    line[0].set_solid_joinstyle("miter")
    best = set(found.best)
    for place, (name, members) in enumerate(found.groups.items()):
        colour, marker = COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]
        for on_it in (False, True):
            shown = [at for at in members if (at in best) == on_it]
            axes.scatter(
                [across.values[at] for at in shown],
                [up.values[at] for at in shown],
                s=34 if on_it else 13,
                marker=marker if name else "o",
                color=colour if on_it or name else _PALE,
                alpha=1.0 if on_it or not name else 0.28,
                linewidths=0.7 if on_it else 0,
                edgecolors="white" if on_it else "none",
                zorder=4 if on_it else 1,
                label=name if on_it else None,
                rasterized=not on_it and len(shown) > 2000,
            )
    for letter, at in zip(ascii_uppercase, found.named, strict=False):
        axes.annotate(
            letter,
            (across.values[at], up.values[at]),
            xytext=(5.5 if across.large else -5.5, 5.5 if up.large else -5.5),
            textcoords="offset points",
            ha="left" if across.large else "right",
            va="bottom" if up.large else "top",
            fontsize=_SMALL,
            fontweight="bold",
            color=_INK,
            zorder=5,
        )


def _keys(figure: Any, found: Front) -> None:
    """Draws two legends: colours and the line above the panels, letters below them."""
    from matplotlib.lines import Line2D

    def dot(colour: str, marker: str, size: float, **style: Any) -> Any:
        return Line2D([], [], linestyle="", marker=marker, color=colour, markersize=size, **style)

    names = ", ".join(axis.name.split(" per ")[0] for axis in found.axes)
    line = Line2D([], [], color=_INK, linewidth=1.1)
    entries = [(line, "front of the two goals" if len(found.axes) > 2 else "Pareto front")]
    if list(found.groups) == [""]:
        entries.append((dot(COLOURS[0], "o", 5.5), f"best in {names} ({len(found.best)})"))
    else:
        for place, name in enumerate(found.groups):
            marker = MARKERS[place % len(MARKERS)]
            entries.append((dot(COLOURS[place % len(COLOURS)], marker, 5.5), printable(name)))
    dominated = len(found.rows) - len(found.best)
    if dominated:
        pale = "" if list(found.groups) == [""] else "pale: "
        entries.append((dot(_PALE, "o", 3.5), f"{pale}dominated ({dominated})"))
    figure.legend(
        *zip(*entries, strict=True),
        loc="outside upper left",
        ncols=min(len(entries), 4 * len(found.pairs)),
        fontsize=_SMALL,
        frameon=False,
        handletextpad=0.4,
        columnspacing=1.4,
    )
    told = [
        (
            Line2D([], [], linestyle="", marker=f"${letter}$", color=_INK, markersize=5.5, mew=0.4),
            printable(f"{found.said(at)}:  {figures(found.axes, at)}"),
        )
        for letter, at in zip(ascii_uppercase, found.named, strict=False)
    ]
    if told:
        figure.legend(
            *zip(*told, strict=True),
            loc="outside lower left",
            fontsize=_SMALL,
            frameon=False,
            handletextpad=0.5,
            labelspacing=0.35,
        )


def figures(axes: Sequence[Axis], at: int) -> str:
    """Formats the figures of a design: `87.88 %, 1.09 ms`."""
    return ", ".join(f"{_figure(axis.values[at], axis)} {axis.unit}".strip() for axis in axes)


def _figure(value: float, axis: Axis) -> str:
    return f"{value:.2f}" if axis.unit == "%" else three_digits(value)


def _scale(axis: Any, set_ends: Any, values: Axis) -> None:
    """Sets the range and the marks of an axis."""
    from matplotlib.ticker import NullLocator

    getattr(axis.axes, f"set_{axis.axis_name}scale")("log" if values.log else "linear")
    marks = ticks(values.values, log=values.log)
    axis.set_ticks(marks, [three_digits(mark) for mark in marks])
    axis.set_minor_locator(NullLocator())
    set_ends(*limits(values.values, log=values.log))
    axis.set_tick_params(labelsize=_SMALL, length=3)


def heat(found: Heat, path: Path) -> None:
    """Draws a goal over two knobs to the file `path` (PNG, SVG, PDF); darker is worse. Raises as `front`.

    The best cell has a frame, cells that were not simulated are hatched, and cells where all designs failed
    have a cross.
    """
    rows, columns = len(found.down.labels), len(found.across.labels)
    figure = blank(path, (2.4 + min(6.5, max(2.2, 0.62 * columns)), 1.3 + min(6.0, max(1.4, 0.45 * rows))))
    axes = figure.add_subplot()
    goal = found.goal
    values = [[None if at is None else goal.values[at] for at in row] for row in found.cells]
    known = [value for row in values for value in row if value is not None]
    drawn = _mesh(axes, values, known, goal)
    written = rows * columns <= _MOST_FIGURES
    for down, row in enumerate(values):
        for across, value in enumerate(row):
            if value is None:
                _nothing(axes, down, across, tried=found.tried[down][across])
            elif written:
                dark = _shade(value, known, goal) > 0.45
                colour = "white" if dark else _INK
                text = _figure(value, goal)
                axes.text(across, down, text, ha="center", va="center", color=colour, fontsize=_SMALL)
    down, across = found.best
    _frame(axes, down, across)
    _labels(axes.xaxis, found.across.labels)
    _labels(axes.yaxis, found.down.labels)
    axes.set_xlabel(printable(found.across.title), fontsize=_LARGE)
    axes.set_ylabel(printable(found.down.title), fontsize=_LARGE)
    axes.set_xlim(-0.5, columns - 0.5)
    axes.set_ylim(-0.5, rows - 0.5)
    for side in axes.spines.values():
        side.set_visible(False)
    bar = figure.colorbar(drawn, ax=axes, pad=0.02, aspect=25)
    marks = ticks(known, log=goal.log) if not written else _few(known, log=goal.log)
    bar.set_ticks(marks, labels=[three_digits(mark) for mark in marks])
    bar.ax.minorticks_off()
    bar.ax.tick_params(labelsize=_SMALL, length=2)
    bar.outline.set_visible(False)
    bar.set_label(
        goal.title + (f"\nbest over {', '.join(found.others)}" if found.others else ""), fontsize=_LARGE
    )
    axes.set_title(
        printable(f"best: {found.said(_best(found))}, {figures((goal,), _best(found))}"),
        fontsize=_SMALL,
        color=lexicon.COLOURS["quiet"].light,
        loc="left",
    )
    save(figure, path)


def _best(found: Heat) -> int:
    down, across = found.best
    at = found.cells[down][across]
    assert at is not None
    return at


def _few(known: Sequence[float], *, log: bool) -> list[float]:
    """Returns the two end marks of a colour bar, for maps with figures in the cells."""
    marks = ticks([min(known), max(known)], log=log)
    return marks if len(marks) < 3 else [marks[0], marks[-1]]


def _mesh(axes: Any, values: Sequence[Sequence[float | None]], known: Sequence[float], goal: Axis) -> Any:
    from matplotlib.colors import LogNorm, Normalize

    low, high = min(known), max(known)
    if low == high:
        low, high = low * 0.99 - 0.01 * (not low), high * 1.01 + 0.01 * (not high)
    norm = LogNorm(low, high) if goal.log else Normalize(low, high)
    return axes.pcolormesh(
        [at - 0.5 for at in range(len(values[0]) + 1)],
        [at - 0.5 for at in range(len(values) + 1)],
        [[float("nan") if value is None else value for value in row] for row in values],
        norm=norm,
        cmap="cividis" if goal.large else "cividis_r",
        edgecolors="white",
        linewidth=0.8 if len(values) * len(values[0]) <= _MOST_FIGURES else 0,
    )


def _shade(value: float, known: Sequence[float], goal: Axis) -> float:
    """Returns the darkness of a cell: 0 to 1."""
    ends = min(known), max(known)
    at = share(value, ends, log=goal.log) if ends[0] < ends[1] else 0.0
    return 1 - at if goal.large else at


def _nothing(axes: Any, down: int, across: int, *, tried: bool) -> None:
    from matplotlib.patches import Rectangle

    place = across - 0.5, down - 0.5
    hatch = None if tried else "////"
    axes.add_patch(Rectangle(place, 1, 1, facecolor="#f6f7f8", edgecolor=_PALE, linewidth=0, hatch=hatch))
    if tried:
        axes.plot(across, down, marker="x", color=_PALE, markersize=6)


def _frame(axes: Any, down: int, across: int) -> None:
    from matplotlib.patches import Rectangle

    for colour, wide in (("white", 3.6), (lexicon.COLOURS["contention"].light, 2.0)):
        place = across - 0.5, down - 0.5
        axes.add_patch(
            Rectangle(place, 1, 1, fill=False, edgecolor=colour, linewidth=wide, zorder=4, clip_on=False)
        )


def _labels(axis: Any, labels: Sequence[str]) -> None:
    """Sets evenly spaced labels, as many as there is room for."""
    every = -(-len(labels) // _MOST_LABELS)
    shown = range(0, len(labels), every)
    axis.set_ticks(list(shown), [printable(labels[at]) for at in shown])
    axis.set_tick_params(labelsize=_SMALL, length=0)
