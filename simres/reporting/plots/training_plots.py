"""Plots of training runs (the extra `[plot]`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simres.errors import SimresError, install
from simres.files import write_bytes

if TYPE_CHECKING:
    from simres.training.training_run import Epoch

SIZE = (8.0, 4.8)
"""The default size in inches; text of the usual size stays readable from the back of a room."""
DPI = 160
GREY = "0.45"


def curves(runs: Mapping[str, Sequence[Epoch]], path: Path) -> None:
    """Plots test error (solid) and training error (dashed) by epoch: figures 1, 8 and 9 of the paper.

    The training error is measured on the augmented images (cropped and mirrored). Raises `SimresError`.
    """
    figure, axes = canvas(path)
    for number, (name, epochs) in enumerate(runs.items()):
        if not epochs:
            raise SimresError(f"the run `{name}` has no epochs yet")
        at = [epoch.epoch for epoch in epochs]
        colour = f"C{number % 10}"
        tested = [100 * (1 - epoch.test_accuracy) for epoch in epochs]
        trained = [100 * epoch.train_error for epoch in epochs]
        mark = "o" if len(epochs) == 1 else None
        label = f"{name}: {tested[-1]:.2f} % after epoch {at[-1]}"
        axes.plot(at, tested, color=colour, linewidth=2, marker=mark, label=label)
        axes.plot(at, trained, color=colour, linewidth=1, marker=mark, linestyle="--", alpha=0.8)
    axes.plot([], [], color=GREY, linewidth=2, label="on test images")
    axes.plot([], [], color=GREY, linewidth=1, linestyle="--", label="while training")
    last = max(epochs[-1].epoch for epochs in runs.values())
    axes.set_xlim(1 - 0.02 * last, 1.02 * last)
    axes.set_xlabel("epoch")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_ylabel("error in %")
    axes.set_ylim(0, min(100.0, axes.get_ylim()[1]))
    finish(figure, axes, path)


def canvas(path: Path, size: tuple[float, float] = SIZE) -> tuple[Any, Any]:
    """Returns a figure and its axes. Raises `SimresError` without matplotlib."""
    figure = blank(path, size)
    return figure, figure.add_subplot()


def blank(path: Path, size: tuple[float, float] = SIZE) -> Any:
    """Returns a figure without axes. Raises `SimresError` without matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise SimresError(f"cannot draw `{path}`: matplotlib is not installed", install("plot")) from error
    return Figure(figsize=size, layout="constrained")


def finish(figure: Any, axes: Any, path: Path) -> None:
    """Adds the grid and the legend, and saves the figure."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.grid(alpha=0.25)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False)
    save(figure, path)


def save(figure: Any, path: Path, dpi: int = DPI) -> None:
    """Writes the figure, whole or not at all; the suffix sets the format. Raises `SimresError`.

    The same figure gives the same bytes: without its date, and with names in an SVG that do not vary.
    """
    from matplotlib import rc_context

    picture, form = BytesIO(), path.suffix.removeprefix(".").lower() or "png"
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(form)
    try:
        with rc_context({"svg.hashsalt": "simres"}):
            figure.savefig(picture, dpi=dpi, format=form, metadata=undated)
    except ValueError as error:
        raise SimresError(
            f"cannot draw `{path}`: {error}", "its suffix must be .png, .svg or .pdf"
        ) from error
    write_bytes(path, picture.getvalue())
