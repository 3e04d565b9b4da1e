"""Transfers split among channels, and what the ports of a DRAM do to each other."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from simpy import Environment
from simres_dram.addresses import FIELDS, AddressMap
from simres_dram.engine import Dram
from simres_dram.memory import Beat, Memory
from simres_dram.spec import DramSpec

from simres.hardware.chip import Chip
from simres.hardware.engine import Engine, Stall
from simres.hardware.specs import ComponentSpec, EngineSpec
from simres.plugins.hooks import ComponentRole
from simres.program import Work
from simres.scheduling import overlapped, serial
from simres.scheduling.parameters import NoParameters
from simres.simulation.check import check
from simres.simulation.flattened import flatten
from simres.simulation.invariants import spans_hold
from simres.simulation.run import run
from simres.testing import paper_chip, workloads

ORDERS = [
    "ro-ra-ba-bg-co-ch",
    "ro-ra-ba-co-bg-ch",
    "ro-ra-ba-bg-ch-co",
    "ch-ro-ra-ba-co-bg",
    "ro-ba-ch-co-bg-ra",
]


def dram(**changes: object) -> DramSpec:
    small = {"device": "DDR4-2400T-x8", "rows": 16, "columns": 128}
    return DramSpec.model_validate({"kind": "dram", **small, **changes})


def on_dram(spec: DramSpec) -> Chip:
    parts: dict[str, ComponentSpec] = {**paper_chip("8 KiB").components, "ddr": spec}
    return Chip(parts, paper_chip().roles)


def engines(chip: Chip) -> dict[str, type[Engine]]:
    return {name: Dram if isinstance(spec, DramSpec) else Engine for name, spec in chip.parts.items()}


@st.composite
def address_maps(draw: st.DrawFn) -> AddressMap:
    order = list(draw(st.permutations(FIELDS)))
    row, column = sorted((order.index("ro"), order.index("co")))
    order[row], order[column] = "ro", "co"
    few = st.sampled_from([1, 2, 4])
    return AddressMap(
        tuple(order), draw(few), draw(few), draw(few), draw(few), draw(few), draw(st.sampled_from([2, 8]))
    )


@given(address_maps())
def test_every_line_has_a_place_of_its_own(addresses: AddressMap) -> None:
    places = [addresses.place(line) for line in range(addresses.lines)]
    assert max(places) == (addresses.ranks - 1, addresses.groups - 1, addresses.banks - 1, addresses.rows - 1)
    assert all(places.count(place) == addresses.columns for place in set(places))
    blocks = {line // addresses.block for line in range(addresses.lines)}
    for block in blocks:
        rows = places[block * addresses.block : (block + 1) * addresses.block]
        assert len(set(rows)) == addresses.lanes


@given(address_maps(), st.data())
def test_channels_share_the_lines(addresses: AddressMap, data: st.DataObject) -> None:
    total = addresses.lines * addresses.channels
    line = data.draw(st.integers(0, total))
    before = [addresses.of_channel(channel, line) for channel in range(addresses.channels)]
    assert sum(before) == line
    if line < total:
        after = [addresses.of_channel(channel, line + 1) for channel in range(addresses.channels)]
        assert sum(map(int.__sub__, after, before)) == 1
    assert all(
        addresses.of_channel(channel, total) == addresses.lines for channel in range(addresses.channels)
    )


@given(
    st.sampled_from(ORDERS),
    st.sampled_from([1, 2, 4]),
    st.lists(st.integers(1, 3000), min_size=2, max_size=9),
)
def test_a_transfer_moves_the_lines_that_its_bytes_are_in(order: str, channels: int, cuts: list[int]) -> None:
    spec = dram(address_map=order, channels=channels)
    marks = [sum(cuts[:count]) for count in range(len(cuts) + 1)]
    extents = tuple(zip(marks[::2], marks[1::2], strict=False))
    work = Work(nbytes=sum(stop - start for start, stop in extents), extents=extents)
    touched = {byte // spec.line for start, stop in extents for byte in range(start, stop)}
    split = Memory(spec).split(work)
    assert sum(stop - start for lines in split for start, stop, _ in lines) == len(touched)
    for channel, lines in enumerate(split):
        found = {line for start, stop, _ in lines for line in range(start, stop)}
        addresses = spec.addresses
        mine = [
            line
            for line in touched
            if addresses.of_channel(channel, line) != addresses.of_channel(channel, line + 1)
        ]
        assert found == {addresses.of_channel(channel, line) for line in mine}


def test_addresses_beyond_the_capacity_begin_again() -> None:
    spec = dram()
    end = spec.capacity
    split = Memory(spec).split(Work(nbytes=128, extents=((end - 64, end + 64),)))
    lines = spec.addresses.lines
    assert split == [[(lines - 1, lines, False), (0, 1, False)]]


@st.composite
def traffic(draw: st.DrawFn) -> list[tuple[int, Work]]:
    """Transfers of a port, each after a pause in picoseconds."""
    found = []
    for _ in range(draw(st.integers(1, 5))):
        start, nbytes = draw(st.integers(0, 100_000)), draw(st.sampled_from([0, 1, 64, 700, 9000]))
        extents = ((start, start + nbytes),) if nbytes else ()
        pause = draw(st.sampled_from([0, 0, 1, 5_000, 900_000, 30_000_000]))
        found.append((pause, Work(nbytes=nbytes, write=draw(st.booleans()), extents=extents)))
    return found


def drive(spec: DramSpec, ports: list[list[tuple[int, Work]]]) -> list[list[tuple[int, int, object]]]:
    """Runs transfers on the event-driven engine: (begin, end, stall) by port."""
    env = Environment()
    names = [f"ddr.{number}" for number in range(len(ports))]
    lanes = Dram(env, spec).channels(names, {})
    found: list[list[tuple[int, int, object]]] = [[] for _ in ports]

    def port(number):  # type: ignore[no-untyped-def]
        for pause, work in ports[number]:
            if pause:
                yield env.timeout(pause)
            began = int(env.now)
            stall = yield lanes[number].begin(
                work, spec.duration_ps(work), pause == 0 and bool(found[number])
            )
            found[number].append((began, int(env.now), stall))

    for number in range(len(ports)):
        env.process(port(number))
    env.run()
    return found


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from([1, 2, 3]).flatmap(lambda ports: st.lists(traffic(), min_size=ports, max_size=ports)),
    st.sampled_from([1, 2]),
    st.sampled_from(["DDR3-1600K-x8", "DDR4-2400T-x8", "DDR4-3200AA-x8"]),
    st.sampled_from([None, 1, 6]),
)
def test_the_time_of_every_transfer_adds_up(
    ports: list[list[tuple[int, Work]]], channels: int, device: str, outstanding: int | None
) -> None:
    spec = dram(device=device, ports=len(ports), channels=channels, outstanding=outstanding)
    found = drive(spec, ports)
    working = 0
    for transfers, runs in zip(ports, found, strict=True):
        assert len(runs) == len(transfers)
        for (_, work), (began, end, stall) in zip(transfers, runs, strict=True):
            latency, bus, held = (stall or Stall())[:3]
            assert end - began >= spec.duration_ps(work)
            assert end - began - latency - bus >= spec.at_peak_ps(work) - 1
            assert min(latency, bus) >= 0
            assert sum(ps for _, ps in held) == bus or len(ports) == 1
            working += end - began - latency - bus
    last = max(end for runs in found for _, end, _ in runs)
    assert working <= last
    assert spec.together_ps([work for transfers in ports for _, work in transfers]) <= last + 1


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(traffic(), st.sampled_from([1, 2]))
def test_a_port_that_is_alone_has_no_need_to_share(transfers: list[tuple[int, Work]], channels: int) -> None:
    alone = drive(dram(channels=channels), [transfers])
    beside = drive(dram(channels=channels, ports=2), [transfers, [(0, Work())]])
    assert [run[:2] for run in alone[0]] == [run[:2] for run in beside[0]]


@given(
    st.sampled_from([800_000_000, 666_666_666, 1_066_666_667]), st.integers(0, 10**12), st.integers(0, 10**9)
)
def test_clocks_and_picoseconds(clock: int, ps: int, number: int) -> None:
    beat = Beat(dram(clock=clock))
    assert (beat.clock(ps) - 1) * 10**12 < ps * clock <= beat.clock(ps) * 10**12
    assert beat.clock(beat.picosecond(number)) in (number, number + 1)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(workloads(), st.sampled_from([1, 2]), st.sampled_from([1, 2]), st.booleans())
def test_whole_networks_run_on_it(workload, channels: int, ports: int, tiled: bool) -> None:  # type: ignore[no-untyped-def]
    chip = on_dram(dram(channels=channels, ports=ports, device="DDR3-1600K-x8", width=8))
    if tiled:
        program = overlapped.schedule(workload, chip, overlapped.Parameters())
    else:
        program = serial.schedule(workload, chip, NoParameters())
    check(program, chip, workload)
    record, _ = run(program, chip, engines(chip))
    spans_hold(record, flatten(program, chip.engines))
    assert record == run(program, chip, engines(chip))[0]


def test_it_takes_the_place_of_a_bus() -> None:
    chip = on_dram(dram(ports=2))
    assert list(chip.named(ComponentRole.BUS)) == ["ddr.0", "ddr.1"]
    assert chip.load_and_store(Work(nbytes=64)) == ("ddr.0", "ddr.1")
    assert EngineSpec.addressed is False
    assert DramSpec.addressed


def test_a_stream_shorter_than_a_refresh_interval_runs_at_the_peak() -> None:
    spec = dram(rows=65536, columns=1024)
    ((_, end, stall),) = drive(spec, [[(0, Work(nbytes=64_000, extents=((0, 64_000),)))]])[0:1][0]
    t = spec.clocks
    clocks = 1 + t.rcd + t.cl + 1000 * t.bl
    assert end == pytest.approx(clocks * 1e12 / spec.chip.clock, abs=2)
    assert stall[0] == (t.cl + 1) * 10**12 // spec.chip.clock  # type: ignore[index]
