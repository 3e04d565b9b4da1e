"""Plots of a trained network's responses and feature maps (the extra `[plot]`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simres.reporting.plots.training_plots import GREY, blank, canvas, finish, save

if TYPE_CHECKING:
    from simres.training.features import Maps, Response

CHANNELS = 8
"""The number of feature maps shown per layer."""
LINE = 0.05
"""The height of a line of text, as a share of the plot's height."""


def depths(found: Mapping[str, Sequence[tuple[int, float, float]]], path: Path) -> None:
    """Plots error by depth: per family (depth, test error, training error), 0 to 1; figures 1, 8 and 9."""
    figure, axes = canvas(path)
    ends: list[tuple[int, float, str]] = []
    for number, (family, points) in enumerate(found.items()):
        ordered = sorted(points)
        at = [depth for depth, _, _ in ordered]
        colour = f"C{number % 10}"
        axes.plot(
            at, [100 * test for _, test, _ in ordered], color=colour, linewidth=2, marker="o", label=family
        )
        axes.plot(
            at,
            [100 * train for _, _, train in ordered],
            color=colour,
            linewidth=1,
            linestyle="--",
            marker="o",
            markerfacecolor="white",
        )
        ends += [(depth, 100 * test, colour) for depth, test, _ in ordered]
    axes.plot([], [], color=GREY, linewidth=2, marker="o", label="on test images")
    axes.plot(
        [], [], color=GREY, linewidth=1, linestyle="--", marker="o", mfc="white", label="while training"
    )
    axes.set_xlabel("layers with weights")
    axes.set_ylabel("error after the last epoch in %")
    axes.margins(x=0.15, y=0.15)
    axes.set_ylim(bottom=0)
    axes.set_xticks(sorted({depth for depth, _, _ in ends}))
    _label(axes, ends)
    finish(figure, axes, path)


def _label(axes: Any, points: Sequence[tuple[int, float, str]]) -> None:
    """Writes the values beside points (x, value, colour), stacked if the points are close."""
    apart = LINE * axes.get_ylim()[1]
    first, end = min(points)[0], max(points)[0]
    last: dict[int, float] = {}
    for x, value, colour in sorted(points):
        last[x] = max(value, last.get(x, -apart) + apart)
        axes.annotate(
            f"{value:.2f}",
            (x, last[x]),
            textcoords="offset points",
            xytext=(-9 if first == x < end else 9, 0),
            ha="right" if first == x < end else "left",
            va="center",
            color=colour,
        )


def responses(found: Mapping[str, Sequence[Response]], path: Path) -> None:
    """Plots the standard deviation of each layer's response, in order and sorted by size: figure 7."""
    figure = blank(path, (8.0, 6.4))
    for place, (title, ordered) in enumerate((("in the order in which they run", False), ("by size", True))):
        axes = figure.add_subplot(2, 1, place + 1)
        for name, layers in found.items():
            sizes = [layer.deviation for layer in layers]
            sizes = sorted(sizes, reverse=True) if ordered else sizes
            axes.plot(range(1, len(sizes) + 1), sizes, marker=".", label=name)
        axes.set_xlabel(f"layers, {title}")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set_ylabel("standard deviation")
        axes.set_ylim(bottom=0)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        axes.grid(alpha=0.25)
        if not place:
            axes.legend(frameon=False)
    save(figure, path)


def features(image: object, maps: Sequence[Maps], title: str, path: Path) -> None:
    """Plots an image (rows, columns, channels) and a few feature maps by depth: figure 3."""
    columns = CHANNELS + 1
    figure = blank(path, (1.3 * columns, 1.4 * len(maps) + 0.4))
    grid = figure.subplots(len(maps), columns, squeeze=False)
    for row, layer in enumerate(maps):
        for column, axes in enumerate(grid[row]):
            axes.set_axis_off()
            if column and column <= len(layer.values):
                axes.imshow(layer.values[column - 1], cmap="viridis")
        count, height, width = layer.values.shape
        shown = f"{min(count, CHANNELS)} of {count} maps of {height} x {width}"
        _title(grid[row][1], f"{layer.layer}: {shown}")
    picture = image if getattr(image, "shape", (0, 0, 3))[-1] == 3 else image[..., 0]  # type: ignore[index]
    grid[0][0].imshow(picture, cmap="gray")
    _title(grid[0][0], "input")
    figure.suptitle(title)
    save(figure, path)


def _title(axes: Any, text: str) -> None:
    """Sets a title that may be wider than its axes."""
    axes.set_title(" ")
    axes.text(0, 1.05, text, transform=axes.transAxes, in_layout=False)
