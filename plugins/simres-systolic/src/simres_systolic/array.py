"""The array: what it is in a scenario's words, and how many cycles a layer takes on it."""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction
from typing import Annotated, NamedTuple

from pydantic import Field

from simres.hardware.specs import MatrixUnitSpec
from simres.program import Work
from simres.units import PS_PER_S, Duration, Frequency
from simres.workload import Loops, Op

Side = Annotated[int, Field(strict=True, ge=1, le=65536)]

OUTPUT_SIZE = "scalesim_output"
"""The attribute in which the pass `scalesim_shapes` leaves the rows and columns that SCALE-Sim counts."""


class Dataflow(StrEnum):
    """What stays in the cells of the array while the rest streams past."""

    WEIGHT_STATIONARY = "ws"
    """Weights: a filter's weights along the rows, filters along the columns, pixels stream."""
    OUTPUT_STATIONARY = "os"
    """Sums: output pixels along the rows, filters along the columns, a filter's weights stream."""
    INPUT_STATIONARY = "is"
    """Inputs: a window's values along the rows, output pixels along the columns, filters stream."""


class Placement(NamedTuple):
    """One product on the array: what lies along its rows and columns, and how long it streams.

    `filled` is the cycles in which what stays is brought in, row by row, before anything streams.
    """

    along_rows: int
    along_columns: int
    streamed: int
    filled: int


class SystolicSpec(MatrixUnitSpec):
    """A systolic array of `rows` x `columns` cells, each a multiply-accumulate a cycle.

    A layer is a matrix product: `n p q` output pixels, `m` filters, `c r s` weights a filter. Two of the
    three lie along the array's sides and the third streams (`dataflow`). What does not fit is done in
    folds, one after the other: each is filled, streamed and drained before the next one begins. Each
    group of a grouped convolution, and each product of a batch, is a layer of its own.
    """

    rows: Side
    """Cells from top to bottom (`ArrayHeight`)."""
    columns: Side
    """Cells from left to right (`ArrayWidth`)."""
    clock: Frequency
    """Every cell does one multiply-accumulate a cycle."""
    dataflow: Dataflow = Dataflow.WEIGHT_STATIONARY
    """What stays in the cells: `ws` (weights), `os` (outputs) or `is` (inputs)."""
    launch: Duration = 0
    """Time lost at the start of every task."""

    @property
    def rate(self) -> int:
        """Peak operations a second; a multiply-accumulate is two."""
        return 2 * self.rows * self.columns * self.clock

    def placement(self, loops: Loops, pixels: int) -> Placement:
        """How one group of a loop nest with `pixels` outputs a filter lies on the array."""
        weights = loops.c * loops.r * loops.s
        match self.dataflow:
            case Dataflow.WEIGHT_STATIONARY:
                return Placement(weights, loops.m, pixels, self.rows)
            case Dataflow.INPUT_STATIONARY:
                return Placement(weights, pixels, loops.m, self.rows)
            case Dataflow.OUTPUT_STATIONARY:
                return Placement(pixels, loops.m, weights, 0)

    def folds(self, loops: Loops, op: Op | None = None) -> int:
        """How often the array is filled for each group: folds of the rows times folds of the columns."""
        placed = self.placement(loops, _pixels(loops, op))
        return -(-placed.along_rows // self.rows) * -(-placed.along_columns // self.columns)

    def cycles(self, loops: Loops, op: Op | None = None) -> int:
        """Compute cycles of a loop nest, or of the tile that `loops` is of `op`.

        A fold takes a cycle for each row to fill, one for each step that streams, and `rows + columns - 2`
        for the last step to cross the array, whether or not its edge is in use. As SCALE-Sim does, a layer
        is reported by the number of its last cycle, counted from 0, so each is one less than its folds.
        Never less than the cells need for the multiply-accumulates: an output-stationary array of a
        single cell crosses nothing, and would gain that one.
        """
        placed = self.placement(loops, _pixels(loops, op))
        fold = placed.filled + placed.streamed + self.rows + self.columns - 2
        counted = loops.groups * (self.folds(loops, op) * fold - 1)
        return max(counted, -(-loops.macs // (self.rows * self.columns))) if loops.macs else 0

    def utilisation(self, loops: Loops) -> Fraction:
        """The share of the array's multiply-accumulates that a loop nest makes use of, 0 to 1."""
        cycles = self.cycles(loops)
        return Fraction(loops.macs, cycles * self.rows * self.columns) if cycles else Fraction(0)

    @property
    def task_ps(self) -> int:
        return self.launch

    def at_peak_ps(self, work: Work) -> Fraction:
        return Fraction(2 * work.macs * PS_PER_S, self.rate)

    def duration_ps(self, work: Work) -> int:
        """Work without a loop nest, as in a ledger, runs at the peak rate: its shape is not known."""
        cycles = (
            Fraction(work.macs, self.rows * self.columns)
            if work.loops is None
            else self.cycles(work.loops, work.op)
        )
        return self.launch + -(-cycles * PS_PER_S // self.clock)


def _pixels(loops: Loops, op: Op | None) -> int:
    """Output pixels a filter. Where SCALE-Sim would count more of them, a tile has its share, rounded up."""
    pixels = loops.n * loops.p * loops.q
    counted = op.attributes.get(OUTPUT_SIZE) if op else None
    if op is None or op.loops is None or not isinstance(counted, tuple):
        return pixels
    rows, columns = counted
    return -(-pixels * rows * columns // (op.loops.p * op.loops.q))
