"""Specs of the built-in components, with the cost of work on each.

A spec is frozen data from the YAML plus a pure cost function, which schedulers may call without
running anything. How the component behaves in time is its engine, elsewhere in this folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from simres.hardware.channel import Arbitration
from simres.hardware.efficiency import PARTS, Count, Share, Surface
from simres.hardware.energy_costs import (
    DRAM_FJ_PER_BYTE,
    INSTRUCTION_FJ,
    MAC_FJ,
    DataType,
    EnergyCosts,
    sram_byte_fj,
)
from simres.hardware.resources import Resource, stated
from simres.program.names import EngineName
from simres.program.tasks import Work
from simres.units import PS_PER_S, SIZE, Bandwidth, Bytes, Duration, Energy, OpRate, Power
from simres.workload.operators import Tensor
from simres.workload.run_length import coded_bytes

MatrixKind = Literal["conv", "product"]
Operator = Annotated[str, Field(strict=True, pattern="^[a-z_0-9]+$", max_length=64)]


class ComponentSpec(BaseModel):
    """What every component has: the `kind` by which it is found."""

    # Docstrings become descriptions in the JSON Schema; reading them here would slow every start.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    kind: str
    """What it is: one of the kinds that `simres plugins` lists."""

    def resources(self) -> tuple[Resource, ...]:
        """The resources that can be more or less: by default every rate and every delay that it states."""
        return stated(self)


class EngineSpec(ComponentSpec):
    """A component that does tasks, one at a time, in the order given."""

    addressed: ClassVar[bool] = False
    """Whether its cost or its engine depends on where off-chip a transfer's bytes lie: replay then tells
    (`Work.extents`, and `Work.write` for stores)."""

    static_power: Power = 0
    """Power that it takes from start to end, busy or not, such as `50 mW`; leakage and clocks."""

    def energy_costs(self) -> EnergyCosts:
        """The energy costs of its work; a pure function, like `duration_ps`."""
        return EnergyCosts(static_uw=self.static_power)

    def duration_ps(self, work: Work) -> int:
        """The least picoseconds that `work` takes, with nothing in the way; rounded up once."""
        raise NotImplementedError

    def moved_bytes(self, nbytes: int, tensor: Tensor) -> int:  # noqa: ARG002
        """What goes over a bus for `nbytes` of a tensor: less where it compresses, never more. Time, energy
        and traffic all follow from it."""
        return nbytes

    def at_peak_ps(self, work: Work) -> Fraction:  # noqa: ARG002
        """Exact picoseconds at the peak rate, without overheads: a lower bound for any schedule.

        0 for a kind that states no peak.
        """
        return Fraction(0)

    @property
    def task_ps(self) -> int:
        """Picoseconds that every task takes beside its work at peak, such as a launch.

        0 for a kind that states none, and for a component of several engines.
        """
        return 0

    def in_a_row_ps(self, works: Sequence[Work], durations_ps: Sequence[int]) -> Fraction | int:  # noqa: ARG002
        """Exact picoseconds of these works one after the other, with nothing in the way.

        `durations_ps` are their durations. A kind that rounds less often than once per task overrides this.
        """
        return sum(durations_ps)

    def lanes(self, name: str) -> tuple[str, ...]:
        """Names of its engines, each with its own queue, if the component is called `name`.

        One engine is `name`; several are `name.0`, `name.1` and so on (`EngineName.channels`). The lanes of a
        `UnitSpec` are equal units that work by themselves; those of any other kind share what they have.
        """
        return (name,)

    def together_ps(self, works: Iterable[Work]) -> Fraction | int:  # noqa: ARG002
        """The least exact picoseconds of the work of all lanes on what they share; 0 if that is nothing."""
        return 0


class MemorySpec(EngineSpec):
    """A component that holds buffers, and copies between them."""

    capacity: Bytes
    """How much it holds, such as `1 MiB`."""

    def resources(self) -> tuple[Resource, ...]:
        return (Resource("capacity", self.capacity, SIZE), *super().resources())

    def occupied(self, nbytes: int) -> int:
        """Bytes of the capacity that a buffer of `nbytes` occupies."""
        return nbytes


class BusSpec(EngineSpec):
    """A bus to off-chip memory that moves bytes at a fixed rate, by one channel or several."""

    bandwidth: Bandwidth
    """Peak rate, such as `1 GB/s`."""
    burst: Bytes = 64
    """Bytes moved at once; a last, shorter burst takes its share of the time."""
    burst_overhead: Duration = 0
    """Time lost on the bus with each burst."""
    burst_header: Bytes | None = None
    """Bytes that go before each burst, such as the header of a packet (`20 B` on PCIe); time for them, to a
    whole picosecond, is added to `burst_overhead`. They are not counted as traffic."""
    latency: Duration = 0
    """Time from a request to its first byte, in which nothing moves for it."""
    channels: Annotated[int, Field(strict=True, ge=1, le=64)] = 1
    """Transfers that can be under way at once, and share the bus. With more than one, the bus `ddr` has
    the engines `ddr.0`, `ddr.1`, ..."""
    arbitration: Arbitration = Arbitration.ROUND_ROBIN
    """Whose burst is next: `round_robin` (a burst each), `fifo` (who came first), or `priority` (the
    lowest channel)."""
    outstanding: Annotated[int, Field(strict=True, ge=1, le=1024)] | None = None
    """Bursts that a transfer may have asked for and not seen begin; without a limit it asks for all of
    them at once."""
    turnaround: Duration = 0
    """Time lost when a write follows a read, or a read a write."""
    refresh_interval: Duration = 0
    """Time from one refresh to the next; 0 for a memory that needs none."""
    refresh_time: Duration = 0
    """Time that a refresh takes, in which the memory stands still."""
    compression: Literal["none", "run_length"] = "none"
    """`run_length` codes runs of zeros as Eyeriss does, by the measured density of each map (`densities`, or
    tracing); maps without one, and those that would not shrink, move as they are."""
    energy_per_byte: Energy = DRAM_FJ_PER_BYTE
    """Energy of a byte read from or written to the memory behind it; the default is DRAM at 45 nm."""

    def moved_bytes(self, nbytes: int, tensor: Tensor) -> int:
        return nbytes if self.compression == "none" else coded_bytes(tensor, nbytes)

    def resources(self) -> tuple[Resource, ...]:
        """Windows count if there is latency; the refresh interval is a property of the memory."""
        found = tuple(one for one in super().resources() if one.field != "refresh_interval")
        if self.outstanding is None or not self.latency:
            return found
        return (*found, Resource("outstanding", self.outstanding, None))

    def energy_costs(self) -> EnergyCosts:
        return EnergyCosts(byte_fj=self.energy_per_byte, static_uw=self.static_power)

    @model_validator(mode="after")
    def _refreshes_now_and_then(self) -> Self:
        if self.refresh_time and self.refresh_time >= self.refresh_interval:
            raise ValueError("`refresh_time` must be shorter than `refresh_interval`")
        return self

    @property
    def between_bursts_ps(self) -> int:
        """Picoseconds on the bus with each burst that move none of its bytes: overhead and header."""
        return self.burst_overhead + -(-(self.burst_header or 0) * PS_PER_S // self.bandwidth)

    def transfer_ps(self, nbytes: int) -> Fraction:
        """Exact picoseconds on the bus: `nbytes / bandwidth` plus the overhead of every burst begun."""
        bursts = -(-nbytes // self.burst)
        return Fraction(nbytes * PS_PER_S, self.bandwidth) + bursts * self.between_bursts_ps

    def window_ps(self, nbytes: int) -> Fraction | int:
        """Exact picoseconds that a lone transfer waits for answers to requests after the first.

        With W outstanding, burst k starts no sooner than a latency L after burst k - W did: W bursts in
        max(L, W F), so the rate is min(peak, W burst / L) (Little's law).
        """
        gap = self._gap()
        return Fraction(self._gaps(nbytes) * gap, self.bandwidth) if gap else 0

    def _gap(self) -> int:
        """Picoseconds, times `bandwidth`, between the bursts that a lone transfer's window allows."""
        window = self.outstanding
        if window is None:
            return 0
        full = self.burst * PS_PER_S + self.between_bursts_ps * self.bandwidth
        return max(0, self.latency * self.bandwidth - window * full)

    def _gaps(self, nbytes: int) -> int:
        return max(0, -(-nbytes // self.burst) - 1) // (self.outstanding or 1)

    def at_peak_ps(self, work: Work) -> Fraction:
        return Fraction(work.nbytes * PS_PER_S, self.bandwidth)

    def duration_ps(self, work: Work) -> int:
        """The duration of a transfer alone on the bus, without turnaround and refresh."""
        nbytes = work.nbytes
        bursts = -(-nbytes // self.burst)
        moving = nbytes * PS_PER_S
        if gap := self._gap():
            moving += self._gaps(nbytes) * gap
        return self.latency + bursts * self.between_bursts_ps + -(-moving // self.bandwidth)

    def in_a_row_ps(self, works: Sequence[Work], durations_ps: Sequence[int]) -> Fraction | int:
        """Back-to-back transfers accumulate no rounding."""
        if PS_PER_S % self.bandwidth == 0:
            return sum(durations_ps)
        found = self.together_ps(works) + len(works) * self.latency
        if gap := self._gap():
            found += Fraction(sum(self._gaps(work.nbytes) for work in works) * gap, self.bandwidth)
        return found

    def lanes(self, name: str) -> tuple[str, ...]:
        return EngineName.channels(name, self.channels)

    def together_ps(self, works: Iterable[Work]) -> Fraction | int:
        nbytes = bursts = 0
        for work in works:
            nbytes += work.nbytes
            bursts += -(-work.nbytes // self.burst)
        return Fraction(nbytes * PS_PER_S, self.bandwidth) + bursts * self.between_bursts_ps


class BackgroundSpec(ComponentSpec):
    """Something else on the bus, such as a camera or a display: it moves bytes whatever the network does."""

    bus: str
    """The bus it is on, by name."""
    bandwidth: Bandwidth
    """Bytes a second that it moves, such as `200 MB/s`."""
    burst: Bytes = 1024
    """Bytes that it asks for at a time; the bus splits them into bursts of its own."""
    write: Annotated[bool, Field(strict=True)] = False
    """Whether it writes to memory (a camera) or reads (a display)."""
    urgent: Annotated[bool, Field(strict=True)] = False
    """Whether it goes before the bus's channels where `arbitration` is `priority`, and not after them."""

    def resources(self) -> tuple[Resource, ...]:
        """None: a background master is a load."""
        return ()

    def request_ps(self, number: int) -> int:
        """The time of a request in picoseconds, the first at 0; rounded up."""
        return -(-number * self.burst * PS_PER_S // self.bandwidth)

    @property
    def least_gap_ps(self) -> int:
        """The fewest picoseconds from one request to the next."""
        return self.burst * PS_PER_S // self.bandwidth


class SramSpec(MemorySpec):
    """An on-chip scratchpad. It only enforces what the schedule decided."""

    alignment: Bytes = 1
    """Buffers take a multiple of this."""
    port_bandwidth: Bandwidth | None = None
    """Rate of copies within it; without one a copy takes no time (and is listed with its bytes)."""
    energy_per_byte: Energy | None = None
    """Energy of a byte read or written; by default 12.5 pJ at 1 MB (45 nm), by the root of the capacity."""

    def energy_costs(self) -> EnergyCosts:
        each = sram_byte_fj(self.capacity) if self.energy_per_byte is None else self.energy_per_byte
        return EnergyCosts(byte_fj=each, static_uw=self.static_power)

    def occupied(self, nbytes: int) -> int:
        return -(-nbytes // self.alignment) * self.alignment

    def duration_ps(self, work: Work) -> int:
        return 0 if self.port_bandwidth is None else -(-work.nbytes * PS_PER_S // self.port_bandwidth)


class UnitSpec(EngineSpec):
    """A compute unit, of which a chip may have several equal ones.

    Everything else that it states is of a single unit. Each unit works by itself, one task at a time.
    """

    count: Annotated[int, Field(strict=True, ge=1, le=256)] = 1
    """How many equal units there are, each with the figures stated here. With `2`, the component `matrix` has
    the engines `matrix.0` and `matrix.1`."""

    def lanes(self, name: str) -> tuple[str, ...]:
        return EngineName.channels(name, self.count)


class ComputeSpec(UnitSpec):
    """A compute unit with a peak rate and a start-up cost."""

    rate: OpRate
    """Peak rate, such as `1 TFLOP/s`."""
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
        """The measured shares by operator, over what its rows say of the shape."""
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

    def at_peak_ps(self, work: Work) -> Fraction:
        return Fraction(self.operations(work) * PS_PER_S, self.rate)

    def duration_ps(self, work: Work) -> int:
        parts = self.parts(work)
        if parts == PARTS:
            return self.launch + -(-self.operations(work) * PS_PER_S // self.rate)
        return self.launch + -(-self.operations(work) * PS_PER_S * PARTS // (self.rate * parts))


class MatrixUnitSpec(UnitSpec):
    """What matrix units of all kinds have in common: multiply-accumulates cost energy by data type."""

    energy_per_mac: dict[DataType, Energy] = {}
    """Energy of a multiply-accumulate by the type of its operands; others keep the defaults (45 nm)."""

    def energy_costs(self) -> EnergyCosts:
        stated: Mapping[Any, int] = self.energy_per_mac
        return EnergyCosts(mac_fj={**MAC_FJ, **stated}, static_uw=self.static_power)


class MatrixSpec(MatrixUnitSpec, ComputeSpec):
    """A matrix unit; a multiply-accumulate is two operations, as peak rates are quoted."""

    efficiency: tuple[tuple[MatrixKind, Count, Count, Count, Count, Count, Count, Share], ...] = ()
    """Shares of `rate` that were measured, each with its shape: `[conv, groups, stride, kernel, c, m, pixels,
    share]`, with `kernel` the product of its sides, `c` input and `m` output channels of a group, and
    `pixels` those of the output of all images. `[product, groups, 1, 1, c, m, n, share]` is a product of n x
    c and c x m. Between shapes a share is interpolated, every axis logarithmic; beyond the ends it stays.
    An operator without any runs at `rate`. `simres calibrate` writes them."""

    @property
    def by_amount(self) -> bool:
        return not self.efficiency

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
        if surface is None or not work.macs:
            return PARTS
        stride = max(op.window.stride) if op is not None and op.window is not None else 1
        return surface.parts(loops.groups, stride, kernel, loops.c, loops.m, pixels)


class HostSpec(ComputeSpec):
    """A general-purpose processor for everything that is not a matrix product."""

    efficiency: tuple[tuple[Operator, Count, Share], ...] = ()
    """Shares of `rate` that were measured, by kind of operator and number of vector operations: `[relu, 4096,
    0.25]`. Between numbers a share is interpolated on logarithmic axes; beyond the ends it stays. Of a
    pooling, `max_pool_2x2` goes before `max_pool`. `any` stands for kinds without any; where it is missing
    too, they run at `rate`. `simres calibrate` writes them."""
    energy_per_operation: Energy = INSTRUCTION_FJ
    """Energy of a vector operation; the default is a whole instruction of a scalar processor (45 nm)."""

    def energy_costs(self) -> EnergyCosts:
        return EnergyCosts(operation_fj=self.energy_per_operation, static_uw=self.static_power)

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
            if work.op.window is not None:
                names.insert(0, f"{work.op.kind}_{'x'.join(map(str, work.op.window.kernel))}")
        surface = next((self.surfaces[name] for name in names if name in self.surfaces), None)
        return PARTS if surface is None else surface.parts(work.vector_ops)
