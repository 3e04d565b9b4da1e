"""How a layer lies on an array: what goes along its rows and columns, and in how many folds."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from simres.workload import Loops


class Dataflow(StrEnum):
    """What stays in the cells of the array while the rest streams past."""

    WEIGHT_STATIONARY = "ws"
    """Weights: a filter's weights along the rows, filters along the columns, pixels stream."""
    OUTPUT_STATIONARY = "os"
    """Sums: output pixels along the rows, filters along the columns, a filter's weights stream."""
    INPUT_STATIONARY = "is"
    """Inputs: a window's values along the rows, output pixels along the columns, filters stream."""
    ROW_STATIONARY = "rs"
    """Rows: a row of a filter in each row of cells, a row of the output in each column (Eyeriss)."""


SCALESIM = (Dataflow.WEIGHT_STATIONARY, Dataflow.OUTPUT_STATIONARY, Dataflow.INPUT_STATIONARY)
"""Those that SCALE-Sim has."""


class Taps(StrEnum):
    """How the taps of a filter lie along the rows."""

    PACKED = "packed"
    """One after the other: 64 channels of 3 x 3 take 576 rows, 5 folds of 128."""
    BY_ROW = "by_row"
    """One after the other within a row of the filter, as many as fit whole: 64 channels of 3 x 3 take 2 folds
    for each of 3 rows. TPUs do (Zhou et al., IISWC 2021, arXiv:2110.03901)."""
    SEPARATE = "separate"
    """Each tap by itself: 64 channels of 3 x 3 take 9 folds of 128 rows, each half full."""


class Depthwise(StrEnum):
    """How many groups of a grouped convolution share a fold."""

    ALONE = "alone"
    """One: each group is a layer of its own."""
    PACKED = "packed"
    """As many as fit along the diagonal, each with rows and columns of its own (weight stationary only)."""


class Folds(NamedTuple):
    """A layer on the array: `number` folds, each of `streamed` steps after `filled` cycles of filling."""

    number: int
    streamed: int
    filled: int


def up(count: int, to: int) -> int:
    """`count` divided by `to`, rounded up."""
    return -(-count // to)


def folds(
    loops: Loops,
    pixels: int,
    rows: int,
    columns: int,
    *,
    dataflow: Dataflow,
    taps: Taps = Taps.PACKED,
    depthwise: Depthwise = Depthwise.ALONE,
    pad_channels: int = 1,
    filled: int = 0,
) -> Folds:
    """The folds of all groups of a loop nest with `pixels` outputs a filter, on `rows` x `columns` cells.

    Channels are padded to a multiple of `pad_channels`. `filled` is what it takes to bring in what stays,
    nothing where sums stay. Row stationary arrays are in `simres_systolic.row_stationary`.
    """
    channels = up(loops.c, pad_channels) * pad_channels
    match taps:  # the weights that share a fold as far as they fit, and how often a filter has so many
        case Taps.PACKED:
            together, often = loops.r * loops.s * channels, 1
        case Taps.BY_ROW:
            beside = min(loops.s, max(1, rows // channels))
            together, often = beside * channels, loops.r * up(loops.s, beside)
        case Taps.SEPARATE:
            together, often = channels, loops.r * loops.s
    deep = often * up(together, rows)
    match dataflow:
        case Dataflow.OUTPUT_STATIONARY:
            weights = loops.r * loops.s * channels
            return Folds(loops.groups * up(pixels, rows) * up(loops.m, columns), weights, 0)
        case Dataflow.INPUT_STATIONARY:
            return Folds(loops.groups * deep * up(pixels, columns), loops.m, filled)
        case _:
            groups = 1
            if depthwise is Depthwise.PACKED:
                groups = max(1, min(rows // together, columns // loops.m))
            return Folds(up(loops.groups, groups) * deep * up(loops.m, columns), pixels, filled)
