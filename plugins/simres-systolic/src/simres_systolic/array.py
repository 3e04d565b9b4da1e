"""The matrix array: what it is in a scenario's words, and how many cycles a layer takes on it."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Self

from pydantic import Field, model_validator

from simres.hardware.area_costs import array_um2, registers_um2
from simres.hardware.specs import MatrixUnitSpec
from simres.program import Work
from simres.units import PS_PER_S, Duration, Frequency
from simres.workload import Loops, Op
from simres_systolic.mapping import Dataflow, Depthwise, Folds, Taps, folds, up
from simres_systolic.row_stationary import Registers, mapped

Side = Annotated[int, Field(strict=True, ge=1, le=65536)]

OUTPUT_SIZE = "scalesim_output"
"""The attribute in which the pass `scalesim_shapes` leaves the rows and columns that SCALE-Sim counts."""


class Phase(StrEnum):
    """Whether a phase of each fold takes time of its own."""

    HIDDEN = "hidden"
    """It overlaps the fold before or after."""
    SHOWN = "shown"
    """Nothing else happens meanwhile."""


class Counting(StrEnum):
    """Whose count of cycles."""

    OWN = "own"
    """What the switches say."""
    SCALESIM = "scalesim"
    """SCALE-Sim's: folds are filled and drained one after the other; a whole layer is one cycle less."""


class ArraySpec(MatrixUnitSpec):
    """An array of `rows` x `columns` cells, each a multiply-accumulate a cycle.

    A layer is a matrix product: `n p q` output pixels, `m` filters, `c r s` weights a filter. Two of the
    three lie along the array's sides and the third streams (`dataflow`). What does not fit is done in
    folds, one after the other. By default each group of a grouped convolution, and each product of a batch,
    is a layer of its own.
    """

    rows: Side
    """Cells from top to bottom, along which products are summed."""
    columns: Side
    """Cells from left to right."""
    clock: Frequency
    """Every cell does one multiply-accumulate a cycle."""
    dataflow: Dataflow = Dataflow.WEIGHT_STATIONARY
    """What stays in the cells: `ws` (weights), `os` (outputs), `is` (inputs), `rs` (rows, as in Eyeriss)."""
    taps: Taps = Taps.PACKED
    """Whether the taps of a filter lie one after the other along the rows, each row of it in folds of its own
    (as on TPUs), or each tap."""
    fill: Phase | None = None
    """Whether filling a fold takes time of its own. Where it is hidden, the next fold's weights load behind
    the fold in use, which takes at least as long as that. By default hidden; SCALE-Sim shows it."""
    drain: Phase | None = None
    """Whether each fold waits for the last step to cross the array, or only each task. As `fill`."""
    counting: Counting = Counting.OWN
    """Whose count of cycles: `own` or `scalesim`."""
    depthwise: Depthwise = Depthwise.ALONE
    """Whether groups of a grouped convolution take a fold each, or share one as far as they fit."""
    pad_channels: Side = 1
    """Input channels are padded to a multiple of this."""
    accumulator: Side | None = None
    """Pixels whose sums are kept at once: a fold of weights is loaded anew for every so many pixels. By
    default all of a task."""
    weight_port: Side | None = None
    """Weights that enter the array a cycle; by default a row of it, as many as `columns`."""
    sum_port: Side | None = None
    """Row stationary: sums that enter, and as many that leave, a cycle; by default as many as `columns`."""
    input_registers: Side = 12
    """Row stationary: inputs that a cell holds."""
    weight_registers: Side = 224
    """Row stationary: weights that a cell holds."""
    sum_registers: Side = 24
    """Row stationary: sums that a cell holds."""
    arrays: Annotated[int, Field(strict=True, ge=1, le=256)] = 1
    """Arrays that do each task together, sharing it evenly. (`count` are units with tasks of their own.)"""
    cores: Annotated[int, Field(strict=True, ge=1, le=256)] = 1
    """Cores that these arrays are in. Cores share a task's pixels or its filters, whichever are more;
    filters only if they are whole multiples of `columns`, else one core does all."""
    staging: Annotated[int, Field(strict=True, ge=1, le=1 << 40)] | None = None
    """Values of operands and results that the buffer of each array holds: so many of a task's come before its
    work or leave after it, and what is more comes and goes behind it. By default nothing passes such a
    buffer."""
    staging_port: Side = 1
    """Values that enter or leave that buffer a cycle."""
    pace: Annotated[float, Field(ge=1, le=1000)] = 1.0
    """Cycles that a step takes; more than 1 where the program does not feed the array every cycle."""
    launch: Duration = 0
    """Time lost at the start of every task."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.counting is Counting.SCALESIM and Phase.HIDDEN in (self.fill, self.drain):
            raise ValueError("SCALE-Sim counts `fill` and `drain` shown: leave them out, or `counting`")
        if self.depthwise is Depthwise.PACKED and self.dataflow is not Dataflow.WEIGHT_STATIONARY:
            raise ValueError("`depthwise: packed` is for `dataflow: ws` only")
        if self.accumulator is not None and self.dataflow is not Dataflow.WEIGHT_STATIONARY:
            raise ValueError("`accumulator` is for `dataflow: ws` only")
        if self.arrays % self.cores:
            raise ValueError("`arrays` must be a multiple of `cores`")
        return self

    @property
    def rate(self) -> int:
        """Peak operations a second; a multiply-accumulate is two."""
        return 2 * self.rows * self.columns * self.arrays * self.clock

    def cells_um2(self, nm: int) -> int:
        """Its multiply-accumulates; row stationary, also the registers that are stated."""
        cells, dtype = self.rows * self.columns * self.arrays, self.multiplier or "fp32"
        found = array_um2(cells, dtype, nm)
        if self.dataflow is Dataflow.ROW_STATIONARY:
            values = self.input_registers + self.weight_registers + self.sum_registers
            found += registers_um2(cells * values, dtype, nm)
        return found

    @property
    def filled(self) -> int:
        """Cycles in which what stays in a fold is brought in."""
        return up(self.rows * self.columns, self.weight_port or self.columns)

    def shown(self, phase: Phase | None) -> bool:
        """Whether a phase (`fill` or `drain`) takes time of its own in every fold."""
        return phase is Phase.SHOWN or (phase is None and self.counting is Counting.SCALESIM)

    def folded(self, loops: Loops, op: Op | None = None) -> Folds:
        """How all groups of a loop nest lie on the array, unless it is row stationary."""
        return folds(
            loops,
            _pixels(loops, op),
            self.rows,
            self.columns,
            dataflow=self.dataflow,
            taps=self.taps,
            depthwise=self.depthwise,
            pad_channels=self.pad_channels,
            filled=self.filled,
        )

    def cycles(self, loops: Loops, op: Op | None = None) -> int:
        """Compute cycles of a loop nest, or of the tile that `loops` is of `op`.

        Never less than the cells need for the multiply-accumulates: SCALE-Sim's one cycle less would make an
        output-stationary array of a single cell faster than that cell.
        """
        if not loops.macs:
            return 0
        crossing = self.rows + self.columns - 2
        if self.dataflow is Dataflow.ROW_STATIONARY:
            taken = loops.groups * self._row_stationary(loops)
        else:
            number, streamed, filled = self.folded(loops, op)
            once = 0 if self.shown(self.drain) else crossing
            taken = number * self._fold(streamed, filled, crossing - once) + once
        if self.counting is Counting.SCALESIM and (op is None or op.loops in (None, loops)):
            taken -= loops.groups  # it reports the number of a layer's last cycle, counted from 0
        arrays = self._at_work(loops)
        if self.staging is not None:
            taken += up(min(_values(loops), self.staging * arrays), self.staging_port)
        return max(up(taken, arrays), up(loops.macs, self.rows * self.columns * arrays))

    def _fold(self, streamed: int, filled: int, drained: int) -> int:
        """Cycles of a fold; every piece of its stream for which sums are kept is filled and drained anew."""
        pieces = []
        if self.accumulator is not None and streamed > self.accumulator:
            pieces = [(self.accumulator, streamed // self.accumulator)]
            streamed %= self.accumulator
        if streamed:
            pieces.append((streamed, 1))
        shown = self.shown(self.fill)
        return sum(
            often * ((filled + steps if shown else max(steps, filled)) + drained)
            for steps, often in ((self._paced(length), often) for length, often in pieces)
        )

    def _row_stationary(self, loops: Loops) -> int:
        """Cycles of one group."""
        return self._paced(mapped(replace(loops, groups=1), *self.row_stationary).cycles)

    @property
    def row_stationary(self) -> tuple[int, int, Registers, int, int, bool]:
        """What a row-stationary mapping depends on, beside the loop nest (`row_stationary.mappings`)."""
        registers = Registers(self.input_registers, self.weight_registers, self.sum_registers)
        ports = self.weight_port or self.columns, self.sum_port or self.columns
        return self.rows, self.columns, registers, *ports, self.shown(self.fill)

    def _paced(self, steps: int) -> int:
        return steps if self.pace == 1 else -(-steps * Fraction(str(self.pace)) // 1)

    def _at_work(self, loops: Loops) -> int:
        """Arrays that share a task."""
        along_filters = loops.m > loops.n * loops.p * loops.q
        if along_filters and loops.m > self.columns and loops.m % self.columns:
            return self.arrays // self.cores
        return self.arrays

    def utilisation(self, loops: Loops) -> Fraction:
        """The share of the array's multiply-accumulates that a loop nest makes use of, 0 to 1."""
        cycles = self.cycles(loops) * self.rows * self.columns * self.arrays
        return Fraction(loops.macs, cycles) if cycles else Fraction(0)

    @property
    def task_ps(self) -> int:
        return self.launch

    def at_peak_ps(self, work: Work) -> Fraction:
        return Fraction(2 * work.macs * PS_PER_S, self.rate)

    def duration_ps(self, work: Work) -> int:
        """Work without a loop nest, as in a ledger, runs at the peak rate: its shape is not known."""
        if work.loops is None:
            return self.launch + -(-2 * work.macs * PS_PER_S // self.rate)
        return self.launch + -(-self.cycles(work.loops, work.op) * PS_PER_S // self.clock)


class SystolicSpec(ArraySpec):
    """A systolic array that counts cycles as SCALE-Sim does: the kind `array` with `counting: scalesim`."""

    counting: Counting = Counting.SCALESIM
    """Whose count of cycles: `own` or `scalesim`."""


def _values(loops: Loops) -> int:
    """Values of a loop nest's operands and results, an input counted for each pixel and channel."""
    pixels = loops.n * loops.p * loops.q
    weights = loops.m * loops.c * loops.r * loops.s
    return loops.groups * (pixels * (loops.c + loops.m) + weights)


def _pixels(loops: Loops, op: Op | None) -> int:
    """Output pixels a filter. Where SCALE-Sim would count more of them, a tile has its share, rounded up."""
    pixels = loops.n * loops.p * loops.q
    counted = op.attributes.get(OUTPUT_SIZE) if op else None
    if op is None or op.loops is None or not isinstance(counted, tuple):
        return pixels
    rows, columns = counted
    return -(-pixels * rows * columns // (op.loops.p * op.loops.q))
