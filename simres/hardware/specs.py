"""Specs of the built-in components, with the cost of work on each: buses and memories; the rest by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from simres.hardware.area_costs import interface_um2, sram_um2
from simres.hardware.channel import Arbitration
from simres.hardware.components import ComponentSpec as ComponentSpec
from simres.hardware.components import EngineSpec as EngineSpec
from simres.hardware.components import MemorySpec as MemorySpec
from simres.hardware.components import UnitSpec as UnitSpec
from simres.hardware.compute import ComputeSpec as ComputeSpec
from simres.hardware.compute import HostSpec as HostSpec
from simres.hardware.compute import HostUnitSpec as HostUnitSpec
from simres.hardware.compute import MatrixSpec as MatrixSpec
from simres.hardware.compute import MatrixUnitSpec as MatrixUnitSpec
from simres.hardware.compute import ProcessorSpec as ProcessorSpec
from simres.hardware.energy_costs import DRAM_FJ_PER_BYTE, EnergyCosts, sram_byte_fj
from simres.hardware.resources import Resource
from simres.program.names import EngineName
from simres.program.tasks import Work
from simres.units import PS_PER_S, Bandwidth, Bytes, Duration, Energy
from simres.workload.operators import Tensor
from simres.workload.run_length import coded_bytes


class BusSpec(EngineSpec):
    """A bus to off-chip memory that moves bytes at a fixed rate, by one channel or several."""

    bandwidth: Bandwidth
    """Peak rate, such as `1 GB/s`."""
    burst: Bytes = 64
    """Bytes per burst; a shorter last burst takes its share of the time."""
    burst_overhead: Duration = 0
    """Time lost on the bus with each burst."""
    burst_header: Bytes | None = None
    """Header bytes of each burst, such as those of a packet (`20 B` on PCIe); their time, to a whole
    picosecond, is added to `burst_overhead`. They do not count as traffic."""
    latency: Duration = 0
    """Time from a request to its first byte."""
    channels: Annotated[int, Field(strict=True, ge=1, le=64)] = 1
    """Concurrent transfers that share the bus. With more than one, the bus `ddr` has the engines `ddr.0`,
    `ddr.1`, ..."""
    arbitration: Arbitration = Arbitration.ROUND_ROBIN
    """The order of bursts: `round_robin` (a burst each), `fifo` (first come, first served), or `priority`
    (the lowest channel first)."""
    outstanding: Annotated[int, Field(strict=True, ge=1, le=1024)] | None = None
    """Outstanding bursts per transfer; without a limit it requests all of them at once."""
    turnaround: Duration = 0
    """Time lost when a write follows a read, or a read a write."""
    refresh_interval: Duration = 0
    """Time from one refresh to the next; 0 for a memory that needs none."""
    refresh_time: Duration = 0
    """Time of a refresh, during which nothing moves."""
    compression: Literal["none", "run_length"] = "none"
    """`run_length` codes runs of zeros like Eyeriss, by the measured density of each map (`densities`, or
    tracing); maps without a density, and those that would not shrink, are not compressed."""
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

    def cells_um2(self, nm: int) -> int:  # noqa: ARG002
        """The pads to the memory off chip, which is no part of the chip."""
        return interface_um2(self.bandwidth)

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
    """Another master on the bus, such as a camera or a display: it moves bytes whatever the network does."""

    bus: str
    """The bus it is on, by name."""
    bandwidth: Bandwidth
    """Bytes per second that it moves, such as `200 MB/s`."""
    burst: Bytes = 1024
    """Bytes per request; the bus splits them into its bursts."""
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
    """Buffers are rounded up to a multiple of this."""
    port_bandwidth: Bandwidth | None = None
    """Rate of copies within it; by default a copy takes no time (and is listed with its bytes)."""
    energy_per_byte: Energy | None = None
    """Energy of a byte read or written; by default 12.5 pJ at 1 MB (45 nm), by the root of the capacity."""

    def energy_costs(self) -> EnergyCosts:
        each = sram_byte_fj(self.capacity) if self.energy_per_byte is None else self.energy_per_byte
        return EnergyCosts(byte_fj=each, static_uw=self.static_power)

    def cells_um2(self, nm: int) -> int:
        return sram_um2(self.capacity, nm)

    def occupied(self, nbytes: int) -> int:
        return -(-nbytes // self.alignment) * self.alignment

    def duration_ps(self, work: Work) -> int:
        return 0 if self.port_bandwidth is None else -(-work.nbytes * PS_PER_S // self.port_bandwidth)
