"""The kind `dram`: what it is in a scenario's words, and what a transfer costs at the least."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from math import ceil
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from simres.hardware.area_costs import interface_um2
from simres.hardware.energy_costs import DRAM_FJ_PER_BYTE, EnergyCosts
from simres.hardware.resources import Resource
from simres.hardware.specs import EngineSpec
from simres.program import EngineName, Work
from simres.units import FREQUENCY, PS_PER_S, Energy, Frequency
from simres_dram.addresses import FIELDS, AddressMap
from simres_dram.controller import Queues
from simres_dram.delay import Delay, Spelled
from simres_dram.devices import DEVICES, Device, Name, Parameter
from simres_dram.timing import Timing

BURST = 8
"""Words that one read or write moves, in both standards."""


def _power_of_two(value: int | None) -> int | None:
    if value is not None and value & (value - 1):
        raise ValueError(f"must be a power of two, got `{value}`")
    return value


Few = Annotated[int, Field(strict=True, ge=1, le=64), AfterValidator(_power_of_two)]
Many = Annotated[int, Field(strict=True, ge=1, le=1 << 20), AfterValidator(_power_of_two)]
Entries = Annotated[int, Field(strict=True, ge=1, le=1024)]


class DramSpec(EngineSpec):
    """DRAM behind its controller: banks with open rows, first-ready first-come first-served, and refresh.

    Devices stand side by side to fill the data bus of each rank. What is not stated is the device's.
    """

    addressed: ClassVar[bool] = True

    device: Name
    """The chip: standard, speed bin and data bits, such as `DDR3-1600K-x8`."""
    width: Annotated[int, Field(strict=True, ge=4, le=512), AfterValidator(_power_of_two)] = 64
    """Data bits of a channel, a multiple of the device's."""
    channels: Few = 1
    """Channels, each with a controller and a data bus of its own, all used by every transfer."""
    ranks: Few = 1
    """Ranks that share the bus of a channel."""
    bank_groups: Few | None = None
    """Bank groups of a rank."""
    banks: Few | None = None
    """Banks of a group."""
    rows: Many | None = None
    """Rows of a bank."""
    columns: Many | None = None
    """Words in a row, each as wide as the device."""
    clock: Frequency | None = None
    """The clock, such as `800 MHz` for DDR3-1600; data moves at twice that."""
    timing: Annotated[dict[Parameter, Spelled], Field(default_factory=dict, validate_default=True)]
    """Timing other than the device's, by the data sheet's names, in time or clocks (`11 nCK`)."""
    address_map: str = "ro-ra-ba-co-bg-ch"
    """What the bits of an address mean, from high to low: row, rank, bank, column, bank group, channel."""
    read_queue: Entries = 32
    """Bursts that wait to be read at most, in each channel."""
    write_queue: Entries = 32
    """Bursts that wait to be written at most, in each channel."""
    write_high: Entries | None = None
    """Waiting writes at which a channel turns to them; by default four fifths of the queue."""
    write_low: Annotated[int, Field(strict=True, ge=0, le=1023)] | None = None
    """Waiting writes at which it turns back to reads; by default a fifth of the queue. After four queues of
    writes it turns back whatever waits."""
    ports: Annotated[int, Field(strict=True, ge=1, le=16)] = 1
    """Transfers that can be under way at once. With more than one, the component `ddr` has the engines
    `ddr.0`, `ddr.1`, ..."""
    outstanding: Entries | None = None
    """Bursts that a port may be reading at once in a channel; without a limit as many as the queue takes."""
    refresh: Annotated[bool, Field(strict=True)] = True
    """Whether rows are refreshed."""
    energy_per_byte: Energy = DRAM_FJ_PER_BYTE
    """Energy of a byte read or written, with its share of opening rows; the default is DRAM at 45 nm."""

    @field_validator("width")
    @classmethod
    def _filled_by_devices(cls, width: int, info: ValidationInfo) -> int:
        if "device" in info.data and width % (device := DEVICES[info.data["device"]]).width:
            raise ValueError(
                f"`{info.data['device']}` has {device.width} data bits, and {width} is no multiple of that"
            )
        return width

    @field_validator("columns")
    @classmethod
    def _whole_bursts(cls, columns: int | None) -> int | None:
        if columns is not None and columns < BURST:
            raise ValueError(f"a row holds at least a burst of {BURST} words, got `{columns}`")
        return columns

    @field_validator("timing")
    @classmethod
    def _agrees(cls, given: dict[Parameter, Delay], info: ValidationInfo) -> dict[Parameter, Delay]:
        if "device" not in info.data or "clock" not in info.data:
            return given
        device = DEVICES[info.data["device"]]
        clock = info.data["clock"] or device.clock
        problems = _contradictions(_in_clocks(device, clock, given))
        if problems:
            raise ValueError("; ".join(problems))
        return given

    @field_validator("address_map")
    @classmethod
    def _names_each_field(cls, order: str) -> str:
        fields = order.split("-")
        if sorted(fields) != sorted(FIELDS):
            raise ValueError(
                f"must name each of {', '.join(FIELDS)} once, from high bits to low, joined by `-`, "
                f"such as `ro-ra-ba-co-bg-ch`, got `{order[:64]}`"
            )
        if fields.index("ro") > fields.index("co"):
            raise ValueError("`ro` must come before `co`: consecutive lines would each need another row")
        return order

    @model_validator(mode="after")
    def _turns(self) -> Self:
        high, low = self._thresholds
        if high > self.write_queue:
            raise ValueError(
                f"`write_high`: {high} writes never wait in a `write_queue` of {self.write_queue}"
            )
        if low >= high:
            raise ValueError(f"`write_low` must be less than `write_high`, got `{low}` and `{high}`")
        return self

    @property
    def _thresholds(self) -> tuple[int, int]:
        high = max(1, -(-4 * self.write_queue // 5)) if self.write_high is None else self.write_high
        return high, min(self.write_queue // 5, high - 1) if self.write_low is None else self.write_low

    @property
    def queues(self) -> Queues:
        """The controller's queues."""
        return Queues(self.read_queue, self.write_queue, *self._thresholds)

    @cached_property
    def chip(self) -> Device:
        """The device, as changed."""
        device = DEVICES[self.device]
        return Device(
            self.clock or device.clock,
            device.width,
            self.bank_groups or device.groups,
            self.banks or device.banks,
            self.rows or device.rows,
            self.columns or device.columns,
            device.timing,
        )

    @cached_property
    def clocks(self) -> Timing:
        """The timing in clocks."""
        timing = _in_clocks(DEVICES[self.device], self.chip.clock, self.timing)
        return timing if self.refresh else replace(timing, refi=0)

    @property
    def addresses(self) -> AddressMap:
        """Where lines lie."""
        chip = self.chip
        return AddressMap(
            tuple(self.address_map.split("-")),
            self.channels,
            self.ranks,
            chip.groups,
            chip.banks,
            chip.rows,
            chip.columns // BURST,
        )

    @property
    def line(self) -> int:
        """Bytes of a burst."""
        return BURST * self.width // 8

    @property
    def capacity(self) -> int:
        """Bytes of all channels."""
        return self.addresses.lines * self.line * self.channels

    @property
    def bandwidth(self) -> int:
        """Bytes a second of all data buses."""
        return 2 * self.chip.clock * self.width // 8 * self.channels

    def resources(self) -> tuple[Resource, ...]:
        """The clock, the device's where none is stated. Timing that is stated in time stays what it is, so
        that no clock makes DRAM take no time."""
        others = (one for one in super().resources() if one.field != "clock")
        return (Resource("clock", self.chip.clock, FREQUENCY, FREQUENCY.limit), *others)

    def energy_costs(self) -> EnergyCosts:
        return EnergyCosts(byte_fj=self.energy_per_byte, static_uw=self.static_power)

    def cells_um2(self, nm: int) -> int:  # noqa: ARG002
        """The pads to the memory off chip, which is no part of the chip."""
        return interface_um2(self.bandwidth)

    def lanes(self, name: str) -> tuple[str, ...]:
        return EngineName.channels(name, self.ports)

    def at_peak_ps(self, work: Work) -> Fraction:
        return Fraction(work.nbytes * PS_PER_S, self.bandwidth)

    def duration_ps(self, work: Work) -> int:
        """Of a transfer whose rows are open, on a bus of its own, without refresh; rounded down.

        A line's command comes a clock after it is asked for, its data `CL` or `CWL` later, and lines of a
        channel follow tCCD_S apart.
        """
        if not work.nbytes:
            return 0
        t = self.clocks
        lines = ceil(Fraction(work.nbytes, self.line * self.channels))
        clocks = 1 + (t.cwl if work.write else t.cl) + (lines - 1) * t.ccd_s + t.bl
        return clocks * PS_PER_S // self.chip.clock

    def together_ps(self, works: Iterable[Work]) -> Fraction:
        lines = sum(-(-work.nbytes // self.line) for work in works)
        return Fraction(lines * self.clocks.bl * PS_PER_S, self.chip.clock * self.channels)


def _in_clocks(device: Device, clock: int, given: dict[Parameter, Delay]) -> Timing:
    stated = {**device.timing, **given}

    def clocks(name: Parameter) -> int:
        return stated[name].at(clock)

    return Timing(
        cl=clocks("CL"),
        cwl=clocks("CWL"),
        rcd=clocks("tRCD"),
        rp=clocks("tRP"),
        ras=clocks("tRAS"),
        rrd_s=clocks("tRRD_S"),
        rrd_l=clocks("tRRD_L"),
        faw=clocks("tFAW"),
        ccd_s=clocks("tCCD_S"),
        ccd_l=clocks("tCCD_L"),
        wtr_s=clocks("tWTR_S"),
        wtr_l=clocks("tWTR_L"),
        wr=clocks("tWR"),
        rtp=clocks("tRTP"),
        rfc=clocks("tRFC"),
        refi=stated["tREFI"].within(clock),
        rtrs=clocks("tRTRS"),
        bl=BURST // 2,
    )


def _contradictions(t: Timing) -> list[str]:
    """What no DRAM could be, in the data sheet's names and clocks."""
    found = []
    for name, value in (("CL", t.cl), ("CWL", t.cwl), ("tRCD", t.rcd), ("tRP", t.rp), ("tRAS", t.ras)):
        if value < 1:
            found.append(f"{name} must be at least 1 nCK")
    if t.cwl > t.cl:
        found.append(f"CWL ({t.cwl} nCK) must not be more than CL ({t.cl} nCK)")
    if t.ras < t.rcd + t.rtp:
        found.append(
            f"tRAS ({t.ras} nCK) is less than tRCD + tRTP ({t.rcd} + {t.rtp} nCK): "
            "a row would close before it is read"
        )
    if t.ccd_s < t.bl:
        found.append(f"tCCD_S ({t.ccd_s} nCK) is less than a burst takes on the bus ({t.bl} nCK)")
    for name, short, long in (
        ("tCCD", t.ccd_s, t.ccd_l),
        ("tRRD", t.rrd_s, t.rrd_l),
        ("tWTR", t.wtr_s, t.wtr_l),
    ):
        if long < short:
            found.append(f"{name}_L ({long} nCK) is less than {name}_S ({short} nCK)")
    if t.faw < t.rrd_s:
        found.append(f"tFAW ({t.faw} nCK) is less than tRRD_S ({t.rrd_s} nCK)")
    if 0 < t.refi <= t.ras + t.rp + t.written + t.wr + t.rfc:
        found.append(
            f"tREFI ({t.refi} nCK) leaves no time between refreshes of tRFC ({t.rfc} nCK) to open and "
            "close a row"
        )
    if not t.refi:
        found.append("tREFI must be at least 1 nCK; `refresh: false` leaves refresh out")
    return found
