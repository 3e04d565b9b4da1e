"""The plot of a roofline (the extra `[plot]`)."""

from __future__ import annotations

from pathlib import Path

from simres.errors import SimresError, install
from simres.reporting.drawing.roofline_drawing import classes, roofline_of
from simres.reporting.plots.training_plots import save as save_figure
from simres.result import Result
from simres.units import format_bandwidth, format_rate

_MARKERS = "oDs^v*Pph8<>dX"


def save(result: Result, path: Path) -> None:
    """Draws the roofline to the file `path`; its suffix sets the format (png, svg, pdf).

    Raises `SimresError` without matplotlib, or if the file cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise SimresError(f"cannot draw `{path}`: matplotlib is not installed", install("plot")) from error
    roofline = roofline_of(result)
    figure = Figure(figsize=(9, 6), layout="constrained")
    axes = figure.add_subplot(xscale="log", yscale="log")
    shown = [point for point in roofline.points if point.rate]
    across = [point.intensity for point in shown if point.intensity is not None]
    peaks = {role: roofline.peak(role) for role in ("matrix", "host") if roofline.peak(role)}
    ridges = [peak / roofline.bandwidth for peak in peaks.values() if roofline.bandwidth]
    low, high = min([*across, *ridges, 1.0]) / 2, max([*across, *ridges, 1.0]) * 8
    steps = [low * (high / low) ** (step / 400) for step in range(401)]
    for role, peak in peaks.items():
        label = f"{role}: {format_rate(peak)}"
        axes.plot(steps, [roofline.roof(role, at) for at in steps], label=label, linewidth=1.5)
    for number, (kind, points) in enumerate(classes(roofline).items()):
        drawn = [point for point in points if point.rate]
        # A layer that moves no bytes has no intensity; it is drawn at the right edge.
        places = [high / 1.5 if point.intensity is None else point.intensity for point in drawn]
        axes.scatter(
            places,
            [point.rate for point in drawn],
            marker=_MARKERS[number % len(_MARKERS)],
            label=f"{kind} ({len(points)})",
            zorder=3,
        )
    axes.set_xlim(low, high)
    axes.set_title(f"{result.name}, bus {format_bandwidth(roofline.bandwidth)}")
    axes.set_xlabel("operations per byte on the bus (right edge: no bytes)")
    axes.set_ylabel("operations per second")
    axes.grid(which="major", alpha=0.3)
    axes.legend(fontsize="small")
    save_figure(figure, path, dpi=150)
