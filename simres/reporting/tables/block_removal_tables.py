"""Tables of a block removal study: accuracy and time without each block."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from simres.reporting.page import Page
from simres.reporting.text.amounts import NOTHING
from simres.reporting.text.columns import Column
from simres.reporting.text.styled import Text
from simres.units import format_duration, format_energy

if TYPE_CHECKING:
    from simres.training.block_removal import RemovalPoint, RemovalStudy


def tables(study: RemovalStudy, page: Page) -> Iterator[Text]:
    """Yields the effect of removing each block by itself, then of removing them one after the other."""
    whole = study.path[0]
    yield Text(
        f"{whole.accuracy:.2%} of the test images in {format_duration(whole.time_ps)}, "
        f"{format_energy(whole.energy_fj)} per image, with all {len(study.blocks)} residual blocks",
        style="headline",
    )
    yield from page.titled("Each block by itself")
    alone = [block.without for block in study.blocks]
    yield from page.table(
        [
            Column("without", [block.name for block in study.blocks], right=False),
            Column("response", [f"{block.response:.3f}" for block in study.blocks], unit="std"),
            Column(
                "of input", [_of(block.response, block.input) for block in study.blocks], unit="%", rank=2
            ),
            Column("accuracy", [f"{100 * point.accuracy:.2f}" for point in alone], unit="%"),
            Column(
                "lost", [f"{100 * (whole.accuracy - point.accuracy):.2f}" for point in alone], unit="points"
            ),
            Column("time", [format_duration(point.time_ps) for point in alone]),
            Column("saved", [_of(whole.time_ps - point.time_ps, whole.time_ps) for point in alone], unit="%"),
            Column("energy", [format_energy(point.energy_fj) for point in alone], rank=1),
        ]
    )
    yield from page.titled("One after the other, chosen on training images")
    yield from page.table(_path(study, whole))
    yield Text("front: nothing here is both faster and better", style="muted")


def _path(study: RemovalStudy, whole: RemovalPoint) -> list[Column]:
    points = study.path
    front = set(study.front())
    columns = [
        Column("blocks", [str(len(study.blocks) - len(point.removed)) for point in points]),
        Column("removed", [point.removed[-1] if point.removed else NOTHING for point in points], right=False),
        Column("accuracy", [f"{100 * point.accuracy:.2f}" for point in points], unit="%"),
    ]
    if any(point.finetuned is not None for point in points):
        cells = [NOTHING if p.finetuned is None else f"{100 * p.finetuned:.2f}" for p in points]
        columns.append(Column("finetuned", cells, unit="%"))
    columns += [
        Column("time", [format_duration(point.time_ps) for point in points]),
        Column("saved", [_of(whole.time_ps - point.time_ps, whole.time_ps) for point in points], unit="%"),
        Column("energy", [format_energy(point.energy_fj) for point in points], rank=1),
        Column("front", ["*" if point in front else "" for point in points], rank=2),
    ]
    return columns


def _of(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f}" if whole else NOTHING
