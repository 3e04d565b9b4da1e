"""Which chips have at least as much of everything: by every resource, each in its own direction."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simres.hardware.dominance import dominates
from simres.hardware.resources import with_value
from simres.hardware.specs import BackgroundSpec, BusSpec, HostSpec, MatrixSpec, ProcessorSpec, SramSpec
from simres.testing import chip

BUS = BusSpec(kind="ddr", bandwidth="3 GB/s", latency="80 ns", outstanding=2, turnaround="5 ns")
RATES = {"int8": "4 GOP/s", "fp32": "1 GFLOP/s"}
PARTS = {
    "ddr": BUS,
    "sram": SramSpec(kind="sram", capacity="1 MiB", port_bandwidth="64 GB/s"),
    "matrix": MatrixSpec(kind="matrix", rate="1 TFLOP/s", launch="1 us", count=2),
    "host": HostSpec(kind="host", rate="10 GFLOP/s"),
    "cpu": ProcessorSpec(kind="processor", matrix_rate=RATES, vector_rate="1 GOP/s"),
}
CHIP = chip(PARTS)
RESOURCES = [(name, resource) for name, spec in PARTS.items() for resource in spec.resources()]


def changed(**specs):
    return chip(PARTS | specs)


def stated_anew(spec, **fields):
    return type(spec).model_validate({name: getattr(spec, name) for name in spec.model_fields_set} | fields)


@pytest.mark.parametrize(("name", "resource"), RESOURCES, ids=[f"{n}.{r.field}" for n, r in RESOURCES])
def test_more_of_a_resource_dominates_and_less_does_not(name, resource):
    more = resource.value // 2 if resource.is_delay else 2 * resource.value
    better = changed(**{name: with_value(PARTS[name], resource, more)})
    assert dominates(better, CHIP)
    assert not dominates(CHIP, better)
    assert dominates(CHIP, CHIP)


@pytest.mark.parametrize("resource", [one for one in BUS.resources() if one.is_delay], ids=lambda r: r.field)
def test_no_delay_at_all_is_better_than_any(resource):
    """A delay of 0 is not among the resources that a component states."""
    without = changed(ddr=with_value(BUS, resource, 0))
    assert dominates(without, CHIP)
    assert not dominates(CHIP, without)


@given(st.lists(st.tuples(st.sampled_from(RESOURCES), st.sampled_from((1, 2, 3))), max_size=6))
def test_it_is_so_only_where_every_resource_is_no_worse(changes):
    parts, worse, better = dict(PARTS), set(), set()
    for (name, resource), factor in changes:
        parts[name] = with_value(parts[name], resource, factor * resource.value)
        field = f"{name}.{resource.field}"
        for found, wanted in ((worse, resource.is_delay), (better, not resource.is_delay)):
            (found.add if wanted and factor > 1 else found.discard)(field)
    assert dominates(chip(parts), CHIP) == (not worse)
    assert dominates(CHIP, chip(parts)) == (not better)


@pytest.mark.parametrize(
    "other",
    [
        changed(sram=stated_anew(PARTS["sram"], alignment=64)),
        changed(ddr=stated_anew(BUS, channels=2)),
        changed(ddr=stated_anew(BUS, outstanding=None)),
        changed(matrix=stated_anew(PARTS["matrix"], kind="other")),
        changed(cpu=stated_anew(PARTS["cpu"], matrix_rate={"int8": "4 GOP/s"})),
        changed(matrix=HostSpec(kind="host", rate="10 GFLOP/s")),
        changed(more=SramSpec(kind="sram", capacity="1 MiB")),
        changed(camera=BackgroundSpec(kind="background", bus="ddr", bandwidth="1 MB/s")),
        changed(matrix=stated_anew(PARTS["matrix"], count=1)),
    ],
    ids=["alignment", "channels", "window", "kind", "types", "class", "memory", "master", "one unit"],
)
def test_chips_that_differ_in_anything_else_are_not_compared(other):
    assert not dominates(CHIP, other)
    assert not dominates(other, CHIP)


def test_more_units_dominate_as_far_as_they_keep_their_names():
    four = changed(matrix=stated_anew(PARTS["matrix"], count=4))
    assert dominates(four, CHIP)
    assert not dominates(CHIP, four)
