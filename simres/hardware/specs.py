"""What each built-in component is, in a scenario's words, and what work costs on it.

A spec is frozen data from the YAML plus a pure cost function, which schedulers may call without
running anything. How the component behaves in time is its engine, elsewhere in this folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import ceil
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from simres.hardware.energy import (
    DRAM_FJ_PER_BYTE,
    INSTRUCTION_FJ,
    MAC_FJ,
    DataType,
    EnergyCosts,
    sram_byte_fj,
)
from simres.program import Work
from simres.units import PS_PER_S, Bandwidth, Bytes, Duration, Energy, OpRate, Power


class ComponentSpec(BaseModel):
    """What every component has: the `kind` by which it is found."""

    # Docstrings become descriptions in the JSON Schema; reading them here would slow every start.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    kind: str
    """What it is: one of the kinds that `simres plugins` lists."""


class EngineSpec(ComponentSpec):
    """A component that does tasks, one at a time, in the order given."""

    static_power: Power = 0
    """Power that it takes from start to end, busy or not, such as `50 mW`; leakage and clocks."""

    def energy_costs(self) -> EnergyCosts:
        """What its work takes in joules; a pure function, as `duration_ps` is."""
        return EnergyCosts(static_uw=self.static_power)

    def duration_ps(self, work: Work) -> int:
        """Picoseconds that `work` takes at the least, with nothing in the way; rounded up once."""
        raise NotImplementedError

    def at_peak_ps(self, work: Work) -> Fraction:  # noqa: ARG002
        """Exact picoseconds at the peak rate, without overheads: what no schedule can beat.

        0 for a kind that states no peak.
        """
        return Fraction(0)

    def in_a_row_ps(self, works: Sequence[Work], durations_ps: Sequence[int]) -> Fraction | int:  # noqa: ARG002
        """Exact picoseconds that these take one after the other with nothing in the way.

        `durations_ps` are their prices. A kind that rounds less often than once a task says so here.
        """
        return sum(durations_ps)


class MemorySpec(EngineSpec):
    """A component that holds buffers, and copies between them."""

    capacity: Bytes
    """How much it holds, such as `1 MiB`."""

    def occupied(self, nbytes: int) -> int:
        """Bytes of the capacity that a buffer of `nbytes` takes."""
        return nbytes


class BusSpec(EngineSpec):
    """A bus to off-chip memory that moves bytes at a fixed rate."""

    bandwidth: Bandwidth
    """Peak rate, such as `1 GB/s`."""
    burst: Bytes = 64
    """Bytes moved at once; a last, shorter burst takes its share of the time."""
    burst_overhead: Duration = 0
    """Time lost on the bus with each burst."""
    latency: Duration = 0
    """Time from a request to its first byte, in which nothing moves."""
    energy_per_byte: Energy = DRAM_FJ_PER_BYTE
    """Energy of a byte read from or written to the memory behind it; the default is DRAM at 45 nm."""

    def energy_costs(self) -> EnergyCosts:
        return EnergyCosts(byte_fj=self.energy_per_byte, static_uw=self.static_power)

    def transfer_ps(self, nbytes: int) -> Fraction:
        """Exact picoseconds on the bus: `nbytes / bandwidth` plus the overhead of every burst begun."""
        bursts = -(-nbytes // self.burst)
        return Fraction(nbytes * PS_PER_S, self.bandwidth) + bursts * self.burst_overhead

    def at_peak_ps(self, work: Work) -> Fraction:
        return Fraction(work.nbytes * PS_PER_S, self.bandwidth)

    def duration_ps(self, work: Work) -> int:
        return self.latency + ceil(self.transfer_ps(work.nbytes))

    def in_a_row_ps(self, works: Sequence[Work], durations_ps: Sequence[int]) -> Fraction | int:
        """Back-to-back transfers gather no rounding."""
        if PS_PER_S % self.bandwidth == 0:
            return sum(durations_ps)
        return sum((self.latency + self.transfer_ps(work.nbytes) for work in works), Fraction(0))


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


class ComputeSpec(EngineSpec):
    """An engine with a peak rate and a start-up cost."""

    rate: OpRate
    """Peak rate, such as `1 TFLOP/s`."""
    launch: Duration = 0
    """Time lost at the start of every task."""

    ops_per_mac: ClassVar[int] = 2

    def operations(self, work: Work) -> int:
        """Operations that `work` asks for."""
        raise NotImplementedError

    def at_peak_ps(self, work: Work) -> Fraction:
        return Fraction(self.operations(work) * PS_PER_S, self.rate)

    def duration_ps(self, work: Work) -> int:
        return self.launch + -(-self.operations(work) * PS_PER_S // self.rate)


class MatrixSpec(ComputeSpec):
    """A matrix unit; a multiply-accumulate is two operations, as peak rates are quoted."""

    energy_per_mac: dict[DataType, Energy] = {}
    """Energy of a multiply-accumulate by the type of its operands; others keep the defaults (45 nm)."""

    def energy_costs(self) -> EnergyCosts:
        stated: Mapping[Any, int] = self.energy_per_mac
        return EnergyCosts(mac_fj={**MAC_FJ, **stated}, static_uw=self.static_power)

    def operations(self, work: Work) -> int:
        return self.ops_per_mac * work.macs


class HostSpec(ComputeSpec):
    """A general-purpose processor for everything that is not a matrix product."""

    energy_per_operation: Energy = INSTRUCTION_FJ
    """Energy of a vector operation; the default is a whole instruction of a scalar processor (45 nm)."""

    def energy_costs(self) -> EnergyCosts:
        return EnergyCosts(operation_fj=self.energy_per_operation, static_uw=self.static_power)

    def operations(self, work: Work) -> int:
        return work.vector_ops
