"""Programs on a bus with several channels and others on it: who waits for whom, and what adds up."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simres.analysis.bounds import bounds
from simres.errors import AnswerIsNo, InvalidFile, SimresError
from simres.hardware.specs import BackgroundSpec, BusSpec, HostSpec, MatrixSpec, SramSpec
from simres.plugins.hooks import ComponentRole
from simres.plugins.registry import Registry
from simres.program import Layer, Program, Task, TaskKind, Work
from simres.program.record import Cause, RecordLevel
from simres.reporting.text.headline import limit
from simres.scenario.loader import load as read_scenario
from simres.scheduling.parameters import NoParameters
from simres.scheduling.serial import schedule
from simres.simulation.flattened import Launch, flatten
from simres.simulation.invariants import BrokenInvariant, hold
from simres.simulation.run import run
from simres.testing import behaviours, chip, prove, workloads
from simres.workload import Ledger

NS = 1000


def machine(masters=None, **bus):
    return chip(
        {
            "ddr": BusSpec(kind="ddr", **({"bandwidth": "1 GB/s", "burst": "10 B", "channels": 2} | bus)),
            "sram": SramSpec(kind="sram", capacity="1 MiB"),
            "matrix": MatrixSpec(kind="matrix", rate="2 GFLOP/s"),
            "host": HostSpec(kind="host", rate="1 GFLOP/s"),
            **(masters or {}),
        }
    )


def camera(**kwargs):
    given = {"bus": "ddr", "bandwidth": "100 MB/s", "burst": "100 B", "write": True}
    return BackgroundSpec(kind="background", **(given | kwargs))


def load(ns, lane="ddr.0", **kwargs):
    return Task(lane, TaskKind.LOAD, Work(nbytes=ns), 0, **kwargs)


def store(ns, lane="ddr.1", **kwargs):
    return Task(lane, TaskKind.STORE, Work(nbytes=ns), 0, **kwargs)


def program(*tasks):
    return Program("test", "", tasks)


def test_a_bus_with_one_channel_keeps_its_name():
    assert [*machine(channels=1).engines] == ["ddr", "sram", "matrix", "host"]
    two = machine()
    assert [*two.engines] == ["ddr.0", "ddr.1", "sram", "matrix", "host"]
    assert two.component_of("ddr.1") == "ddr"
    assert two.fastest(ComponentRole.BUS, Work(nbytes=8)) == "ddr.0"
    assert two.load_and_store(Work(nbytes=8)) == ("ddr.0", "ddr.1")
    assert machine(channels=1).load_and_store(Work(nbytes=8)) == ("ddr", "ddr")
    assert two.shared == {"ddr": ("ddr.0", "ddr.1")}
    assert machine({"camera": camera()}, channels=1).shared == {"ddr": ("ddr",)}


def test_two_channels_share_the_rate_and_the_blame():
    record = prove(program(load(100), load(200, "ddr.1")), machine())
    first, second = record.engines["ddr.0"], record.engines["ddr.1"]
    assert record.makespan_ps == 300 * NS
    assert (first.working_ps, first.waiting_ps[Cause.BUS], first.idle_ps) == (100 * NS, 90 * NS, 110 * NS)
    assert (second.working_ps, second.waiting_ps[Cause.BUS], second.idle_ps) == (200 * NS, 100 * NS, 0)
    assert (first.bus_held_by, second.bus_held_by) == ({"ddr.1": 90 * NS}, {"ddr.0": 100 * NS})
    assert record.bus_holders == ((0, "ddr.1", 90 * NS), (1, "ddr.0", 100 * NS))


def test_the_bound_of_a_bus_is_not_multiplied_by_its_channels():
    moved = program(load(100), load(200, "ddr.1"))
    assert bounds(Ledger("none", ()), moved, machine(), 0).engines["ddr"] == 300 * NS


@given(*[st.integers(0, 60)] * 3, st.integers(1, 9))
def test_load_and_store_on_channels_of_their_own(ld, c, s, n):
    """One bus in turns of bursts of 10 ns: never slower than all in a row, bound by the bus or the unit."""
    tasks = []
    for k in range(n):
        tasks += [
            load(ld),
            Task("matrix", TaskKind.MATRIX, Work(macs=c), 0, (3 * k,)),
            store(s, needs=(3 * k + 1,)),
        ]
    took = prove(program(*tasks), machine()).makespan_ps
    assert max(n * (ld + s), ld + n * c + s) * NS <= took <= n * (ld + c + s) * NS


def test_turnaround_is_paid_by_loads_and_stores_only():
    for lanes in ("ddr", "ddr"), ("ddr.0", "ddr.1"):
        chips = machine(channels=len(set(lanes)), turnaround="7 ns", arbitration="fifo")
        record = prove(program(load(100, lanes[0]), store(50, lanes[1], needs=(0,))), chips)
        assert record.makespan_ps == 157 * NS
        assert record.engines[lanes[1]].waiting_ps[Cause.BUS] == 7 * NS
    record = prove(program(load(100, "ddr"), load(50, "ddr")), machine(channels=1, turnaround="7 ns"))
    assert record.makespan_ps == 150 * NS


def test_a_camera_is_accounted_for_and_ends_with_the_run():
    record = prove(program(load(9000, "ddr")), machine({"camera": camera()}, channels=1))
    assert record.makespan_ps == 10_000 * NS
    engine = record.engines["ddr"]
    assert (engine.working_ps, engine.bus_held_by) == (9000 * NS, {"camera": 1000 * NS})
    taken = record.masters["camera"]
    assert (taken.bus, taken.requests, taken.moved_bytes, taken.working_ps) == ("ddr", 10, 1000, 1000 * NS)
    alone = prove(program(Task("host", TaskKind.HOST, Work(vector_ops=2000), 0)), machine({"c": camera()}))
    assert alone.makespan_ps == 2000 * NS
    assert alone.masters["c"].working_ps == 200 * NS


def test_an_urgent_display_goes_first():
    display = camera(write=False, urgent=True, bandwidth="500 MB/s")
    chips = machine({"display": display}, arbitration="priority", channels=1)
    record = prove(program(load(1000, "ddr")), chips)
    assert record.engines["ddr"].bus_held_by == {"display": 1000 * NS}
    assert record.makespan_ps == 2000 * NS


@pytest.mark.parametrize(
    ("masters", "bus", "message"),
    [
        ({"camera": camera(bus="hbm")}, {}, "there is no bus `hbm`"),
        ({"camera": camera(bus="sram")}, {}, "there is no bus `sram`"),
        ({"camera": camera(bandwidth="1 GB/s")}, {"arbitration": "fifo"}, "may take 100% of it"),
        (
            {"camera": camera(urgent=True), "display": camera(bandwidth="0.9 GB/s", urgent=True)},
            {"arbitration": "priority"},
            "may take 100% of it",
        ),
    ],
)
def test_masters_that_make_no_sense_are_refused(masters, bus, message):
    with pytest.raises(SimresError, match=message):
        machine(masters, **bus)


def test_masters_that_ask_for_too_much_wait_in_turn():
    greedy = machine({"camera": camera(bandwidth="2 GB/s")}, channels=1)
    assert prove(program(load(1000, "ddr")), greedy).makespan_ps == 1990 * NS


def test_work_that_does_not_fit_on_the_shared_bus_is_found():
    chips = machine()
    moved = program(load(100), load(200, "ddr.1"))
    record, _ = run(moved, chips, behaviours(chips))
    launches = [Launch(flatten(moved, chips.engines))]
    hold(record, launches, chips.engines, chips.shared)
    engine = dataclasses.replace(record.engines["ddr.0"], working_ps=190 * NS, waiting_ps={}, bus_held_by={})
    tampered = dataclasses.replace(record, engines={**record.engines, "ddr.0": engine})
    with pytest.raises(BrokenInvariant, match="channels of `ddr`"):
        hold(tampered, launches, chips.engines, chips.shared)
    engine = dataclasses.replace(record.engines["ddr.0"], bus_held_by={"ddr.1": 1})
    tampered = dataclasses.replace(record, engines={**record.engines, "ddr.0": engine})
    with pytest.raises(BrokenInvariant, match="others had it 1 ps"):
        hold(tampered, launches, chips.engines, chips.shared)


@st.composite
def transfers(draw):
    """Programs of loads and stores that wait for each other, on two or three channels."""
    channels = draw(st.integers(2, 3))
    tasks = []
    for number in range(draw(st.integers(1, 14))):
        lane = f"ddr.{draw(st.integers(0, channels - 1))}"
        needs = tuple(draw(st.sets(st.integers(0, number - 1), max_size=2))) if number else ()
        make = draw(st.sampled_from([load, store]))
        tasks.append(make(draw(st.integers(0, 300)), lane, needs=needs))
    bus = {
        "channels": channels,
        "bandwidth": draw(st.sampled_from(["1 GB/s", "19.2 GB/s", "3 TB/s"])),
        "arbitration": draw(st.sampled_from(["fifo", "round_robin", "priority"])),
        "latency": draw(st.sampled_from(["0 ns", "30 ns"])),
        "outstanding": draw(st.sampled_from([None, 2])),
        "turnaround": draw(st.sampled_from(["0 ns", "3 ns"])),
        "refresh_interval": "400 ns",
        "refresh_time": draw(st.sampled_from(["0 ns", "20 ns"])),
    }
    masters = {"camera": camera()} if draw(st.booleans()) else {}
    return program(*tasks), machine(masters, **bus)


@settings(deadline=None)
@given(transfers())
def test_everything_adds_up_whatever_is_on_the_bus(case):
    moved, chips = case
    record = prove(moved, chips)
    assert record == prove(moved, chips)
    totals, _ = run(moved, chips, behaviours(chips), RecordLevel.NONE)
    assert totals.engines == record.engines
    assert totals.masters == record.masters


@settings(deadline=None)
@given(workloads(), st.booleans())
def test_networks_run_on_such_a_chip(workload, busy):
    chips = machine({"camera": camera()} if busy else {}, latency="5 ns", turnaround="2 ns")
    try:
        made = schedule(workload, chips, NoParameters())
    except AnswerIsNo:
        return
    record = prove(made, chips, workload)
    assert record.makespan_ps >= bounds(workload, made, chips, 0).makespan


def test_a_bus_that_works_through_several_channels_is_what_limits_the_run(make_result):
    moved = Program("test", "", (load(100), load(200, "ddr.1")), layers=(Layer("a", "row"),))
    assert limit(make_result(moved, machine())) == (
        "Bottleneck: the DDR bus, busy 100.0 % over all channels."
    )


def test_a_scenario_says_all_of_it(tmp_path):
    import simres.api

    result = simres.api.simulate(
        "resnet20",
        overrides={
            "hardware.ddr.channels": 2,
            "hardware.ddr.turnaround": "10 ns",
            "hardware.camera": {"kind": "background", "bus": "ddr", "bandwidth": "100 MB/s"},
        },
    )
    assert result.record.masters["camera"].moved_bytes > 10**5
    assert result.bounds == dataclasses.replace(simres.api.simulate("resnet20").bounds)
    assert result.chip["ddr.0"].role == "bus"
    assert simres.api.load(result.save(tmp_path)).record == result.record


@pytest.mark.parametrize(
    ("master", "message"),
    [
        ('{kind: background, bus: hbm, bandwidth: "1 MB/s"}', "camera.bus: there is no bus `hbm`"),
        ('{kind: background, bus: ddr, bandwidth: "9 GB/s"}', "may take 900% of it"),
        ('{kind: background, bus: ddr, bandwidth: "1 MB/s", write: 1}', "camera.write: "),
    ],
)
def test_background_masters_are_checked(tmp_path, master, message):
    text = f"""\
workload: resnet20
hardware:
  ddr: {{kind: ddr, bandwidth: 1 GB/s, channels: 2, arbitration: fifo, refresh_interval: 7.8 us}}
  camera: {master}
"""
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(InvalidFile, match=message):
        read_scenario(path, registry=Registry(external=False))


def test_a_refresh_must_end_before_the_next(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "workload: resnet20\nhardware:\n"
        "  ddr: {kind: ddr, bandwidth: 1 GB/s, refresh_interval: 1 us, refresh_time: 1 us}\n"
    )
    with pytest.raises(InvalidFile, match="must be shorter than `refresh_interval`"):
        read_scenario(path, registry=Registry(external=False))
