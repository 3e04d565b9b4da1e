"""What components state that could be another: found by quantity, changed, never worse for being better."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from simres.hardware.resources import UNBOUNDED, with_value
from simres.hardware.specs import BackgroundSpec, BusSpec, HostSpec, MatrixSpec, ProcessorSpec, SramSpec
from simres.program import Work

SPECS = [
    BusSpec(kind="ddr", bandwidth="3 GB/s"),
    BusSpec(
        kind="ddr",
        bandwidth="19.2 GB/s",
        burst_overhead="1 ns",
        latency="80 ns",
        outstanding=2,
        turnaround="5 ns",
        refresh_interval="7.8 us",
        refresh_time="350 ns",
    ),
    SramSpec(kind="sram", capacity="1 MiB", port_bandwidth="64 GB/s"),
    MatrixSpec(kind="matrix", rate="1 TFLOP/s", launch="1 us"),
    HostSpec(kind="host", rate="10 GFLOP/s"),
    ProcessorSpec(
        kind="processor", matrix_rate={"int8": "4 GOP/s", "fp32": "1 GFLOP/s"}, vector_rate="1 GOP/s"
    ),
]
EACH = [(spec, resource) for spec in SPECS for resource in spec.resources()]


def test_rates_capacities_and_delays_that_are_any():
    assert [[resource.field for resource in spec.resources()] for spec in SPECS] == [
        ["bandwidth"],
        ["bandwidth", "burst_overhead", "latency", "turnaround", "refresh_time", "outstanding"],
        ["capacity", "port_bandwidth"],
        ["rate", "launch"],
        ["rate"],
        ["matrix_rate.int8", "matrix_rate.fp32", "vector_rate"],
    ]


def test_a_load_is_no_resource():
    assert BackgroundSpec(kind="background", bus="ddr", bandwidth="1 GB/s").resources() == ()


@pytest.mark.parametrize(("spec", "resource"), EACH, ids=lambda one: getattr(one, "field", ""))
def test_a_value_is_changed_and_nothing_else(spec, resource):
    for value in (resource.value, max(1, resource.value // 2)):
        changed = with_value(spec, resource, value)
        before, after = _figures(spec), _figures(changed)
        assert after == before | {resource.field: value}
    assert with_value(spec, resource, resource.value) == spec


def _figures(spec):
    """Every field, and of a rate by data type every type's."""
    found = {}
    for name in type(spec).model_fields:
        value = getattr(spec, name)
        parts = value if isinstance(value, dict) else None
        found |= {name: value} if parts is None else {f"{name}.{key}": part for key, part in parts.items()}
    return found


@given(st.sampled_from(EACH), st.integers(1, 10**7), st.integers(1, 64))
def test_better_is_never_dearer_and_free_costs_no_more_than_a_picosecond(each, amount, times):
    spec, resource = each
    work = Work(nbytes=amount, macs=amount, vector_ops=amount)
    better = max(1, resource.value // times) if resource.is_delay else times * resource.value
    before = spec.duration_ps(work)
    assert with_value(spec, resource, better).duration_ps(work) <= before
    free = with_value(spec, resource, resource.unlimited if resource.field != "capacity" else better)
    assert free.duration_ps(work) <= before
    if resource.field == "rate":
        assert free.duration_ps(work) == spec.launch + 1


def test_there_can_be_no_memory_that_always_refreshes():
    spec = SPECS[1]
    (refresh,) = [one for one in spec.resources() if one.field == "refresh_time"]
    with pytest.raises(ValidationError, match="shorter than"):
        with_value(spec, refresh, spec.refresh_interval)


def test_what_has_no_end_is_beyond_what_a_scenario_may_state():
    for _, resource in EACH:
        if resource.quantity is not None and not resource.is_delay:
            assert resource.unlimited == UNBOUNDED > resource.quantity.limit
