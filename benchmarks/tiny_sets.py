"""The sets of measurements that MLPerf Tiny's results make: times by several rules, flash, energy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median

import data_sets  # type: ignore[import-not-found]
import tiny  # type: ignore[import-not-found]
from measured import Found, Row, found  # type: ignore[import-not-found]

LINEAR, SWITCHED = ("NUCLEO-L4R5ZI",), ("NUCLEO-H7A3ZI-Q", "NUCLEO-U575ZI-Q")
"""Boards with a meter and ten rows or more: with a linear regulator, and with a converter on the chip."""
USUAL_VOLTS = 1.8
"""The supply of an entry that does not say."""
WEIGHTS = 265_864
"""Bytes of the weights and biases of `ad`."""


def sets(data: Path) -> Iterator[Found]:
    """Every set; `data` is the folder of the measurements."""
    rows = tiny.read(data)
    plain = [row for row in rows if row.plain]
    arm = [row for row in plain if row.family in tiny.CORES]
    yield found(data_sets.TINY_COUNTED, times(tiny.as_counted(arm)))
    by_library = list(tiny.by_library(arm))
    yield Found(data_sets.TINY_LIBRARY, times(by_library), times(tiny.rate_by_library(arm)))
    simulated, ruled = (
        [row._replace(group="M4, M7, M33" if row.group in tiny.CORES else "others") for row in times(errors)]
        for errors in (tiny.from_the_other_three(plain), tiny.by_rate(plain))
    )
    yield Found(data_sets.TINY_IC, simulated, ruled)
    others = [row for row in plain if row.family not in tiny.CORES]
    yield found(data_sets.TINY_OTHERS, times(tiny.as_counted(others)))
    yield found(data_sets.TINY_FLASH, flash(rows))
    yield found(data_sets.TINY_ENERGY, list(energy(by_library)))


def times(errors: Iterable[tiny.Error]) -> list[Row]:
    """Predictions as rows, in ms, by family."""
    return [
        Row(
            f"{one.row.system} {one.row.network}",
            one.row.family,
            one.row.ms,
            one.ms,
            one.row.mac_us,
            one.row.chip,
        )
        for one in errors
    ]


def flash(rows: Sequence[tiny.Row]) -> list[Row]:
    """What weights in flash cost, in us."""
    return [
        Row(row.system, "", measured, simulated, WEIGHTS) for row, measured, simulated in tiny.flash(rows)
    ]


def energy(predicted: Sequence[tiny.Error]) -> Iterator[Row]:
    """Energy of an inference in uJ: the predicted time at the power of the board's other systems."""
    metered = [one for one in predicted if one.row.energy_uj and one.row.board in LINEAR + SWITCHED]
    for one in metered:
        row = one.row
        board = [two.row for two in metered if two.row.board == row.board]
        others = [draw(other) for other in board if other.system != row.system]
        simulated = 1000 * one.ms * median(others) * volts(row)
        amount = tiny.macs(row.workload)
        yield Row(f"{row.system} {row.network}", row.board, row.energy_uj, simulated, amount, row.chip)


def volts(row: tiny.Row) -> float:
    """The supply of a board with a linear regulator, as the entry states it; 1 for the others.

    Behind such a regulator the current is the same whatever the supply; behind a converter the power is.
    """
    if row.board in SWITCHED:
        return 1.0
    stated = re.search(r"(\d(?:\.\d)?) ?V", row.supply)
    return float(stated[1]) if stated else USUAL_VOLTS


def draw(row: tiny.Row) -> float:
    """The current of a board with a linear regulator in amperes, the power of the others in watts."""
    watts: float = row.energy_uj / row.energy_ms / 1000
    return watts / volts(row)
