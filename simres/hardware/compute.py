"""Specs of the built-in compute units: matrix units and hosts, with the cost of work on each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from math import ceil
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from simres.hardware.area_costs import array_um2, processor_um2
from simres.hardware.components import UnitSpec
from simres.hardware.efficiency import PARTS, Count, Share, Surface
from simres.hardware.energy_costs import INSTRUCTION_FJ, MAC_FJ, DataType, EnergyCosts
from simres.hardware.rates import Rate, rate_of, types_of
from simres.hardware.resources import Resource
from simres.program.roles import ComponentRole
from simres.program.tasks import Work
from simres.units import PS_PER_S, Duration, Energy, Frequency
from simres.workload.operators import Loops, Op

MatrixKind = Literal["conv", "small_conv", "product"]
USUAL_CLOCK = 10**9
"""The clock where none is stated, in hertz: what area there is follows from operations a cycle."""
Operator = Annotated[str, Field(strict=True, pattern="^[a-z_0-9]+$", max_length=64)]


class WithClock(UnitSpec):
    """A compute unit that states a rate, and may state its clock."""

    clock: Frequency | None = None
    """Its clock, used only for the default area: rate over clock is the work per cycle. By default 1 GHz."""

    def resources(self) -> tuple[Resource, ...]:
        """No clock: no time depends on it."""
        return tuple(one for one in super().resources() if one.field != "clock")


class ComputeSpec(UnitSpec):
    """A compute unit with a peak rate and a start-up cost."""

    rate: Rate
    """Peak rate, such as `1 TFLOP/s`, or one for each data type: `{int8: 2.3 TOP/s, fp32: 0.5 TFLOP/s}`. A
    network of another type is then refused."""
    launch: Duration = 0
    """Time lost at the start of every task."""
    efficiency: tuple[tuple[Any, ...], ...] = ()
    """Shares of `rate` that were measured: rows of an operator, a shape and a share."""

    ops_per_mac: ClassVar[int] = 2

    @model_validator(mode="after")
    def _measured_once(self) -> Self:
        _ = self.surfaces
        return self

    @cached_property
    def surfaces(self) -> Mapping[str, Surface]:
        """The measured shares by operator, over the shape features in its rows."""
        rows: dict[str, list[tuple[Sequence[int], float]]] = {}
        for operator, *positions, share in self.efficiency:
            rows.setdefault(operator, []).append((positions, share))
        return {operator: Surface(points) for operator, points in rows.items()}

    def parts(self, work: Work) -> int:  # noqa: ARG002
        """Millionths of the peak rate that `work` reaches."""
        return PARTS

    @property
    def by_amount(self) -> bool:
        """Whether the time of a task follows from its number of operations alone, whatever their shape."""
        return False

    def operations(self, work: Work) -> int:
        """The operations in `work`."""
        raise NotImplementedError

    @property
    def task_ps(self) -> int:
        return self.launch

    def data_types(self, role: ComponentRole) -> frozenset[str] | None:  # noqa: ARG002
        return types_of(self.rate)

    def at_peak_ps(self, work: Work) -> Fraction:
        return Fraction(self.operations(work) * PS_PER_S, rate_of(self.rate, work.dtype))

    def duration_ps(self, work: Work) -> int:
        parts, rate = self.parts(work), rate_of(self.rate, work.dtype)
        if parts == PARTS:
            return self.launch + -(-self.operations(work) * PS_PER_S // rate)
        return self.launch + -(-self.operations(work) * PS_PER_S * PARTS // (rate * parts))


class MatrixUnitSpec(UnitSpec):
    """What matrix units of all kinds have in common: multiply-accumulates cost energy by data type."""

    energy_per_mac: dict[DataType, Energy] = {}  # noqa: RUF012 - pydantic copies defaults
    """Energy of a multiply-accumulate by data type of its operands; others keep the defaults (45 nm)."""
    multiplier: DataType | None = None
    """The widest data type of its multipliers, such as `int8`, for the default area; by default that of its
    rates, or fp32 for a single rate."""
    epilogues: tuple[Operator, ...] = ()
    """Elementwise operators of one operand that its output stage runs at no cost, such as `[relu]`: those
    that are the only reader of its result. The host runs all others. With several matrix units, those that
    all of them state."""

    def energy_costs(self) -> EnergyCosts:
        stated: Mapping[Any, int] = self.energy_per_mac
        return EnergyCosts(mac_fj={**MAC_FJ, **stated}, static_uw=self.static_power)


class HostUnitSpec(UnitSpec):
    """What hosts of all kinds have in common: which operators they run."""

    runs: Annotated[tuple[Operator, ...], Field(min_length=1)] | None = None
    """The operators that it runs, such as `[softmax, gelu]`, and no others. An operator goes to the hosts
    that name it, which share its tiles. A host without `runs` takes what no host names; one that names `any`
    takes part in everything. docs/prices.md lists operators."""

    def operators(self) -> frozenset[str] | None:
        return None if self.runs is None else frozenset(self.runs)


class MatrixSpec(WithClock, MatrixUnitSpec, ComputeSpec):
    """A matrix unit; a multiply-accumulate is two operations, as peak rates are quoted."""

    efficiency: tuple[tuple[MatrixKind, Count, Count, Count, Count, Count, Count, Share], ...] = ()
    """Shares of `rate` that were measured, each with its shape: `[conv, groups, stride, kernel, c, m, pixels,
    share]`, with `kernel` the product of its sides, `c` input and `m` output channels of a group, and
    `pixels` those of the output of all images. `[product, groups, 1, 1, c, m, n, share]` is a product of n x
    c and c x m. Between shapes a share is interpolated, every axis logarithmic; beyond the ends it stays.
    An operator without any runs at `rate`. `simres calibrate` writes them."""
    small_input: Count | None = None
    """Convolutions that read at most this many values use the rows of `small_conv`, as a library may run
    them differently: those of one image and one group with a kernel of at most 3 rows or columns."""

    @property
    def by_amount(self) -> bool:
        return not self.efficiency

    def cells_um2(self, nm: int) -> int:
        return multipliers_um2(self.rate, self.clock, self.multiplier, nm)

    def operations(self, work: Work) -> int:
        return self.ops_per_mac * work.macs

    def parts(self, work: Work) -> int:
        """Work without a loop nest, as in a ledger, runs at the peak rate: its shape is unknown."""
        loops, op = work.loops, work.op
        if not self.efficiency or loops is None:
            return PARTS
        pixels, kernel = loops.n * loops.p * loops.q, loops.r * loops.s
        conv = op.kind == "conv" if op is not None else kernel * loops.p * loops.q > 1
        surface = self.surfaces.get("conv" if conv else "product")
        if conv and self._small(loops, op):
            surface = self.surfaces.get("small_conv", surface)
        if surface is None or not work.macs:
            return PARTS
        stride = max(op.window.stride) if op is not None and op.window is not None else 1
        return surface.parts(loops.groups, stride, kernel, loops.c, loops.m, pixels)

    def _small(self, tile: Loops, op: Op | None) -> bool:
        """Whether the convolution that `tile` is a part of counts as small."""
        if self.small_input is None or op is None or op.window is None:
            return False
        loops, window = op.loops or tile, op.window
        if loops.n > 1 or loops.groups > 1 or min(loops.r, loops.s) > 3:
            return False
        read = loops.c
        for axis, (made, taps) in enumerate(((loops.p, loops.r), (loops.q, loops.s))):
            span = (made - 1) * window.stride[axis] + (taps - 1) * window.dilation[axis] + 1
            read *= max(1, span - sum(window.padding[2 * axis : 2 * axis + 2]))
        return read <= self.small_input


class HostSpec(WithClock, HostUnitSpec, ComputeSpec):
    """A general-purpose processor for everything that is not a matrix product."""

    efficiency: tuple[tuple[Operator, Count, Share], ...] = ()
    """Shares of `rate` that were measured, by kind of operator and number of vector operations: `[relu, 4096,
    0.25]`. Between numbers a share is interpolated on logarithmic axes; beyond the ends it stays. Of a
    pooling, `max_pool_2x2` goes before `max_pool_stride_1`, for windows that lie side by side, and that
    before `max_pool`. `any` stands for kinds without any; where it is missing too, they run at `rate`.
    `simres calibrate` writes them."""
    energy_per_operation: Energy = INSTRUCTION_FJ
    """Energy of a vector operation; the default is a whole instruction of a scalar processor (45 nm)."""

    def energy_costs(self) -> EnergyCosts:
        return EnergyCosts(operation_fj=self.energy_per_operation, static_uw=self.static_power)

    def cells_um2(self, nm: int) -> int:
        """As many simple processors as do its operations, each one a cycle."""
        return processor_um2(a_cycle(self.rate, self.clock), nm)

    @property
    def by_amount(self) -> bool:
        return not self.efficiency

    def operations(self, work: Work) -> int:
        return work.vector_ops

    def parts(self, work: Work) -> int:
        if not self.efficiency or not work.vector_ops:
            return PARTS
        names = ["any"]
        if work.op is not None:
            names.insert(0, work.op.kind)
            if (window := work.op.window) is not None:
                dense = [f"{work.op.kind}_stride_1"] if max(window.stride) == 1 else []
                names = [f"{work.op.kind}_{'x'.join(map(str, window.kernel))}", *dense, *names]
        surface = next((self.surfaces[name] for name in names if name in self.surfaces), None)
        return PARTS if surface is None else surface.parts(work.vector_ops)


class ProcessorSpec(WithClock):
    """One processor that runs matrix products and everything else, one at a time."""

    matrix_rate: Rate
    """Peak rate of matrix products, such as `960 MMAC/s` (a multiply-accumulate is two operations), or one
    for each data type: `{int8: 960 MMAC/s, fp32: 240 MMAC/s}`."""
    vector_rate: Rate
    """Peak rate of all other operators, in vector operations, such as `480 MOP/s`, or one for each type."""
    launch: Duration = 0
    """Time lost at the start of every task."""
    multiplier: DataType | None = None
    """The widest data type of its multipliers, for the default area; by default that of its rates or fp32."""
    energy_per_mac: dict[DataType, Energy] = {}  # noqa: RUF012 - pydantic copies defaults
    """Energy of a multiply-accumulate by data type of its operands; others keep the defaults (45 nm)."""
    energy_per_operation: Energy = INSTRUCTION_FJ
    """Energy of a vector operation; the default is a whole instruction of a scalar processor (45 nm)."""

    def cells_um2(self, nm: int) -> int:
        """Its multipliers, and as many simple processors as do its other operations."""
        products = multipliers_um2(self.matrix_rate, self.clock, self.multiplier, nm)
        return products + processor_um2(a_cycle(self.vector_rate, self.clock), nm)

    def data_types(self, role: ComponentRole) -> frozenset[str] | None:
        return types_of(self.matrix_rate if role is ComponentRole.MATRIX else self.vector_rate)

    def energy_costs(self) -> EnergyCosts:
        stated: Mapping[Any, int] = self.energy_per_mac
        return EnergyCosts(
            mac_fj={**MAC_FJ, **stated},
            operation_fj=self.energy_per_operation,
            static_uw=self.static_power,
        )

    @property
    def task_ps(self) -> int:
        return self.launch

    def at_peak_ps(self, work: Work) -> Fraction:
        found = Fraction(0)
        if work.macs:
            found += Fraction(2 * work.macs * PS_PER_S, rate_of(self.matrix_rate, work.dtype))
        if work.vector_ops:
            found += Fraction(work.vector_ops * PS_PER_S, rate_of(self.vector_rate, work.dtype))
        return found

    def duration_ps(self, work: Work) -> int:
        return self.launch + ceil(self.at_peak_ps(work))


def a_cycle(rate: int | Mapping[Any, int], clock: int | None, each: int = 1) -> int:
    """Operations a cycle, rounded up; of rates by data type, at the best. `each` counts as one."""
    return -(-rate_of(rate, "") // (each * (clock or USUAL_CLOCK)))


def multipliers_um2(
    rate: int | Mapping[Any, int], clock: int | None, multiplier: DataType | None, nm: int
) -> int:
    """The area of the multipliers behind a rate: of several types, those that need most."""
    types = [multiplier] if multiplier else rate if isinstance(rate, Mapping) else ["fp32"]
    known = rate if isinstance(rate, Mapping) else {}
    return max(array_um2(a_cycle(known.get(dtype, rate), clock, 2), dtype, nm) for dtype in types)
