"""Areas of cells: by technology, by data type and capacity, and what a component may state."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simres.errors import SimresError
from simres.hardware.area_costs import (
    TECHNOLOGIES,
    USUAL_NM,
    array_um2,
    interface_um2,
    processor_um2,
    registers_um2,
    silicon_uusd,
    sram_um2,
    technology,
)
from simres.hardware.compute import HostSpec, MatrixSpec, ProcessorSpec
from simres.hardware.microcontroller import MicrocontrollerSpec
from simres.hardware.specs import BusSpec, SramSpec

nodes = st.sampled_from(sorted(TECHNOLOGIES))


def test_a_multiply_accumulate_is_its_product_its_sum_and_its_registers():
    # int8: 282 + 137 um2, and 3 x 8 + 32 flip-flops of 4.522 um2, 70 % placed.
    assert array_um2(1000, "int8", 45) == pytest.approx(1000 * (282 + 137 + 56 * 4.522) / 0.7, abs=1)
    assert array_um2(1000, "fp32", 45) == pytest.approx(1000 * (7700 + 4184 + 128 * 4.522) / 0.7, abs=1)


def test_a_type_without_a_figure_has_that_of_a_wider_one():
    assert array_um2(100, "int4", 45) < array_um2(100, "int8", 45)
    assert array_um2(100, "fp64", 45) > array_um2(100, "fp32", 45)


def test_an_sram_is_its_cells_and_what_is_around_them():
    assert sram_um2(10**6, 45) == pytest.approx(8 * 10**6 * 0.296 / 0.7, abs=1)


def test_pads_do_not_depend_on_the_technology():
    bus = BusSpec(kind="ddr", bandwidth=10**10)
    assert {bus.area_um2(nm) for nm in TECHNOLOGIES} == {interface_um2(10**10)} == {1_900_000}


@given(nodes, st.integers(1, 10**9))
def test_silicon_costs_its_share_of_a_wafer(nm: int, um2: int):
    assert silicon_uusd(um2, nm) == pytest.approx(um2 * technology(nm).wafer_usd / 70_686, abs=1)


@given(nodes, nodes, st.integers(1, 10**6))
def test_smaller_technologies_have_smaller_cells(one: int, other: int, count: int):
    fine, coarse = sorted((one, other))
    for area in (
        lambda nm: sram_um2(count, nm),
        lambda nm: array_um2(count, "int8", nm),
        lambda nm: processor_um2(count, nm),
        lambda nm: registers_um2(count, "int16", nm),
    ):
        assert area(fine) <= area(coarse)


def test_an_unknown_technology_is_refused_with_those_there_are():
    with pytest.raises(SimresError, match="no areas are known for a technology of 30 nm") as error:
        technology(30)
    assert "28 nm" in str(error.value.hint)


def test_a_rate_over_the_clock_is_the_number_of_multipliers():
    eyeriss = MatrixSpec(kind="matrix", rate=67_200_000_000, clock=200_000_000, multiplier="int16")
    assert eyeriss.area_um2(65) == array_um2(168, "int16", 65)
    # One rate for all types needs multipliers for the widest, and the clock is 1 GHz.
    assert MatrixSpec(kind="matrix", rate=10**12).area_um2(45) == array_um2(500, "fp32", 45)
    both = MatrixSpec(kind="matrix", rate={"int8": 8 * 10**12, "fp16": 10**12})
    assert both.area_um2(45) == max(array_um2(4000, "int8", 45), array_um2(500, "fp16", 45))


def test_the_clock_is_no_resource():
    """A what-if must not try a faster clock: only the default of the area depends on it."""
    for spec in (
        MatrixSpec(kind="matrix", rate=10**12, clock=10**9),
        HostSpec(kind="host", rate=10**9, clock=10**9),
        ProcessorSpec(kind="processor", matrix_rate=10**12, vector_rate=10**9, clock=10**9),
    ):
        assert "clock" not in {one.field for one in spec.resources()}


def test_several_units_have_several_areas_and_costs():
    one, two = (MatrixSpec(kind="matrix", rate=10**12, count=count) for count in (1, 2))
    assert two.area_um2(28) == 2 * one.area_um2(28)
    stated = MatrixSpec(kind="matrix", rate=10**12, count=3, area=1000, cost=50)
    assert (stated.area_um2(28), stated.cost_uusd(28)) == (3000, 150)


def test_what_is_stated_goes_before_any_default():
    stated = SramSpec(kind="sram", capacity=1 << 20, area=10**6)
    assert stated.area_um2(7) == 10**6
    assert stated.cost_uusd(7) == silicon_uusd(10**6, 7)
    assert SramSpec(kind="sram", capacity=1 << 20, area=0).cost_uusd(7) == 0


def test_a_core_with_simd_is_larger():
    small, large = (
        MicrocontrollerSpec(kind="microcontroller", core=core, clock=10**8).area_um2(USUAL_NM)
        for core in ("cortex-m0plus", "cortex-m4")
    )
    assert 0 < small < large
