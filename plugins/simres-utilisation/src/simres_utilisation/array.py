"""The array: what it is in a scenario's words, and what a layer costs on it."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import Annotated

from pydantic import Field

from simres.hardware.specs import MatrixUnitSpec
from simres.program import Work
from simres.units import PS_PER_S, Duration, Frequency
from simres.workload import Loops

Side = Annotated[int, Field(strict=True, ge=1, le=65536)]


class ArraySpec(MatrixUnitSpec):
    """An array of multiply-accumulate cells that holds weights and streams pixels past them.

    A filter's `c r s` weights lie along the rows, the `m` filters along the columns. What does not fit is
    done in folds, one after the other, and every fold takes a cycle for each of the `n p q` output pixels,
    however many of its cells hold a weight. Each group of a grouped convolution is a product of its own,
    which is why depthwise layers leave most of the array idle.
    """

    rows: Side
    """Cells along which products are summed."""
    columns: Side
    """Cells side by side, one output channel each."""
    clock: Frequency
    """Every cell does one multiply-accumulate a cycle."""
    launch: Duration = 0
    """Time lost at the start of every task."""

    @property
    def rate(self) -> int:
        """Peak operations a second; a multiply-accumulate is two."""
        return 2 * self.rows * self.columns * self.clock

    def cycles(self, loops: Loops) -> int:
        """Cycles for a loop nest: the pixels of every fold, and once the way through the array.

        Weights of the next fold are brought in behind those in use, so folds follow without a gap.
        """
        folds = -(-loops.c * loops.r * loops.s // self.rows) * -(-loops.m // self.columns)
        through = self.rows + self.columns - 2
        return loops.groups * folds * loops.n * loops.p * loops.q + through

    def utilisation(self, loops: Loops) -> Fraction:
        """The share of the array's multiply-accumulates that a loop nest makes use of, 0 to 1."""
        return Fraction(loops.macs, self.cycles(loops) * self.rows * self.columns)

    @property
    def task_ps(self) -> int:
        return self.launch

    def at_peak_ps(self, work: Work) -> Fraction:
        return Fraction(2 * work.macs * PS_PER_S, self.rate)

    def duration_ps(self, work: Work) -> int:
        """Work without a loop nest, as in a ledger, runs at the peak rate: its shape is not known."""
        if work.loops is None:
            return self.launch + ceil(self.at_peak_ps(work))
        return self.launch + ceil(Fraction(self.cycles(work.loops) * PS_PER_S, self.clock))
