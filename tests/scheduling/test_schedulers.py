"""Every scheduler, on random graphs and chips: sound, within all bounds, and never worse than serial."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simres.errors import AnswerIsNo
from simres.plugins.registry import Registry, resolve
from simres.scenario.loader import from_document
from simres.simulation.run import run
from simres.testing import behaviours, prove, workloads
from simres.units import PS_PER_S

REGISTRY = Registry(external=False)
SCHEDULERS = [name for name, found in REGISTRY.schedulers().items() if found.takes == "graph"]


@st.composite
def chips(draw):
    """Hardware as a scenario states it: one to four matrix units, overheads, channels, alignment."""
    ddr = {
        "kind": "ddr",
        "bandwidth": draw(st.sampled_from(["0.25 GB/s", "1 GB/s", "19.2 GB/s", "64 GB/s"])),
        "burst": draw(st.sampled_from(["16 B", "64 B", "4 KiB"])),
        "latency": draw(st.sampled_from(["0 ns", "60 ns"])),
        "burst_overhead": draw(st.sampled_from(["0 ns", "2 ns"])),
        "turnaround": draw(st.sampled_from(["0 ns", "15 ns"])),
        "channels": draw(st.sampled_from([1, 2])),
        "arbitration": draw(st.sampled_from(["fifo", "round_robin", "priority"])),
    }
    sram = {
        "kind": "sram",
        "capacity": f"{draw(st.integers(1, 20_000))} B",
        "alignment": draw(st.sampled_from(["1 B", "64 B"])),
    }
    if draw(st.booleans()):
        sram["port_bandwidth"] = "8 GB/s"
    launch = draw(st.sampled_from(["0 ns", "100 ns"]))
    units = {
        f"matrix{number}": {
            "kind": "matrix",
            "rate": draw(st.sampled_from(["0.01 TFLOP/s", "1 TFLOP/s"])),
            "launch": launch,
        }
        for number in range(draw(st.integers(1, 4)))
    }
    host = {"kind": "host", "rate": "10 GFLOP/s", "launch": launch}
    return {"ddr": ddr, "sram": sram, **units, "host": host}


def held(workload, hardware):
    """Makespan by scheduler, of those for which the network fits."""
    from simres.planning.plan import chip_of, plan

    found = {}
    for name in SCHEDULERS:
        scenario = from_document(
            {"workload": "resnet20", "hardware": hardware, "scheduler": name}, registry=REGISTRY
        )
        chip = chip_of(scenario, REGISTRY)
        scheduler = REGISTRY.scheduler(name)
        try:
            offered = resolve(scheduler.target)(workload, chip, scenario.parameters)
        except AnswerIsNo as error:
            assert "would fit" in error.hint  # noqa: PT017 - a refusal is one of the two right answers
            continue
        record = prove(offered, chip, workload)
        bus = chip.components["ddr"]
        assert offered.bytes_read + offered.bytes_written >= workload.compulsory_bytes
        assert record.makespan_ps * bus.bandwidth >= workload.compulsory_bytes * PS_PER_S
        rates = [spec.rate for name, spec in chip.components.items() if name.startswith("matrix")]
        assert record.makespan_ps * sum(rates) >= 2 * workload.macs * PS_PER_S
        assert record.makespan_ps * chip.components["host"].rate >= workload.vector_ops * PS_PER_S
        assert run(offered, chip, behaviours(chip))[0] == record, "the same again"
        kept = plan(scenario, workload, REGISTRY)
        assert kept.program.scheduler in SCHEDULERS
        found[name] = min([each.makespan_ps for each in kept.candidates] or [record.makespan_ps])
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(workloads(), chips())
def test_what_must_hold_on_any_graph_and_chip(workload, hardware):
    times = held(workload, hardware)
    assert "serial" not in times or times["overlapped"] <= times["serial"]


@pytest.mark.exhaustive
@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(workloads(most_ops=20), chips())
def test_the_same_on_a_thousand(workload, hardware):
    times = held(workload, hardware)
    assert "serial" not in times or times["overlapped"] <= times["serial"]
