"""Pictures of training runs and trained networks: the figures of the papers on residual networks.

Figures are numbered as in arXiv:1512.03385.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from simres.errors import SimresError
from simres.reporting.pictures import chart
from simres.reporting.pictures.chart import Block, Entry, Panel, Scale
from simres.text import three_digits

if TYPE_CHECKING:
    from simres.training.block_removal import RemovalStudy
    from simres.training.features import Response
    from simres.training.training_run import Epoch

PS_PER_US = 1_000_000
_WIDE, _HIGH = 640, 400
_TESTED, _TRAINED = "line g{}", "line thin g{}"
_MEANING: tuple[Entry, ...] = (
    ('<path class="line g7" d="M-8 0H8"/>', "on test images"),
    ('<path class="line thin g7" d="M-8 0H8"/>', "while training"),
)


def curves(runs: Mapping[str, Sequence[Epoch]]) -> Block:
    """Draws test error (solid) and training error (dashed) by epoch: figures 1, 8 and 9.

    The training error is measured on the augmented images (cropped and mirrored). Raises `SimresError`.
    """
    for name, epochs in runs.items():
        if not epochs:
            raise SimresError(f"the run `{name}` has no epochs yet")
    tested = {name: [100 * (1 - each.test_accuracy) for each in epochs] for name, epochs in runs.items()}
    trained = {name: [100 * each.train_error for each in epochs] for name, epochs in runs.items()}
    numbers = [float(each.epoch) for epochs in runs.values() for each in epochs]
    panel = Panel(
        _whole("epoch", numbers),
        _from_zero(
            "error in %", [value for values in (*tested.values(), *trained.values()) for value in values]
        ),
        _WIDE,
        _HIGH,
    )
    parts, names = [], []
    for number, (name, epochs) in enumerate(runs.items()):
        for style, found in ((_TESTED, tested), (_TRAINED, trained)):
            places = [(each.epoch, value) for each, value in zip(epochs, found[name], strict=True)]
            parts += _line(panel, places, style, number, marked=len(epochs) == 1)
        names.append((_icon(number), f"{name}: {tested[name][-1]:.2f} % after epoch {epochs[-1].epoch}"))
    return chart.below(panel.block(*parts), chart.legend([*names, *_MEANING], _WIDE))


def depths(found: Mapping[str, Sequence[tuple[int, float, float]]]) -> Block:
    """Draws error by depth: per family (depth, test error, training error), 0 to 1; figures 1, 8 and 9."""
    every = [point for points in found.values() for point in points]
    at = sorted({float(depth) for depth, _, _ in every})
    room = 0.15 * (at[-1] - at[0]) or 1.0
    across = Scale("layers with weights", (at[0] - room, at[-1] + room), {one: f"{one:.0f}" for one in at})
    errors = [100 * error for _, *both in every for error in both]
    panel = Panel(across, _from_zero("error after the last epoch in %", errors), _WIDE, _HIGH)
    parts = []
    labels: dict[float, dict[str, float]] = {}
    for number, points in enumerate(found.values()):
        ordered = sorted(points)
        tested = [(depth, 100 * error) for depth, error, _ in ordered]
        parts += _line(panel, [(depth, 100 * error) for depth, _, error in ordered], _TRAINED, number)
        parts += _line(panel, tested, _TESTED, number)
        for depth, error in tested:
            labels.setdefault(depth, {})[f"{error:.2f}{' ' * number}"] = panel.y(error)
    for place, places in labels.items():
        first = place == at[0] < at[-1]
        for label, y in chart.apart(places).items():
            x, anchor = panel.x(place) + (-9 if first else 9), "end" if first else "start"
            parts.append(chart.text(x, y + 4, label.strip(), anchor=anchor))
    names = [(_icon(number), family) for number, family in enumerate(found)]
    return chart.below(panel.block(*parts), chart.legend([*names, *_MEANING], _WIDE))


def responses(found: Mapping[str, Sequence[Response]]) -> Block:
    """Draws the standard deviation of each layer's response, in order and sorted by size: figure 7."""
    sizes = {name: [layer.deviation for layer in layers] for name, layers in found.items()}
    numbers = [float(number) for layers in found.values() for number in range(1, len(layers) + 1)]
    up = _from_zero("standard deviation", [size for each in sizes.values() for size in each])
    blocks = []
    for title, ordered in (("in the order in which they run", False), ("by size", True)):
        panel = Panel(_whole(f"layers, {title}", numbers), up, _WIDE, 260)
        parts = []
        for number, values in enumerate(sizes.values()):
            shown = sorted(values, reverse=True) if ordered else values
            parts += _line(panel, list(enumerate(shown, 1)), _TESTED, number)
        blocks.append(panel.block(*parts))
    return chart.below(
        chart.legend([(_icon(number), name) for number, name in enumerate(found)], _WIDE), *blocks
    )


def removal(study: RemovalStudy, title: str) -> Block:
    """Draws accuracy against simulated time as residual blocks are taken out one by one."""
    times = [point.time_ps / PS_PER_US for point in study.path]
    accuracies = [100 * point.accuracy for point in study.path]
    tuned = [
        (at, 100 * point.finetuned)
        for at, point in zip(times, study.path, strict=True)
        if point.finetuned is not None
    ]
    across = chart.scale_of("simulated time per image in µs", times)
    across = Scale(across.title, across.ends[::-1], across.marks)  # from the whole network on
    panel = Panel(
        across,
        chart.scale_of("test accuracy in %", [*accuracies, *(value for _, value in tuned)]),
        _WIDE,
        _HIGH,
    )
    names = [(_icon(0), "as trained, one block after the other taken out")]
    parts = _line(panel, list(zip(times, accuracies, strict=True)), _TESTED, 0)
    if tuned:
        parts += _line(panel, [(times[0], accuracies[0]), *tuned], _TESTED, 1)
        names.append((_icon(1), "each trained on after that"))
    parents = {block.rpartition(".")[0] for point in study.path for block in point.removed}
    for at, accuracy, following, point in zip(
        times, accuracies, [*accuracies[1:], 0.0], study.path, strict=True
    ):
        last = point.removed[-1] if point.removed else ""
        short = last.rpartition(".")[2] if len(parents) == 1 else last
        falls = following <= accuracy  # the label goes on the side away from the line
        y = panel.y(accuracy) + (-8 if falls else chart.LINE + 3)
        parts.append(chart.text(panel.x(at) + 6, y, f"−{short}" if last else "whole"))
    return chart.below(chart.written([title], "title"), panel.block(*parts), chart.legend(names, _WIDE))


def _whole(title: str, numbers: Sequence[float]) -> Scale:
    """Returns an axis with marks at whole numbers only."""
    room = 0.02 * max(numbers)
    found = chart.scale_of(title, numbers, (1 - room, max(numbers) + room))
    marks = {mark: f"{mark:.0f}" for mark in found.marks if mark == int(mark)}
    return Scale(title, found.ends, marks)


def _from_zero(title: str, values: Sequence[float]) -> Scale:
    most = 1.1 * max(values) or 1.0
    found = chart.scale_of(title, [0.0, most], (0.0, most))
    return Scale(title, found.ends, {mark: three_digits(mark) for mark in found.marks if mark <= most})


def _line(
    panel: Panel, points: Sequence[tuple[float, float]], style: str, number: int, *, marked: bool = True
) -> list[str]:
    group = number % chart.GROUPS
    marks = [chart.mark(panel.x(x), panel.y(y), number, f"dot g{group}") for x, y in points] if marked else []
    return [panel.line(points, style.format(group)), *marks]


def _icon(number: int) -> str:
    group = number % chart.GROUPS
    return f'<path class="line g{group}" d="M-8 0H8"/>{chart.mark(0, 0, number, f"dot g{group}")}'
