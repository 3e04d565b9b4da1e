"""The table of pruned networks beside the whole one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from simres.reporting.page import Page
from simres.reporting.text.amounts import NOTHING
from simres.reporting.text.columns import Column
from simres.reporting.text.styled import Text
from simres.units import format_duration, format_energy


@dataclass(frozen=True, slots=True)
class PrunedRow:
    """A network without blocks: `chosen_on` is its accuracy on the images of choice as the blocks went,
    `trained_on` the same after training on (None without), `accuracy` that on the test images."""

    removed: tuple[str, ...]
    time_ps: int
    energy_fj: int
    chosen_on: float
    trained_on: float | None
    accuracy: float | None


def table(rows: Sequence[PrunedRow], blocks: int, tried: int, page: Page) -> Iterator[Text]:
    """Yields the headline, and a row for each network; the first is the whole one."""
    whole, last = rows[0], rows[-1]
    yield Text(
        f"{format_duration(last.time_ps)} instead of {format_duration(whole.time_ps)}, "
        f"with {blocks - len(last.removed)} of {blocks} residual blocks",
        style="headline",
    )
    yield Text(f"best of {tried:,} networks, each simulated whole", style="muted")
    yield from page.titled("Networks")
    trained = [NOTHING if row.trained_on is None else f"{100 * row.trained_on:.2f}" for row in rows]
    tested = [NOTHING if row.accuracy is None else f"{100 * row.accuracy:.2f}" for row in rows]
    yield from page.table(
        [
            Column("without", [", ".join(row.removed) or NOTHING for row in rows], right=False, folds=True),
            Column("time", [format_duration(row.time_ps) for row in rows]),
            Column("saved", [f"{100 * (1 - row.time_ps / whole.time_ps):.1f}" for row in rows], unit="%"),
            Column("energy", [format_energy(row.energy_fj) for row in rows], rank=1),
            Column("chosen on", [f"{100 * row.chosen_on:.2f}" for row in rows], unit="%", rank=1),
            Column("trained on", trained, unit="%", rank=1),
            Column("accuracy", tested, unit="%"),
        ]
    )
    yield Text(
        "chosen on, trained on: accuracy on images split off the training images; accuracy: test images",
        style="muted",
    )
