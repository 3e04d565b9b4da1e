"""What a trained network looks like from inside, as pictures (the extra `[plot]`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from simres.reporting.training_plots import blank, canvas, finish, save

if TYPE_CHECKING:
    from simres.training.features import Maps, Response

CHANNELS = 8
"""Feature maps shown of each layer."""


def depths(found: Mapping[str, Sequence[tuple[int, float, float]]], path: Path) -> None:
    """Error by depth: for each family (depth, test error, training error) from 0 to 1, figures 1, 8 and 9."""
    figure, axes = canvas(path)
    for number, (family, points) in enumerate(found.items()):
        ordered = sorted(points)
        at = [depth for depth, _, _ in ordered]
        style = {"color": f"C{number % 10}"}
        axes.plot(at, [100 * test for _, test, _ in ordered], marker="o", label=f"{family}, test", **style)
        axes.plot(
            at,
            [100 * train for _, _, train in ordered],
            marker="o",
            markerfacecolor="none",
            linestyle="--",
            label=f"{family}, training",
            **style,
        )
        for depth, test, _ in ordered:
            axes.annotate(
                f"{100 * test:.2f}",
                (depth, 100 * test),
                textcoords="offset points",
                xytext=(0, 7),
                ha="center",
                fontsize="small",
            )
    axes.set_xlabel("layers with weights")
    axes.set_ylabel("error after the last epoch in %")
    axes.set_ylim(bottom=0)
    axes.set_xticks(sorted({depth for points in found.values() for depth, _, _ in points}))
    finish(figure, axes, path)


def responses(found: Mapping[str, Sequence[Response]], path: Path) -> None:
    """Standard deviation of each layer's response, in order and sorted by size: figure 7."""
    figure = blank(path, (9.0, 7.0))
    for place, (title, ordered) in enumerate((("in the order of the layers", False), ("by size", True))):
        axes = figure.add_subplot(2, 1, place + 1)
        for name, layers in found.items():
            sizes = [layer.deviation for layer in layers]
            sizes = sorted(sizes, reverse=True) if ordered else sizes
            axes.plot(range(1, len(sizes) + 1), sizes, marker=".", label=name)
        axes.set_xlabel(f"layer, {title}")
        axes.set_ylabel("std of the response")
        axes.set_ylim(bottom=0)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        axes.grid(alpha=0.25)
        axes.legend(frameon=False)
    save(figure, path)


def features(image: object, maps: Sequence[Maps], title: str, path: Path) -> None:
    """An image (rows, columns, channels) and a few feature maps by depth: figure 3."""
    columns = CHANNELS + 1
    figure = blank(path, (1.3 * columns, 1.4 * len(maps) + 0.4))
    grid = figure.subplots(len(maps), columns, squeeze=False)
    for row, layer in enumerate(maps):
        for column, axes in enumerate(grid[row]):
            axes.set_axis_off()
            if column and column <= len(layer.values):
                axes.imshow(layer.values[column - 1], cmap="viridis")
        shape = "x".join(str(size) for size in layer.values.shape)
        grid[row][1].set_title(f"{layer.layer}  {shape}", loc="left", fontsize="small")
    picture = image if getattr(image, "shape", (0, 0, 3))[-1] == 3 else image[..., 0]  # type: ignore[index]
    grid[0][0].imshow(picture, cmap="gray")
    figure.suptitle(title, fontsize="medium")
    save(figure, path)
